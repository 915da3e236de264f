//! How finished work is named on the way to a pull request: branch, commits, title. All of it is
//! plain text without mentions, references and closing words, because GitHub acts on those in
//! commit messages and titles.

use crate::domain::ids::Number;
use crate::domain::path::RepoPath;
use crate::domain::plan::{FileClass, Plan, Task};

/// What every branch of this product starts with.
pub const BRANCH_PREFIX: &str = "backend-team/";
/// Longest part of a branch name that says what it is about, in characters.
const MAX_SLUG: usize = 40;
/// Longest first line of a commit message, in characters.
const MAX_SUBJECT: usize = 72;
/// Longest title of a pull request, in characters; GitHub takes 256.
const MAX_TITLE: usize = 120;

/// `backend-team/12-trade-journal`.
pub fn branch_name(issue: Number, title: &str) -> String {
    let slug = slug(title);
    if slug.is_empty() {
        return format!("{BRANCH_PREFIX}{issue}");
    }
    format!("{BRANCH_PREFIX}{issue}-{slug}")
}

/// `backend-team/trade-journal`, for an issue without a number.
pub fn local_branch_name(title: &str) -> String {
    let slug = slug(title);
    format!("{BRANCH_PREFIX}{}", if slug.is_empty() { "plan" } else { &slug })
}

/// ASCII letters and digits, words joined by dashes, cut between words.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.len() + word.len() + 1 > MAX_SLUG {
            if slug.is_empty() {
                slug = word.chars().take(MAX_SLUG).collect();
            }
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    // `refs/heads/x.lock` is refused by git; dots never get here.
    slug.to_ascii_lowercase()
}

/// The message of the commit that a task makes: what, then why and for which requirements.
pub fn commit_message(task: &Task, plan: &Plan, issue: Option<Number>) -> String {
    let subject = line(&first_upper(&task.title), MAX_SUBJECT);
    let mut body = vec![format!(
        "{}, {}: {}.",
        line(&task.id, 12),
        line(&task.agent, 60),
        without_dot(&line(&task.because, 200))
    )];
    let serves =
        plan.requirements.iter().filter(|requirement| task.serves.contains(&requirement.id));
    for requirement in serves.take(8) {
        body.push(format!("{}: {}", line(&requirement.id, 12), line(&requirement.text, 200)));
    }
    if let Some(rollback) = &task.rollback {
        body.push(format!("Way back: {}", line(rollback, 300)));
    }
    if let Some(issue) = issue {
        // "Part of" closes nothing.
        body.push(format!("Part of #{issue}"));
    }
    format!("{subject}\n\n{}\n", body.join("\n"))
}

/// The title of the draft pull request.
pub fn pull_title(plan: &Plan) -> String {
    line(&first_upper(&without_dot(&plan.goal)), MAX_TITLE)
}

/// Paths in the order in which files are written: by class, then by name.
pub fn in_order<'a>(
    plan: &Plan,
    paths: impl IntoIterator<Item = &'a RepoPath>,
) -> Vec<&'a RepoPath> {
    let class = |path: &RepoPath| {
        let planned = plan.files.iter().find(|file| {
            file.path == path.as_str()
                || (file.path.ends_with('/') && path.as_str().starts_with(&file.path))
        });
        planned.map_or(FileClass::Docs, |file| file.class)
    };
    let mut paths: Vec<&RepoPath> = paths.into_iter().collect();
    paths.sort_by(|a, b| class(a).cmp(&class(b)).then_with(|| a.cmp(b)));
    paths
}

fn without_dot(text: &str) -> String {
    text.trim_end().trim_end_matches('.').to_owned()
}

fn first_upper(text: &str) -> String {
    let mut chars = text.trim_start().chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// One line of at most `limit` characters in which nothing is a mention, a reference or a link.
fn line(text: &str, limit: usize) -> String {
    let words = text.split_whitespace().map(|word| {
        let word: String = word
            .chars()
            .filter(|c| !c.is_control() && !matches!(c, '`' | '@' | '#' | '<' | '>'))
            .filter(|c| !matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{00AD}' | '\u{E0000}'..='\u{E0FFF}'))
            .collect();
        let lower = word.to_ascii_lowercase();
        if lower.starts_with("gh-") { word.replacen('-', " ", 1) } else { word.replace("://", " ") }
    });
    let text = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if text.chars().count() <= limit {
        return text;
    }
    let short: String = text.chars().take(limit.saturating_sub(1)).collect();
    // Between words, where that does not lose half of it.
    let end = short.rfind(' ').filter(|at| *at * 2 > short.len()).unwrap_or(short.len());
    format!("{}…", short.get(..end).unwrap_or(&short))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn branches_are_named_after_the_issue() {
        assert_eq!(
            branch_name(Number(12), "Trade journal: store & list!"),
            "backend-team/12-trade-journal-store-list"
        );
        assert_eq!(branch_name(Number(12), "日本語"), "backend-team/12");
        assert_eq!(
            branch_name(Number(3), "a very long title that goes on and on and on and on"),
            "backend-team/3-a-very-long-title-that-goes-on-and-on"
        );
    }

    #[test]
    fn lines_hold_no_references() {
        assert_eq!(
            line("fixes #12 and gh-4, ask @maria at https://x.y", 80),
            "fixes 12 and gh 4, ask maria at https x.y"
        );
        assert_eq!(line("one two three four", 12), "one two…");
    }

    proptest! {
        #[test]
        fn any_title_gives_a_sound_branch(title in any::<String>()) {
            let name = branch_name(Number(1), &title);
            prop_assert!(name.len() <= 70);
            prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'/')));
            prop_assert!(!name.ends_with(['-', '/']) && !name.contains("--"));
        }

        #[test]
        fn any_text_gives_one_harmless_line(text in any::<String>(), limit in 2usize..100) {
            let said = line(&text, limit);
            prop_assert!(said.chars().count() <= limit);
            prop_assert!(!said.contains(['@', '#', '\n', '`', '<']) && !said.contains("://"));
        }
    }
}

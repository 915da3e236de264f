//! What the bot proposes about a pull request: fixes, a split, a landing over releases, a rule for
//! AGENTS.md. Texts without marker: answers to commands put them together.

use similar::TextDiff;

use super::comment_sections::short_id;
use super::counted;
use super::markdown::{code_span, cut, fenced, prose};
use crate::domain::finding::Fingerprint;

/// Most entries in any one list.
const MAX_LISTED: usize = 30;
/// Longest difference that is shown, in characters.
const MAX_DIFF: usize = 6_000;
/// Room for all differences of one answer, in characters.
const MAX_DIFFS: usize = 40_000;

/// A fix as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct ShownFix<'a> {
    pub fingerprint: &'a Fingerprint,
    pub title: &'a str,
    pub rule: &'a str,
    pub path: &'a str,
    /// `None` where the fix adds the file.
    pub before: Option<&'a str>,
    pub after: &'a str,
}

/// Where the fixes went.
#[derive(Debug, Clone, Copy)]
pub enum FixesAt<'a> {
    /// A branch, with one commit for each.
    Branch(&'a str),
    /// Nowhere: shown only, for the reason given in one clause.
    Shown(&'a str),
}

/// The fixes that hold, and the findings that stay with the reason.
pub fn fixes(fixed: &[ShownFix<'_>], left: &[(Fingerprint, String)], at: FixesAt<'_>) -> String {
    let mut parts = Vec::new();
    match (fixed.len(), at) {
        (0, _) => parts.push("There is nothing that the rules can fix by themselves.".to_owned()),
        (count, FixesAt::Branch(branch)) => parts.push(format!(
            "{} on {}, a commit for each. The rules were run again on every one: its finding is \
             gone, and no other came.",
            counted_fixes(count),
            code_span(&cut(branch, 120))
        )),
        (count, FixesAt::Shown(why)) => parts.push(format!(
            "{}, checked by running the rules again: each finding is gone, and no other came. {}",
            counted_fixes(count),
            prose(&cut(why, 300))
        )),
    }
    let mut room = MAX_DIFFS;
    for fix in fixed.iter().take(MAX_LISTED) {
        let shown = one_fix(fix, &mut room);
        parts.push(shown);
    }
    if let Some(hidden) = fixed.len().checked_sub(MAX_LISTED).filter(|hidden| *hidden > 0) {
        parts.push(format!("And {hidden} more."));
    }
    if !left.is_empty() {
        let lines: Vec<String> = left
            .iter()
            .take(MAX_LISTED)
            .map(|(id, why)| format!("- {}: {}", code_span(short_id(id)), prose(&cut(why, 300))))
            .collect();
        let more = match left.len().saturating_sub(MAX_LISTED) {
            0 => String::new(),
            hidden => format!("\n- and {hidden} more"),
        };
        parts.push(format!("Left as they are:\n\n{}{more}", lines.join("\n")));
    }
    parts.join("\n\n")
}

fn counted_fixes(count: usize) -> String {
    if count == 1 { "1 fix".to_owned() } else { format!("{count} fixes") }
}

fn one_fix(fix: &ShownFix<'_>, room: &mut usize) -> String {
    let head = format!(
        "**{}**\\\n{} · {} · id {}",
        prose(&cut(fix.title, 200)),
        code_span(&cut(fix.path, 160)),
        code_span(fix.rule),
        code_span(short_id(fix.fingerprint))
    );
    let diff = TextDiff::from_lines(fix.before.unwrap_or_default(), fix.after);
    let diff = diff.unified_diff().context_radius(2).to_string();
    let length = diff.chars().count();
    if length > MAX_DIFF || length > *room {
        return format!("{head}\n\nThe difference is too long to be shown here.");
    }
    *room -= length;
    format!("{head}\n\n{}", fenced(&diff, "diff").trim_end())
}

/// A part of a split as it is shown.
#[derive(Debug, Clone)]
pub struct ShownPart<'a> {
    pub title: &'a str,
    pub files: Vec<&'a str>,
    /// Indexes of parts that land before.
    pub after: &'a [usize],
    /// The branch that holds it, where one was prepared.
    pub branch: Option<&'a str>,
}

/// How the change may be taken apart; no parts: it is one whole.
pub fn split(parts: &[ShownPart<'_>], files: usize, prefix: &str) -> String {
    if parts.len() < 2 {
        return format!(
            "The {} of this change refer to one another or share a module: no split would leave \
             parts that can be reviewed alone.",
            counted(files, "file")
        );
    }
    let mut said = vec![format!(
        "{} in {}, in the order in which they land. Files that refer to one another and tests \
         with what they test stay together; the schema goes first.",
        counted(files, "file"),
        counted(parts.len(), "pull request")
    )];
    for (at, part) in parts.iter().take(MAX_LISTED).enumerate() {
        let after = match part.after {
            [] => String::new(),
            before => {
                let numbers: Vec<String> = before.iter().map(|at| (at + 1).to_string()).collect();
                format!(", after {}", numbers.join(" and "))
            }
        };
        let branch =
            part.branch.map_or(String::new(), |name| format!(" · {}", code_span(&cut(name, 120))));
        let mut lines = vec![format!(
            "**{}. {}** ({}{after}){branch}\n",
            at + 1,
            prose(&cut(part.title, 160)),
            counted(part.files.len(), "file")
        )];
        lines.extend(
            part.files.iter().take(40).map(|path| format!("- {}", code_span(&cut(path, 160)))),
        );
        if let Some(hidden) = part.files.len().checked_sub(40).filter(|hidden| *hidden > 0) {
            lines.push(format!("- and {hidden} more"));
        }
        said.push(lines.join("\n"));
    }
    if parts.iter().all(|part| part.branch.is_none()) {
        said.push(format!(
            "{} prepares the branches.",
            code_span(&format!("/{prefix} split --branches"))
        ));
    }
    said.join("\n\n")
}

/// A step of a landing as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct ShownStep<'a> {
    /// `expand`, `migrate`, `contract`.
    pub stage: &'a str,
    pub does: &'a str,
    pub paths: &'a [String],
    pub rule: &'a str,
}

/// Releases in which the change can land. Steps come in the order of the stages.
pub fn landing(steps: &[ShownStep<'_>]) -> String {
    if steps.is_empty() {
        return "Nothing that was found in this change needs more than one release.".to_owned();
    }
    let mut stages: Vec<&str> = steps.iter().map(|step| step.stage).collect();
    stages.dedup();
    let mut said = vec![format!(
        "This change lands safely in {}. Each works with the one before and after it, so that \
         any of them can be rolled back.",
        counted(stages.len(), "release")
    )];
    for (at, stage) in stages.iter().enumerate() {
        let mut lines = vec![format!("**Release {}: {stage}**\n", at + 1)];
        for step in steps.iter().filter(|step| step.stage == *stage).take(MAX_LISTED) {
            let paths: Vec<String> =
                step.paths.iter().take(3).map(|path| code_span(&cut(path, 160))).collect();
            lines.push(format!(
                "- {} ({}; {})",
                prose(&cut(step.does, 300)),
                paths.join(", "),
                code_span(step.rule)
            ));
        }
        said.push(lines.join("\n"));
    }
    said.join("\n\n")
}

/// What would be added to an instruction file, and where.
pub fn remembered(path: &str, line: &str, number: usize, heading: &str, at: FixesAt<'_>) -> String {
    let (place, diff) =
        (code_span(&format!("{}:{number}", cut(path, 160))), fenced(&format!("+{line}"), "diff"));
    let said = match at {
        FixesAt::Branch(branch) => format!("Proposed on {}", code_span(&cut(branch, 120))),
        FixesAt::Shown(why) => prose(&cut(why, 300)),
    };
    format!(
        "{said}\n\nIt goes to {place}, under {}:\n\n{}",
        prose(&cut(heading, 80)),
        diff.trim_end()
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    use super::*;
    use crate::report::samples::hostile_text;

    #[test]
    fn every_proposal() {
        let id = Fingerprint("0123456789abcdef".to_owned());
        let fix = ShownFix {
            fingerprint: &id,
            title: "Index `a` is built under a lock",
            rule: "migration/index-not-concurrent",
            path: "db/7.sql",
            before: Some("-- x\nCREATE INDEX a ON b (c);\n"),
            after: "-- x\nCREATE INDEX CONCURRENTLY a ON b (c);\n",
        };
        let left = [(id.clone(), "its rule offers no fix".to_owned())];
        let parts = [
            ShownPart { title: "db/migrations", files: vec!["db/7.sql"], after: &[], branch: None },
            ShownPart {
                title: "billing",
                files: vec!["billing/a.py", "billing/b.py"],
                after: &[0],
                branch: None,
            },
        ];
        let paths = ["db/7.sql".to_owned()];
        let step = |stage, does| ShownStep {
            stage,
            does,
            paths: &paths,
            rule: "migration/column-dropped",
        };
        let steps = [
            step("migrate", "release code that no longer reads or writes `users.email`"),
            step("contract", "drop `users.email` once no instance of the earlier release runs"),
        ];
        let all = [
            fixes(&[fix], &left, FixesAt::Branch("backend-team/7-fix")),
            fixes(&[fix], &[], FixesAt::Shown("Branches are not allowed here.")),
            fixes(&[], &[], FixesAt::Shown("")),
            split(&parts, 3, "backend-team"),
            split(&[], 3, "backend-team"),
            landing(&steps),
            landing(&[]),
            remembered(
                "AGENTS.md",
                "- money is stored in cents",
                9,
                "Conventions",
                FixesAt::Shown("Not written: branches are not allowed here."),
            ),
        ];
        insta::assert_snapshot!(all.join("\n=====\n"));
    }

    fn offences(markdown: &str) -> Vec<String> {
        let mut found = Vec::new();
        let (mut text, mut code) = (String::new(), false);
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_GFM) {
            match event {
                Event::Start(Tag::CodeBlock(_)) => code = true,
                Event::End(TagEnd::CodeBlock) => code = false,
                Event::Html(html) | Event::InlineHtml(html) => found.push(html.to_string()),
                Event::Start(Tag::Link { .. } | Tag::Image { .. }) => found.push("link".to_owned()),
                Event::Text(piece) if !code => text.push_str(&piece),
                Event::Code(_) => text.push('\u{0}'),
                _ => {}
            }
        }
        for pattern in [r"@[A-Za-z0-9]", r"#[0-9]", r"(?i)https?://"] {
            if regex::Regex::new(pattern).unwrap().is_match(&text) {
                found.push(format!("{pattern} in {text}"));
            }
        }
        if markdown.contains("<!-- backend-team:") {
            found.push("marker".to_owned());
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn nothing_escapes(text in hostile_text(), other in hostile_text()) {
            let id = Fingerprint("0123456789abcdef".to_owned());
            let fix = ShownFix {
                fingerprint: &id, title: &text, rule: &other, path: &text, before: Some(&text), after: &other,
            };
            let left = [(id.clone(), text.clone())];
            let part = ShownPart { title: &text, files: vec![&text], after: &[], branch: Some(&text) };
            let paths = [text.clone()];
            let step = ShownStep { stage: "expand", does: &text, paths: &paths, rule: &text };
            for said in [
                fixes(&[fix], &left, FixesAt::Branch(&text)),
                fixes(&[fix], &left, FixesAt::Shown(&text)),
                split(&[part.clone(), part], 2, "backend-team"),
                landing(&[step]),
                remembered(&text, &other, 1, &text, FixesAt::Shown(&text)),
            ] {
                prop_assert_eq!(offences(&said), Vec::<String>::new(), "{}", said);
            }
        }
    }
}

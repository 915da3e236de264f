//! Where a rule that somebody wants remembered belongs in AGENTS.md. Pure: texts in, text out.

/// Longest rule that is taken, in characters.
pub const MAX_RULE: usize = 300;
/// Longest file that is added to, in bytes.
const MAX_FILE: usize = 256 * 1024;

/// Headings under which house rules stand, the best first.
const HOUSE_RULES: &[&str] = &[
    "ground rules",
    "rules",
    "conventions",
    "guidelines",
    "coding guidelines",
    "code style",
    "house rules",
    "working agreements",
    "standards",
    "best practices",
    "notes",
    "memory",
    "remember",
];

/// Why nothing is added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// Nothing is left of the text, or it is too long.
    #[error("{0}")]
    Unusable(String),
    #[error("line {0} says so already")]
    Known(usize),
}

/// The file with the rule in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    pub content: String,
    /// The line that was added, as it is written, and its number.
    pub line: String,
    pub number: usize,
    /// The heading that it stands under.
    pub heading: String,
}

/// Adds a rule to the text of an AGENTS.md, or starts one.
///
/// # Errors
/// When the rule says nothing, is too long, or is there already.
pub fn addition(file: Option<&str>, rule: &str) -> Result<Addition, NotAdded> {
    let rule = plain(rule);
    if !rule.chars().any(char::is_alphanumeric) {
        return Err(NotAdded::Unusable("Write the rule after the command.".to_owned()));
    }
    if rule.chars().count() > MAX_RULE {
        return Err(NotAdded::Unusable(format!("A rule has at most {MAX_RULE} characters.")));
    }
    let text = file.unwrap_or_default();
    if text.len() > MAX_FILE {
        return Err(NotAdded::Unusable("The file is too large to be added to here.".to_owned()));
    }
    let wanted = words(&rule);
    if let Some(at) = text.lines().position(|line| words(line) == wanted) {
        return Err(NotAdded::Known(at + 1));
    }
    Ok(inserted(text, &rule))
}

fn inserted(text: &str, rule: &str) -> Addition {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let windows = text.contains("\r\n");
    let sections = headings(&lines);
    let best = HOUSE_RULES
        .iter()
        .find_map(|name| sections.iter().find(|(_, heading)| heading.to_lowercase() == *name));
    let (number, heading, line) = match best {
        Some((at, heading)) => {
            let end =
                sections.iter().map(|(at, _)| *at).find(|other| other > at).unwrap_or(lines.len());
            let last = (at + 1..end).rev().find(|at| is_content(lines.get(*at)));
            let bullet = last.and_then(|at| bullet(lines.get(at)?)).unwrap_or("- ");
            let line = format!("{bullet}{rule}");
            let place = match last {
                Some(last) => last + 1,
                None => {
                    lines.insert(at + 1, String::new());
                    at + 2
                }
            };
            let follows_text = last
                .is_some_and(|at| lines.get(at).is_some_and(|line| bullet_of_list(line).is_none()));
            let place = if follows_text {
                lines.insert(place, String::new());
                place + 1
            } else {
                place
            };
            lines.insert(place.min(lines.len()), line.clone());
            (place + 1, heading.clone(), line)
        }
        None => {
            let line = format!("- {rule}");
            if lines.is_empty() {
                lines.push("# Agents".to_owned());
            }
            while lines.last().is_some_and(|line| line.trim().is_empty()) {
                lines.pop();
            }
            lines.extend([String::new(), "## Conventions".to_owned(), String::new(), line.clone()]);
            (lines.len(), "Conventions".to_owned(), line)
        }
    };
    let ending = if windows { "\r\n" } else { "\n" };
    Addition { content: lines.join(ending) + ending, line, number, heading }
}

fn is_content(line: Option<&String>) -> bool {
    line.is_some_and(|line| !line.trim().is_empty())
}

/// The mark of a list at the outermost level, as the line writes it.
fn bullet(line: &str) -> Option<&'static str> {
    ["- ", "* ", "+ "].into_iter().find(|mark| line.starts_with(mark))
}

/// Whether the line belongs to a list, be it a continued or nested item.
fn bullet_of_list(line: &str) -> Option<&str> {
    let trimmed = line.trim_start();
    let listed = trimmed.starts_with(['-', '*', '+']) || line.starts_with("  ");
    listed.then_some(trimmed)
}

/// Headings outside of code, with the index of their line.
fn headings(lines: &[String]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fence: Option<char> = None;
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        if let Some(mark) =
            ['`', '~'].into_iter().find(|mark| trimmed.starts_with(&mark.to_string().repeat(3)))
        {
            fence = match fence {
                None => Some(mark),
                Some(open) if open == mark => None,
                open => open,
            };
        } else if fence.is_none() && line.starts_with('#') {
            let text = line.trim_start_matches('#');
            if text.starts_with(' ') {
                found.push((
                    at,
                    text.trim().trim_end_matches('#').trim().trim_end_matches(':').to_owned(),
                ));
            }
        }
    }
    found
}

/// One line without HTML, headings, hidden characters, mentions and links: an instruction file
/// steers agents, so it gets words only. Code marks stay.
fn plain(rule: &str) -> String {
    let kept: String = rule
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| {
            !c.is_control() && !is_hidden(*c) && !matches!(c, '<' | '>' | '[' | ']' | '|' | '@')
        })
        .collect();
    let words = kept.split_whitespace().filter(|word| !word.contains("://"));
    let text = words.collect::<Vec<_>>().join(" ");
    let text = text.trim_start_matches(['#', '-', '*', '+', '>', '/', ' ']);
    let even = text.matches('`').count() % 2 == 0;
    if even { text.to_owned() } else { text.replace('`', "") }
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rule_goes_to_the_end_of_its_section() {
        let text =
            "# Team\n\nText.\n\n## Conventions\n\n* Use UTC.\n  Always.\n\n## Members\n\n- a\n";
        let added = addition(Some(text), "money is stored in cents").unwrap();
        assert_eq!(
            added.content,
            "# Team\n\nText.\n\n## Conventions\n\n* Use UTC.\n  Always.\n- money is stored in cents\n\n## Members\n\n- a\n"
        );
        assert_eq!((added.number, added.heading.as_str()), (9, "Conventions"));
    }

    #[test]
    fn without_a_section_one_is_started() {
        let added = addition(None, "money is stored in cents").unwrap();
        assert_eq!(added.content, "# Agents\n\n## Conventions\n\n- money is stored in cents\n");
        let added = addition(Some("# A\r\n\r\n## Rules\r\n\r\n- One.\r\n"), "two").unwrap();
        assert_eq!(added.content, "# A\r\n\r\n## Rules\r\n\r\n- One.\r\n- two\r\n");
        let code = addition(Some("```\n# Rules\n```\n"), "two").unwrap();
        assert!(code.content.ends_with("## Conventions\n\n- two\n"));
        let prose = addition(Some("## Rules\n\nAll of it.\n"), "two").unwrap();
        assert_eq!(prose.content, "## Rules\n\nAll of it.\n\n- two\n");
    }

    #[test]
    fn what_is_known_or_says_nothing_is_refused() {
        let text = "- Money is stored in **cents**.\n";
        assert_eq!(addition(Some(text), "money is stored in cents"), Err(NotAdded::Known(1)));
        assert!(matches!(addition(None, " <!-- --> \u{200B}"), Err(NotAdded::Unusable(_))));
        assert!(matches!(addition(None, &"a ".repeat(400)), Err(NotAdded::Unusable(_))));
    }

    proptest! {
        #[test]
        fn one_line_is_added_and_the_rest_stays(
            lines in proptest::collection::vec("(## Rules|# A|- [a-z]{1,5}|[a-z ]{0,9}|```)", 0..12),
            rule in "\\PC{1,60}",
        ) {
            let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            if let Ok(added) = addition(Some(&text), &rule) {
                prop_assert_eq!(added.content.lines().nth(added.number - 1), Some(added.line.as_str()));
                prop_assert!(!added.line.contains(['<', '>', '@', '[']));
                let kept: Vec<&str> = added.content.lines().filter(|line| !line.trim().is_empty()).collect();
                for line in text.lines().filter(|line| !line.trim().is_empty()) {
                    prop_assert!(kept.contains(&line));
                }
            }
        }
    }
}

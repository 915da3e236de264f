//! The line diff of two texts as git makes it, and so as GitHub shows it.

use git2::{DiffLineType, DiffOptions, Patch};

use crate::domain::assemble::CONTEXT_LINES;
use crate::domain::diff::Hunk;

/// The hunks between two texts. Lines end with `\n` only, as in git.
pub(super) fn hunks(base: &str, head: &str) -> Result<Vec<Hunk>, git2::Error> {
    let mut options = DiffOptions::new();
    options
        .context_lines(u32::try_from(CONTEXT_LINES).unwrap_or(3))
        .interhunk_lines(0)
        .indent_heuristic(true)
        .force_text(true);
    // From buffers, so that no attributes or configuration of a repository take part.
    let patch =
        Patch::from_buffers(base.as_bytes(), None, head.as_bytes(), None, Some(&mut options))?;
    (0..patch.num_hunks()).map(|index| hunk(&patch, index)).collect()
}

fn hunk(patch: &Patch<'_>, index: usize) -> Result<Hunk, git2::Error> {
    let (header, lines) = patch.hunk(index)?;
    let mut hunk = Hunk {
        base_start: if header.old_lines() == 0 { 0 } else { header.old_start() },
        base_lines: header.old_lines(),
        head_start: if header.new_lines() == 0 { 0 } else { header.new_start() },
        head_lines: header.new_lines(),
        removed: Vec::new(),
        added: Vec::new(),
    };
    for number in 0..lines {
        let line = patch.line_in_hunk(index, number)?;
        match line.origin_value() {
            DiffLineType::Deletion => hunk.removed.extend(line.old_lineno()),
            DiffLineType::Addition => hunk.added.extend(line.new_lineno()),
            _ => {}
        }
    }
    Ok(hunk)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::assemble::hunks_between;
    use crate::domain::change::Text;

    #[test]
    fn agrees_with_the_hunks_made_from_texts() {
        let long: String = (0..40).map(|n| format!("line {n}\n")).collect();
        let cases = [
            (String::new(), "a\nb\n".to_owned()),
            ("a\nb\n".to_owned(), String::new()),
            (String::new(), String::new()),
            ("same\n".to_owned(), "same\n".to_owned()),
            ("a\n".to_owned(), "a".to_owned()),
            (long.clone(), long.replace("line 7\n", "seven\n")),
            (long.clone(), long.replace("line 7\n", "").replace("line 30\n", "a\nb\n")),
            (long.clone(), format!("first\n{long}last")),
            ("a\r\nb\r\n".to_owned(), "a\r\nc\r\n".to_owned()),
        ];
        for (base, head) in cases {
            let ours = hunks(&base, &head).unwrap();
            assert_eq!(ours, hunks_between(&base, &head), "{base:?} -> {head:?}");
        }
    }

    fn lines(text: &str) -> Vec<&str> {
        text.split_inclusive('\n').collect()
    }

    /// Takes the removed lines out of the base and puts the added ones of the head in.
    fn applied(base: &str, head: &str, hunks: &[Hunk]) -> String {
        let removed: Vec<u32> = hunks.iter().flat_map(|h| h.removed.clone()).collect();
        let added: Vec<u32> = hunks.iter().flat_map(|h| h.added.clone()).collect();
        let mut kept = lines(base)
            .into_iter()
            .zip(1u32..)
            .filter(|(_, number)| !removed.contains(number))
            .map(|(line, _)| line);
        let head_lines = lines(head);
        (1u32..)
            .zip(&head_lines)
            .map(
                |(number, line)| {
                    if added.contains(&number) { *line } else { kept.next().unwrap_or("<missing>") }
                },
            )
            .collect::<String>()
            + &kept.collect::<String>()
    }

    proptest! {
        #[test]
        fn removed_and_added_lines_turn_base_into_head(
            base in proptest::collection::vec("[abc{} \r]{0,2}", 0..30),
            head in proptest::collection::vec("[abc{} \r]{0,2}", 0..30),
            base_end in any::<bool>(),
            head_end in any::<bool>(),
        ) {
            let join = |parts: &[String], end: bool| {
                let mut text = parts.join("\n");
                if end && !parts.is_empty() { text.push('\n'); }
                text
            };
            let (base, head) = (join(&base, base_end), join(&head, head_end));
            let hunks = hunks(&base, &head).unwrap();
            prop_assert_eq!(applied(&base, &head, &hunks), head.clone());
            prop_assert_eq!(hunks.is_empty(), base == head);
            let (base_text, head_text) = (Text::new(base), Text::new(head));
            for hunk in &hunks {
                for line in &hunk.added {
                    prop_assert!(hunk.shows(crate::domain::diff::Side::Head, *line));
                    prop_assert!(*line <= head_text.line_count());
                }
                for line in &hunk.removed {
                    prop_assert!(hunk.shows(crate::domain::diff::Side::Base, *line));
                    prop_assert!(*line <= base_text.line_count());
                }
            }
        }
    }
}

//! Liquibase change logs in XML, YAML and JSON: their change sets.

mod changes;
mod element;

use super::discover::{self, Framework};
use super::say::draft;
use super::translate::{Translation, Writer};
use crate::domain::change::FileChange;
use crate::rules::{Draft, Findings};
use element::Element;

/// Puts the changes of a log into SQL; `None` for formatted SQL, which is SQL already.
pub(super) fn translate(text: &str) -> Option<Translation> {
    let mut writer = Writer::default();
    for set in change_sets(text)? {
        // It runs where its author says that it does not fit the rest.
        writer.outside = set.attribute("runInTransaction") == Some("false");
        for change in &set.children {
            changes::change(&mut writer, change);
        }
    }
    Some(writer.finish())
}

/// The change sets of a log, in order; `None` if the text is SQL.
fn change_sets(text: &str) -> Option<Vec<Element>> {
    let start = text.trim_start_matches(['\u{FEFF}', ' ', '\n', '\r', '\t']);
    let root = if start.starts_with('<') {
        element::of_xml(text)
    } else if start.starts_with("--") || start.starts_with("/*") {
        return None;
    } else {
        element::of_yaml(text)
    };
    let mut sets = Vec::new();
    root.collect("changeSet", &mut sets, 0);
    Some(sets)
}

/// The change sets of a log that stand in both texts and differ: author and id, with the bytes at
/// head.
fn edited(base: &str, head: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let key =
        |set: &Element| Some(format!("{}:{}", set.attribute("author")?, set.attribute("id")?));
    let old = change_sets(base).unwrap_or_default();
    let known: Vec<(String, &Element)> =
        old.iter().filter_map(|set| Some((key(set)?, set))).collect();
    let sets = change_sets(head).unwrap_or_default();
    sets.iter()
        .filter_map(|set| {
            let own = key(set)?;
            let mut same = known.iter().filter(|(known, _)| *known == own);
            let (_, before) = same.next()?;
            // Meant to run again, or two sets that share a name.
            let again =
                ["runOnChange", "runAlways"].iter().any(|flag| set.attribute(flag) == Some("true"));
            let checked = set.children.iter().any(|child| child.name == "validCheckSum");
            let edited = !before.means_the_same(set) && !again && !checked && same.next().is_none();
            edited.then(|| (own, set.bytes.clone()))
        })
        .collect()
}

/// Change sets of Liquibase that exist on the base and mean another thing at head.
pub(super) fn edited_sets(findings: &mut Findings<'_>, file: &FileChange) {
    let liquibase = discover::identify_file(file)
        .is_some_and(|identity| identity.framework == Framework::Liquibase);
    let (true, Some(base), Some(head)) = (liquibase, file.base_text(), file.head_text()) else {
        return;
    };
    for (set, bytes) in edited(base.as_str(), head.as_str()) {
        let lines = head.lines_of(bytes.start, bytes.start);
        findings.at_head(
            file,
            lines,
            Draft {
                symbol: Some(set.clone()),
                ..draft(
                    format!("Change set `{set}` is on the base branch already and is changed here"),
                    "Liquibase keeps a checksum of each change set that has run: databases that have run this one stop with \
                     \"checksum mismatch\", and new ones get another schema.",
                    "Leave the change set as it is and add a new one. If every database shall accept the new form as it is, \
                     say so with `validCheckSum`.",
                )
            },
        );
    }
}

#[cfg(test)]
mod tests;

//! Liquibase change logs in XML, YAML and JSON: their change sets.

mod changes;
mod element;

use super::translate::{Translation, Writer};
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
pub(super) fn edited(base: &str, head: &str) -> Vec<(String, std::ops::Range<usize>)> {
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

#[cfg(test)]
mod tests;

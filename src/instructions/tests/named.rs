//! Files that other files name.

use super::*;
use crate::domain::diff::LineRange;
use crate::domain::team::Lane;

const ROSTER: &str = "# Team\n\n## Agents\n\n### Schema Keeper Agent\n\n- **Role**: database reviewer\n\
                      - **Responsibilities**:\n  - Check migrations\n";

/// What the pipeline does: reads, and reads what was named, until nothing new is.
fn loaded(tree: &[(&str, &str)], first: &[&str]) -> Instructions {
    let file = |at: &str| tree.iter().find(|(path, _)| *path == at).map(|(p, text)| raw(p, text));
    let mut files: Vec<RawFile> = first.iter().filter_map(|at| file(at)).collect();
    for _ in 0..=crate::instructions::MAX_IMPORT_DEPTH {
        let named = crate::instructions::named(&files);
        files.extend(named.iter().filter_map(|path| file(path.as_str())));
    }
    read(files, &[])
}

fn paths(found: &Instructions) -> Vec<&str> {
    found.files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn an_imported_roster_counts_with_its_own_lines() {
    let tree = [
        ("CLAUDE.md", "Follow @docs/team.md.\n"),
        ("docs/team.md", &format!("{ROSTER}\nSee @style.md and @../CLAUDE.md\n")),
        ("docs/style.md", "Be brief.\n"),
        ("docs/other.md", "Nobody names this.\n"),
    ];
    let found = loaded(&tree, &["CLAUDE.md"]);
    assert_eq!(paths(&found), ["CLAUDE.md", "docs/team.md", "docs/style.md"]);
    let member = found.team.members.iter().find(|m| m.name.starts_with("Schema Keeper")).unwrap();
    assert_eq!(member.lane, Some(Lane::Data));
    let source = member.source.as_ref().unwrap();
    assert_eq!((source.path.as_str(), source.lines), ("docs/team.md", LineRange::line(5)));
}

#[test]
fn imports_end_at_a_depth() {
    let names: Vec<String> = (0..9).map(|n| format!("d{n}.md")).collect();
    let texts: Vec<String> = (1..10).map(|n| format!("text\n@d{n}.md\n")).collect();
    let mut tree: Vec<(&str, &str)> =
        names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    tree.push(("CLAUDE.md", "@d0.md"));
    let found = loaded(&tree, &["CLAUDE.md"]);
    assert_eq!(found.files.len(), 1 + crate::instructions::MAX_IMPORT_DEPTH);
}

#[test]
fn an_import_does_not_count_where_its_importer_does_not() {
    let tree = [
        ("AGENTS.md", "Rules for all.\n"),
        ("CLAUDE.md", "@docs/team.md\n"),
        ("docs/team.md", ROSTER),
    ];
    let found = loaded(&tree, &["AGENTS.md", "CLAUDE.md"]);
    assert_eq!(paths(&found), ["AGENTS.md"], "AGENTS.md comes before CLAUDE.md");
}

#[test]
fn agents_of_the_configuration_join_the_team() {
    let config = "{\"agent\": {\"schema-keeper\": {\"description\": \"Reviews database migrations\", \
                  \"prompt\": \"{file:./prompts/keeper.md}\"}}}";
    let tree = [
        ("opencode.json", config),
        ("prompts/keeper.md", "You are the database reviewer.\n\n## Responsibilities\n\n- Locks\n"),
    ];
    let found = loaded(&tree, &["opencode.json"]);
    let member = found.team.members.iter().find(|m| m.name == "schema-keeper").unwrap();
    assert_eq!(member.lane, Some(Lane::Data));
    assert_eq!(member.responsibilities.len(), 1);
    assert_eq!(paths(&found), ["opencode.json"]);
}

//! Measures the rules on Rails migrations: the labelled cases of strong_migrations.

use backend_team::config::policy::NewTables;

use crate::eval::{Score, eval_dir, peer_findings, rows, text};

/// The cases that give all that they need themselves. `safe_by_default` is a setting of the
/// tool under which it rewrites migrations; nothing in those cases shows it.
#[test]
fn strong_migrations_cases() {
    let Some(folder) = eval_dir() else { return };
    let (mut plain, mut all) = (Score::default(), Score::default());
    for row in rows(&folder, "migrations/strong_migrations_rails.jsonl.gz") {
        let id = text(&row, "id");
        let alone = row["context"].as_array().is_none_or(Vec::is_empty);
        let expected = match text(&row, "expected") {
            "safe" => false,
            "unsafe" => true,
            _ => continue,
        };
        if !alone {
            continue;
        }
        let path = format!("{}/db/migrate/20240101000000_case.rb", text(&row, "adapter"));
        let files = [(path, None, Some(text(&row, "ruby")))];
        let found = peer_findings("strong_migrations", NewTables::Change, &[], &files);
        let said = !found.is_empty();
        all.flagged(expected, said);
        if !id.starts_with("safe_by_default") {
            plain.flagged(expected, said);
        }
        if said != expected && std::env::var_os("EVAL_VERBOSE").is_some() {
            let rules: Vec<String> =
                found.iter().map(|f| format!("{} {:?}", f.rule.0, f.severity)).collect();
            eprintln!("{id} {} expected {expected}, said {rules:?}", text(&row, "adapter"));
        }
    }
    eprintln!("strong_migrations: {plain}; with the cases of `safe_by_default`: {all}");
    assert!(plain.right > 9 * plain.wrong, "{plain}");
}

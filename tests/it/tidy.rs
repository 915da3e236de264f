//! The house rules that a compiler does not know.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Who may import whom, by module of `src/`. A module may always import itself.
const IMPORTS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("ports", &["domain"]),
    ("config", &["domain"]),
    ("instructions", &["domain", "config"]),
    ("classify", &["domain", "config"]),
    ("rules", &["domain", "config", "ports"]),
    ("commands", &["domain", "config", "ports"]),
    ("routing", &["domain", "config"]),
    ("plan", &["domain", "config"]),
    ("report", &["domain", "config", "commands"]),
    ("agents", &["domain", "config", "ports", "rules"]),
    (
        "pipeline",
        &[
            "domain",
            "config",
            "ports",
            "instructions",
            "classify",
            "rules",
            "commands",
            "routing",
            "plan",
            "report",
            "agents",
        ],
    ),
    ("webhook", &["domain", "config", "ports", "pipeline"]),
    ("web", &["domain", "config", "ports", "report"]),
    ("github", &["domain", "config", "ports"]),
    ("git", &["domain", "config", "ports"]),
    ("store", &["domain", "config", "ports"]),
    ("standin", &["domain", "config", "ports"]),
    ("telemetry", &[]),
    (
        "cli",
        &[
            "app",
            "config",
            "domain",
            "rules",
            "agents",
            "report",
            "pipeline",
            "ports",
            "instructions",
            "classify",
            "routing",
            "plan",
            "telemetry",
            "standin",
        ],
    ),
];

/// Modules that do no I/O, never await, and read neither clock nor environment.
const PURE: &[&str] =
    &["domain", "rules", "routing", "report", "commands", "instructions", "classify", "plan"];

const IMPURE_WORDS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "tokio::",
    ".await",
    "async fn",
    "println!",
    "eprintln!",
    "git2::",
    "rusqlite::",
    "sqlx::",
    "octocrab::",
];

/// Lines of code (blank lines, comments and tests left out) above which a file is two files.
const MAX_CODE_LINES: usize = 420;

/// Files that are one table of words: splitting them would only hide that.
const TABLES: &[&str] = &["classify/terms.rs"];

fn sources() -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(path.strip_prefix(&root).unwrap().to_owned(), text);
            }
        }
    }
    assert!(found.len() > 20, "the sources were not found");
    found
}

fn module(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The file without its tests and comments.
fn code(path: &Path, text: &str) -> Vec<String> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let in_tests = path.components().any(|part| part.as_os_str() == "tests");
    if in_tests || name == "tests.rs" || name.ends_with("_tests.rs") || name == "samples.rs" {
        return Vec::new();
    }
    text.lines()
        .take_while(|line| line.trim() != "#[cfg(test)]" && line.trim() != "mod tests {")
        .map(|line| without_strings(line.split("//").next().unwrap_or_default()))
        .filter(|line| !line.trim().is_empty())
        .collect()
}

/// The line without what stands in string literals on it.
fn without_strings(line: &str) -> String {
    line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"").trim_end().to_owned()
}

#[test]
fn modules_import_only_what_the_architecture_allows() {
    let allowed: BTreeMap<&str, &[&str]> = IMPORTS.iter().copied().collect();
    let mut problems = Vec::new();
    for (path, text) in sources() {
        let own = module(&path);
        let Some(allowed) = allowed.get(own.as_str()) else {
            assert!(["main", "lib", "app"].contains(&own.as_str()), "{own} is not in the table");
            continue;
        };
        for line in code(&path, &text) {
            for rest in line.split("crate::").skip(1) {
                let name: String =
                    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !name.is_empty() && name != own && !allowed.contains(&name.as_str()) {
                    problems.push(format!("{}: {own} may not import {name}", path.display()));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn pure_modules_stay_pure() {
    let mut problems = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| PURE.contains(&module(path).as_str())) {
        for line in code(path, text) {
            for word in IMPURE_WORDS.iter().filter(|word| line.contains(**word)) {
                problems.push(format!("{}: `{word}` in a pure module", path.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn files_stay_small() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|(path, _)| !TABLES.iter().any(|table| path.as_path() == Path::new(table)))
        .map(|(path, text)| (path, code(path, text).len()))
        .filter(|(_, lines)| *lines > MAX_CODE_LINES)
        .map(|(path, lines)| format!("{} has {lines} lines of code", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn only_the_publisher_writes_to_github() {
    for (path, text) in sources() {
        let holder =
            path == Path::new("pipeline/publish.rs") || path == Path::new("pipeline/services.rs");
        let may = ["ports", "github", "app"].contains(&module(&path).as_str()) || holder;
        assert!(
            may || !code(&path, &text).iter().any(|l| l.contains("ForgeWrite")),
            "{}",
            path.display()
        );
    }
}

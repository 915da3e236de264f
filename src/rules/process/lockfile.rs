//! `process/lockfile-missing`.

use std::collections::BTreeSet;

use crate::domain::change::{Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::{Draft, Findings, RuleContext};

/// A manifest and the lock files that may belong to it.
struct Ecosystem {
    manifest: &'static str,
    locks: &'static [&'static str],
    dependencies: fn(&str) -> Option<BTreeSet<String>>,
}

const ECOSYSTEMS: &[Ecosystem] = &[
    Ecosystem {
        manifest: "package.json",
        locks: &[
            "package-lock.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "bun.lock",
            "npm-shrinkwrap.json",
        ],
        dependencies: npm,
    },
    Ecosystem { manifest: "Cargo.toml", locks: &["Cargo.lock"], dependencies: cargo },
    Ecosystem {
        manifest: "pyproject.toml",
        locks: &["uv.lock", "poetry.lock", "pdm.lock"],
        dependencies: python,
    },
    Ecosystem { manifest: "go.mod", locks: &["go.sum"], dependencies: go },
    Ecosystem { manifest: "composer.json", locks: &["composer.lock"], dependencies: composer },
];

/// Keys of `key` tables in a JSON document whose values are versions of a registry.
pub(super) fn json_keys(text: &str, tables: &[&str]) -> Option<BTreeSet<String>> {
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    let entries = tables.iter().filter_map(|table| document.get(table)?.as_object()).flatten();
    let registry = |version: &str| {
        !["file:", "link:", "workspace:", "portal:", "catalog:"]
            .iter()
            .any(|s| version.starts_with(s))
    };
    let names = entries.filter(|(_, version)| version.as_str().is_some_and(registry));
    Some(names.map(|(name, _)| name.clone()).collect())
}

/// The names that a manifest asks for in production; `None` for other files.
pub(super) fn dependencies(file_name: &str, text: &str) -> Option<BTreeSet<String>> {
    match file_name {
        "Cargo.toml" => cargo_tables(text, &["dependencies", "build-dependencies"]),
        "composer.json" => {
            let mut names = json_keys(text, &["require"])?;
            names.retain(|name| name.contains('/'));
            Some(names)
        }
        _ => {
            let found = ECOSYSTEMS.iter().find(|ecosystem| ecosystem.manifest == file_name)?;
            (found.dependencies)(text)
        }
    }
}

fn npm(text: &str) -> Option<BTreeSet<String>> {
    json_keys(text, &["dependencies", "devDependencies", "optionalDependencies"])
}

fn composer(text: &str) -> Option<BTreeSet<String>> {
    let mut names = json_keys(text, &["require", "require-dev"])?;
    // Platform requirements are not packages.
    names.retain(|name| name.contains('/'));
    Some(names)
}

fn cargo(text: &str) -> Option<BTreeSet<String>> {
    cargo_tables(text, &["dependencies", "dev-dependencies", "build-dependencies"])
}

fn cargo_tables(text: &str, keys: &[&str]) -> Option<BTreeSet<String>> {
    let document: toml::Table = toml::from_str(text).ok()?;
    let mut names = BTreeSet::new();
    let mut take = |table: Option<&toml::Value>| {
        for (name, value) in table.and_then(toml::Value::as_table).into_iter().flatten() {
            let local = value.get("path").is_some() || value.get("workspace").is_some();
            let package = value.get("package").and_then(toml::Value::as_str).unwrap_or(name);
            if !local {
                names.insert(package.to_owned());
            }
        }
    };
    for key in keys {
        take(document.get(*key));
        take(document.get("workspace").and_then(|workspace| workspace.get(*key)));
    }
    Some(names)
}

fn python(text: &str) -> Option<BTreeSet<String>> {
    let document: toml::Table = toml::from_str(text).ok()?;
    let mut names = BTreeSet::new();
    let listed = document.get("project").and_then(|project| project.get("dependencies"));
    for requirement in listed.and_then(toml::Value::as_array).into_iter().flatten() {
        let text = requirement.as_str().unwrap_or("");
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c));
        names.insert(normalised(text.get(..end.unwrap_or(text.len())).unwrap_or("")));
    }
    let poetry = document.get("tool").and_then(|tool| tool.get("poetry")?.get("dependencies"));
    for (name, value) in poetry.and_then(toml::Value::as_table).into_iter().flatten() {
        if name != "python" && value.get("path").is_none() {
            names.insert(normalised(name));
        }
    }
    names.remove("");
    Some(names)
}

/// Python package names compare without case and with one separator.
fn normalised(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace(['_', '.'], "-")
}

fn go(text: &str) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut replaced = BTreeSet::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some((old, _)) = line.split_once("=>") {
            replaced.extend(
                old.trim_start_matches("replace").split_whitespace().next().map(str::to_owned),
            );
        } else if line.starts_with("require (") {
            inside = true;
        } else if line == ")" {
            inside = false;
        } else {
            let requirement = if inside { Some(line) } else { line.strip_prefix("require ") };
            let name = requirement.and_then(|r| r.split_whitespace().next());
            names.extend(name.filter(|name| !name.starts_with("//")).map(str::to_owned));
        }
    }
    Some(names.difference(&replaced).cloned().collect())
}

/// Dependencies that the change adds to a manifest.
fn added(file: &FileChange) -> Vec<(&'static Ecosystem, Vec<String>)> {
    let found = ECOSYSTEMS.iter().find(|e| e.manifest == file.path.file_name());
    let Some((ecosystem, head)) = found.and_then(|e| Some((e, file.head_text()?))) else {
        return Vec::new();
    };
    // A new manifest has no lock file yet.
    let Some(base) = file.base_text() else { return Vec::new() };
    let read = ecosystem.dependencies;
    let (Some(now), Some(before)) = (read(head.as_str()), read(base.as_str())) else {
        return Vec::new();
    };
    let names: Vec<String> = now.difference(&before).cloned().collect();
    if names.is_empty() { Vec::new() } else { vec![(ecosystem, names)] }
}

/// Where the lock file may be: beside the manifest, or in a directory above (workspaces).
fn lock_paths(manifest: &RepoPath, locks: &[&str]) -> Vec<RepoPath> {
    let mut directories = vec![manifest.directory().to_owned()];
    while let Some(last) = directories.last().filter(|last| !last.is_empty()) {
        directories.push(last.rsplit_once('/').map_or("", |(above, _)| above).to_owned());
    }
    let join = |directory: &str, name: &str| match directory {
        "" => RepoPath::new(name),
        directory => RepoPath::new(&format!("{directory}/{name}")),
    };
    directories
        .iter()
        .flat_map(|directory| locks.iter().filter_map(move |name| join(directory, name)))
        .collect()
}

fn need(path: RepoPath) -> Need {
    Need::File { side: Side::Head, path }
}

pub(super) fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| !added(file).is_empty())
}

pub(super) fn needs(change: &Change) -> Vec<Need> {
    let all = change.files.iter().flat_map(|file| {
        added(file).into_iter().flat_map(|(ecosystem, _)| lock_paths(&file.path, ecosystem.locks))
    });
    all.map(need).collect()
}

pub(super) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    for file in &context.change.files {
        for (ecosystem, names) in added(file) {
            let paths = lock_paths(&file.path, ecosystem.locks);
            // Whatever lock file the change brings along, its tool has been run.
            if paths.iter().any(|path| context.change.file(path).is_some()) {
                continue;
            }
            let locks: Vec<_> = paths
                .into_iter()
                .filter_map(|path| context.gathered(&need(path)).first())
                .collect();
            let Some(lock) = locks.first() else { continue };
            let missing = |name: &&String| {
                locks.iter().all(|lock| !normalised(lock.text.as_str()).contains(&normalised(name)))
            };
            let Some(name) = names.iter().find(missing) else { continue };
            findings.at_head(file, line_of(file, name), draft(name, file, &lock.path));
        }
    }
}

/// The added line that names the dependency.
fn line_of(file: &FileChange, name: &str) -> LineRange {
    let text = file.head_text();
    let mut lines = file.added_lines();
    let found = lines.find(|number| {
        let line = text.and_then(|text| text.line(*number)).unwrap_or("");
        normalised(line).contains(&normalised(name))
    });
    LineRange::line(found.unwrap_or(1))
}

fn draft(name: &str, file: &FileChange, lock: &RepoPath) -> Draft {
    Draft {
        title: format!("`{name}` is added, but not to `{}`", lock.file_name()),
        evidence: format!(
            "`{}` names a dependency that `{lock}` does not have. A build that keeps to the lock \
             file fails; any other takes the newest version of the day, which nobody reviewed.",
            file.path
        ),
        recommendation: "Run the package manager and commit the lock file with the manifest."
            .to_owned(),
        symbol: Some(name.to_owned()),
        ..Draft::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_of_manifests() {
        let set = |names: &[&str]| Some(names.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(
            go(
                "module m\nrequire a.io/x v1\nrequire (\n\tb.io/y v2 // indirect\n\tc.io/z v1\n)\nreplace c.io/z => ../z\n"
            ),
            set(&["a.io/x", "b.io/y"])
        );
        assert_eq!(
            cargo(
                "[dependencies]\na = \"1\"\nb = { path = \"../b\" }\nc = { version = \"1\", package = \"d\" }\n"
            ),
            set(&["a", "d"])
        );
        assert_eq!(
            python("[project]\ndependencies = [\"Foo_Bar>=1\", \"x[y]; python_version > '3'\"]\n"),
            set(&["foo-bar", "x"])
        );
        assert_eq!(npm("{"), None);
    }

    #[test]
    fn lock_files_are_looked_for_upwards() {
        let paths = lock_paths(&RepoPath::new("a/b/Cargo.toml").unwrap(), &["Cargo.lock"]);
        let paths: Vec<&str> = paths.iter().map(RepoPath::as_str).collect();
        assert_eq!(paths, ["a/b/Cargo.lock", "a/Cargo.lock", "Cargo.lock"]);
    }
}

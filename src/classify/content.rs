//! Labels that words of code in added lines earn. For sign-in, payments and tenants, removed
//! lines count too: taking a guard away matters as much as adding one.

use super::kind::{self, FileKind};
use super::terms::{BY_TEXT, BY_WORD, PROVIDERS, ROUTES, SETTINGS, STATEMENTS};
use super::{Labels, manifest, words};
use crate::domain::change::{FileChange, Text};
use crate::domain::diff::{LineRange, Side};
use crate::domain::routing::ChangeLabel;

/// Added lines of one file that are looked at.
const MAX_LINES: usize = 5_000;

/// Adds the labels that the file's content earns.
pub fn label(file: &FileChange, kind: FileKind, labels: &mut Labels) {
    match kind {
        FileKind::Test | FileKind::Docs | FileKind::Policy | FileKind::Web => {}
        FileKind::Code => code(file, labels),
        FileKind::Sql => sql(file, labels),
        FileKind::Other => {
            if manifest::is_manifest(file.path.file_name()) {
                dependencies(file, labels);
            } else {
                settings(file, labels);
            }
        }
    }
}

/// The lines of one side that the change touches, without comments.
fn touched(file: &FileChange, side: Side) -> Vec<(u32, String)> {
    let extension = file.path.extension().unwrap_or_default();
    let lines = |text: &Text, numbers: &mut dyn Iterator<Item = u32>| {
        let pairs = numbers
            .filter_map(|number| Some((number, words::code(text.line(number)?, &extension)?)));
        pairs.take(MAX_LINES).collect()
    };
    match file.text(side) {
        Some(text) if side == Side::Head => lines(text, &mut file.added_lines()),
        Some(text) => lines(text, &mut file.removed_lines()),
        None => Vec::new(),
    }
}

fn add(
    labels: &mut Labels,
    file: &FileChange,
    side: Side,
    line: u32,
    label: ChangeLabel,
    because: &str,
) {
    labels.add(label, because, file.anchor(side, LineRange::line(line)));
}

fn code(file: &FileChange, labels: &mut Labels) {
    let migration = kind::is_migration(&file.path);
    for (number, line) in touched(file, Side::Head) {
        let words = words::split(&line);
        for entry in BY_WORD.iter().filter(|entry| holds(&words, entry.words)) {
            add(labels, file, Side::Head, number, entry.label, entry.because);
        }
        for entry in BY_TEXT.iter().filter(|entry| entry.texts.iter().any(|t| line.contains(t))) {
            add(labels, file, Side::Head, number, entry.label, entry.because);
        }
        if ROUTES.iter().any(|route| line.contains(route)) {
            add(labels, file, Side::Head, number, ChangeLabel::NewFlow, "a route is added");
        }
        if webhook(&line, &words) {
            let because = "a provider's webhook or client is used";
            add(labels, file, Side::Head, number, ChangeLabel::ExternalIntegration, because);
        }
        if migration && changes_schema_in_code(&line) {
            add(
                labels,
                file,
                Side::Head,
                number,
                ChangeLabel::Schema,
                "the database schema changes",
            );
        }
    }
    for (number, line) in touched(file, Side::Base) {
        let words = words::split(&line);
        for entry in BY_WORD.iter().filter(|entry| entry.guards && holds(&words, entry.words)) {
            add(labels, file, Side::Base, number, entry.label, entry.because);
        }
        let checks = BY_TEXT.iter().filter(|entry| entry.label == ChangeLabel::Auth);
        for entry in checks.filter(|entry| entry.texts.iter().any(|text| line.contains(text))) {
            add(labels, file, Side::Base, number, entry.label, entry.because);
        }
    }
}

fn holds(words: &[String], wanted: &[&str]) -> bool {
    words.iter().any(|word| wanted.contains(&word.as_str()))
}

/// An import of a provider's client, or a route for its webhook.
fn webhook(line: &str, words: &[String]) -> bool {
    let import = ["import ", "from ", "use ", "require(", "require "]
        .iter()
        .any(|start| line.starts_with(start) || (start.ends_with('(') && line.contains(start)));
    let route = ROUTES.iter().any(|route| line.contains(route));
    (import && holds(words, PROVIDERS)) || (route && holds(words, &["webhook", "webhooks"]))
}

fn changes_schema_in_code(line: &str) -> bool {
    [
        "create_table",
        "add_column",
        "drop_column",
        "drop_table",
        "rename_column",
        "alter_column",
        "add_index",
        "create_index",
        "CreateModel(",
        "AddField(",
        "RemoveField(",
        "AlterField(",
        "createTable(",
        "addColumn(",
        "dropColumn(",
        "Schema::create(",
        "remove_column",
    ]
    .iter()
    .any(|word| line.contains(word))
}

fn sql(file: &FileChange, labels: &mut Labels) {
    for (number, line) in touched(file, Side::Head) {
        let upper = line.to_ascii_uppercase();
        let words = words::split(&line);
        let mut add = |label, because| add(labels, file, Side::Head, number, label, because);
        for entry in STATEMENTS.iter().filter(|entry| entry.fits(&upper)) {
            add(entry.label, entry.because);
        }
        if upper.contains("ROW LEVEL SECURITY") || holds(&words, &["tenant", "tenants"]) {
            add(ChangeLabel::Tenancy, "tables or policies of tenants change");
        }
        if holds(&words, &["email", "ssn", "passport", "phone", "birthdate", "iban"])
            || upper.contains("DATE_OF_BIRTH")
        {
            add(ChangeLabel::Pii, "columns hold personal data");
        }
    }
}

fn dependencies(file: &FileChange, labels: &mut Labels) {
    for (number, line) in manifest::dependency_lines(file) {
        let because = "a dependency is added or moves to another version";
        add(labels, file, Side::Head, number, ChangeLabel::Dependency, because);
        // A version that moves says nothing about a new provider.
        let words = words::split(&line);
        let provider = PROVIDERS.iter().find(|name| words.iter().any(|word| word == *name));
        let known = provider.is_some_and(|name| {
            file.base_text().is_some_and(|text| {
                text.lines().any(|(_, line)| words::split(line).iter().any(|word| word == name))
            })
        });
        if provider.is_some() && !known {
            let because = "a client of an outside provider is added";
            add(labels, file, Side::Head, number, ChangeLabel::ExternalIntegration, because);
        }
    }
    let removed = file.removed_lines().count() > 0 && file.added_lines().next().is_none();
    if removed || file.is_deleted() {
        let because = "dependencies or their settings are removed";
        labels.add(ChangeLabel::Dependency, because, Some(file.anchor_file()));
    }
}

/// Kubernetes manifests, Terraform, workflows and other settings.
fn settings(file: &FileChange, labels: &mut Labels) {
    let manifest = file.head_text().or_else(|| file.base_text()).is_some_and(is_kubernetes);
    if manifest {
        let because = "a Kubernetes manifest changes";
        labels.add(ChangeLabel::Infra, because, Some(file.anchor_file()));
    }
    for (number, line) in touched(file, Side::Head) {
        for entry in SETTINGS.iter().filter(|entry| entry.fits(&line)) {
            add(labels, file, Side::Head, number, entry.label, entry.because);
        }
    }
}

fn is_kubernetes(text: &Text) -> bool {
    let (mut version, mut kind) = (false, false);
    for (_, line) in text.lines().take(2_000) {
        version |= line.starts_with("apiVersion: ");
        kind |= line.starts_with("kind: ");
        if version && kind {
            return true;
        }
    }
    false
}

//! What in the repository a plan rests on.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::nature::Subject;
use super::words::{code, codes};
use crate::domain::plan::{Area, Evidence};

/// Most places that a plan shows.
const MAX_EVIDENCE: usize = 14;

/// `order` is the pattern of the repository's own that the tasks follow.
pub fn evidence(facts: &Facts<'_>, order: Option<Evidence>) -> Vec<Evidence> {
    if facts.nature.subject == Subject::Elsewhere {
        return Vec::new();
    }
    let repository = &facts.repository;
    let mut found: Vec<Evidence> = order.into_iter().chain(repository.stack.evidence()).collect();
    let schema = !facts.schema.is_empty() || facts.has(Area::Schema);
    if let Some(migrations) = repository.migrations.as_ref().filter(|_| schema) {
        found.push(Evidence {
            path: migrations.latest.clone(),
            lines: None,
            shows: format!(
                "the last of the {} migrations in {}",
                migrations.tool.name(),
                code(&format!("{}/", migrations.directory))
            ),
        });
    }
    for table in facts.schema.tables() {
        if let Some(known) = repository.table(&table) {
            let columns = codes(known.columns.get(..6).unwrap_or(&known.columns));
            let with = if columns.is_empty() { String::new() } else { format!(" with {columns}") };
            let more = if known.columns.len() > 6 { " and more" } else { "" };
            found.push(Evidence {
                path: known.path.clone(),
                lines: Some(known.line.to_string()),
                shows: format!("defines {}{with}{more}", code(&known.name)),
            });
        }
    }
    found.extend(endpoints(facts));
    found.extend(facts.relevant.iter().map(|relevant| relevant.evidence()));
    for file in &facts.references.files {
        let shows = "named in the issue".to_owned();
        found.push(Evidence { path: file.clone(), lines: None, shows });
    }
    if let Some(command) = &repository.test_command {
        found.push(Evidence {
            path: command.path.clone(),
            lines: Some(command.line.to_string()),
            shows: format!("runs the tests with {}", code(&command.text)),
        });
    }
    once(&mut found);
    found
}

/// Each place once; a file that was shown with a line needs no second mention.
fn once(found: &mut Vec<Evidence>) {
    let with_lines: BTreeSet<String> =
        found.iter().filter(|e| e.lines.is_some()).map(|e| e.path.clone()).collect();
    found.retain(|e| e.lines.is_some() || !with_lines.contains(&e.path));
    let mut seen = BTreeSet::new();
    found.retain(|evidence| seen.insert((evidence.path.clone(), evidence.lines.clone())));
    found.truncate(MAX_EVIDENCE);
}

/// Endpoints as the contract describes them today.
fn endpoints(facts: &Facts<'_>) -> Vec<Evidence> {
    let repository = &facts.repository;
    let mut found = Vec::new();
    for mentioned in &facts.endpoints {
        let endpoint = &mentioned.endpoint;
        let known = repository.documents.endpoint(&endpoint.method, &endpoint.path);
        if let (Some(known), Some(contract)) = (known, &repository.documents.contract) {
            found.push(Evidence {
                path: contract.path.clone(),
                lines: Some(known.line.to_string()),
                shows: format!(
                    "describes {} as it is today",
                    code(&format!("{} {}", known.method, known.path))
                ),
            });
        }
    }
    found
}

//! Steps on contracts, code and tests.

use super::{Stage, Step, tests_pass};
use crate::domain::finding::Prose;
use crate::domain::plan::{
    Artefact, Endpoint, Execution, FileAction, FileClass, Pattern, SchemaChange, WorkKind,
    WorkScope,
};
use crate::plan::facts::Facts;
use crate::plan::paths;
use crate::plan::repository::DependencyRole;
use crate::plan::roles::Role;
use crate::plan::schema::Destructive;
use crate::plan::words::{code, codes, cut, list};

/// Boundaries, contract and compatibility, decided before anybody builds.
pub fn contract(facts: &Facts<'_>) -> Step {
    let endpoints: Vec<Endpoint> =
        facts.endpoints.iter().map(|mentioned| mentioned.endpoint.clone()).collect();
    let mut step =
        Step::new(Role::Contract, Stage::Decide, contract_title(facts)).input("The requirements");
    step = match &facts.repository.documents.contract {
        Some(contract) => step
            .input(format!("The present contract, `{}`", contract.path))
            .output(format!("The operations in `{}`", contract.path))
            .file(contract.path.clone(), FileAction::Modify),
        None => step.output("Paths, methods, fields and errors, written down"),
    };
    step = step
        .output(compatibility(facts))
        .check("Request, response, errors and permissions of each operation are stated");
    if let Some((profile, path, line)) = &facts.repository.documents.error_profile {
        let name =
            if *profile == "rfc7807" { "`application/problem+json`" } else { "the error envelope" };
        step = step.check(format!("Errors keep to {name} (`{path}`:{line})"));
    }
    step = if facts.nature.breaking.is_empty() {
        step.check("A client of today keeps working without a change")
    } else {
        step.check("Every known client is named, with how and until when it moves")
    };
    let writes = endpoints.iter().any(|e| matches!(e.method.as_str(), "POST" | "PATCH"));
    if writes {
        step = step.check(
            "A request that is sent twice has one effect, or the contract says that it has two",
        );
    }
    let document = facts.repository.documents.contract.as_ref().filter(|contract| contract.openapi);
    let known = |endpoint: &&Endpoint| {
        facts.repository.documents.endpoint(&endpoint.method, &endpoint.path).is_none()
    };
    let new: Vec<Endpoint> = endpoints.iter().filter(known).cloned().collect();
    step.execution = match document {
        Some(document) if !new.is_empty() && facts.nature.breaking.is_empty() => {
            let path = document.path.clone();
            Execution::Generated { artefact: Artefact::ApiContract { path, endpoints: new } }
        }
        Some(_) if !endpoints.is_empty() => Execution::Delegated,
        _ => Execution::Advice,
    };
    if step.execution == Execution::Advice {
        step.files.clear();
        if let (Some(contract), Some(first)) =
            (&facts.repository.documents.contract, step.output.first_mut())
        {
            *first = format!("A proposal of the operations for `{}`", contract.path);
        }
    }
    step
}

fn contract_title(facts: &Facts<'_>) -> Prose {
    let names = facts.endpoint_names();
    let new_service = facts.nature.pattern == Some(Pattern::NewService);
    match (new_service, names.is_empty()) {
        (true, true) => "Outline the boundaries and contracts of the service".to_owned(),
        (true, false) => {
            format!("Outline the boundaries of the service and the contract of {}", codes(&names))
        }
        (false, false) if all_known(facts) => format!("Settle what changes in {}", codes(&names)),
        (false, false) => format!("Settle the contract of {}", codes(&names)),
        (false, true) => "Settle what changes in the API's contract".to_owned(),
    }
}

fn compatibility(facts: &Facts<'_>) -> Prose {
    if facts.nature.breaking.is_empty() {
        return "The statement that the change only adds".to_owned();
    }
    let breaking = list(&facts.nature.breaking);
    format!("A way for clients to move before it breaks them ({breaking})")
}

/// Tests of the acceptance criteria, before the code.
pub fn tests_first(facts: &Facts<'_>) -> Step {
    let subject = subject(facts);
    let cases: Vec<Prose> = behaviour(facts);
    let bug = facts.nature.kind == Some(WorkKind::Bug);
    let title = if bug {
        format!("Reproduce it as a failing test of {subject}")
    } else {
        format!("Write the tests of {subject} first")
    };
    let mut step = Step::new(Role::Implement, Stage::Build, title)
        .input(if bug { "What was observed" } else { "The requirements" })
        .output(format!(
            "{} that fail{} because the behaviour is not there yet",
            if cases.len() == 1 { "A test".to_owned() } else { format!("{} tests", cases.len()) },
            if cases.len() == 1 { "s" } else { "" }
        ))
        .check("Each fails for the stated reason and for no other");
    for path in test_files(facts) {
        let action = if path.ends_with('/') { FileAction::Add } else { FileAction::Modify };
        step = step.file(path, action);
    }
    step.execution = Execution::Generated { artefact: Artefact::TestSkeleton { subject, cases } };
    step
}

/// Whether tests can be prepared: there is behaviour to test and a place for tests.
pub fn has_tests(facts: &Facts<'_>) -> bool {
    let refactors = facts.nature.kind == Some(WorkKind::Refactor);
    !refactors && !behaviour(facts).is_empty() && !test_files(facts).is_empty()
}

/// The requirements that say how the software behaves.
fn behaviour(facts: &Facts<'_>) -> Vec<Prose> {
    let other = |text: &str| {
        let words = crate::plan::words::Words::of(text);
        words.any(&[
            "documentation",
            "documented",
            "runbook",
            "dashboard",
            "alert",
            "alerts",
            "metric",
            "metrics",
            "readme",
            "migration",
            "migrations",
            "column",
            "columns",
            "table",
            "nullable",
            "index",
            "frontend",
            "web app",
            "web client",
            "deploy",
            "deployed",
            "deployment",
            "changelog",
            "rollback",
            "dockerfile",
            "helm",
        ])
    };
    let behaves = facts.asked.requirements.iter().filter(|requirement| {
        // A title says what is wanted, not how one sees that it is there.
        !other(&requirement.text) && requirement.from != "title"
    });
    behaves.map(|requirement| requirement.text.clone()).take(10).collect()
}

/// What tests and code are about, in words: endpoints, else the issue's title.
fn subject(facts: &Facts<'_>) -> Prose {
    let names = facts.endpoint_names();
    if names.is_empty() || all_known(facts) {
        quoted_goal(facts)
    } else {
        codes(names.get(..3).unwrap_or(&names))
    }
}

/// Whether every endpoint is there already and only changes.
pub fn all_known(facts: &Facts<'_>) -> bool {
    let documents = &facts.repository.documents;
    let known = |m: &crate::plan::issue::Mentioned| {
        documents.endpoint(&m.endpoint.method, &m.endpoint.path).is_some()
    };
    !facts.endpoints.is_empty() && facts.endpoints.iter().all(known)
}

fn quoted_goal(facts: &Facts<'_>) -> Prose {
    format!("\u{201C}{}\u{201D}", cut(&facts.asked.goal, 90))
}

fn test_files(facts: &Facts<'_>) -> Vec<String> {
    let existing: Vec<String> =
        facts.relevant.iter().filter(|r| r.test).map(|r| r.path.clone()).take(2).collect();
    let new_service = facts.nature.pattern == Some(Pattern::NewService);
    if !existing.is_empty() && !new_service {
        return existing;
    }
    // Tests that stand beside the code.
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let folders: Vec<Option<String>> = facts.code().take(4).map(|r| folder(&r.path)).collect();
    let beside = |path: &&String| folder(path).is_some() && folders.contains(&folder(path));
    let beside: Vec<String> =
        facts.repository.tests.iter().filter(beside).take(2).cloned().collect();
    if !beside.is_empty() && !new_service {
        return beside;
    }
    // The directory with most tests.
    let mut counts = std::collections::BTreeMap::new();
    for path in &facts.repository.tests {
        if let Some((directory, _)) = path.rsplit_once('/') {
            *counts.entry(directory).or_insert(0_u32) += 1;
        }
    }
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map(|(directory, _)| vec![format!("{directory}/")]).unwrap_or_default()
}

/// The code.
pub fn implement(facts: &Facts<'_>, role: Role) -> Step {
    let names = facts.endpoint_names();
    let title = match facts.nature.kind {
        Some(WorkKind::Bug) if facts.nature.pattern == Some(Pattern::Incident) => {
            "Correct the code".to_owned()
        }
        Some(WorkKind::Bug) => format!("Fix {}", quoted_goal(facts)),
        _ if facts.nature.pattern == Some(Pattern::NewService) => {
            "Build the endpoints and the logic of the service".to_owned()
        }
        _ if !names.is_empty() && !all_known(facts) => {
            format!("Implement {}", codes(names.get(..3).unwrap_or(&names)))
        }
        _ if renamed(facts).is_some() => {
            let (from, to) = renamed(facts).unwrap_or_default();
            format!("Use {} in place of {} in the code", code(to), code(from))
        }
        Some(WorkKind::Refactor) if is_order(&facts.asked.goal) => cut(&facts.asked.goal, 120),
        Some(WorkKind::Refactor) => format!("Refactor: {}", quoted_goal(facts)),
        _ => match new_columns(facts) {
            Some(columns) => format!("Read and write {columns} in the code"),
            None => format!("Implement {}", quoted_goal(facts)),
        },
    };
    let mut step = Step::new(role, Stage::Build, title).output("Code and its tests in one commit");
    step = step.input("The requirements");
    for relevant in implementation_files(facts) {
        step = step.file(relevant.clone(), FileAction::Modify);
    }
    let functions = role == Role::ServerFunction;
    let home = if functions { functions_home(facts) } else { home(facts) };
    if step.files.is_empty()
        && facts.nature.pattern != Some(Pattern::NewService)
        && let Some(directory) = home
    {
        step = step.file(format!("{directory}/"), FileAction::Add);
    }
    for path in test_files(facts) {
        let action = if path.ends_with('/') { FileAction::Add } else { FileAction::Modify };
        step = step.file(path, action);
    }
    step = step.check(tests_pass(facts));
    if renamed(facts).is_some() {
        step = step.check(
            "While the version of before still runs, each version finds what the other wrote",
        );
    } else if facts.nature.kind == Some(WorkKind::Refactor) {
        step = step.check("No test had to change what it expects");
    } else if !names.is_empty() {
        step = step
            .check("Input is validated, the caller is authorized, and each stated error is tested");
    }
    step.rollback = Some(match facts.nature.pattern {
        _ if !facts.schema.is_empty() => {
            "Revert the commit; the schema change may stay, since it only adds".to_owned()
        }
        _ => "Revert the commit".to_owned(),
    });
    step
}

/// The column that gets another name: from, to.
fn renamed<'a>(facts: &'a Facts<'_>) -> Option<(&'a str, &'a str)> {
    facts.schema.destructive.iter().find_map(|gone| match gone {
        Destructive::RenameColumn { from, to, .. } => Some((from.as_str(), to.as_str())),
        _ => None,
    })
}

/// New columns of tables that are there, where nothing else is asked for.
fn new_columns(facts: &Facts<'_>) -> Option<String> {
    let column = |change: &SchemaChange| match change {
        SchemaChange::AddColumn { table, column } => Some(format!("{table}.{}", column.name)),
        _ => None,
    };
    let columns: Option<Vec<String>> = facts.schema.changes.iter().map(column).collect();
    let columns = columns.filter(|columns| !columns.is_empty() && columns.len() <= 3)?;
    behaviour(facts).is_empty().then(|| codes(&columns))
}

/// Whether a title says what to do: "Move …", "Extract …".
fn is_order(title: &str) -> bool {
    let first = title.split_whitespace().next().unwrap_or_default().to_lowercase();
    [
        "clean",
        "convert",
        "decouple",
        "extract",
        "inline",
        "introduce",
        "merge",
        "move",
        "reduce",
        "refactor",
        "remove",
        "rename",
        "reorganise",
        "reorganize",
        "replace",
        "restructure",
        "rewrite",
        "separate",
        "simplify",
        "split",
        "unify",
    ]
    .contains(&first.as_str())
}

/// Relevant code that is not already part of the schema step.
fn implementation_files(facts: &Facts<'_>) -> Vec<String> {
    let schema = !facts.schema.is_empty();
    // A new service has files of its own, which the first step decides on.
    let new_service = facts.nature.pattern == Some(Pattern::NewService);
    facts
        .code()
        .filter(|relevant| !new_service || facts.references.files.contains(&relevant.path))
        .filter(|relevant| !schema || paths::class_of(&relevant.path) != FileClass::Schema)
        .filter(|relevant| {
            facts.nature.scope == Some(WorkScope::CrossStack)
                || !crate::domain::path::RepoPath::new(&relevant.path)
                    .is_some_and(|p| paths::is_web(&p))
        })
        .map(|relevant| relevant.path.clone())
        .collect()
}

/// The directory in which server functions live here.
fn functions_home(facts: &Facts<'_>) -> Option<String> {
    facts.survey.listing.paths().find_map(|path| {
        let mut parts = path.directory().split('/');
        let at = parts.position(|part| part == "functions")?;
        let kept: Vec<&str> = path.directory().split('/').take(at + 1).collect();
        Some(kept.join("/"))
    })
}

/// The directory in which endpoints live here.
fn home(facts: &Facts<'_>) -> Option<String> {
    let wanted = [
        "handlers",
        "handler",
        "controllers",
        "controller",
        "routes",
        "routers",
        "views",
        "endpoints",
        "api",
        "services",
        "resolvers",
    ];
    let mut counts = std::collections::BTreeMap::new();
    for path in facts.survey.listing.paths() {
        if paths::is_code(path) && !paths::is_test(path) && !paths::is_foreign(path) {
            let last = path.directory().rsplit('/').next().unwrap_or_default();
            if wanted.contains(&last.to_ascii_lowercase().as_str()) {
                *counts.entry(path.directory().to_owned()).or_insert(0_u32) += 1;
            }
        }
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(directory, _)| directory)
}

/// A review that only reads.
pub fn security_review(facts: &Facts<'_>) -> Step {
    let files: Vec<String> = facts.code().map(|relevant| relevant.path.clone()).take(6).collect();
    let what = if files.is_empty() { quoted_goal(facts) } else { codes(&files) };
    let mut step = Step::new(Role::Security, Stage::Decide, format!("Review {what}"))
        .input("The request")
        .output("Findings with place, severity and what to do instead")
        .check("Each finding names a file and lines, or a request that shows it")
        .check("Authentication, authorization, input and secrets are each answered for");
    if !facts.repository.tables.is_empty() && facts.repository.tenant_column.is_some() {
        step = step.check("Isolation of tenants is answered for");
    }
    if let Some(path) = facts.repository.documents.input("SecurityPolicy") {
        step = step.input(format!("The security policy, `{path}`"));
    }
    step.advice()
}

/// Who may do what, decided before it is built.
pub fn access(facts: &Facts<'_>) -> Step {
    let names = facts.endpoint_names();
    let title = match names.as_slice() {
        [] => format!("Decide who may do what {} adds", quoted_goal(facts)),
        _ => format!("Decide who may use {}", codes(names.get(..3).unwrap_or(&names))),
    };
    let mut step = Step::new(Role::Security, Stage::Decide, title)
        .input("The requirements")
        .output("Permissions for each operation, deny by default")
        .check("For each operation a caller without the right is named, and what they get");
    if facts.nature.sensitive.payments {
        step = step
            .check("No amount, account or state of a payment is taken from the client unchecked");
    }
    if facts.nature.sensitive.personal {
        step = step.check(
            "Personal data is named, with why it is kept, how long, and that it is not logged",
        );
    }
    if let Some((column, path, line)) = &facts.repository.tenant_column {
        step = step.check(format!("Rows are filtered by {} (`{path}`:{line})", code(column)));
    }
    step.advice()
}

/// Work in answer to findings.
pub fn correct(facts: &Facts<'_>) -> Step {
    let mut step = implement(facts, Role::Implement);
    step.title = "Correct what the review found".to_owned();
    step.input = vec!["The findings".to_owned()];
    step.check("For each finding a test fails without the correction")
}

/// How the repository measures, in words that name its library.
pub fn telemetry(facts: &Facts<'_>) -> Option<String> {
    let library = facts.repository.stack.with_role(DependencyRole::Telemetry)?;
    Some(format!("{} (`{}`:{})", library.name, library.path, library.line))
}

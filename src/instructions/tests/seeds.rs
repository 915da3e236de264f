//! Real documents, from the directory that `SEEDS_DIR` names. They are not part of the project.

use std::path::PathBuf;

use super::read_one;
use crate::domain::instructions::Instructions;
use crate::domain::team::{Lane, Member};

fn seed(prefix: &str) -> Option<String> {
    let Some(directory) = std::env::var_os("SEEDS_DIR").map(PathBuf::from) else {
        eprintln!("skipped: SEEDS_DIR is not set");
        return None;
    };
    let entries = std::fs::read_dir(directory).expect("SEEDS_DIR can be listed");
    let file = entries
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .expect("a document with that prefix");
    Some(String::from_utf8_lossy(&std::fs::read(file.path()).expect("readable")).into_owned())
}

fn written(instructions: &Instructions) -> Vec<&Member> {
    instructions.team.members.iter().filter(|member| !member.is_built_in()).collect()
}

fn member<'a>(instructions: &'a Instructions, name: &str) -> &'a Member {
    instructions.team.members.iter().find(|member| member.name == name).expect(name)
}

/// Responsibilities, use-when, checklist, ground rules, collaboration.
fn counts(member: &Member) -> [usize; 5] {
    [
        member.responsibilities.len(),
        member.use_when.len(),
        member.checklist.len(),
        member.ground_rules.len(),
        member.collaboration.len(),
    ]
}

#[test]
fn a_roster_in_numbered_headings() {
    let Some(text) = seed("000") else { return };
    let read = read_one("AGENTS.md", &text);
    let names: Vec<_> = written(&read).iter().map(|m| (m.name.as_str(), m.lane)).collect();
    assert_eq!(
        names,
        [
            ("backend-lead", Some(Lane::Lead)),
            ("service-implementer", Some(Lane::Implementer)),
            ("infra-engineer", Some(Lane::Infra)),
            ("data-gatekeeper", Some(Lane::Data)),
            ("observability-guardian", Some(Lane::Observability)),
        ]
    );
    assert_eq!(counts(member(&read, "backend-lead")), [3, 3, 0, 0, 0]);
    assert_eq!(counts(member(&read, "service-implementer")), [3, 3, 0, 0, 0]);
    assert_eq!(counts(member(&read, "infra-engineer")), [3, 2, 0, 0, 1]);
    assert_eq!(counts(member(&read, "data-gatekeeper")), [3, 2, 0, 2, 0]);
    assert_eq!(counts(member(&read, "observability-guardian")), [2, 2, 3, 0, 0]);
    let source = |m: &Member| m.source.as_ref().map(|s| s.lines.start());
    assert_eq!(source(member(&read, "infra-engineer")), Some(35));
    let steps: Vec<_> =
        read.team.patterns.iter().map(|p| (p.steps.len(), p.steps[0].agent.as_str())).collect();
    assert_eq!(steps, [(5, "backend-lead"), (4, "backend-lead"), (4, "observability-guardian")]);
    assert!(read.team.patterns[1].steps[2].conditional);
    assert_eq!(read.team.patterns[1].steps.iter().filter(|step| step.conditional).count(), 1);
    let rules: Vec<u32> = read
        .team
        .ground_rules
        .iter()
        .filter_map(|rule| rule.source.as_ref().map(|source| source.lines.start()))
        .collect();
    assert_eq!(rules, [104, 106, 107, 108, 109]);
    assert_eq!(read.problems, vec![]);
}

#[test]
fn an_orchestrator_with_a_table() {
    let Some(text) = seed("001") else { return };
    for at in ["AGENTS.md", ".github/agents/backend-team.md"] {
        let read = read_one(at, &text);
        let table: Vec<_> =
            written(&read).into_iter().filter(|m| m.name.starts_with("backend/")).collect();
        assert_eq!(table.len(), 9, "{at}");
        assert!(table.iter().all(|m| m.role.is_some() && !m.produces.is_empty()), "{at}");
        assert_eq!(read.team.aliases[0].value, "ask backend team", "{at}");
        for (lane, name) in [
            (Lane::Data, "backend/db-architect"),
            (Lane::Lead, "backend/api-data"),
            (Lane::Infra, "backend/deployment"),
            (Lane::Observability, "backend/monitor"),
            (Lane::Security, "backend/security"),
            (Lane::Implementer, "backend/edge-functions"),
            (Lane::Qa, "qa-specialist"),
        ] {
            assert_eq!(read.team.name_for(lane), name, "{at}");
        }
        assert_eq!(read.team.patterns.len(), 5, "{at}");
    }
    let read = read_one("AGENTS.md", &text);
    assert_eq!(read.team.ground_rules.len(), 4);
}

#[test]
fn a_specialist_with_a_specification_line() {
    let Some(text) = seed("002") else { return };
    for at in ["AGENTS.md", ".github/agents/backend-architect.md"] {
        let read = read_one(at, &text);
        let members = written(&read);
        assert_eq!(members.len(), 1, "{at}");
        let architect = members[0];
        assert_eq!(architect.lane, Some(Lane::Lead), "{at}");
        assert_eq!(architect.version.as_deref(), Some("2025-10-13"));
        assert!(architect.facts.iter().any(|(key, v)| key == "spec" && v.contains("SPECIALIST")));
        assert_eq!(counts(architect), [4, 0, 0, 0, 4]);
        assert_eq!(architect.produces.len(), 4);
        assert_eq!(architect.tools.as_ref().map(Vec::len), Some(14));
    }
}

#[test]
fn an_engineer_with_a_key_block() {
    let Some(text) = seed("003") else { return };
    for at in ["AGENTS.md", ".github/prompts/backend.prompt.md", ".github/agents/b.agent.md"] {
        let read = read_one(at, &text);
        let members = written(&read);
        assert_eq!(members.len(), 1, "{at}: {:?}", read.problems);
        let engineer = members[0];
        assert_eq!(engineer.name, "senior-backend-engineer", "{at}");
        assert_eq!(engineer.lane, Some(Lane::Implementer));
        assert_eq!(engineer.version.as_deref(), Some("2025-08-13"));
        assert_eq!(engineer.model_hint.as_deref(), Some("GPT-5, Claude 3.x"));
        let fact = |wanted: &str| {
            engineer.facts.iter().find(|(key, _)| key == wanted).map(|(_, v)| v.as_str())
        };
        assert_eq!(fact("id"), Some("backend-engineer"));
        assert_eq!(fact("mode"), Some("agent"));
        assert_eq!(fact("file"), Some("backend-engineer.md"));
        assert_eq!(fact("pipeline-stage"), Some("4"));
        assert_eq!(fact("risk-flags").map(|flags| flags.split(", ").count()), Some(5));
        assert_eq!(fact("stack-tags").map(|tags| tags.split(", ").count()), Some(8));
        assert_eq!(fact("REASONING_EFFORT"), Some("low | medium | high"));
        assert!(fact("VERBOSITY").is_some() && fact("MODALITY").is_some());
        assert!(fact("inputs-from").is_some() && fact("outputs-to").is_some());
        let inputs: Vec<_> = engineer.required_inputs.iter().map(|i| i.value.as_str()).collect();
        assert_eq!(
            inputs,
            ["TechSpec", "APIContract", "DataModel", "SecurityPolicy", "PerfTargets", "Ops Guides"]
        );
        assert_eq!(engineer.produces.len(), 7);
        assert_eq!(counts(engineer), [3, 0, 6, 8, 0]);
        assert!(read.problems.iter().any(|p| p.line == Some(38) && p.message.contains("at 2")));
    }
}

#[test]
fn a_lead_with_front_matter_and_a_must_involve_table() {
    let Some(text) = seed("004") else { return };
    for at in ["AGENTS.md", ".github/agents/backend-lead.agent.md"] {
        let read = read_one(at, &text);
        let members = written(&read);
        assert_eq!(members.len(), 1, "{at}");
        let lead = members[0];
        assert_eq!((lead.name.as_str(), lead.lane), ("Backend Lead", Some(Lane::Lead)));
        assert_eq!(lead.model_hint.as_deref(), Some("Claude Sonnet 4.5 (copilot)"));
        assert_eq!(lead.tools.as_ref().map(Vec::len), Some(7));
        assert!(lead.facts.contains(&("invocable".to_owned(), "true".to_owned())));
        // Five in the section, one sentence in the description.
        assert_eq!(counts(lead), [6, 6, 4, 0, 0]);
        assert_eq!(lead.forbidden.len(), 5);
        assert_eq!(read.team.mandatory.len(), 5);
        assert!(read.team.mandatory[2].involve.contains("cannot delegate"));
        let facts = |wanted: &str| lead.facts.iter().filter(|(key, _)| key == wanted).count();
        assert_eq!(facts("definition-of-done"), 4);
        assert_eq!(facts("escalate-when"), 4);
        assert!(read.problems.iter().any(|p| p.message.contains("context7/*")));
    }
}

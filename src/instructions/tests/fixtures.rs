//! Documents of our own wording in every shape, with what is read from each.

use super::{path, raw, read_one};
use crate::domain::instructions::{InstructionFormat, Instructions, Scope};
use crate::domain::team::Lane;
use crate::instructions::{MAX_MERGED_BYTES, built_in_team, read};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../fixtures/agents/", $name, ".md"))
    };
}

/// What was read, without the members that every team has.
fn told(mut instructions: Instructions) -> Instructions {
    instructions.team.members.retain(|member| !member.is_built_in());
    instructions.team.patterns.retain(|pattern| pattern.source.is_some());
    instructions
}

#[test]
fn every_format_reads_as_recorded() {
    for (name, at, text) in [
        ("roster-numbered", "AGENTS.md", fixture!("roster-numbered")),
        ("orchestrator-table", "AGENTS.md", fixture!("orchestrator-table")),
        ("specialist-setext", "AGENTS.md", fixture!("specialist-setext")),
        ("key-block", ".github/prompts/pay.prompt.md", fixture!("key-block")),
        ("must-involve", ".github/agents/lead.agent.md", fixture!("must-involve")),
        ("broken-yaml", ".claude/agents/schema-guard.md", fixture!("broken-yaml")),
        ("opencode-crlf", ".opencode/agent/ops/watcher.md", fixture!("opencode-crlf")),
        ("no-agents", "AGENTS.md", fixture!("no-agents")),
        ("portuguese", "AGENTS.md", fixture!("portuguese")),
        ("bullets-and-prose", "AGENTS.md", fixture!("bullets-and-prose")),
        ("orders-the-reader", "AGENTS.md", fixture!("orders-the-reader")),
        ("cursor-rule", ".cursor/rules/sql.mdc", fixture!("cursor-rule")),
    ] {
        insta::assert_json_snapshot!(name, told(read_one(at, text)));
    }
}

#[test]
fn no_agents_give_the_built_in_team() {
    let read = read_one("AGENTS.md", fixture!("no-agents"));
    assert_eq!(read.team, built_in_team());
    assert_eq!(read.problems, vec![]);
    assert_eq!(super::super::read(vec![], &[]).team, built_in_team());
}

#[test]
fn line_endings_change_nothing() {
    let unix = fixture!("roster-numbered");
    let windows = unix.replace('\n', "\r\n");
    assert_eq!(read_one("AGENTS.md", unix).team, read_one("AGENTS.md", &windows).team);
}

#[test]
fn the_nearest_files_apply_root_first() {
    let changed = [path("services/pay/src/main.go")];
    let files = vec![
        raw("AGENTS.md", "# Root\n"),
        raw("CLAUDE.md", "# Not read: AGENTS.md comes first\n"),
        raw("services/CLAUDE.md", "# Services\n"),
        raw("services/pay/AGENTS.md", "  \n"),
        raw("services/pay/GEMINI.md", "# Pay\n"),
        raw("services/other/AGENTS.md", "# Elsewhere\n"),
        raw(".github/copilot-instructions.md", "General.\n"),
        raw(".github/instructions/go.instructions.md", "---\napplyTo: '**/*.go'\n---\nGo.\n"),
        raw(".github/instructions/py.instructions.md", "---\napplyTo: '**/*.py'\n---\nPy.\n"),
        raw(".github/prompts/p.prompt.md", "---\nname: p\nmode: agent\n---\nDo it.\n"),
    ];
    let read = read(files, &changed);
    let order: Vec<&str> = read.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        order,
        [
            "AGENTS.md",
            "services/CLAUDE.md",
            "services/pay/GEMINI.md",
            ".github/instructions/go.instructions.md",
            ".github/copilot-instructions.md",
            ".github/instructions/py.instructions.md",
            ".github/prompts/p.prompt.md",
        ]
    );
    assert_eq!(read.files[2].scope, Scope::Directory("services/pay".to_owned()));
    assert_eq!(read.files[6].scope, Scope::OnDemand);
    assert_eq!(read.team, built_in_team());
}

#[test]
fn long_instructions_are_cut_and_said_to_be() {
    let files = vec![
        raw("AGENTS.md", &"é".repeat(10_000)),
        raw("a/AGENTS.md", &"x".repeat(20_000)),
        raw(".claude/agents/long.md", &"y".repeat(20_000)),
    ];
    let read = read(files, &[path("a/b.rs")]);
    let kept: Vec<(usize, bool)> =
        read.files.iter().map(|file| (file.text.len(), file.truncated)).collect();
    assert_eq!(kept, [(20_000, false), (MAX_MERGED_BYTES - 20_000, true), (20_000, false)]);
    let said = |part: &str| read.problems.iter().filter(|p| p.message.contains(part)).count();
    assert_eq!((said("32 KiB"), said("first 4000 only")), (1, 2), "{:?}", read.problems);
}

#[test]
fn the_same_name_in_another_format_is_shadowed() {
    let agent = |role: &str| format!("---\nname: data-keeper\ndescription: {role}\n---\nBody\n");
    let files = vec![
        raw("AGENTS.md", "## Agents\n\n### `data-keeper`\n- **Role:** database\n"),
        raw(".claude/agents/data-keeper.md", &agent("from claude")),
        raw(".github/agents/data-keeper.agent.md", &agent("from copilot")),
    ];
    let read = read(files, &[]);
    let keeper = read.team.member_for(Lane::Data).unwrap();
    assert_eq!(keeper.description.as_deref(), Some("from copilot"));
    assert_eq!(read.files.last().map(|f| f.format), Some(InstructionFormat::CopilotAgent));
    let shadowed: Vec<&str> = read
        .problems
        .iter()
        .filter(|p| p.message.contains("shadowed"))
        .map(|p| p.path.as_str())
        .collect();
    assert_eq!(shadowed, [".claude/agents/data-keeper.md", "AGENTS.md"]);
}

#[test]
fn a_disabled_agent_takes_no_part() {
    let text = "---\ndescription: x\ndisable: true\n---\nDatabase work\n";
    let read = read_one(".opencode/agents/dba.md", text);
    assert_eq!(read.team, built_in_team());
    assert!(read.problems[0].message.contains("disabled"));
}

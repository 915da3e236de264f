//! Input made to hurt.

use proptest::prelude::*;

use super::{link, path, raw, read_one};
use crate::domain::instructions::ProblemLevel;
use crate::domain::team::Lane;
use crate::instructions::{RawFile, read};

const PLACES: [&str; 6] = [
    "AGENTS.md",
    ".github/agents/a.agent.md",
    ".claude/agents/a.md",
    ".opencode/agent/a.md",
    ".github/prompts/a.prompt.md",
    ".cursor/rules/a.mdc",
];

fn whole(team: &crate::domain::team::Team) -> bool {
    Lane::ALL.into_iter().all(|lane| team.member_for(lane).is_some())
}

proptest! {
    #[test]
    fn any_bytes_give_a_whole_team(bytes in prop::collection::vec(any::<u8>(), 0..2_000), at in 0..6_usize) {
        let file = RawFile { path: path(PLACES[at]), bytes, symlink_target: None };
        prop_assert!(whole(&read(vec![file], &[]).team));
    }

    #[test]
    fn any_markdown_gives_a_whole_team(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "# ", "## ", "### 1. `a-b`\n", "- **Role:** x\n", "- **Use when:**\n", "  - y\n",
                "| Agent | Domain |\n|--|--|\n", "| `x` | y |\n", "---\n", "name: a\n", "```\n",
                "**Key:** value\n", "> ", "1. ", "\n", "\r\n", "text ", "â€”", "<tag>\n", "\u{0}",
                "[A]: b | c\n", "Agents\n", "## Collaboration patterns\n", "- a: b\n", "\t", "→",
            ]),
            0..120,
        ),
        at in 0..6_usize,
    ) {
        let text = parts.concat();
        let instructions = read_one(PLACES[at], &text);
        prop_assert!(whole(&instructions.team));
        let lines = u32::try_from(text.split('\n').count()).unwrap();
        for member in instructions.team.members.iter().filter_map(|m| m.source.as_ref()) {
            prop_assert!(member.lines.end() <= lines);
        }
    }
}

#[test]
fn deep_nesting_is_read_without_recursion_trouble() {
    let lists: String = (0..3_000).map(|depth| format!("{}- x\n", "  ".repeat(depth))).collect();
    let quotes = format!("{}x", "> ".repeat(20_000));
    let bold = "**".repeat(20_000);
    for text in [lists, quotes, bold, "[".repeat(20_000), "- ".repeat(5_000)] {
        for head in ["", "# Agents\n\n## `a-b`\n- **Responsibilities:**\n"] {
            assert!(whole(&read_one("AGENTS.md", &format!("{head}{text}")).team));
        }
    }
}

#[test]
fn a_megabyte_of_each_shape_is_read() {
    let megabyte = |line: &str| line.repeat(1_000_000 / line.len());
    for line in [
        "- **Role:** x\n",
        "## `a-b`\n- **Role:** x\n",
        "| Agent | Domain |\n|-|-|\n| a | b |\n\n",
        "**Key:** value\n",
        "word ",
        "### A Agent\n",
        "- a\n  - b\n",
        "<example>\n",
        "key: value\n",
        "# Agents\n## Team\n### x\n",
    ] {
        assert!(whole(&read_one("AGENTS.md", &megabyte(line)).team), "{line}");
    }
    let front = format!("---\ndescription: <example>\n{}", megabyte("key: value\n"));
    assert!(whole(&read_one("AGENTS.md", &front).team));
    assert!(whole(&read_one(".claude/agents/a.md", &format!("{front}---\n")).team));
}

#[test]
fn links_are_followed_inside_only_and_never_in_circles() {
    let files = vec![
        raw("docs/team.md", "## Agents\n### `data-keeper`\n- **Role:** database\n"),
        link("AGENTS.md", "docs/team.md"),
        link("CLAUDE.md", "CLAUDE.md"),
        link(".claude/agents/a.md", "b.md"),
        link(".claude/agents/b.md", "a.md"),
        link(".github/agents/out.agent.md", "../../../etc/passwd"),
        link(".github/agents/root.agent.md", "/etc/passwd"),
        link("GEMINI.md", "missing.md"),
    ];
    let read = read(files, &[]);
    assert_eq!(read.team.name_for(Lane::Data), "data-keeper");
    let warned = |at: &str| {
        read.problems.iter().any(|p| p.path.as_str() == at && p.level == ProblemLevel::Warning)
    };
    for at in [
        "CLAUDE.md",
        ".claude/agents/a.md",
        ".claude/agents/b.md",
        ".github/agents/out.agent.md",
        ".github/agents/root.agent.md",
        "GEMINI.md",
    ] {
        assert!(warned(at), "{at}: {:?}", read.problems);
    }
}

#[test]
fn a_link_that_the_reader_followed_counts_as_content() {
    let mut file = raw("CLAUDE.md", "## Ground rules\n- Be kind\n");
    file.symlink_target = Some("somewhere/else.md".to_owned());
    let read = read(vec![file], &[]);
    assert_eq!(read.team.ground_rules.len(), 1);
    assert_eq!(read.problems, vec![]);
}

#[test]
fn yaml_bombs_are_read_line_by_line() {
    let mut text = String::from("---\na: &a [x, x, x, x, x, x, x, x, x]\n");
    for (this, last) in "bcdefghij".chars().zip("abcdefghi".chars()) {
        let refs = format!("*{last}, ").repeat(9);
        text.push_str(&format!("{this}: &{this} [{}]\n", refs.trim_end_matches(", ")));
    }
    text.push_str("name: bomb\ndescription: d\n---\n# Bomb\n");
    let read = read_one(".github/agents/bomb.agent.md", &text);
    assert!(read.team.members.iter().any(|member| member.name == "bomb"));
    assert!(read.problems.iter().any(|p| p.message.starts_with("repaired")));
}

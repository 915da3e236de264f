use proptest::prelude::*;

use super::*;

fn one(body: &str) -> Parsed {
    let mut all = parse(body, "backend-team");
    assert_eq!(all.len(), 1, "{body:?} gave {all:?}");
    all.remove(0)
}

fn command(body: &str) -> Command {
    match one(body) {
        Parsed::Command { command, .. } => command,
        other => panic!("{body:?} gave {other:?}"),
    }
}

fn problem(body: &str) -> String {
    match one(body) {
        Parsed::Invalid { problem, .. } => problem.0,
        other => panic!("{body:?} gave {other:?}"),
    }
}

fn agents(names: &[&str]) -> Vec<AgentName> {
    names.iter().map(|name| AgentName((*name).to_owned())).collect()
}

#[test]
fn verbs_and_arguments() {
    assert_eq!(command("/backend-team"), Command::Help);
    assert_eq!(command("/backend-team help"), Command::Help);
    assert_eq!(command("Ask Backend Team status"), Command::Status);
    assert_eq!(command("/Backend-Team PAUSE  "), Command::Pause);
    assert_eq!(command("hello\n\n  /backend-team resume\r\n"), Command::Resume);
    assert_eq!(command("hello\n/backend-team config\nbye"), Command::Config);
    assert_eq!(
        command("/backend-team review data, infra-engineer --full"),
        Command::Review { agents: agents(&["data", "infra-engineer"]), full: true }
    );
    let id = FindingRef::parse("a1b2c3d4").unwrap();
    assert_eq!(
        command("/backend-team dismiss `A1B2c3d4` not *used* any more"),
        Command::Dismiss { finding: id.clone(), reason: "not *used* any more".to_owned() }
    );
    assert_eq!(command("/backend-team restore a1b2c3d4"), Command::Restore { finding: id.clone() });
    let fix = |findings: &[FindingRef]| Command::Fix { findings: findings.to_vec() };
    assert_eq!(command("/backend-team fix"), fix(&[]));
    assert_eq!(command("/backend-team fix ALL"), fix(&[]));
    assert_eq!(command("/backend-team fix `a1b2c3d4`"), fix(std::slice::from_ref(&id)));
    assert_eq!(command("/backend-team fix a1b2c3d4, all"), fix(&[]));
    assert!(problem("/backend-team fix everything").contains("`all`"));
    assert_eq!(command("/backend-team split \u{2014}branches"), Command::Split { branches: true });
    assert!(problem("/backend-team split now").contains("`--branches`"));
    let text = "money is stored in cents".to_owned();
    assert_eq!(
        command("/backend-team remember money is stored in cents"),
        Command::Remember { text }
    );
    assert!(problem("/backend-team remember ...").contains("Write the rule"));
    let explain = |what| Command::Explain { what };
    assert_eq!(command("/backend-team explain a1b2c3d4"), explain(ExplainTarget::Finding(id)));
    assert_eq!(
        command("/backend-team explain migration/drop-column"),
        explain(ExplainTarget::Rule("migration/drop-column".to_owned()))
    );
}

#[test]
fn several_commands_in_one_comment() {
    let all =
        parse("/backend-team pause\n/backend-team nope\n\n/backend-team review", "backend-team");
    assert_eq!(all.len(), 3);
    assert!(matches!(&all[1], Parsed::Unknown { verb, .. } if verb == "nope"));
    let many = "/backend-team help\n".repeat(50);
    assert_eq!(parse(&many, "backend-team").len(), MAX_COMMANDS);
}

#[test]
fn a_signature_line_does_not_hide_a_command() {
    assert_eq!(command("/backend-team pause\n--\nsent from somewhere"), Command::Pause);
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    for (body, words) in [
        ("/backend-team dismiss", "Name the id"),
        ("/backend-team dismiss zzz because", "is not the id of a finding"),
        ("/backend-team dismiss a1b2c3d4", "write it after the id"),
        ("/backend-team restore a1b2c3d4 now", "one finding at a time"),
        ("/backend-team explain", "Name a rule"),
        ("/backend-team explain https://x/?y", "neither a rule's code"),
        ("/backend-team review --config=x", "the only one is `--full`"),
        ("/backend-team review https://evil", "is not the name of an agent"),
        ("/backend-team pause now", "takes nothing after it"),
    ] {
        let said = problem(body);
        assert!(said.contains(words), "{body}: {said}");
        assert_eq!(said.matches('`').count() % 2, 0, "{said}");
    }
}

#[test]
fn unknown_verbs_get_a_suggestion() {
    let suggested = |verb: &str| match one(&format!("/backend-team {verb}")) {
        Parsed::Unknown { suggestion, .. } => suggestion,
        other => panic!("{other:?}"),
    };
    assert_eq!(suggested("reveiw"), Some("review"));
    assert_eq!(suggested("stauts"), Some("status"));
    assert_eq!(suggested("dissmis"), Some("dismiss"));
    assert_eq!(suggested("frobnicate"), None);
    assert_eq!(suggested("x"), None);
}

#[test]
fn other_words_are_no_commands() {
    for body in [
        "",
        "say /backend-team review",
        "/backend-teams review",
        "/backend-team-review",
        "/other review",
        "please ask backend team review",
        "\\/backend-team review",
        "&#47;backend-team review",
        "**/backend-team review**",
        "**bold\n/backend-team review**",
        "- /backend-team review",
        "1. a\n   /backend-team review",
        "> a\n/backend-team review",
        "    /backend-team review",
        "`a\n/backend-team review`",
        "[a\n/backend-team review](https://x)",
        "![a\n/backend-team review](https://x)",
        "<!-- a\n/backend-team review\n-->",
        "a <!--\n/backend-team review --> b",
        "<details>\n/backend-team review\n</details>",
        "| a |\n| - |\n/backend-team review",
        "/backend-team `review`",
        "/backend-team [review](https://x)",
        "$$\n/backend-team review\n$$",
    ] {
        assert_eq!(parse(body, "backend-team"), vec![], "{body:?}");
    }
    assert_eq!(parse("/ review", ""), vec![]);
}

#[test]
fn the_prefix_is_the_policys() {
    assert_eq!(parse("/bt help", "/bt").len(), 1);
    assert_eq!(parse("/backend-team help", "bt"), vec![]);
    assert_eq!(parse("ask backend team help", "bt").len(), 1);
}

#[test]
fn whatever_could_be_a_prefix_is_noticed() {
    for body in ["/bt plan", "hello\n\n/bt", "  /a.b-c_d x"] {
        assert!(addresses(body), "{body}");
    }
    for body in
        ["a/b", "/usr/bin/env", "`/bt plan`", "> /bt plan", "    /bt", "/ plan", "- /bt", ""]
    {
        assert!(!addresses(body), "{body}");
    }
}

#[test]
fn names_mean_lanes() {
    let mut team = Team::default();
    let mut member = crate::domain::team::Member::named("Schema Owner");
    member.name = "schema-owner".to_owned();
    member.lane = Some(Lane::Data);
    team.members.push(member);
    let names = agents(&["Schema-Owner", "infra", "infra-engineer"]);
    assert_eq!(lanes_of(&names, &team), Ok(vec![Lane::Data, Lane::Infra]));
    let names = agents(&["nobody", "implementer", "data"]);
    assert_eq!(lanes_of(&names, &team), Err(agents(&["nobody", "implementer"])));
}

#[test]
fn the_registry_is_sound() {
    let mut names = std::collections::HashSet::new();
    for verb in VERBS {
        assert!(names.insert(verb.name));
        assert!(verb.usage.starts_with(verb.name));
        assert!(!verb.help.ends_with('.') && !verb.help.is_empty());
        // Who may answer is decided when it is known whose issue it is.
        assert!(verb.needs >= Permission::Read || verb.name == "answer");
    }
}

/// Containers that hide a command from us, each around a text of several lines.
fn wrapped(kind: usize, text: &str) -> String {
    let each = |before: &str| {
        text.lines().map(|line| format!("{before}{line}")).collect::<Vec<_>>().join("\n")
    };
    let one_line = text.replace('\n', " ");
    match kind {
        0 => format!("```\n{text}\n```"),
        1 => format!("~~~~sh\n{text}\n~~~~"),
        2 => each("> "),
        3 => format!("a\n\n{}", each("    ")),
        4 => format!("`{one_line}`"),
        5 => format!("<!--\n{text}\n-->"),
        6 => format!("<div>\n{one_line}\n</div>"),
        7 => format!("[{one_line}](https://example.com)"),
        8 => format!("- a\n{}", each("  ")),
        9 => format!("```\n{text}"),
        10 => each(">> "),
        _ => format!("x `\n{one_line}\n` y"),
    }
}

proptest! {
    #[test]
    fn never_panics(body in any::<String>(), prefix in any::<String>()) {
        let _ = parse(&body, &prefix);
        let _ = parse(&format!("/backend-team {body}"), "backend-team");
        let _ = parse(&format!("/{prefix} review {body}"), &prefix);
    }

    #[test]
    fn every_command_addresses_somebody(body in "[a-z`> \n-]{0,40}", prefix in "[a-z][a-z-]{0,10}") {
        let body = format!("{body}\n\n/{prefix} help");
        prop_assert!(addresses(&body) || parse(&body, &prefix).is_empty());
    }

    #[test]
    fn nothing_in_a_container_is_a_command(
        kind in 0usize..12,
        verb in prop::sample::select(vec!["review", "pause", "dismiss a1b2c3d4 x", "nope", ""]),
        before in "[a-z ]{0,10}",
        repeat in 1usize..3,
    ) {
        let text = format!("{before}\n/backend-team {verb}\n").repeat(repeat);
        let body = wrapped(kind, text.trim_start_matches([' ', '\n']).trim_end());
        // The first line of an inline container would be addressed only if nothing stood before.
        prop_assert_eq!(parse(&body, "backend-team"), vec![], "{}", body);
    }

    #[test]
    fn a_command_among_words_is_found(before in "[a-z]{1,9}( [a-z]{1,9}){0,4}", blank in any::<bool>()) {
        let gap = if blank { "\n\n" } else { "\n" };
        let body = format!("{before}{gap}/backend-team pause{gap}{before}");
        prop_assert_eq!(parse(&body, "backend-team").len(), 1, "{}", body);
    }

    #[test]
    fn suggestions_are_near(word in "[a-z]{0,12}") {
        if let Some(found) = suggestion(&word, VERBS.iter().map(|verb| verb.name)) {
            prop_assert!(found.len().abs_diff(word.len()) <= 2);
        }
    }
}

use super::*;
use crate::domain::finding::{Category, Severity};
use crate::domain::report::RememberedState;
use crate::report::samples::{remembered, sha};

const ID: CommentId = CommentId(42);

fn rule() -> RuleDoc<'static> {
    RuleDoc {
        code: "docker/unpinned-base",
        title: "A base image without digest",
        severity: Severity::Minor,
        category: Category::Infra,
        page: "# docker/unpinned-base\n\n## Why\n\nTags move.\n\n## Flagged\n\n```dockerfile\nFROM \
               debian\n```\n\n## How to fix\n\nPin it.\n",
        equivalents: &["hadolint:DL3006"],
    }
}

#[test]
fn every_answer() {
    let policy = Policy::default();
    let old = remembered(
        "0123456789abcdef",
        "Image `debian` by @octocat is not pinned (#1)",
        RememberedState::Open,
    );
    let rows = [
        HelpRow { usage: "review [agent...] [--full]", help: "reviews again", permission: "read" },
        HelpRow { usage: "pause", help: "stops reviews of new commits", permission: "write" },
    ];
    let hostile = "`x` @octocat <b> https://evil.example";
    let (a, b) = (sha('a'), sha('b'));
    let open = vec![old.clone(); 22];
    let state = Status {
        paused: true,
        head: Some(&a),
        reviewed: Some(&b),
        open: &open,
        fixed: 1,
        dismissed: 2,
    };
    let source =
        PolicySource { file: PolicyFile::At(".github/backend-team.toml", &b), problems: &[] };
    let answers = [
        help(ID, &rows, &policy),
        explain_rule(ID, &rule()),
        explain_finding(ID, &old, Some(&rule())),
        unknown_rule_or_finding(ID, hostile, Some("docker/root-user")),
        only_on_pulls(ID, "dismiss"),
        unknown_agents(ID, &[hostile], &["backend-lead"]),
        ambiguous_finding(ID, "0123", &[&old.fingerprint, &old.fingerprint]),
        ambiguous_finding(ID, hostile, &[]),
        refused(ID, &Login("octocat".to_owned()), "dismiss", "write"),
        unknown_verb(ID, "reveiw", Some("review"), &policy),
        unknown_verb(ID, hostile, None, &policy),
        wrong_arguments(ID, "The reason is missing.", "dismiss ID REASON", &policy),
        paused(ID, &policy),
        together(ID, &[paused(ID, &policy), unknown_verb(ID, "x", None, &policy)]),
        status(ID, &state),
        status(ID, &Status::default()),
        config(ID, "block-on = \"major\"\n", source),
    ];
    for answer in &answers {
        assert!(answer.starts_with("<!-- backend-team:answer:42 -->\n"), "{answer}");
    }
    insta::assert_snapshot!(answers.join("\n=====\n"));
}

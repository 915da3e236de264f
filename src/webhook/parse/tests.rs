use proptest::prelude::*;

use super::*;
use crate::domain::event::IssueAction;
use crate::domain::ids::{CommitSha, Login, RepoId, RepoSlug};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../fixtures/webhooks/", $name, ".json")).as_slice()
    };
}

fn repo(id: u64, slug: &str) -> RepoRef {
    let slug = RepoSlug::parse(slug).unwrap();
    RepoRef { installation: InstallationId(51), id: RepoId(id), slug }
}

fn orders() -> RepoRef {
    repo(7301, "acme/orders")
}

fn sha(digit: &str) -> CommitSha {
    CommitSha::parse(&digit.repeat(40)).unwrap()
}

fn alice() -> Actor {
    Actor { login: Login("alice".to_owned()), is_bot: false }
}

fn pull(action: PullAction, label: Option<&str>) -> Event {
    Event::Pull {
        repo: orders(),
        number: Number(12),
        action,
        head: sha("a"),
        draft: false,
        author: alice(),
        sender: alice(),
        label: label.map(str::to_owned),
    }
}

#[track_caller]
fn assert_ignored(event: &str, body: &[u8], expected: &str) {
    match parse(event, body) {
        Ok(Event::Ignored { reason }) => assert_eq!(reason, expected),
        other => panic!("not ignored: {other:?}"),
    }
}

#[test]
fn pull_requests() {
    let opened = parse("pull_request", fixture!("pull_request.opened")).unwrap();
    let expected = Event::Pull {
        repo: orders(),
        number: Number(12),
        action: PullAction::Opened,
        head: sha("a"),
        draft: true,
        author: Actor { login: Login("renovate[bot]".to_owned()), is_bot: true },
        sender: alice(),
        label: None,
    };
    assert_eq!(opened, expected);
    assert_eq!(
        parse("pull_request", fixture!("pull_request.synchronize")),
        Ok(pull(PullAction::Synchronize, None))
    );
    assert_eq!(
        parse("pull_request", fixture!("pull_request.edited.base")),
        Ok(pull(PullAction::Retargeted, None))
    );
    assert_eq!(
        parse("pull_request", fixture!("pull_request.labeled")),
        Ok(pull(PullAction::Labeled, Some("backend-team:review")))
    );
    let title = fixture!("pull_request.edited.title");
    assert_ignored("pull_request", title, "the base branch was not changed");
}

#[test]
fn every_pull_request_action() {
    let text = std::str::from_utf8(fixture!("pull_request.synchronize")).unwrap();
    for (name, action) in [
        ("reopened", PullAction::Reopened),
        ("ready_for_review", PullAction::ReadyForReview),
        ("closed", PullAction::Closed),
    ] {
        let body = text.replace("\"synchronize\"", &format!("\"{name}\""));
        assert_eq!(parse("pull_request", body.as_bytes()), Ok(pull(action, None)), "{name}");
    }
    let body = text.replace("\"synchronize\"", "\"assigned\"");
    assert_ignored("pull_request", body.as_bytes(), OTHER_ACTION);
}

#[test]
fn comments_and_issues() {
    let expected = Event::Comment {
        repo: orders(),
        number: Number(12),
        on_pull: true,
        comment: CommentId(4401),
        author: alice(),
        body: Untrusted::from("/backend-team review"),
    };
    assert_eq!(parse("issue_comment", fixture!("issue_comment.created")), Ok(expected));
    assert_ignored("issue_comment", fixture!("issue_comment.edited"), OTHER_ACTION);
    let expected = Event::Issue {
        repo: orders(),
        number: Number(13),
        action: IssueAction::Labeled,
        label: Some("plan".to_owned()),
        sender: alice(),
    };
    assert_eq!(parse("issues", fixture!("issues.labeled")), Ok(expected));
    let on_pull = std::str::from_utf8(fixture!("issues.labeled"))
        .unwrap()
        .replace("\"title\": \"x\"", "\"pull_request\": {}");
    assert_ignored("issues", on_pull.as_bytes(), "the issue is a pull request");
}

#[test]
fn checks_list_only_pull_requests_of_their_repository() {
    let expected = Event::CheckRerequested {
        repo: orders(),
        check_run: CheckRunId(66001),
        head: sha("a"),
        pulls: vec![Number(12)],
        sender: alice(),
    };
    assert_eq!(parse("check_run", fixture!("check_run.rerequested")), Ok(expected));
    let expected = Event::CheckAction {
        repo: orders(),
        check_run: CheckRunId(66001),
        head: sha("a"),
        pulls: vec![],
        identifier: "review-full".to_owned(),
        sender: alice(),
    };
    assert_eq!(parse("check_run", fixture!("check_run.requested_action")), Ok(expected));
    let expected = Event::SuiteRerequested {
        repo: orders(),
        head: sha("a"),
        pulls: vec![Number(12)],
        sender: alice(),
    };
    assert_eq!(parse("check_suite", fixture!("check_suite.rerequested")), Ok(expected));
}

#[test]
fn merge_groups_and_pushes() {
    for (body, destroyed) in [
        (fixture!("merge_group.checks_requested"), false),
        (fixture!("merge_group.destroyed"), true),
    ] {
        let expected =
            Event::MergeGroup { repo: orders(), head: sha("e"), base: sha("b"), destroyed };
        assert_eq!(parse("merge_group", body), Ok(expected));
    }
    let expected = Event::DefaultBranchPush { repo: orders(), head: sha("f") };
    assert_eq!(parse("push", fixture!("push.default_branch")), Ok(expected));
    assert_ignored("push", fixture!("push.other_branch"), "not a push to the default branch");
    let deleted = std::str::from_utf8(fixture!("push.default_branch"))
        .unwrap()
        .replace("\"deleted\": false", "\"deleted\": true");
    assert_ignored("push", deleted.as_bytes(), "the branch was deleted");
}

#[test]
fn installations() {
    let both = vec![orders(), repo(7302, "acme/billing")];
    let created = parse("installation", fixture!("installation.created"));
    assert_eq!(created, Ok(Event::RepositoriesAdded { repos: both }));
    let removed = |repo: RepoRef| {
        let repos = vec![(repo.id, repo.slug)];
        Ok(Event::RepositoriesRemoved { installation: InstallationId(51), repos })
    };
    let suspended = fixture!("installation.suspend");
    assert_ignored("installation", suspended, "suspended: what is remembered is kept");
    let deleted = String::from_utf8_lossy(suspended).replace("suspend", "deleted");
    assert_eq!(parse("installation", deleted.as_bytes()), removed(orders()));
    let added = parse("installation_repositories", fixture!("installation_repositories.added"));
    assert_eq!(added, Ok(Event::RepositoriesAdded { repos: vec![repo(7302, "acme/billing")] }));
    let gone = parse("installation_repositories", fixture!("installation_repositories.removed"));
    assert_eq!(gone, removed(repo(7302, "acme/billing")));
}

#[test]
fn what_is_not_for_us_is_ignored_with_a_reason() {
    assert_eq!(parse("ping", fixture!("ping")), Ok(Event::Ping));
    assert_ignored("brand_new_event", b"{\"a\": 1}", "no use for this event");
    let uninstalled = std::str::from_utf8(fixture!("pull_request.opened"))
        .unwrap()
        .replace("\"installation\"", "\"other\"");
    assert_ignored("pull_request", uninstalled.as_bytes(), "not delivered to an App installation");
    let odd = br#"{"action": "opened", "pull_request": 5}"#;
    assert_ignored("pull_request", odd, "a field has an unexpected type");
    let short = br#"{"action": "opened", "installation": {"id": 1},
        "repository": {"id": 2, "full_name": "../x"}}"#;
    assert_ignored("pull_request", short, "names no repository");
}

#[test]
fn what_is_not_an_object_is_an_error() {
    assert_eq!(parse("push", b"[1,2]"), Err(ParseError::NotAnObject));
    assert_eq!(parse("push", b"null"), Err(ParseError::NotAnObject));
    assert_eq!(parse("push", b"{\"a\xff\":1}"), Err(ParseError::NotUtf8));
    for bad in [&b""[..], b"{\"action\":", b"payload=%7B%7D", b"{} {}", b"{\"action\": 1,}"] {
        assert!(matches!(parse("push", bad), Err(ParseError::NotJson(_))), "{bad:?}");
    }
}

#[test]
fn deep_nesting_is_skipped() {
    for (open, close) in [("{\"a\":", "}"), ("[", "]")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert_ignored("new", format!("{{\"x\":{deep}}}").as_bytes(), "no use for this event");
        for field in ["action", "pull_request", "label", "repositories"] {
            let body = format!("{{\"{field}\":{deep}}}");
            assert!(matches!(parse("push", body.as_bytes()), Ok(Event::Ignored { .. })), "{field}");
        }
    }
}

const EVENTS: [&str; 10] = [
    "ping",
    "pull_request",
    "issue_comment",
    "issues",
    "check_run",
    "check_suite",
    "merge_group",
    "installation",
    "installation_repositories",
    "push",
];

/// JSON whose keys are often those that we read, with values of any type.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let key = prop_oneof![
        Just("action"),
        Just("installation"),
        Just("repository"),
        Just("sender"),
        Just("id"),
        Just("number"),
        Just("pull_request"),
        Just("head"),
        Just("sha"),
        Just("full_name"),
        Just("login"),
        Just("user"),
        Just("label"),
        Just("name"),
        Just("changes"),
        Just("base"),
        Just("comment"),
        Just("issue"),
        Just("check_run"),
        Just("repositories"),
        Just("ref"),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        Just("opened".into()),
        Just("created".into()),
        Just("acme/orders".into()),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::vec((key.clone(), inner), 0..8)
                .prop_map(|pairs| { pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect() }),
        ]
    })
}

proptest! {
    #[test]
    fn never_panics_on_bytes(
        event in proptest::sample::select(&EVENTS[..]),
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = parse(event, &body);
    }

    #[test]
    fn accepts_every_json_object(
        event in proptest::sample::select(&EVENTS[..]),
        value in any_json(),
    ) {
        let parsed = parse(event, value.to_string().as_bytes());
        prop_assert_eq!(parsed.is_ok(), value.is_object(), "{:?}", parsed);
    }

    #[test]
    fn what_is_kept_says_the_same(
        event in proptest::sample::select(&EVENTS[..]),
        value in any_json(),
    ) {
        if let Ok(reading) = read(event, value.to_string().as_bytes()) {
            let kept = reading.essence();
            let well_typed = reading.event != ignored("a field has an unexpected type");
            prop_assert!(!well_typed || parse(event, &kept).unwrap() == reading.event);
        }
    }

    #[test]
    fn never_panics_on_cut_payloads(cut in 0_usize..2000) {
        let body = fixture!("check_run.rerequested");
        let cut = cut.min(body.len() - 2);
        prop_assert!(parse("check_run", &body[..cut]).is_err());
    }
}

//! The demonstration's repository: a change with many findings, then a push that mends most.

use backend_team::standin::FileEdit;
use serde_json::Value;

use crate::harness::bot::{CHECK, REPO, World, run_test, stage};

const REVIEWERS: [&str; 5] = [
    "backend-team / backend-lead",
    "backend-team / data-gatekeeper",
    "backend-team / infra-engineer",
    "backend-team / observability-guardian",
    "backend-team / qa-specialist",
];

const FIRST: [(&str, &str); 6] = [
    (CHECK, "failure"),
    (REVIEWERS[0], "failure"),
    (REVIEWERS[1], "failure"),
    (REVIEWERS[2], "failure"),
    (REVIEWERS[3], "failure"),
    // AGENTS.md names no quality agent, so the built-in name is used.
    (REVIEWERS[4], "success"),
];

async fn opened(world: &mut World) -> u64 {
    world.github.create_repository(REPO, false, &stage("base")).unwrap();
    let number = world.open(&stage("change"));
    world.settle().await;
    number
}

#[tokio::test]
async fn a_pull_request_with_findings_gets_one_comment_notes_and_checks() {
    run_test(async |world| {
        let number = opened(world).await;
        let calls = world.calls_after(0);
        assert!(calls.len() <= 12, "{} calls: {calls:#?}", calls.len());
        let body = world.expect_comment(number);
        assert!(body.starts_with(
            "<!-- backend-team:review -->\n## Backend review: 7 blocking findings, 17 open in all"
        ));
        assert_eq!(world.summary(number), body);
        let notes = world.expect_review(number);
        assert_eq!(
            notes.len(),
            16,
            "one for each finding that has a line in the diff and asks for something"
        );
        let infra = world.expect_check(REVIEWERS[2]);
        assert_eq!(infra.title, "6 findings, 1 blocking");
        assert_eq!(infra.annotations.len(), 6);
        assert_eq!(infra.head, world.head(number));
        let rest = [FIRST[0], FIRST[1], FIRST[2], FIRST[4], FIRST[5]];
        world.expect_checks(&rest);
        let findings = world.findings(number);
        assert_eq!(findings["verdict"], "blocking");
        assert_eq!(findings["head_sha"], world.head(number));
    })
    .await;
}

fn titles(findings: &Value, state: &str) -> Vec<String> {
    let of_state = |finding: &&Value| finding["state"] == state;
    let all = findings["findings"].as_array().unwrap().iter();
    all.filter(of_state).map(|finding| finding["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_second_push_tells_fixed_unchanged_and_new_apart() {
    run_test(async |world| {
        let number = opened(world).await;
        world.expect_first_review(number, &FIRST);
        world.github.push(REPO, "topic", "Mend most of it", &stage("second")).unwrap();
        world.settle().await;
        let body = world.expect_comment_edit();
        assert!(body.contains("## Backend review: 2 blocking findings, 8 open in all"), "{body}");
        assert!(body.contains("<details><summary>Fixed (10)</summary>"), "{body}");
        assert_eq!(world.comments(number).len(), 1, "the comment is edited, not repeated");
        let findings = world.findings(number);
        assert_eq!(titles(&findings, "unchanged").len(), 7);
        let new = ["Image `registry.example.com/orders` is not pinned to a version"];
        assert_eq!(titles(&findings, "new"), new);
        let notes = world.expect_review(number);
        assert_eq!(notes.len(), 1, "only the new finding is noted: {notes:#?}");
        world.expect_threads_resolved();
        let resolved = world.github.review_comments(REPO, number).unwrap();
        assert_eq!(resolved.iter().filter(|note| note.resolved).count(), 9);
        world.expect_checks(&[
            (CHECK, "failure"),
            (REVIEWERS[0], "failure"),
            (REVIEWERS[1], "success"),
            (REVIEWERS[2], "neutral"),
            (REVIEWERS[3], "failure"),
            (REVIEWERS[4], "success"),
        ]);
    })
    .await;
}

#[tokio::test]
async fn a_finding_that_comes_back_is_reopened_with_a_new_note() {
    run_test(async |world| {
        let number = opened(world).await;
        world.expect_first_review(number, &FIRST);
        let openapi = |world: &World, content: Vec<u8>| {
            let edit = [FileEdit::write("api/openapi.yaml", content)];
            world.github.push(REPO, "topic", "Edit the contract", &edit).unwrap();
        };
        let read = |stage: &str| {
            let root = env!("CARGO_MANIFEST_DIR");
            std::fs::read(format!("{root}/fixtures/repos/demo/{stage}/api/openapi.yaml")).unwrap()
        };
        openapi(world, read("base"));
        world.settle().await;
        world.expect_comment_edit();
        world.expect_threads_resolved();
        for name in REVIEWERS.into_iter().chain([CHECK]) {
            world.expect_check(name);
        }
        openapi(world, read("change"));
        world.settle().await;
        let body = world.expect_comment_edit();
        assert!(body.contains("(blocking, reopened)"), "{body}");
        let notes = world.expect_review(number);
        assert_eq!(notes.len(), 2, "threads of their own, the old ones are resolved: {notes:#?}");
        for name in REVIEWERS.into_iter().chain([CHECK]) {
            world.expect_check(name);
        }
    })
    .await;
}

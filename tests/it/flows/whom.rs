//! Which pull requests are reviewed without being asked.

use backend_team::standin::{FileEdit, PullRequestSpec};

use crate::harness::bot::{CHECK, FAILED, INFRA, PASSED, REPO, bad, good, run_test};

fn spec() -> PullRequestSpec {
    PullRequestSpec::new("topic", "Add a pipeline")
}

#[tokio::test]
async fn a_clean_pull_request_reads_no_findings() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open(&good());
        world.settle().await;
        world.expect_checks(&PASSED);
        let body = world.expect_comment(number);
        assert!(body.contains("## Backend review: no findings"), "{body}");
        assert!(!body.to_lowercase().contains("approved"), "{body}");
    })
    .await;
}

#[tokio::test]
async fn a_change_for_nobody_gets_a_check_and_no_comment() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open(&[FileEdit::write("docs/usage.md", "# Usage\n\nSee below.\n")]);
        world.settle().await;
        let check = world.expect_check(CHECK);
        assert_eq!(
            (check.conclusion.as_str(), check.title.as_str()),
            ("skipped", "Nothing to review")
        );
        assert_eq!(world.comments(number), [] as [String; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_draft_is_left_alone_until_it_is_ready() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open_as("topic", &bad(), &spec().draft());
        world.settle().await;
        world.expect_nothing();
        world.github.push(REPO, "topic", "More", &[FileEdit::write("a.txt", "a\n")]).unwrap();
        world.settle().await;
        world.expect_nothing();
        world.github.set_draft(REPO, number, false, "alice").unwrap();
        world.settle().await;
        world.expect_first_review(number, &FAILED);
    })
    .await;
}

#[tokio::test]
async fn a_bots_pull_request_is_left_alone_until_somebody_asks() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open_as("topic", &bad(), &spec().author("renovate[bot]"));
        world.settle().await;
        world.expect_nothing();
        let comment = world.github.comment(REPO, number, "bob", "/backend-team review").unwrap();
        world.settle().await;
        world.expect_reactions(comment, &["eyes", "+1"]);
        world.expect_first_review(number, &FAILED);
    })
    .await;
}

#[tokio::test]
async fn an_exclusion_label_wins_until_it_is_taken_off() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open(&bad());
        world.github.label(REPO, number, "no-backend-team", "alice").unwrap();
        world.github.label(REPO, number, "backend-team", "alice").unwrap();
        world.settle().await;
        world.expect_nothing();
        world.github.unlabel(REPO, number, "no-backend-team", "alice").unwrap();
        world.settle().await;
        world.expect_first_review(number, &FAILED);
    })
    .await;
}

#[tokio::test]
async fn a_trigger_label_asks_for_the_review_of_a_draft() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open_as("topic", &bad(), &spec().draft());
        world.settle().await;
        world.expect_nothing();
        world.github.label(REPO, number, "backend-team", "alice").unwrap();
        world.settle().await;
        world.expect_first_review(number, &FAILED);
        // Other labels are nobody's business.
        let mark = world.mark();
        world.github.label(REPO, number, "bug", "alice").unwrap();
        world.settle().await;
        assert_eq!(world.calls_after(mark).len(), 1, "{:?}", world.calls_after(mark));
    })
    .await;
}

#[tokio::test]
async fn a_forks_pull_request_is_reviewed_where_it_was_opened() {
    run_test(async |world| {
        world.repository(&[]);
        let fork = world.github.fork(REPO, "carol").unwrap();
        world.github.commit(&fork, "topic", "Add a pipeline", &bad()).unwrap();
        let from_fork = spec().from_fork(&fork).author("carol");
        let number = world.github.open_pull(REPO, &from_fork).unwrap();
        world.settle().await;
        world.expect_first_review(number, &FAILED);
        // Strangers get a reaction, no conversation.
        let comment = world.github.comment(REPO, number, "mallory", "/backend-team pause").unwrap();
        world.settle().await;
        world.expect_reactions(comment, &["eyes", "confused"]);
    })
    .await;
}

#[tokio::test]
async fn a_closed_pull_request_is_left_alone() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open(&bad());
        world.github.close_pull(REPO, number, "alice").unwrap();
        world.settle().await;
        world.expect_nothing();
        world.github.reopen_pull(REPO, number, "alice").unwrap();
        world.settle().await;
        world.expect_first_review(number, &FAILED);
        world.github.close_pull(REPO, number, "alice").unwrap();
        world.github.push(REPO, "topic", "Late", &good()).unwrap();
        world.settle().await;
        world.expect_nothing();
        assert_eq!(world.conclusions(&world.head(number))[1].0, INFRA);
    })
    .await;
}

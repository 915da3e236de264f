//! "Re-run" in all its forms, and the merge queue.

use backend_team::standin::{CheckRunView, PullRequestSpec};

use crate::harness::bot::{CHECK, FAILED, INFRA, REPO, World, bad, good, run_test};

fn check(world: &World, number: u64, name: &str) -> CheckRunView {
    let runs = world.github.check_runs(REPO, &world.head(number)).unwrap();
    runs.into_iter().find(|run| run.name == name).unwrap()
}

/// Presses something and tells how many calls the answer took. It must write nothing, because
/// nothing changed.
async fn pressed(world: &mut World, press: impl Fn(&World)) -> usize {
    let mark = world.mark();
    press(world);
    world.settle().await;
    world.expect_nothing();
    let calls = world.calls_after(mark);
    assert!(!calls.is_empty(), "nobody looked");
    assert!(calls.len() <= 4, "{calls:#?}");
    calls.len()
}

#[tokio::test]
async fn running_a_check_again_costs_at_most_four_calls() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let run = check(world, number, INFRA).id;
        pressed(world, |world| world.github.rerequest_check(REPO, run, "bob").unwrap()).await;
        let head = world.head(number);
        pressed(world, |world| world.github.rerequest_suite(REPO, &head, "bob").unwrap()).await;
        let run = check(world, number, CHECK).id;
        pressed(world, |world| world.github.check_action(REPO, run, "rerun", "bob").unwrap()).await;
    })
    .await;
}

#[tokio::test]
async fn a_redelivered_event_costs_less_than_a_rerun() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let mark = world.mark();
        // A new event about a head that was reviewed.
        world.github.close_pull(REPO, number, "alice").unwrap();
        world.github.reopen_pull(REPO, number, "alice").unwrap();
        world.settle().await;
        assert_eq!(world.calls_after(mark), ["GET /repos/acme/orders/pulls/1"]);
    })
    .await;
}

#[tokio::test]
async fn a_forks_check_names_no_pull_request_and_is_found_by_its_commit() {
    run_test(async |world| {
        world.repository(&[]);
        let fork = world.github.fork(REPO, "carol").unwrap();
        world.github.commit(&fork, "topic", "Add a pipeline", &bad()).unwrap();
        let spec = PullRequestSpec::new("topic", "Add a pipeline").from_fork(&fork);
        let number = world.github.open_pull(REPO, &spec.author("carol")).unwrap();
        world.settle().await;
        world.expect_first_review(number, &FAILED);
        let run = check(world, number, INFRA).id;
        let calls =
            pressed(world, |world| world.github.rerequest_check(REPO, run, "bob").unwrap()).await;
        assert_eq!(calls, 4);
        let head = world.head(number);
        pressed(world, |world| world.github.rerequest_suite(REPO, &head, "bob").unwrap()).await;
    })
    .await;
}

#[tokio::test]
async fn a_slow_review_shows_that_it_is_under_way() {
    run_test(async |world| {
        world.announce_at_once();
        world.repository(&[]);
        let number = world.open(&bad());
        world.settle().await;
        let announced = world.expect_check(CHECK);
        assert!(announced.created);
        assert_eq!((announced.conclusion.as_str(), &*announced.title), ("", "Review in progress"));
        world.expect_first_review(number, &FAILED);
        let runs = world.github.check_runs(REPO, &world.head(number)).unwrap();
        assert_eq!(runs.len(), 2, "what was announced is finished, not repeated: {runs:#?}");
    })
    .await;
}

#[tokio::test]
async fn a_merge_group_gets_the_checks_that_it_waits_for() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open(&good());
        world.settle().await;
        world.expect_checks(&[(CHECK, "success"), (INFRA, "success")]);
        world.expect_comment(number);
        let group = world.github.queue_merge(REPO, number, "bob").unwrap();
        world.settle().await;
        let aggregate = world.expect_check(CHECK);
        assert_eq!((aggregate.head.as_str(), aggregate.conclusion.as_str()), (&*group, "success"));
        assert_eq!(world.expect_check(INFRA).head, group);
        assert_eq!(world.comments(number).len(), 1, "the pull request hears nothing of it");
    })
    .await;
}

#[tokio::test]
async fn a_merge_group_with_findings_fails() {
    run_test(async |world| {
        let number = world.reviewed().await;
        world.github.queue_merge(REPO, number, "bob").unwrap();
        world.settle().await;
        world.expect_checks(&FAILED);
    })
    .await;
}

//! What becomes of an approved plan where the branch cannot be written as usual.

use backend_team::domain::run::Phase;
use backend_team::standin::{FileEdit, StandinOptions};

use super::plan_setting::*;
use crate::harness::bot::{REPO, World, run_test_with};

/// Approves, and lets refusals repeat until they are believed.
async fn approved_and_refused(world: &mut World, issue: u64) -> String {
    says(world, issue, "owner", "/backend-team approve all").await;
    while world.waiting().await > 0 {
        world.settle_delayed().await;
    }
    let run = world.run(issue).await;
    assert_eq!(run.phase, Phase::Delivered, "{run:#?}");
    let delivery = run.delivery.unwrap();
    assert_eq!((delivery.branch, delivery.pull), (None, None));
    assert_eq!(world.github.pulls(REPO).unwrap(), [] as [u64; 0]);
    for _ in 0..2 {
        world.expect_comment_edit();
    }
    let changes = world.expect_comment(issue);
    assert!(changes.starts_with("<!-- backend-team:plan-diff -->"), "{changes}");
    assert!(changes.contains("nickname"), "{changes}");
    changes
}

#[tokio::test]
async fn without_the_permission_the_changes_are_shown() {
    run_test_with(StandinOptions::default(), async |world| {
        let issue = awaiting(world).await;
        approved_and_refused(world, issue).await;
    })
    .await;
}

#[tokio::test]
async fn a_protected_branch_is_not_forced() {
    run(async |world| {
        let issue = awaiting(world).await;
        world.github.protect_branches(REPO, "backend-team/").unwrap();
        approved_and_refused(world, issue).await;
        world.expect_objects();
        assert_eq!(world.github.branches(REPO).unwrap(), ["main"]);
    })
    .await;
}

#[tokio::test]
async fn policy_can_forbid_branches() {
    run(async |world| {
        let policy = "[gates]\nallow-branches = false\n";
        service_with(world, &[FileEdit::write(".github/backend-team.toml", policy)]);
        let issue = clear(world);
        planned(world, issue).await;
        let changes = approved_and_refused(world, issue).await;
        assert!(changes.contains("policy allows no branches"), "{changes}");
        assert_eq!(world.github.branches(REPO).unwrap(), ["main"]);
    })
    .await;
}

#[tokio::test]
async fn a_branch_with_foreign_commits_is_left_alone() {
    run(async |world| {
        let issue = awaiting(world).await;
        let name = backend_team::plan::deliver::branch_name(
            backend_team::domain::ids::Number(issue),
            &world.run(issue).await.current.unwrap().plan.goal,
        );
        let edits = [FileEdit::write("mine.txt", "mine\n")];
        let foreign = world.github.commit(REPO, &name, "Mine", &edits).unwrap();
        says(world, issue, "owner", "/backend-team approve all").await;
        let pull = delivered(world, issue).await;
        assert_eq!(world.github.branch(REPO, &name).unwrap().unwrap(), foreign);
        let view = world.github.pull(REPO, pull).unwrap();
        assert_eq!(view.head_ref, format!("{name}-2"));
    })
    .await;
}

#[tokio::test]
async fn a_second_delivery_takes_a_branch_of_its_own() {
    run(async |world| {
        let issue = awaiting(world).await;
        says(world, issue, "owner", "/backend-team approve all").await;
        let first = delivered(world, issue).await;
        let body = "- Add a nullable text column `nickname` to `users`\n\
                    - Add a nullable text column `handle` to `users`\n";
        world.github.edit_issue(REPO, issue, "Add a nickname to users", body, "alice").unwrap();
        world.settle().await;
        world.expect_nothing();
        says(world, issue, "bob", "/backend-team plan").await;
        world.expect_comment_edit();
        says(world, issue, "owner", "/backend-team approve all").await;
        let second = delivered(world, issue).await;
        assert_ne!(first, second);
        assert!(world.github.pull(REPO, first).unwrap().open, "the first stays as it is");
    })
    .await;
}

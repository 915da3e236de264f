//! Who decides about gates, and about what.

use backend_team::domain::run::Phase;
use backend_team::standin::FileEdit;

use super::plan_setting::*;
use crate::harness::bot::REPO;

#[tokio::test]
async fn the_wrong_people_do_not_approve() {
    run(async |world| {
        let issue = awaiting(world).await;
        let writer = refused(world, issue, "bob", "/backend-team approve all").await;
        assert!(writer.contains("maintain or admin permission"), "{writer}");
        // The author maintains the repository, and still does not approve what they asked for.
        world.github.set_permission(REPO, "alice", "admin").unwrap();
        let author = refused(world, issue, "alice", "/backend-team approve all").await;
        assert!(author.contains("author"), "{author}");
        let mark = world.mark();
        world.github.comment(REPO, issue, "helper[bot]", "/backend-team approve all").unwrap();
        world.settle().await;
        assert_eq!(world.calls_after(mark), [] as [String; 0]);
        assert_eq!(world.run(issue).await.phase, Phase::AwaitingApproval);
        assert_eq!(world.run(issue).await.approvals, []);
        assert_eq!(world.github.branches(REPO).unwrap(), ["main"]);
    })
    .await;
}

#[tokio::test]
async fn policy_names_people_and_teams() {
    run(async |world| {
        let policy = "[gates]\napprovers = [\"@acme/product\", \"carol\"]\n";
        service_with(world, &[FileEdit::write(".github/backend-team.toml", policy)]);
        world.github.set_team("acme/product", &["Dora"]);
        let issue = clear(world);
        planned(world, issue).await;
        let maintainer = refused(world, issue, "owner", "/backend-team approve all").await;
        assert!(maintainer.contains("`@acme/product`"), "{maintainer}");
        assert!(!maintainer.contains(" @acme"), "nobody is called: {maintainer}");
        let unknown = refused(world, issue, "carol", "/backend-team approve payments").await;
        assert!(unknown.contains("`schema`"), "{unknown}");
        says(world, issue, "dora", "/backend-team approve all").await;
        delivered(world, issue).await;
    })
    .await;
}

#[tokio::test]
async fn a_team_that_cannot_be_read_approves_nothing() {
    let mut options = granted();
    options.permissions.remove("members");
    crate::harness::bot::run_test_with(options, async |world| {
        let policy = "[gates]\napprovers = [\"@acme/product\"]\n";
        service_with(world, &[FileEdit::write(".github/backend-team.toml", policy)]);
        world.github.set_team("acme/product", &["dora"]);
        let issue = clear(world);
        planned(world, issue).await;
        let answer = refused(world, issue, "dora", "/backend-team approve all").await;
        assert!(answer.contains("`members: read`"), "{answer}");
        assert_eq!(world.run(issue).await.approvals, []);
    })
    .await;
}

#[tokio::test]
async fn an_approval_names_the_plan_in_force() {
    run(async |world| {
        let issue = awaiting(world).await;
        let stale = refused(world, issue, "owner", "/backend-team approve all 0123456789ab").await;
        assert!(stale.contains("not the plan in force"), "{stale}");
        let digest = world.run(issue).await.current.unwrap().digest;
        let approve = format!("/backend-team approve schema {}", &digest[..12]);
        says(world, issue, "owner", &approve).await;
        delivered(world, issue).await;
    })
    .await;
}

#[tokio::test]
async fn an_approval_written_before_the_plan_was_made_again_is_for_nothing() {
    run(async |world| {
        let issue = awaiting(world).await;
        // The approval is on its way while the issue gets another text.
        world.github.comment(REPO, issue, "owner", "/backend-team approve all").unwrap();
        world.github.deliveries_settled().await;
        let body = "- Add a nullable text column `nick` to `users`\n";
        world.github.edit_issue(REPO, issue, "Add a nickname", body, "alice").unwrap();
        world.github.deliveries_settled().await;
        world.settle().await;
        let run = world.run(issue).await;
        // Whichever came first: nothing was written for a plan that nobody saw.
        if let Some(delivery) = &run.delivery {
            panic!("{delivery:?}");
        }
        assert_eq!(run.approvals, []);
        assert!(matches!(run.phase, Phase::AwaitingApproval | Phase::NeedsInput), "{run:#?}");
        world.expect_everything();
    })
    .await;
}

#[tokio::test]
async fn an_edited_comment_approves_nothing() {
    run(async |world| {
        let issue = awaiting(world).await;
        let mark = world.mark();
        let comment = world.github.comment(REPO, issue, "owner", "Let me think").unwrap();
        world.github.edit_comment(REPO, comment, "owner", "/backend-team approve all").unwrap();
        world.settle().await;
        assert_eq!(world.calls_after(mark), [] as [String; 0]);
        assert_eq!(world.run(issue).await.approvals, []);
    })
    .await;
}

#[tokio::test]
async fn a_rejection_ends_the_plan_until_somebody_asks_again() {
    run(async |world| {
        let issue = awaiting(world).await;
        let reason = refused(world, issue, "owner", "/backend-team reject schema").await;
        assert!(reason.contains("for a reason"), "{reason}");
        let writer = refused(world, issue, "bob", "/backend-team reject all Not now").await;
        assert!(writer.contains("maintain or admin"), "{writer}");
        says(world, issue, "owner", "/backend-team reject all Not before the audit").await;
        let comment = world.expect_comment_edit();
        assert!(comment.contains("Not before the audit"), "{comment}");
        let late = refused(world, issue, "owner", "/backend-team approve all").await;
        assert!(late.contains("Nothing waits"), "{late}");
        says(world, issue, "bob", "/backend-team plan").await;
        world.expect_comment_edit();
        assert_eq!(world.run(issue).await.phase, Phase::AwaitingApproval);
        says(world, issue, "bob", "/backend-team cancel").await;
        world.expect_comment_edit();
        assert!(matches!(world.run(issue).await.phase, Phase::Cancelled { .. }));
    })
    .await;
}

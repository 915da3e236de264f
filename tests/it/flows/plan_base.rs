//! The issue and the default branch move while a plan waits or is carried out.

use backend_team::domain::run::{Cancelled, Phase};
use backend_team::standin::{Fault, FaultAction, FileEdit};

use super::plan_setting::*;
use crate::harness::bot::REPO;

#[tokio::test]
async fn a_push_makes_the_plan_again_and_asks_again() {
    run(async |world| {
        let issue = awaiting(world).await;
        let before = world.run(issue).await.current.unwrap();
        let edits = [FileEdit::write("docs/a.md", "a\n")];
        world.github.push(REPO, "main", "Write something", &edits).unwrap();
        world.settle().await;
        world.expect_comment_edit();
        let after = world.run(issue).await.current.unwrap();
        assert_ne!((before.base, before.digest.clone()), (after.base.clone(), after.digest));
        assert_eq!(world.github.branch(REPO, "main").unwrap().unwrap(), after.base.as_str());
        let old = format!("/backend-team approve all {}", &before.digest[..12]);
        let stale = refused(world, issue, "owner", &old).await;
        assert!(stale.contains("not the plan in force"), "{stale}");
        says(world, issue, "owner", "/backend-team approve all").await;
        delivered(world, issue).await;
    })
    .await;
}

#[tokio::test]
async fn an_approval_on_a_branch_that_moved_unseen_is_stale() {
    run(async |world| {
        let issue = awaiting(world).await;
        // The push's delivery is lost.
        world.github.commit(REPO, "main", "Quiet", &[FileEdit::write("a.md", "a\n")]).unwrap();
        let stale = refused(world, issue, "owner", "/backend-team approve all").await;
        assert!(stale.contains("default branch changed"), "{stale}");
        world.expect_comment_edit();
        says(world, issue, "owner", "/backend-team approve all").await;
        delivered(world, issue).await;
    })
    .await;
}

#[tokio::test]
async fn a_push_while_working_leaves_the_branch_on_the_approved_commit() {
    run(async |world| {
        let issue = awaiting(world).await;
        let base = world.github.branch(REPO, "main").unwrap().unwrap();
        // The first try of the work is cut short, and the branch moves before the second.
        let down = FaultAction::Status { code: 503, headers: vec![], body: String::new() };
        world.github.fault(Fault::new("/git/trees", down));
        world.tick();
        let comment =
            world.github.comment(REPO, issue, "owner", "/backend-team approve all").unwrap();
        world.settle().await;
        world.expect_reactions(comment, &["eyes", "+1"]);
        assert_eq!(world.run(issue).await.phase, Phase::Executing);
        let edits = [FileEdit::write("docs/a.md", "a\n")];
        world.github.push(REPO, "main", "Write something", &edits).unwrap();
        world.settle().await;
        world.settle_delayed().await;
        let pull = delivered(world, issue).await;
        let view = world.github.pull(REPO, pull).unwrap();
        let commits = world.github.commits(REPO, "main", &view.head_ref).unwrap();
        assert!(!commits.is_empty());
        assert_eq!(world.run(issue).await.current.unwrap().base.as_str(), base);
        assert_eq!(world.github.file(REPO, &view.head_ref, "docs/a.md").unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn an_edit_makes_the_plan_again() {
    run(async |world| {
        let issue = awaiting(world).await;
        let before = world.run(issue).await.current.unwrap().digest;
        let body = "- Add a nullable text column `handle` to `users`\n";
        world.github.edit_issue(REPO, issue, "Add a handle", body, "alice").unwrap();
        world.settle().await;
        let plan = world.expect_comment_edit();
        assert!(plan.contains("handle") && !plan.contains("nickname"), "{plan}");
        assert_ne!(world.run(issue).await.current.unwrap().digest, before);
    })
    .await;
}

#[tokio::test]
async fn closing_and_unlabelling_cancel_and_the_opposite_resumes() {
    run(async |world| {
        let issue = awaiting(world).await;
        world.github.close_issue(REPO, issue, "alice").unwrap();
        world.settle().await;
        let comment = world.expect_comment_edit();
        assert!(comment.to_lowercase().contains("closed"), "{comment}");
        let closed = Phase::Cancelled { cause: Cancelled::Closed };
        assert_eq!(world.run(issue).await.phase, closed);
        let late = refused(world, issue, "owner", "/backend-team approve all").await;
        assert!(late.contains("Nothing waits"), "{late}");
        let plan = refused(world, issue, "owner", "/backend-team plan").await;
        assert!(plan.contains("closed issue"), "{plan}");
        world.github.reopen_issue(REPO, issue, "alice").unwrap();
        world.settle().await;
        world.expect_comment_edit();
        assert_eq!(world.run(issue).await.phase, Phase::AwaitingApproval);
        world.github.unlabel(REPO, issue, LABEL, "alice").unwrap();
        world.settle().await;
        world.expect_comment_edit();
        let unlabelled = Phase::Cancelled { cause: Cancelled::Unlabelled };
        assert_eq!(world.run(issue).await.phase, unlabelled);
        world.github.push(REPO, "main", "More", &[FileEdit::write("b.md", "b\n")]).unwrap();
        world.settle().await;
        world.expect_nothing();
    })
    .await;
}

#[tokio::test]
async fn closing_while_working_writes_nothing() {
    run(async |world| {
        let issue = awaiting(world).await;
        let down = FaultAction::Status { code: 503, headers: vec![], body: String::new() };
        world.github.fault(Fault::new("/git/trees", down));
        world.tick();
        let comment =
            world.github.comment(REPO, issue, "owner", "/backend-team approve all").unwrap();
        world.settle().await;
        world.expect_reactions(comment, &["eyes", "+1"]);
        world.github.close_issue(REPO, issue, "alice").unwrap();
        world.settle().await;
        world.settle_delayed().await;
        assert_eq!(world.github.branches(REPO).unwrap(), ["main"]);
        let closed = Phase::Cancelled { cause: Cancelled::Closed };
        assert_eq!(world.run(issue).await.phase, closed);
        for _ in 0..2 {
            world.expect_comment_edit();
        }
    })
    .await;
}

#[tokio::test]
async fn a_plan_that_cannot_be_made_says_so() {
    run(async |world| {
        world.dead_jobs_allowed = true;
        service(world);
        let issue = clear(world);
        let refuse = FaultAction::Status { code: 422, headers: vec![], body: "{}".to_owned() };
        world.github.fault(Fault::new("/git/ref/", refuse).times(3));
        world.github.label(REPO, issue, LABEL, "bob").unwrap();
        world.settle().await;
        while world.waiting().await > 0 {
            world.settle_delayed().await;
        }
        let comment = world.expect_comment(issue);
        assert!(comment.contains("internal fault, number"), "{comment}");
        says(world, issue, "bob", "/backend-team plan").await;
        let plan = world.expect_comment_edit();
        assert!(plan.contains("nickname"), "{plan}");
        assert_eq!(world.run(issue).await.phase, Phase::AwaitingApproval);
    })
    .await;
}

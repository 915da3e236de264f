//! From a label to a draft pull request.

use backend_team::domain::run::Phase;
use backend_team::standin::FileEdit;

use super::plan_setting::*;
use crate::harness::bot::REPO;

#[tokio::test]
async fn a_label_brings_a_plan_and_an_approval_the_branch() {
    run(async |world| {
        let issue = awaiting(world).await;
        assert_eq!(world.github.branches(REPO).unwrap(), ["main"], "nothing before the approval");
        says(world, issue, "owner", "/backend-team approve all").await;
        let pull = delivered(world, issue).await;
        let view = world.github.pull(REPO, pull).unwrap();
        assert!(view.draft && view.base_ref == "main", "{view:?}");
        assert!(view.head_ref.starts_with(&format!("backend-team/{issue}-")), "{view:?}");
        assert!(view.body.contains(&format!("#{issue}")), "{}", view.body);
        let commits = world.github.commits(REPO, "main", &view.head_ref).unwrap();
        assert!(!commits.is_empty());
        assert!(commits[0].message.contains("Approved-by: owner"), "{:?}", commits[0]);
        let files: Vec<&str> = commits.iter().flat_map(|c| &c.files).map(String::as_str).collect();
        assert!(files.iter().any(|file| file.ends_with(".up.sql")), "{files:?}");
        assert!(files.iter().any(|file| file.ends_with(".down.sql")), "{files:?}");
        let up = files.iter().find(|file| file.ends_with(".up.sql")).unwrap();
        let text = world.github.file(REPO, &view.head_ref, up).unwrap().unwrap();
        assert!(text.contains("nickname"), "{text}");
        assert_eq!(world.comments(issue).len(), 1, "one comment, edited in place");
    })
    .await;
}

#[tokio::test]
async fn questions_pause_the_work_until_they_are_answered() {
    run(async |world| {
        service(world);
        let issue = unclear(world);
        world.github.label(REPO, issue, LABEL, "bob").unwrap();
        world.settle().await;
        let asking = world.expect_comment(issue);
        world.expect_label_added(NEEDS_INPUT);
        assert_eq!(world.run(issue).await.phase, Phase::NeedsInput, "{asking}");
        let early = refused(world, issue, "owner", "/backend-team approve all").await;
        assert!(early.contains("waits for answers"), "{early}");
        // Somebody who only reads may not answer, and conversation is no answer.
        world.tick();
        let mark = world.mark();
        world.github.comment(REPO, issue, "alice", "I will ask around.").unwrap();
        world.settle().await;
        assert_eq!(world.calls_after(mark), [] as [String; 0]);
        world.github.comment(REPO, issue, "mallory", "1: A").unwrap();
        world.settle().await;
        assert_eq!(world.run(issue).await.phase, Phase::NeedsInput);
        world.expect_nothing();
        let words = "1: invoices: number text required, total decimal";
        let comment = world.github.comment(REPO, issue, "alice", words).unwrap();
        world.settle().await;
        world.expect_reactions(comment, &["+1"]);
        let plan = world.expect_comment_edit();
        let run = world.run(issue).await;
        assert_eq!(run.answers.len(), 1, "{run:#?}");
        assert_eq!(run.phase, Phase::AwaitingApproval, "{plan}");
        world.expect_label_removed("backend-team%3A%20needs-input");
        says(world, issue, "owner", "/backend-team approve all").await;
        delivered(world, issue).await;
    })
    .await;
}

#[tokio::test]
async fn answers_by_command() {
    run(async |world| {
        service(world);
        let issue = unclear(world);
        world.github.label(REPO, issue, LABEL, "bob").unwrap();
        world.settle().await;
        world.expect_comment(issue);
        world.expect_label_added(NEEDS_INPUT);
        let none = refused(world, issue, "bob", "/backend-team answer 5=A").await;
        assert!(none.contains("no question 5"), "{none}");
        let option = refused(world, issue, "bob", "/backend-team answer 1=Z").await;
        assert!(option.contains("no such option"), "{option}");
        let stranger = refused(world, issue, "mallory", "/backend-team answer 1=A").await;
        assert!(stranger.contains("triage permission"), "{stranger}");
        let answer = "/backend-team answer 1=\"invoices: number text required\"";
        says(world, issue, "bob", answer).await;
        world.expect_comment_edit();
        world.expect_label_removed("backend-team%3A%20needs-input");
        assert_eq!(world.run(issue).await.phase, Phase::AwaitingApproval);
    })
    .await;
}

#[tokio::test]
async fn a_command_asks_for_a_plan_without_a_label() {
    run(async |world| {
        service(world);
        let issue = clear(world);
        let stranger = refused(world, issue, "mallory", "/backend-team plan").await;
        assert!(stranger.contains("`plan` needs triage permission"), "{stranger}");
        says(world, issue, "bob", "ask backend team plan").await;
        world.expect_comment(issue);
        assert_eq!(world.run(issue).await.phase, Phase::AwaitingApproval);
        // Asked again, everything is asked again.
        says(world, issue, "bob", "/backend-team plan").await;
        assert_eq!(world.run(issue).await.phase, Phase::AwaitingApproval);
        world.expect_nothing();
    })
    .await;
}

#[tokio::test]
async fn another_label_asks_for_nothing() {
    run(async |world| {
        service_with(
            world,
            &[FileEdit::write(".github/backend-team.toml", "[labels]\ntrigger = \"plan me\"\n")],
        );
        let issue = clear(world);
        world.github.label(REPO, issue, LABEL, "bob").unwrap();
        world.github.label(REPO, issue, "bug", "bob").unwrap();
        world.settle().await;
        assert_eq!(world.memory(issue).await.plan, None);
        world.github.label(REPO, issue, "Plan me", "bob").unwrap();
        world.settle().await;
        world.expect_comment(issue);
    })
    .await;
}

#[tokio::test]
async fn a_label_given_twice_makes_one_plan() {
    run(async |world| {
        let issue = awaiting(world).await;
        let digest = world.run(issue).await.current.unwrap().digest;
        world.github.unlabel(REPO, issue, LABEL, "bob").unwrap();
        world.github.label(REPO, issue, LABEL, "bob").unwrap();
        world.settle().await;
        world.expect_nothing();
        assert_eq!(world.run(issue).await.current.unwrap().digest, digest);
        assert_eq!(world.comments(issue).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn two_plans_at_once() {
    run(async |world| {
        service(world);
        let first = clear(world);
        let body = "- Add a nullable text column `city` to `users`\n";
        let second = world.github.open_issue(REPO, "alice", "Add a city to users", body).unwrap();
        for issue in [first, second] {
            world.github.label(REPO, issue, LABEL, "bob").unwrap();
        }
        world.settle().await;
        for issue in [first, second] {
            world.expect_comment(issue);
            says(world, issue, "owner", "/backend-team approve all").await;
            delivered(world, issue).await;
        }
        assert_eq!(world.github.branches(REPO).unwrap().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn status_pause_resume_and_implement() {
    run(async |world| {
        service_with(
            world,
            &[FileEdit::write(".github/backend-team.toml", "[gates]\nautomatic = false\n")],
        );
        let issue = clear(world);
        planned(world, issue).await;
        says(world, issue, "bob", "/backend-team status").await;
        let status = world.expect_comment(issue);
        assert!(status.contains("waits for approval"), "{status}");
        let early = refused(world, issue, "bob", "/backend-team implement").await;
        assert!(early.contains("Nothing is approved"), "{early}");
        says(world, issue, "bob", "/backend-team pause").await;
        world.expect_comment(issue);
        says(world, issue, "owner", "/backend-team approve all").await;
        world.expect_comment_edit();
        let paused = refused(world, issue, "bob", "/backend-team implement").await;
        assert!(paused.contains("paused"), "{paused}");
        says(world, issue, "bob", "/backend-team resume").await;
        world.expect_nothing();
        says(world, issue, "bob", "/backend-team implement").await;
        let branch = world.expect_branch();
        world.expect_draft();
        for _ in 0..2 {
            world.expect_comment_edit();
        }
        says(world, issue, "mallory", "/backend-team status").await;
        let status = world.expect_comment(issue);
        assert!(status.contains("Delivered") && status.contains(&branch), "{status}");
    })
    .await;
}

#[tokio::test]
async fn on_a_pull_request_a_plan_says_how_to_land_it() {
    run(async |world| {
        service(world);
        let drop = "ALTER TABLE users DROP COLUMN email;\n";
        let number = world.open(&[FileEdit::write("db/migrations/000002_drop.up.sql", drop)]);
        world.settle().await;
        world.expect_everything();
        says(world, number, "bob", "/backend-team plan").await;
        let answer = world.expect_comment(number);
        assert!(answer.contains("release"), "{answer}");
        assert!(answer.contains("000002_drop.up.sql"), "{answer}");
        let gate = refused(world, number, "owner", "/backend-team approve all").await;
        assert!(gate.contains("No gate is open"), "{gate}");
        let issue_only = refused(world, number, "owner", "/backend-team implement").await;
        assert!(issue_only.contains("issues only"), "{issue_only}");
    })
    .await;
}

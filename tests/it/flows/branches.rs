//! What happens to branches, repositories and the installation.

use backend_team::standin::{FileEdit, PullEdit};

use crate::harness::bot::{
    BAD_WORKFLOW, CHECK, FAILED, INFRA, PASSED, REPO, WORKFLOW, bad, good, run_test,
};

#[tokio::test]
async fn a_push_that_mends_everything_turns_the_check_green() {
    run_test(async |world| {
        let number = world.reviewed().await;
        world.github.push(REPO, "topic", "Mend it", &good()).unwrap();
        world.settle().await;
        let body = world.expect_comment_edit();
        assert!(body.contains("## Backend review: no findings"), "{body}");
        assert!(body.contains("### Fixed\n\n- [MAJOR] [infra] "), "{body}");
        world.expect_threads_resolved();
        world.expect_checks(&PASSED);
        assert_eq!(world.comments(number).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_force_push_keeps_the_identity_of_a_finding_that_moved() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let before = world.findings(number)["findings"][0]["fingerprint"].clone();
        let moved = format!("# Deploys.\n# Runs on every push.\n{BAD_WORKFLOW}");
        let edits = [FileEdit::write(WORKFLOW, moved)];
        world.github.force_push(REPO, "topic", "main", "Start over", &edits).unwrap();
        world.settle().await;
        let body = world.expect_comment_edit();
        assert!(body.contains("(blocking, unchanged)"), "{body}");
        assert_eq!(world.findings(number)["findings"][0]["fingerprint"], before);
        world.expect_checks(&FAILED);
    })
    .await;
}

#[tokio::test]
async fn a_renamed_repository_is_followed() {
    run_test(async |world| {
        let number = world.reviewed().await;
        world.github.rename_repository(REPO, "purchases").unwrap();
        world.github.push("acme/purchases", "topic", "Mend it", &good()).unwrap();
        world.settle().await;
        world.expect_comment_edit();
        world.expect_threads_resolved();
        world.expect_checks(&PASSED);
        assert_eq!(world.comments(number).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_job_made_before_a_rename_finds_the_repository() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open(&bad());
        world.github.deliveries_settled().await;
        world.github.rename_repository(REPO, "purchases").unwrap();
        world.settle().await;
        world.expect_first_review(number, &FAILED);
    })
    .await;
}

#[tokio::test]
async fn deleting_the_head_branch_ends_the_conversation() {
    run_test(async |world| {
        world.repository(&[]);
        world.open(&bad());
        world.github.deliveries_settled().await;
        world.github.delete_branch(REPO, "topic").unwrap();
        world.settle().await;
        world.expect_nothing();
    })
    .await;
}

#[tokio::test]
async fn a_new_base_brings_its_own_policy() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let policy = "[rules]\n\"actions/excessive-permissions\" = \"minor\"\n";
        let edits = [FileEdit::write(".github/backend-team.toml", policy)];
        world.github.commit_onto(REPO, "release", "main", "Be lenient", &edits).unwrap();
        let edit = PullEdit { base: Some("release".into()), ..PullEdit::default() };
        world.github.edit_pull(REPO, number, &edit, "alice").unwrap();
        world.settle().await;
        let body = world.expect_comment_edit();
        assert!(body.contains("## Backend review: 1 finding, none blocking"), "{body}");
        world.expect_checks(&[(CHECK, "neutral"), (INFRA, "neutral")]);
    })
    .await;
}

#[tokio::test]
async fn a_title_edit_asks_for_nothing() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let mark = world.mark();
        let edit = PullEdit { title: Some("Other words".into()), ..PullEdit::default() };
        world.github.edit_pull(REPO, number, &edit, "alice").unwrap();
        world.settle().await;
        assert_eq!(world.calls_after(mark), [] as [String; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_repository_taken_away_is_forgotten() {
    run_test(async |world| {
        let number = world.reviewed().await;
        assert!(world.memory(number).await.summary.is_some());
        world.github.set_installed(REPO, false).unwrap();
        world.settle().await;
        assert_eq!(world.memory(number).await, Default::default());
    })
    .await;
}

#[tokio::test]
async fn a_removed_installation_is_forgotten_with_what_waits_for_it() {
    run_test(async |world| {
        let number = world.reviewed().await;
        world.github.push(REPO, "topic", "Mend it", &good()).unwrap();
        world.github.set_uninstalled(true).unwrap();
        world.settle().await;
        assert_eq!(world.waiting().await, 0);
        assert_eq!(world.memory(number).await, Default::default());
    })
    .await;
}

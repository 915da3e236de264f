//! Every command, and everything that looks like one and is none.

use backend_team::standin::FileEdit;

use crate::harness::bot::{FAILED, PASSED, REPO, World, good, run_test};

/// Somebody with write permission gives a command that succeeds.
async fn said(world: &mut World, number: u64, body: &str) {
    let comment = world.github.comment(REPO, number, "bob", body).unwrap();
    world.settle().await;
    world.expect_reactions(comment, &["eyes", "+1"]);
}

async fn answered(world: &mut World, number: u64, body: &str) -> String {
    said(world, number, body).await;
    world.expect_comment(number)
}

/// Gives a command that is refused, and returns the answer.
async fn refused(world: &mut World, number: u64, login: &str, body: &str) -> String {
    let comment = world.github.comment(REPO, number, login, body).unwrap();
    world.settle().await;
    world.expect_reactions(comment, &["eyes", "confused"]);
    world.expect_comment(number)
}

/// A comment that must cause no call at all.
async fn ignored(world: &mut World, number: u64, login: &str, body: &str) {
    let mark = world.mark();
    world.github.comment(REPO, number, login, body).unwrap();
    world.settle().await;
    assert_eq!(world.calls_after(mark), [] as [String; 0], "{body}");
}

#[tokio::test]
async fn help_status_config_and_explain_answer() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let help = answered(world, number, "/backend-team help").await;
        for verb in ["review", "explain", "dismiss", "restore", "status", "config", "pause"] {
            assert!(help.contains(&format!("`/backend-team {verb}")), "{help}");
        }
        let status = answered(world, number, "ask backend team status").await;
        assert!(status.contains("1 finding open, 0 fixed, 0 dismissed"), "{status}");
        let config = answered(world, number, "/backend-team config").await;
        assert!(config.contains("There is no policy file; these are the defaults"), "{config}");
        assert!(config.contains("block-on = \"major\""), "{config}");
        let rule =
            answered(world, number, "/backend-team explain actions/excessive-permissions").await;
        assert!(rule.contains("`permissions"), "{rule}");
        let id = world.findings(number)["findings"][0]["fingerprint"].as_str().unwrap().to_owned();
        let finding = answered(world, number, &format!("/backend-team explain {}", &id[..8])).await;
        assert!(finding.contains(".github/workflows/deploy.yml:3"), "{finding}");
    })
    .await;
}

#[tokio::test]
async fn review_again_changes_nothing_that_is_right_already() {
    run_test(async |world| {
        let number = world.reviewed().await;
        said(world, number, "/backend-team review").await;
        said(world, number, "/backend-team review --full").await;
        said(world, number, "/backend-team review infra --full").await;
        // Nothing here is for this agent: the aggregate still counts what the others said.
        said(world, number, "/backend-team review data --full").await;
        let summary = world.expect_comment_edit();
        assert!(summary.contains("Still open from an earlier review"), "{summary}");
        assert!(summary.contains("earlier findings still block"), "{summary}");
        let check = world.expect_check("backend-team");
        assert_eq!(check.conclusion, "failure");
        said(world, number, "/backend-team review").await;
        world.expect_comment_edit();
        world.expect_check("backend-team");
    })
    .await;
}

#[tokio::test]
async fn pause_stops_reviews_until_resume() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let paused = answered(world, number, "/backend-team pause").await;
        assert!(paused.contains("`/backend-team resume`"), "{paused}");
        world.github.push(REPO, "topic", "Mend it", &good()).unwrap();
        world.settle().await;
        world.expect_nothing();
        let status = answered(world, number, "/backend-team status").await;
        assert!(status.contains("Paused"), "{status}");
        assert!(status.contains("not reviewed yet"), "{status}");
        said(world, number, "/backend-team resume").await;
        world.expect_comment_edit();
        world.expect_threads_resolved();
        world.expect_checks(&PASSED);
    })
    .await;
}

#[tokio::test]
async fn a_paused_pull_request_is_reviewed_when_somebody_asks() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open(&[FileEdit::write("docs/a.md", "a\n")]);
        world.settle().await;
        world.expect_checks(&[("backend-team", "skipped")]);
        answered(world, number, "/backend-team pause").await;
        world.github.push(REPO, "topic", "Add", &crate::harness::bot::bad()).unwrap();
        world.settle().await;
        world.expect_nothing();
        said(world, number, "/backend-team review").await;
        world.expect_first_review(number, &FAILED);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_the_reason() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let unknown = refused(world, number, "bob", "/backend-team reveiw").await;
        assert!(unknown.contains("Did you mean `/backend-team review`?"), "{unknown}");
        let nobody = refused(world, number, "bob", "/backend-team review payments").await;
        assert!(nobody.contains("`payments`") && nobody.contains("`infra-engineer`"), "{nobody}");
        let usage = refused(world, number, "bob", "/backend-team dismiss").await;
        assert!(usage.contains("`/backend-team dismiss ID REASON`"), "{usage}");
        let none = refused(world, number, "bob", "/backend-team dismiss deadbeef no reason").await;
        assert!(none.contains("`deadbeef`"), "{none}");
        let rule = refused(world, number, "bob", "/backend-team explain docker/rootuser").await;
        assert!(rule.contains("docker/root-user"), "{rule}");
        let may_not = refused(world, number, "mallory", "/backend-team pause").await;
        assert!(may_not.contains("`pause` needs triage permission"), "{may_not}");
        assert!(!world.memory(number).await.paused);
    })
    .await;
}

#[tokio::test]
async fn an_issue_is_no_pull_request() {
    run_test(async |world| {
        world.repository(&[]);
        let issue = world.github.open_issue(REPO, "alice", "A wish", "Please").unwrap();
        let answer = refused(world, issue, "bob", "/backend-team review").await;
        assert!(answer.contains("works on pull requests only"), "{answer}");
        let help = answered(world, issue, "/backend-team help").await;
        assert!(help.contains("| Command |"), "{help}");
    })
    .await;
}

#[tokio::test]
async fn what_looks_like_a_command_is_none() {
    run_test(async |world| {
        let number = world.reviewed().await;
        for body in [
            "```\n/backend-team review\n```",
            "    /backend-team review",
            "> /backend-team review",
            "Try `/backend-team review`.",
            "<!--\n/backend-team review\n-->",
            "/backend-teams review",
            "Please /backend-team review",
        ] {
            ignored(world, number, "bob", body).await;
        }
        ignored(world, number, "helper[bot]", "/backend-team review").await;
    })
    .await;
}

#[tokio::test]
async fn an_edited_comment_is_no_command() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let mark = world.mark();
        let comment = world.github.comment(REPO, number, "bob", "Hello").unwrap();
        world.github.edit_comment(REPO, comment, "bob", "/backend-team pause").unwrap();
        world.settle().await;
        assert_eq!(world.calls_after(mark), [] as [String; 0]);
    })
    .await;
}

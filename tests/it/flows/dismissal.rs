//! Findings that a person sets aside.

use backend_team::standin::FileEdit;

use crate::harness::bot::{FAILED, PASSED, REPO, World, good, run_test};

async fn say(world: &mut World, number: u64, body: &str) {
    let comment = world.github.comment(REPO, number, "bob", body).unwrap();
    world.settle().await;
    world.expect_reactions(comment, &["eyes", "+1"]);
}

#[tokio::test]
async fn a_dismissed_finding_stays_dismissed_until_it_is_restored() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let id = world.findings(number)["findings"][0]["fingerprint"].as_str().unwrap().to_owned();
        let short = &id[..8];
        let dismiss = format!("/backend-team dismiss {short} the token is needed @everyone");
        say(world, number, &dismiss).await;
        let body = world.expect_comment_edit();
        assert!(body.contains("## Backend review: no findings"), "{body}");
        assert!(body.contains("dismissed by `bob`"), "{body}");
        assert!(body.contains("`@everyone`"), "nobody is called: {body}");
        world.expect_threads_resolved();
        world.expect_checks(&PASSED);

        world.github.push(REPO, "topic", "More", &[FileEdit::write("a.txt", "a\n")]).unwrap();
        world.settle().await;
        assert!(world.expect_comment_edit().contains("dismissed by `bob`"));
        world.expect_checks(&PASSED);

        say(world, number, &format!("/backend-team restore {short}")).await;
        let body = world.expect_comment_edit();
        assert!(body.contains("1 blocking finding"), "{body}");
        let notes = world.expect_review(number);
        assert_eq!(notes.len(), 1, "a thread of its own, the old one is out of sight: {notes:#?}");
        world.expect_checks(&FAILED);

        // It is open by now: there is nothing to restore, and nothing to say again.
        say(world, number, &format!("/backend-team restore {short}")).await;
        world.expect_nothing();
    })
    .await;
}

#[tokio::test]
async fn a_fixed_finding_cannot_be_dismissed() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let id = world.findings(number)["findings"][0]["fingerprint"].as_str().unwrap().to_owned();
        world.github.push(REPO, "topic", "Mend it", &good()).unwrap();
        world.settle().await;
        world.expect_comment_edit();
        world.expect_threads_resolved();
        world.expect_checks(&PASSED);
        let body = format!("/backend-team dismiss {} too late", &id[..8]);
        let comment = world.github.comment(REPO, number, "bob", &body).unwrap();
        world.settle().await;
        world.expect_reactions(comment, &["eyes", "confused"]);
        assert!(world.expect_comment(number).contains("is fixed already"));
    })
    .await;
}

#[tokio::test]
async fn commands_in_one_comment_are_answered_together() {
    run_test(async |world| {
        let number = world.reviewed().await;
        say(world, number, "/backend-team status\n\nand then\n\n/backend-team help").await;
        let answer = world.expect_comment(number);
        assert!(answer.contains("1 finding open") && answer.contains("| Command |"), "{answer}");
        assert_eq!(answer.matches("<!-- backend-team:answer").count(), 1, "{answer}");
    })
    .await;
}

use backend_team::standin::{DeliveryOutcome, FileEdit, PullEdit, PullRequestSpec, ReleaseOrder};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::fixture::{Fixture, REPO, receiver};

fn kinds(fixture: &Fixture) -> Vec<String> {
    let sent = fixture.github.deliveries().into_iter();
    sent.filter(|delivery| delivery.outcome != DeliveryOutcome::NotSent)
        .map(|delivery| match delivery.action {
            Some(action) => format!("{}.{action}", delivery.event),
            None => delivery.event,
        })
        .collect()
}

#[tokio::test]
async fn deliveries_are_signed_and_in_order() {
    let fixture = Fixture::new().await;
    let (address, received) = receiver(202).await;
    fixture.github.set_webhook(&address);
    let edits = [FileEdit::write("c.txt", "c\n")];
    let sha = fixture.github.push(REPO, "topic", "More", &edits).unwrap();
    fixture.github.comment(REPO, fixture.number, "bob", "/backend-team review").unwrap();
    fixture.github.deliveries_settled().await;
    let expected =
        ["push", "check_suite.requested", "pull_request.synchronize", "issue_comment.created"];
    assert_eq!(kinds(&fixture), expected);
    let got = received.lock().unwrap();
    assert_eq!(got.len(), 4);
    for (headers, body) in got.iter() {
        let secret = fixture.github.webhook_secret().as_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(body);
        let signed = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(headers["x-hub-signature-256"], signed);
        assert!(headers["user-agent"].to_str().unwrap().starts_with("GitHub-Hookshot/"));
    }
    let pull: Value = serde_json::from_slice(&got[2].1).unwrap();
    assert_eq!(pull["after"], sha);
    assert_eq!(pull["before"], fixture.head);
    assert_eq!(pull["installation"]["id"], fixture.github.installation());
}

#[tokio::test]
async fn failed_deliveries_are_listed_and_sent_again_under_their_guid() {
    let fixture = Fixture::new().await;
    let (address, received) = receiver(200).await;
    fixture.github.set_webhook(&address);
    fixture.github.lose_deliveries(1);
    fixture.github.comment(REPO, fixture.number, "bob", "lost").unwrap();
    fixture.github.comment(REPO, fixture.number, "bob", "found").unwrap();
    fixture.github.deliveries_settled().await;
    let app = fixture.app_token(60);
    let list = fixture.send("GET", "/app/hook/deliveries?per_page=1", &app, None, &[]).await;
    assert_eq!(list.json[0]["status"], "OK");
    let next = list.header("link");
    let next = next.split_once('>').unwrap().0.trim_start_matches('<').to_owned();
    let lost = fixture.send("GET", &next, &app, None, &[]).await;
    assert_ne!(lost.json[0]["status"], "OK");
    let one = format!("/app/hook/deliveries/{}", lost.json[0]["id"]);
    let detail = fixture.send("GET", &one, &app, None, &[]).await;
    assert_eq!(detail.json["request"]["payload"]["comment"]["body"], "lost");
    let again = fixture.send("POST", &format!("{one}/attempts"), &app, None, &[]).await;
    assert_eq!(again.status, 202);
    fixture.github.deliveries_settled().await;
    let got = received.lock().unwrap();
    assert_eq!(got.len(), 2);
    assert_eq!(got[1].0["x-github-delivery"], lost.json[0]["guid"].as_str().unwrap());
    assert!(fixture.github.deliveries().last().unwrap().redelivery);
}

#[tokio::test]
async fn deliveries_can_be_held_turned_round_and_doubled() {
    let fixture = Fixture::new().await;
    let (address, received) = receiver(500).await;
    fixture.github.set_webhook(&address);
    fixture.github.hold_deliveries();
    for body in ["one", "two"] {
        fixture.github.comment(REPO, fixture.number, "bob", body).unwrap();
    }
    fixture.github.deliveries_settled().await;
    assert!(received.lock().unwrap().is_empty());
    fixture.github.release_deliveries(ReleaseOrder::Reversed);
    fixture.github.duplicate_deliveries(1);
    let comment = fixture.github.comment(REPO, fixture.number, "bob", "three").unwrap();
    fixture.github.edit_comment(REPO, comment, "bob", "four").unwrap();
    fixture.github.deliveries_settled().await;
    let bodies: Vec<String> = received
        .lock()
        .unwrap()
        .iter()
        .map(|(_, body)| {
            let payload: Value = serde_json::from_slice(body).unwrap();
            payload["comment"]["body"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(bodies, ["two", "one", "three", "three", "four"]);
    assert_eq!(fixture.github.deliveries().last().unwrap().outcome, DeliveryOutcome::Answered(500));
    let guid = fixture.github.deliveries().last().unwrap().guid.clone();
    fixture.github.redeliver(&guid).unwrap();
    fixture.github.deliveries_settled().await;
    assert_eq!(received.lock().unwrap().len(), 6);
}

#[tokio::test]
async fn everything_people_do_is_told() {
    let fixture = Fixture::new().await;
    let (address, _) = receiver(200).await;
    fixture.github.set_webhook(&address);
    let (github, number) = (&fixture.github, fixture.number);
    let edit =
        PullEdit { body: Some("Why".into()), base: Some("main".into()), ..PullEdit::default() };
    github.edit_pull(REPO, number, &edit, "alice").unwrap();
    github.set_draft(REPO, number, true, "alice").unwrap();
    github.set_draft(REPO, number, false, "alice").unwrap();
    github.label(REPO, number, "review me", "alice").unwrap();
    github.label(REPO, number, "review me", "alice").unwrap();
    github.unlabel(REPO, number, "review me", "alice").unwrap();
    github.close_pull(REPO, number, "alice").unwrap();
    github.reopen_pull(REPO, number, "alice").unwrap();
    github.queue_merge(REPO, number, "alice").unwrap();
    let merged = github.merge_pull(REPO, number, "alice").unwrap();
    assert_eq!(github.branch(REPO, "main").unwrap(), Some(merged));
    assert!(github.pull(REPO, number).unwrap().merged);
    github.deliveries_settled().await;
    let expected = [
        "pull_request.edited",
        "pull_request.converted_to_draft",
        "pull_request.ready_for_review",
        "pull_request.labeled",
        "pull_request.unlabeled",
        "pull_request.closed",
        "pull_request.reopened",
        "merge_group.checks_requested",
        "push",
        "check_suite.requested",
        "pull_request.closed",
    ];
    assert_eq!(kinds(&fixture), expected);
}

#[tokio::test]
async fn everything_else_is_told_too() {
    let fixture = Fixture::new().await;
    let (address, _) = receiver(200).await;
    fixture.github.set_webhook(&address);
    let (github, number) = (&fixture.github, fixture.number);
    let issue = github.open_issue(REPO, "alice", "Plan this", "Please").unwrap();
    github.label(REPO, issue, "plan", "alice").unwrap();
    github.close_issue(REPO, issue, "alice").unwrap();
    let body = json!({ "name": "backend", "head_sha": fixture.head, "conclusion": "success" });
    let run = fixture.post(&fixture.at("/check-runs"), body).await.json["id"].as_u64().unwrap();
    github.rerequest_check(REPO, run, "alice").unwrap();
    github.rerequest_suite(REPO, &fixture.head, "alice").unwrap();
    github.rename_repository(REPO, "gadgets").unwrap();
    github.set_installed(REPO, false).unwrap();
    github.comment(REPO, number, "alice", "nobody hears this").unwrap();
    github.set_installed(REPO, true).unwrap();
    github.set_suspended(true).unwrap();
    github.set_suspended(false).unwrap();
    github.set_uninstalled(true).unwrap();
    github.set_uninstalled(false).unwrap();
    github.ping().unwrap();
    github.deliveries_settled().await;
    let expected = [
        "issues.opened",
        "issues.labeled",
        "issues.closed",
        "check_run.created",
        "check_run.completed",
        "check_run.rerequested",
        "check_suite.rerequested",
        "repository.renamed",
        "installation_repositories.removed",
        "installation_repositories.added",
        "installation.suspend",
        "installation.unsuspend",
        "installation.deleted",
        "installation.created",
        "ping",
    ];
    assert_eq!(kinds(&fixture), expected);
}

#[tokio::test]
async fn force_pushes_and_deleted_branches_are_told() {
    let fixture = Fixture::new().await;
    let (address, _) = receiver(200).await;
    fixture.github.set_webhook(&address);
    let edits = [FileEdit::write("z.txt", "z\n")];
    let sha = fixture.github.force_push(REPO, "topic", "main", "Anew", &edits).unwrap();
    assert_eq!(fixture.github.pull(REPO, fixture.number).unwrap().head, sha);
    fixture.github.delete_branch(REPO, "topic").unwrap();
    assert!(!fixture.github.pull(REPO, fixture.number).unwrap().open);
    fixture.github.deliveries_settled().await;
    let deliveries = fixture.github.deliveries();
    let pushes: Vec<_> = deliveries.iter().filter(|d| d.event == "push").collect();
    assert_eq!(pushes[0].payload["forced"], true);
    assert_eq!(pushes[1].payload["deleted"], true);
    assert_eq!(deliveries.last().unwrap().action.as_deref(), Some("closed"));
}

#[tokio::test]
async fn the_same_acts_make_the_same_commits() {
    let (one, two) = (Fixture::new().await, Fixture::new().await);
    assert_eq!(one.head, two.head);
    let spec = PullRequestSpec::new("missing", "x");
    assert!(one.github.open_pull(REPO, &spec).is_err());
}

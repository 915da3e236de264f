//! Deliveries that come late, twice, in the wrong order or not at all.

use backend_team::domain::ids::DeliveryId;
use backend_team::pipeline::resync;
use backend_team::standin::{Fault, FaultAction, FileEdit, ReleaseOrder};

use crate::harness::bot::{CHECK, FAILED, INFRA, PASSED, REPO, bad, good, run_test};

#[tokio::test]
async fn only_the_newest_of_waiting_heads_is_reviewed() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open(&bad());
        let first = world.head(number);
        world.github.deliveries_settled().await;
        world.github.push(REPO, "topic", "Mend it", &good()).unwrap();
        world.github.deliveries_settled().await;
        assert_eq!(world.waiting().await, 1, "both events are one job");
        world.settle().await;
        world.expect_checks(&PASSED);
        world.expect_comment(number);
        assert_eq!(world.github.check_runs(REPO, &first).unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn the_order_of_deliveries_does_not_matter() {
    run_test(async |world| {
        world.repository(&[]);
        world.github.hold_deliveries();
        let number = world.open(&bad());
        world.github.push(REPO, "topic", "Mend it", &good()).unwrap();
        world.github.set_draft(REPO, number, true, "alice").unwrap();
        world.github.set_draft(REPO, number, false, "alice").unwrap();
        world.github.release_deliveries(ReleaseOrder::Reversed);
        world.settle().await;
        world.expect_checks(&PASSED);
        world.expect_comment(number);
    })
    .await;
}

#[tokio::test]
async fn a_delivery_that_comes_twice_counts_once() {
    run_test(async |world| {
        world.repository(&[]);
        world.github.duplicate_deliveries(1);
        let number = world.open(&bad());
        world.settle().await;
        world.expect_first_review(number, &FAILED);
        let calls = world.calls_after(0);
        assert_eq!(calls.iter().filter(|call| call.ends_with("/pulls/1")).count(), 1, "{calls:?}");
    })
    .await;
}

#[tokio::test]
async fn of_conversation_only_the_fact_is_kept() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open(&good());
        world.settle().await;
        world.expect_checks(&PASSED);
        world.expect_comment(number);
        world.github.comment(REPO, number, "mallory", "something private").unwrap();
        world.settle().await;
        let mut kept = Vec::new();
        for record in world.github.deliveries() {
            let id = DeliveryId(record.guid);
            let stored = world.bot.store.delivery(&id).await.unwrap().unwrap();
            assert_eq!(stored.body.is_empty(), stored.ignored.is_some());
            assert!(!String::from_utf8_lossy(&stored.body).contains("something private"));
            assert!(stored.body.len() < 1500, "{}", String::from_utf8_lossy(&stored.body));
            kept.push((stored.event, !stored.body.is_empty()));
        }
        assert!(kept.contains(&("pull_request".to_owned(), true)), "{kept:?}");
        assert!(kept.contains(&("issue_comment".to_owned(), false)), "{kept:?}");
    })
    .await;
}

#[tokio::test]
async fn a_lost_delivery_is_asked_for_again() {
    run_test(async |world| {
        world.repository(&[]);
        world.github.lose_deliveries(1);
        let number = world.open(&bad());
        world.settle().await;
        world.expect_nothing();
        let mark = world.mark();
        resync::recover_deliveries(&world.bot.services).await;
        let calls = world.calls_after(mark);
        assert_eq!(calls.len(), 2, "one page, one request to send again: {calls:?}");
        world.settle().await;
        world.expect_redelivery();
        world.expect_first_review(number, &FAILED);
    })
    .await;
}

#[tokio::test]
async fn a_lost_push_is_found_by_looking() {
    run_test(async |world| {
        world.reviewed().await;
        // A commit without any event, as if all of them had been lost long ago.
        world.github.commit(REPO, "topic", "Mend it", &good()).unwrap();
        resync::round(&world.bot.services).await;
        world.settle().await;
        world.expect_comment_edit();
        world.expect_threads_resolved();
        world.expect_checks(&PASSED);
    })
    .await;
}

#[tokio::test]
async fn a_rate_limit_in_the_middle_is_waited_out() {
    run_test(async |world| {
        world.repository(&[]);
        let limit = FaultAction::RateLimit { retry_after: 90 };
        world.github.fault(Fault::new("/check-runs", limit).method("POST"));
        let number = world.open(&bad());
        world.settle().await;
        assert_eq!(world.waiting().await, 1);
        world.expect_comment(number);
        world.expect_review(number);
        world.settle_delayed().await;
        world.expect_checks(&FAILED);
        assert_eq!(world.comments(number).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn pushes_elsewhere_and_pings_ask_for_nothing() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let mark = world.mark();
        world.github.push(REPO, "main", "News", &[FileEdit::write("NEWS.md", "News\n")]).unwrap();
        world.github.ping().unwrap();
        world.settle().await;
        assert_eq!(world.calls_after(mark), [] as [String; 0]);
        let names: Vec<String> =
            world.conclusions(&world.head(number)).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [CHECK, INFRA]);
    })
    .await;
}

use backend_team::standin::{Fault, FaultAction};
use serde_json::json;

use super::fixture::{Fixture, REPO};

async fn comment(fixture: &Fixture) -> Result<super::fixture::Reply, String> {
    let path = fixture.at(&format!("/issues/{}/comments", fixture.number));
    let body = json!({ "body": "Hello" });
    fixture.try_send("POST", &path, &fixture.token, Some(&body), &[]).await
}

fn count(fixture: &Fixture) -> usize {
    fixture.github.comments(REPO, fixture.number).unwrap().len()
}

#[tokio::test]
async fn refusals_are_not_applied() {
    let fixture = Fixture::new().await;
    fixture.github.fault(Fault::status("/comments", 502).method("POST").skip(1));
    fixture
        .github
        .fault(Fault::new("/comments", FaultAction::RateLimit { retry_after: 7 }).skip(1));
    fixture
        .github
        .fault(Fault::new("/comments", FaultAction::PrimaryLimit { reset_in: 60 }).skip(1));
    assert_eq!(comment(&fixture).await.unwrap().status, 201);
    assert_eq!(comment(&fixture).await.unwrap().status, 502);
    let secondary = comment(&fixture).await.unwrap();
    assert_eq!((secondary.status, secondary.header("retry-after")), (403, "7"));
    let primary = comment(&fixture).await.unwrap();
    assert_eq!(primary.header("x-ratelimit-remaining"), "0");
    assert_eq!(count(&fixture), 1);
    assert_eq!(comment(&fixture).await.unwrap().status, 201);
    let faults: Vec<bool> =
        fixture.github.writes().iter().map(|request| request.fault.is_some()).collect();
    assert_eq!(faults, [false, true, true, true, false]);
}

#[tokio::test]
async fn cut_connections_may_have_applied_the_request() {
    let fixture = Fixture::new().await;
    for (action, applied) in
        [(FaultAction::DropBefore, 0), (FaultAction::DropAfter, 1), (FaultAction::Truncate, 2)]
    {
        fixture.github.fault(Fault::new("/comments", action.clone()));
        assert!(comment(&fixture).await.is_err(), "{action:?}");
        assert_eq!(count(&fixture), applied, "{action:?}");
    }
    fixture.github.fault(Fault::new("/comments", FaultAction::StatusAfter { code: 500 }));
    assert_eq!(comment(&fixture).await.unwrap().status, 500);
    fixture.github.fault(Fault::new("/comments", FaultAction::Garbage));
    let garbage = comment(&fixture).await.unwrap();
    assert!(garbage.status == 200 && garbage.json.is_null());
    fixture.github.fault(Fault::new("/comments", FaultAction::Delay { milliseconds: 1 }));
    assert_eq!(comment(&fixture).await.unwrap().status, 201);
    assert_eq!(count(&fixture), 5);
}

#[tokio::test]
async fn a_hanging_request_is_seen_and_never_answered() {
    let fixture = Fixture::new().await;
    fixture.github.clear_requests();
    fixture.github.fault(Fault::new("/comments", FaultAction::Hang));
    let hanging = comment(&fixture);
    tokio::pin!(hanging);
    while fixture.github.requests().is_empty() {
        let waited = tokio::time::timeout(std::time::Duration::from_millis(5), &mut hanging).await;
        assert!(waited.is_err());
    }
    assert_eq!(fixture.github.requests()[0].status, 0);
    assert_eq!(count(&fixture), 0);
}

#[tokio::test]
async fn git_requests_have_faults_of_their_own() {
    let fixture = Fixture::new().await;
    let folder = tempfile::tempdir().unwrap();
    let url = fixture.clone_url();
    fixture.github.fault(Fault::status("", 503).git());
    fixture.github.fault(Fault::new("upload-pack", FaultAction::Truncate).git());
    assert_eq!(fixture.get(&fixture.at("")).await.status, 200);
    let clone =
        async |name: &str| fixture.git(folder.path(), "", &["clone", "-q", &url, name]).await;
    assert!(clone("a").await.unwrap_err().contains("503"));
    assert!(clone("b").await.is_err());
    assert!(clone("c").await.is_ok());
}

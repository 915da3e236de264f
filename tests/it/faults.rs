//! One fault at each request of a review: whatever GitHub or the network does once, the review ends
//! as if nothing had happened, and nothing is said twice.

use backend_team::standin::{Fault, FaultAction, RequestRecord};

use super::harness::faulty::{Outcome, Site};
use super::harness::in_turn;

fn status(code: u16) -> FaultAction {
    let body = r#"{"message":"injected"}"#.to_owned();
    FaultAction::Status { code, headers: Vec::new(), body }
}

/// Where one request stands in a review: the how-manieth of its kind (API or git).
#[derive(Debug, Clone)]
struct Position {
    git: bool,
    index: usize,
    route: String,
    write: bool,
}

fn positions(requests: &[RequestRecord]) -> Vec<Position> {
    let (mut api, mut git) = (0, 0);
    requests
        .iter()
        .map(|request| {
            let is_git = request.route.starts_with("git ");
            let counter = if is_git { &mut git } else { &mut api };
            let index = *counter;
            *counter += 1;
            let route = format!("{} {}", request.method, request.route);
            Position { git: is_git, index, route, write: request.is_write() }
        })
        .collect()
}

/// A review without trouble: how it ends, and the requests it makes.
async fn undisturbed(site: &Site) -> (Outcome, Vec<Position>) {
    let bot = site.wire(None).await;
    site.github.clear_requests();
    let number = site.open();
    assert_eq!(bot.settle(&site.github).await.dead, 0);
    let outcome = site.outcome(number);
    assert_eq!(outcome.comments.len(), 1);
    assert!(outcome.notes.len() > 1 && outcome.checks.len() > 1 && outcome.labels.len() == 1);
    let positions = positions(&site.github.requests());
    assert!(positions.iter().filter(|position| position.write).count() >= 4);
    assert!(positions.iter().any(|position| position.git));
    (outcome, positions)
}

async fn disturb(site: &Site, position: &Position, action: &FaultAction) -> (u64, u64) {
    let bot = site.wire(None).await;
    site.github.clear_requests();
    let fault = Fault::new("", action.clone()).skip(position.index);
    site.github.fault(if position.git { fault.git() } else { fault });
    let number = site.open();
    let dead = bot.settle(&site.github).await.dead;
    let met = site.github.requests().iter().any(|request| request.fault.is_some());
    assert!(met, "{action:?} met nothing at {position:?}");
    site.github.clear_faults();
    (number, dead)
}

/// Puts one of the faults at each request of a review, in turn; every fault at every request where
/// the run is to be thorough.
async fn matrix(faults: &[FaultAction], at: impl Fn(&Position) -> bool) {
    let site = Site::new().await;
    let (expected, positions) = undisturbed(&site).await;
    for (index, position) in positions.iter().filter(|position| at(position)).enumerate() {
        for action in in_turn(faults, index) {
            let (number, dead) = disturb(&site, position, action).await;
            assert_eq!(site.outcome(number), expected, "{action:?} at {position:?}");
            assert_eq!(dead, 0, "{action:?} at {position:?}");
            site.assert_single(number);
        }
    }
}

fn api(position: &Position) -> bool {
    !position.git
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_pass() {
    // One bad line refuses a whole review for good, so that 422 is believed there: see below.
    let refused = |position: &Position| api(position) && !position.route.ends_with("/reviews");
    matrix(&[status(401), status(403), status(404), status(409), status(422)], refused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits() {
    let faults = [
        status(429),
        FaultAction::RateLimit { retry_after: 7 },
        FaultAction::PrimaryLimit { reset_in: 90 },
    ];
    matrix(&faults, api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_servers() {
    let faults = [status(500), status(503), FaultAction::StatusAfter { code: 502 }];
    matrix(&faults, api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_connections() {
    matrix(&[FaultAction::DropBefore, FaultAction::DropAfter, FaultAction::Hang], api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_answers() {
    matrix(&[FaultAction::Truncate, FaultAction::Garbage], api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_fetches() {
    let faults = [
        status(401),
        status(403),
        status(404),
        status(429),
        status(500),
        FaultAction::DropBefore,
        FaultAction::DropAfter,
        FaultAction::Truncate,
        FaultAction::Garbage,
    ];
    matrix(&faults, |position| position.git).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_notes_stand_in_the_summary() {
    let site = Site::new().await;
    let (expected, positions) = undisturbed(&site).await;
    let notes = positions.iter().find(|position| position.route.ends_with("/reviews")).unwrap();
    let (number, dead) = disturb(&site, notes, &status(422)).await;
    let outcome = site.outcome(number);
    assert_eq!((dead, outcome.notes.len()), (0, 0));
    assert_eq!((outcome.comments, outcome.checks), (expected.comments, expected.checks));
}

/// GitHub is down for longer than one request, then comes back.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_delays_and_loses_nothing() {
    let site = Site::new().await;
    let (expected, _) = undisturbed(&site).await;
    let bot = site.wire(None).await;
    site.github.fault(Fault::new("", status(503)).skip(3).times(12));
    site.github.fault(Fault::new("", status(503)).git().times(3));
    let number = site.open();
    assert_eq!(bot.settle(&site.github).await.dead, 0);
    assert_eq!(site.outcome(number), expected);
    site.assert_single(number);
}

//! One fault at each request from the label to the draft pull request, and a kill at each of them:
//! the plan ends as if nothing had happened, and nothing is said or written twice.

use backend_team::standin::{Fault, FaultAction, RequestRecord};
use regex::Regex;

use super::harness::faulty::{REPO, Site, Wired};
use super::harness::in_turn;
use super::kill::{Place, Server, wait_for};

/// What can be seen of a plan from outside, without numbers, ids and hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    comments: Vec<String>,
    labels: Vec<String>,
    /// Message and files of each commit.
    commits: Vec<String>,
    pulls: Vec<String>,
}

fn open(site: &Site) -> u64 {
    let body = "- Add a nullable text column `nickname` to `users`\n";
    let issue = site.github.open_issue(REPO, "alice", "Add a nickname to users", body).unwrap();
    site.github.label(REPO, issue, "backend-team", "owner").unwrap();
    issue
}

fn approve(site: &Site, issue: u64) {
    site.github.comment(REPO, issue, "owner", "/backend-team approve all").unwrap();
}

fn outcome(site: &Site, issue: u64) -> Outcome {
    let github = &site.github;
    let start = format!("backend-team/{issue}-");
    let branches: Vec<String> = github.branches(REPO).unwrap();
    let own: Vec<&String> = branches.iter().filter(|name| name.starts_with(&start)).collect();
    assert!(own.len() <= 1, "two branches: {own:?}");
    let pulls: Vec<_> = github
        .pulls(REPO)
        .unwrap()
        .into_iter()
        .map(|number| github.pull(REPO, number).unwrap())
        .filter(|pull| pull.head_ref.starts_with(&start))
        .collect();
    let numbers: Vec<u64> = pulls.iter().map(|pull| pull.number).collect();
    let references = Regex::new(r"#(\d+)").unwrap();
    let clean = |text: &str| {
        let text = text.replace(&start, "backend-team/N-");
        let name = |found: &regex::Captures<'_>| match found[1].parse::<u64>() {
            Ok(number) if number == issue => "#N".to_owned(),
            Ok(number) if numbers.contains(&number) => "#P".to_owned(),
            _ => found[0].to_owned(),
        };
        references.replace_all(&text, name).into_owned()
    };
    let comments = github.comments(REPO, issue).unwrap();
    let ours = comments.iter().filter(|comment| comment.by_app);
    let commits = own.iter().flat_map(|name| github.commits(REPO, "main", name).unwrap());
    Outcome {
        comments: ours.map(|comment| clean(&comment.body)).collect(),
        labels: github.labels(REPO, issue).unwrap(),
        commits: commits.map(|c| format!("{} {:?}", clean(&c.message), c.files)).collect(),
        pulls: pulls
            .iter()
            .map(|pull| format!("{} {} {}", pull.draft, clean(&pull.title), clean(&pull.body)))
            .collect(),
    }
}

fn sound(outcome: &Outcome) {
    assert_eq!((outcome.comments.len(), outcome.pulls.len()), (1, 1), "{outcome:#?}");
    assert!(!outcome.commits.is_empty(), "{outcome:#?}");
    assert!(outcome.comments[0].contains("delivered on a branch"), "{outcome:#?}");
}

fn api(requests: &[RequestRecord]) -> Vec<String> {
    let api = requests.iter().filter(|request| !request.route.starts_with("git "));
    api.map(|request| format!("{} {}", request.method, request.route)).collect()
}

async fn whole(site: &Site, bot: &Wired) -> (u64, u64) {
    let issue = open(site);
    let first = bot.settle(&site.github).await.dead;
    approve(site, issue);
    (issue, first + bot.settle(&site.github).await.dead)
}

async fn undisturbed(site: &Site) -> (Outcome, Vec<String>) {
    let bot = site.wire(None).await;
    site.github.clear_requests();
    let (issue, dead) = whole(site, &bot).await;
    assert_eq!(dead, 0);
    let outcome = outcome(site, issue);
    sound(&outcome);
    (outcome, api(&site.github.requests()))
}

/// One of the faults at each request, in turn; every one at every request where the run is to be
/// thorough.
async fn matrix(faults: &[FaultAction], at: impl Fn(&str) -> bool) {
    let site = Site::for_plans(true).await;
    let (expected, routes) = undisturbed(&site).await;
    assert!(routes.len() > 20, "{routes:#?}");
    for (index, route) in routes.iter().enumerate().filter(|(_, route)| at(route)) {
        for action in in_turn(faults, index) {
            let bot = site.wire(None).await;
            site.github.clear_requests();
            site.github.fault(Fault::new("", action.clone()).skip(index));
            let (issue, dead) = whole(&site, &bot).await;
            let met = site.github.requests().iter().any(|request| request.fault.is_some());
            assert!(met, "{action:?} met nothing at {index} {route}");
            site.github.clear_faults();
            assert_eq!(outcome(&site, issue), expected, "{action:?} at {index} {route}");
            assert_eq!(dead, 0, "{action:?} at {index} {route}");
        }
    }
}

fn status(code: u16) -> FaultAction {
    let body = r#"{"message":"injected"}"#.to_owned();
    FaultAction::Status { code, headers: Vec::new(), body }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_pass() {
    // Somebody who is not found has no permission, and a label that is not there need not be taken
    // off: those are answers.
    let at = |route: &str| !route.ends_with("/permission") && !route.ends_with("/labels/{name}");
    matrix(&[status(403), status(404), status(422)], at).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_servers_and_connections() {
    let faults = [status(503), FaultAction::StatusAfter { code: 502 }, FaultAction::DropAfter];
    matrix(&faults, |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits() {
    matrix(&[FaultAction::RateLimit { retry_after: 7 }], |_| true).await;
}

/// Lets a process work. `None`: it was killed, because the fault met one of its requests.
async fn step(place: &Place, server: Server) -> Option<Server> {
    let github = &place.site.github;
    let met = || github.requests().iter().any(|request| request.fault.is_some());
    github.deliveries_settled().await;
    wait_for("rest or a fault", async || met() || server.is_idle().await).await;
    if met() {
        server.kill();
        github.clear_faults();
        github.clear_requests();
        return None;
    }
    Some(server)
}

async fn killed_at_every_request(action: FaultAction) {
    let place = Place::with(Site::for_plans(false).await);
    let github = &place.site.github;
    let server = place.start().await;
    github.clear_requests();
    let issue = open(&place.site);
    place.finished(&server).await;
    approve(&place.site, issue);
    place.finished(&server).await;
    let expected = outcome(&place.site, issue);
    sound(&expected);
    let requests = api(&github.requests()).len();
    server.kill();
    for index in 0..requests {
        let mut server = place.start().await;
        github.clear_requests();
        github.fault(Fault::new("", action.clone()).skip(index));
        let mut killed = false;
        let issue = open(&place.site);
        for approving in [false, true] {
            if approving {
                approve(&place.site, issue);
            }
            server = match step(&place, server).await {
                Some(server) => server,
                None => {
                    killed = true;
                    place.start().await
                }
            };
            place.finished(&server).await;
        }
        assert!(killed, "{action:?} met nothing at request {index}");
        assert_eq!(outcome(&place.site, issue), expected, "{action:?} at request {index}");
        server.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_every_request_is_applied() {
    killed_at_every_request(FaultAction::Hang).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_every_request_was_applied() {
    killed_at_every_request(FaultAction::DropAfter).await;
}

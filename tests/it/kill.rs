//! The real process, killed at every request of a review and started again: what was answered 202
//! is finished, once.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use backend_team::standin::{Fault, FaultAction};

use super::harness::faulty::{Outcome, Site};

/// Most time for anything that is waited for. Reached only when the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Server {
    child: Child,
    port: u16,
}

/// Ends the process when a test fails in the middle.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct Place {
    pub site: Site,
    folder: tempfile::TempDir,
    port: u16,
}

impl Place {
    async fn new() -> Self {
        Self::with(Site::in_real_time().await)
    }

    pub fn with(site: Site) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key.pem"), site.github.private_key_pem()).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        site.github.set_webhook(&format!("http://127.0.0.1:{port}/webhook"));
        Self { site, folder, port }
    }

    pub async fn start(&self) -> Server {
        let child = Command::new(env!("CARGO_BIN_EXE_backend-team"))
            .arg("serve")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("BACKEND_TEAM_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("BACKEND_TEAM_DATA_DIR", self.folder.path().join("data"))
            .env("BACKEND_TEAM_GITHUB_URL", self.site.github.api_url())
            .env("BACKEND_TEAM_APP_ID", self.site.github.app_id().to_string())
            .env("BACKEND_TEAM_PRIVATE_KEY_FILE", self.folder.path().join("key.pem"))
            .env("BACKEND_TEAM_WEBHOOK_SECRET", self.site.github.webhook_secret())
            .env("BACKEND_TEAM_RESYNC_SECONDS", "0")
            .env("BACKEND_TEAM_WRITE_PAUSE_SECONDS", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server { child, port: self.port };
        wait_for("the server answers", async || server.get("/healthz").await.is_some()).await;
        server
    }

    /// Waits until the server has nothing left to do for this pull request and all others.
    pub async fn finished(&self, server: &Server) {
        self.site.github.deliveries_settled().await;
        wait_for("the queue is empty", async || server.is_idle().await).await;
    }
}

impl Server {
    async fn get(&self, path: &str) -> Option<String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        answer.starts_with("HTTP/1.1 200").then_some(answer)
    }

    pub async fn is_idle(&self) -> bool {
        let Some(text) = self.get("/metrics").await else { return false };
        let depth = |state: &str| {
            let name = format!("backend_team_queue_jobs{{state=\"{state}\"}} ");
            text.lines().find_map(|line| line.strip_prefix(&name)?.parse::<f64>().ok())
        };
        assert!(depth("dead").is_none_or(|dead| dead == 0.0), "a job died");
        ["ready", "delayed", "running"].iter().all(|state| depth(state) == Some(0.0))
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn terminate(mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut status = None;
        wait_for("the server ends", async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        (status.unwrap(), started.elapsed())
    }
}

pub async fn wait_for(what: &str, mut happened: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happened().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A review without trouble: how it ends, and how many requests to the API it takes.
async fn undisturbed(place: &Place) -> (Outcome, usize) {
    let server = place.start().await;
    place.site.github.clear_requests();
    let number = place.site.open();
    place.finished(&server).await;
    let outcome = place.site.outcome(number);
    assert!(outcome.comments.len() == 1 && outcome.checks.len() > 1);
    let requests = place.site.github.requests();
    let api = requests.iter().filter(|request| !request.route.starts_with("git ")).count();
    assert!(api > 6, "{api} requests");
    server.kill();
    (outcome, api)
}

async fn killed_at_every_request(action: FaultAction) {
    let place = Place::new().await;
    let (expected, requests) = undisturbed(&place).await;
    let github = &place.site.github;
    for index in 0..requests {
        // A new process for each: one that made a token before would send a request less.
        let server = place.start().await;
        github.clear_requests();
        github.fault(Fault::new("", action.clone()).skip(index));
        let number = place.site.open();
        let met = || github.requests().iter().any(|request| request.fault.is_some());
        wait_for("the fault meets a request", async || met()).await;
        // From here on the delivery was answered.
        server.kill();
        github.clear_faults();
        let server = place.start().await;
        place.finished(&server).await;
        assert_eq!(place.site.outcome(number), expected, "{action:?} at request {index}");
        place.site.assert_single(number);
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

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_in_the_middle() {
    let place = Place::new().await;
    let (expected, _) = undisturbed(&place).await;
    let github = &place.site.github;
    let server = place.start().await;
    github.clear_requests();
    github.fault(Fault::new("/check-runs", FaultAction::Hang));
    let number = place.site.open();
    let met = || github.requests().iter().any(|request| request.fault.is_some());
    wait_for("the fault meets a request", async || met()).await;
    let (status, took) = server.terminate().await;
    assert_eq!(status.code(), Some(0));
    // Service managers kill after a while; the promise is fifteen seconds.
    assert!(took < Duration::from_secs(15), "{took:?}");
    github.clear_faults();
    let server = place.start().await;
    place.finished(&server).await;
    assert_eq!(place.site.outcome(number), expected);
    place.site.assert_single(number);
}

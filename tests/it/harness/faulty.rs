//! A stand-in with one repository whose pull requests all say the same, and bots that are wired to
//! it as in production: for holding a disturbed review against an undisturbed one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use backend_team::app::{self, Bot};
use backend_team::config::server::{Credentials, SettingsFile};
use backend_team::domain::job::Timestamp;
use backend_team::pipeline::worker::run_until_idle;
use backend_team::ports::clock::{Clock, SystemClock};
use backend_team::ports::queue::QueueStats;
use backend_team::standin::{FileEdit, PullRequestSpec, Standin, StandinOptions};
use backend_team::web::serve::serve;
use secrecy::SecretString;
use tokio_util::sync::{CancellationToken, DropGuard};

pub const REPO: &str = "acme/orders";

/// Stands still until a test moves it. Starts now, because tokens carry real times.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl TestClock {
    pub fn move_to(&self, time: Timestamp) {
        self.0.fetch_max(time.0, Ordering::SeqCst);
    }
}

/// GitHub, and how many pull requests were opened there.
pub struct Site {
    pub github: Standin,
    pub clock: Arc<TestClock>,
    opened: std::sync::atomic::AtomicU64,
}

/// What can be seen of a review from outside, without ids, numbers and hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub comments: Vec<String>,
    pub notes: Vec<String>,
    /// The newest run of each name, as GitHub shows them.
    pub checks: Vec<String>,
    pub labels: Vec<String>,
}

const BASE: &[(&str, &str)] = &[
    ("README.md", "# Orders\n"),
    (".github/backend-team.toml", "version = 1\n\n[labels]\nstate = true\n"),
    ("db/migrations/0001_init.sql", "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n"),
];

const CHANGE: &[(&str, &str)] = &[
    ("db/migrations/0002_more.sql", "ALTER TABLE users DROP COLUMN email;\n"),
    ("Dockerfile", "FROM ubuntu:latest\nRUN curl https://example.com/x.sh | sh\nUSER root\n"),
];

fn edits(files: &[(&str, &str)]) -> Vec<FileEdit> {
    files.iter().map(|(path, text)| FileEdit::write(path, *text)).collect()
}

impl Site {
    /// With a clock that stands still.
    pub async fn new() -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(SystemClock.now().0)));
        let seconds = clock.clone();
        let now = Arc::new(move || seconds.now().0 / 1_000);
        Self::with(StandinOptions { clock: now, ..StandinOptions::default() }, clock).await
    }

    /// With the clock of the machine, for bots in processes of their own.
    pub async fn in_real_time() -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(SystemClock.now().0)));
        Self::with(StandinOptions::default(), clock).await
    }

    /// One for plans: the App may write branches. With a clock that stands still, or the machine's.
    pub async fn for_plans(still: bool) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(SystemClock.now().0)));
        let seconds = clock.clone();
        let mut options = StandinOptions::default();
        if still {
            options.clock = Arc::new(move || seconds.now().0 / 1_000);
        }
        options.permissions.insert("contents".to_owned(), "write".to_owned());
        let site = Self::with(options, clock).await;
        site.github.set_permission(REPO, "owner", "admin").unwrap();
        site
    }

    async fn with(options: StandinOptions, clock: Arc<TestClock>) -> Self {
        let github = Standin::start(options).await.unwrap();
        github.create_repository(REPO, true, &edits(BASE)).unwrap();
        Self { github, clock, opened: std::sync::atomic::AtomicU64::new(0) }
    }

    /// Opens a pull request with the same change as every other, on a branch of its own.
    pub fn open(&self) -> u64 {
        let branch = format!("topic-{}", self.opened.fetch_add(1, Ordering::SeqCst));
        self.github.commit(REPO, &branch, &branch, &edits(CHANGE)).unwrap();
        self.github.open_pull(REPO, &PullRequestSpec::new(&branch, "Change things")).unwrap()
    }

    pub fn outcome(&self, number: u64) -> Outcome {
        let pull = self.github.pull(REPO, number).unwrap();
        let (base, head) = (&pull.base, &pull.head);
        let clean = |text: &str| {
            let text = text.replace(head.as_str(), "HEAD").replace(base.as_str(), "BASE");
            text.replace(&head[..7], "HEAD").replace(&format!("pull/{number}"), "pull/N")
        };
        let comments = self.github.comments(REPO, number).unwrap();
        let notes = self.github.review_comments(REPO, number).unwrap();
        let mut runs = self.github.check_runs(REPO, head).unwrap();
        runs.sort_by_key(|run| (run.name.clone(), std::cmp::Reverse(run.id)));
        runs.dedup_by_key(|run| run.name.clone());
        let mut outcome = Outcome {
            comments: comments.iter().map(|comment| clean(&comment.body)).collect(),
            notes: notes
                .iter()
                .map(|note| format!("{}:{:?} {}", note.path, note.line, clean(&note.body)))
                .collect(),
            checks: runs
                .iter()
                .map(|run| {
                    let said = format!("{} {} {:?}", run.title, run.summary, run.text);
                    let state = format!("{} {:?}", run.status, run.conclusion);
                    let marks = serde_json::to_string(&run.annotations).unwrap();
                    format!("{} {state} {} {}", run.name, clean(&said), clean(&marks))
                })
                .collect(),
            labels: self.github.labels(REPO, number).unwrap(),
        };
        outcome.notes.sort();
        outcome
    }

    /// Nothing was said twice: one comment, one note for each place, one run for each name.
    pub fn assert_single(&self, number: u64) {
        let outcome = self.outcome(number);
        assert!(outcome.comments.len() <= 1, "{:?}", outcome.comments);
        let mut notes = outcome.notes.clone();
        notes.dedup();
        assert_eq!(notes, outcome.notes, "a note stands twice");
        let head = self.github.pull(REPO, number).unwrap().head;
        let mut names: Vec<String> =
            self.github.check_runs(REPO, &head).unwrap().into_iter().map(|run| run.name).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "a check run stands twice: {names:?}");
    }

    fn settings(&self, data: &Path) -> SettingsFile {
        SettingsFile {
            listen: Some("127.0.0.1:0".to_owned()),
            data_dir: Some(data.to_owned()),
            github_url: Some(self.github.api_url()),
            resync_seconds: Some(0),
            github_timeout_seconds: Some(0.4),
            write_pause_seconds: Some(0.0),
            ..SettingsFile::default()
        }
    }

    /// A bot with an empty memory, or with the one of a PostgreSQL database. It gets the webhooks
    /// from now on.
    pub async fn wire(&self, database: Option<String>) -> Wired {
        let data = tempfile::tempdir().unwrap();
        let file = SettingsFile { database_url: database, ..self.settings(data.path()) };
        let settings = file.resolve().unwrap();
        let credentials = Credentials {
            app_id: self.github.app_id(),
            app_slug: Some("backend-team".to_owned()),
            private_key: SecretString::from(self.github.private_key_pem()),
            webhook_secrets: vec![SecretString::from(self.github.webhook_secret())],
        };
        let render = Arc::new(String::new);
        let bot = app::wire(&settings, &credentials, self.clock.clone(), render).await.unwrap();
        let listener = tokio::net::TcpListener::bind(settings.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, bot.router.clone(), stop.clone()));
        self.github.set_webhook(&format!("http://{address}/webhook"));
        Wired { bot, clock: self.clock.clone(), _stop: stop.drop_guard(), _data: data }
    }
}

/// A wired bot. It works when it is told to.
pub struct Wired {
    pub bot: Bot,
    clock: Arc<TestClock>,
    _stop: DropGuard,
    _data: tempfile::TempDir,
}

impl Wired {
    /// Works until nothing is left to do, moving the clock to what is delayed.
    pub async fn settle(&self, github: &Standin) -> QueueStats {
        for _ in 0..200 {
            github.deliveries_settled().await;
            run_until_idle(&self.bot.services, "test").await.unwrap();
            match self.bot.store.next_due().await.unwrap() {
                Some(due) => self.clock.move_to(due.plus(Duration::from_millis(1))),
                None => return self.bot.store.stats(self.clock.now()).await.unwrap(),
            }
        }
        panic!("the queue does not come to rest");
    }
}

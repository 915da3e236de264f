//! The whole bot, wired as in production, against the stand-in: real HTTP, real signatures, real
//! git repositories. Only the clock is the test's.
//!
//! What the bot does outside must be asked for by the test ([`World::expect_comment`] and its
//! siblings); anything left over fails it. At the end every delivery is replayed, which must
//! change nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use backend_team::app::{self, Bot};
use backend_team::config::server::{Credentials, Settings};
use backend_team::domain::ids::{DeliveryId, Number, RepoId};
use backend_team::domain::job::Timestamp;
use backend_team::domain::run::PlanRun;
use backend_team::pipeline::services::Options;
use backend_team::pipeline::worker::run_until_idle;
use backend_team::ports::clock::{Clock, SystemClock};
use backend_team::ports::ledger::PullMemory;
use backend_team::standin::{
    DeliveryOutcome, FileEdit, PullRequestSpec, RequestRecord, Standin, StandinOptions,
};
use backend_team::web::serve::serve;
use secrecy::SecretString;
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::effects::{CheckWrite, Effect, effect_of};
use super::recording;

pub const REPO: &str = "acme/orders";

/// Stands still until a test moves it. Starts now, because tokens carry real times.
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

pub struct World {
    pub github: Standin,
    pub bot: Bot,
    clock: Arc<TestClock>,
    /// Sequence numbers of the writes that the test asked for.
    expected: BTreeSet<u64>,
    /// Jobs may have been given up.
    pub dead_jobs_allowed: bool,
    _stop: DropGuard,
    _data: tempfile::TempDir,
}

/// Runs a test in a fresh world and then holds the world to its promises.
pub async fn run_test(test: impl AsyncFnOnce(&mut World)) {
    run_test_with(StandinOptions::default(), test).await;
}

pub async fn run_test_with(options: StandinOptions, test: impl AsyncFnOnce(&mut World)) {
    let mut world = World::new(options).await;
    test(&mut world).await;
    world.finish().await;
}

fn announce_after(bot: &mut Bot, delay: Duration) {
    let options = Options { announce_after: delay, ..(*bot.services.options).clone() };
    bot.services.options = Arc::new(options);
}

impl World {
    /// From now on every review counts as slow.
    pub fn announce_at_once(&mut self) {
        announce_after(&mut self.bot, Duration::ZERO);
    }

    /// From now on repositories without a policy have their owner's.
    pub fn use_owner_policies(&mut self) {
        let options = Options { owner_policy: true, ..(*self.bot.services.options).clone() };
        self.bot.services.options = Arc::new(options);
    }

    /// The plan of an issue, as it is remembered.
    pub async fn run(&self, number: u64) -> PlanRun {
        self.memory(number).await.plan.expect("the issue has no plan")
    }

    /// Later than anything that happened so far.
    pub fn tick(&self) {
        self.clock.0.fetch_add(1_000, Ordering::SeqCst);
    }

    async fn new(options: StandinOptions) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(SystemClock.now().0)));
        let seconds = clock.clone();
        let github = Standin::start(StandinOptions {
            clock: Arc::new(move || seconds.now().0 / 1_000),
            ..options
        })
        .await
        .unwrap();
        let data = tempfile::tempdir().unwrap();
        let settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: data.path().to_owned(),
            database_url: None,
            github_url: github.api_url(),
            public_url: None,
            credentials: None,
            workers: 1,
            disk_cap_bytes: 1 << 30,
            retention: Duration::from_secs(3_600),
            resync: None,
            github_timeout: std::time::Duration::from_secs(20),
            write_pause: std::time::Duration::ZERO,
            trusted_bots: Vec::new(),
            owner_policy: false,
        };
        let credentials = Credentials {
            app_id: github.app_id(),
            app_slug: Some("backend-team".to_owned()),
            private_key: SecretString::from(github.private_key_pem()),
            webhook_secrets: vec![SecretString::from(github.webhook_secret())],
        };
        let bot = app::wire(&settings, &credentials, clock.clone(), Arc::new(String::new));
        let mut bot = bot.await.unwrap();
        // A busy machine must not decide what is published.
        announce_after(&mut bot, Duration::from_secs(3_600));
        let listener = tokio::net::TcpListener::bind(settings.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, bot.router.clone(), stop.clone()));
        github.set_webhook(&format!("http://{address}/webhook"));
        Self {
            github,
            bot,
            clock,
            expected: BTreeSet::new(),
            dead_jobs_allowed: false,
            _stop: stop.drop_guard(),
            _data: data,
        }
    }

    /// The usual repository, with a text and these files.
    pub fn repository(&self, files: &[FileEdit]) {
        let mut all = vec![FileEdit::write("README.md", "# Orders\n")];
        all.extend_from_slice(files);
        self.github.create_repository(REPO, false, &all).unwrap();
        self.github.set_permission(REPO, "bob", "write").unwrap();
        self.github.set_permission(REPO, "mallory", "read").unwrap();
    }

    /// A pull request with one finding, reviewed.
    pub async fn reviewed(&mut self) -> u64 {
        self.repository(&[]);
        let number = self.open(&bad());
        self.settle().await;
        self.expect_first_review(number, &FAILED);
        number
    }

    /// Delivers and works until nothing moves any more.
    pub async fn settle(&self) {
        loop {
            self.github.deliveries_settled().await;
            if run_until_idle(&self.bot.services, "test").await.unwrap() == 0 {
                return;
            }
        }
    }

    /// Moves the clock to the next delayed job and works on.
    pub async fn settle_delayed(&self) {
        let due = self.bot.store.next_due().await.unwrap().expect("no job is delayed");
        self.clock.0.fetch_max(due.0, Ordering::SeqCst);
        self.settle().await;
    }

    pub async fn memory(&self, number: u64) -> PullMemory {
        let repo = RepoId(self.github.repository_id(REPO).unwrap());
        self.bot.store.load(repo, Number(number)).await.unwrap()
    }

    /// Opens a pull request from a new branch with these edits.
    pub fn open(&self, edits: &[FileEdit]) -> u64 {
        self.open_as("topic", edits, &PullRequestSpec::new("topic", "Change something"))
    }

    pub fn open_as(&self, branch: &str, edits: &[FileEdit], spec: &PullRequestSpec) -> u64 {
        self.github.commit(REPO, branch, "Change something", edits).unwrap();
        self.github.open_pull(REPO, spec).unwrap()
    }

    pub fn head(&self, number: u64) -> String {
        self.github.pull(REPO, number).unwrap().head
    }

    /// Requests to the API (git and token requests: see the callers) after this sequence number.
    pub fn calls_after(&self, mark: u64) -> Vec<String> {
        let requests = self.github.requests().into_iter();
        requests
            .filter(|request| request.sequence > mark && !request.route.starts_with("git "))
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }

    /// The last request so far.
    pub fn mark(&self) -> u64 {
        self.github.requests().last().map_or(0, |request| request.sequence)
    }

    /// How many jobs wait, now or for later.
    pub async fn waiting(&self) -> u64 {
        let stats = self.bot.store.stats(self.clock.now()).await.unwrap();
        stats.ready + stats.delayed
    }

    /// The bot's comments on a pull request or issue.
    pub fn comments(&self, number: u64) -> Vec<String> {
        let comments = self.github.comments(REPO, number).unwrap().into_iter();
        comments.filter(|comment| comment.by_app).map(|comment| comment.body).collect()
    }

    /// The summary comment as it stands.
    pub fn summary(&self, number: u64) -> String {
        let marker = "<!-- backend-team:review -->";
        let mut found: Vec<String> =
            self.comments(number).into_iter().filter(|body| body.starts_with(marker)).collect();
        assert_eq!(found.len(), 1, "summaries: {found:#?}");
        found.remove(0)
    }

    /// The ReviewFindings JSON in the summary comment.
    pub fn findings(&self, number: u64) -> Value {
        let summary = self.summary(number);
        // The last one: quotes of findings come before.
        let (_, rest) = summary.rsplit_once("```json\n").expect("no JSON in the summary");
        let (json, _) = rest.split_once("\n```").expect("the JSON block does not end");
        serde_json::from_str(json).expect("the JSON block is none")
    }

    /// Newest conclusion by name of the checks on a commit.
    pub fn conclusions(&self, sha: &str) -> Vec<(String, String)> {
        let runs = self.github.check_runs(REPO, sha).unwrap().into_iter();
        let newest: std::collections::BTreeMap<String, String> =
            runs.map(|run| (run.name, run.conclusion.unwrap_or_default())).collect();
        newest.into_iter().collect()
    }

    /// What was written, without what the stand-in refused.
    fn writes(&self) -> Vec<RequestRecord> {
        let writes = self.github.writes().into_iter();
        writes.filter(|write| !(400..600).contains(&write.status)).collect()
    }

    fn unexpected(&self) -> Vec<(RequestRecord, Effect)> {
        let writes = self.writes().into_iter();
        writes
            .filter(|write| !self.expected.contains(&write.sequence))
            .map(|write| {
                let effect = effect_of(&write);
                (write, effect)
            })
            .collect()
    }

    /// Takes the first effect that is of a kind.
    fn take<T>(&mut self, what: &str, pick: impl Fn(&Effect) -> Option<T>) -> T {
        let open = self.unexpected();
        let found = open.iter().find_map(|(record, effect)| Some((record.sequence, pick(effect)?)));
        let Some((sequence, taken)) = found else {
            let open: Vec<&Effect> = open.iter().map(|(_, effect)| effect).collect();
            panic!("no {what} among {open:#?}")
        };
        self.expected.insert(sequence);
        taken
    }

    /// A comment was posted on this pull request or issue. Returns its text.
    pub fn expect_comment(&mut self, number: u64) -> String {
        self.take("new comment", |effect| match effect {
            Effect::Commented { number: on, body } if *on == number => Some(body.clone()),
            _ => None,
        })
    }

    /// A comment was changed. Returns its text.
    pub fn expect_comment_edit(&mut self) -> String {
        self.take("changed comment", |effect| match effect {
            Effect::CommentEdited { body, .. } => Some(body.clone()),
            _ => None,
        })
    }

    /// A check run of this name was written.
    pub fn expect_check(&mut self, name: &str) -> CheckWrite {
        self.take(&format!("check run {name}"), |effect| match effect {
            Effect::Check(check) if check.name == name => Some(check.clone()),
            _ => None,
        })
    }

    /// Exactly these check runs were written, each once, with these conclusions.
    pub fn expect_checks(&mut self, wanted: &[(&str, &str)]) {
        let mut found = Vec::new();
        for (record, effect) in self.unexpected() {
            if let Effect::Check(check) = effect {
                self.expected.insert(record.sequence);
                found.push((check.name, check.conclusion));
            }
        }
        found.sort();
        let mut wanted: Vec<(String, String)> =
            wanted.iter().map(|(name, end)| ((*name).to_owned(), (*end).to_owned())).collect();
        wanted.sort();
        assert_eq!(found, wanted);
    }

    /// A review with line notes was posted; only ever as a comment. Returns the notes.
    pub fn expect_review(&mut self, number: u64) -> Vec<Value> {
        self.take("review", |effect| match effect {
            Effect::Reviewed { number: on, event, notes } if *on == number => {
                assert_eq!(event, "COMMENT");
                Some(notes.clone())
            }
            _ => None,
        })
    }

    pub fn expect_threads_resolved(&mut self) {
        self.take("resolved thread", |effect| (*effect == Effect::ThreadsResolved).then_some(()));
    }

    /// The bot reacted to this comment, in this order.
    pub fn expect_reactions(&mut self, comment: u64, wanted: &[&str]) {
        for content in wanted {
            let reaction = Effect::Reacted { comment, content: (*content).to_owned() };
            self.take(&format!("reaction {content}"), |effect| (*effect == reaction).then_some(()));
        }
    }

    pub fn expect_label_added(&mut self, label: &str) {
        let added = Effect::LabelAdded(vec![label.to_owned()]);
        self.take(&format!("label {label}"), |effect| (*effect == added).then_some(()));
    }

    pub fn expect_label_removed(&mut self, label: &str) {
        let removed = Effect::LabelRemoved(label.to_owned());
        self.take(&format!("removal of {label}"), |effect| (*effect == removed).then_some(()));
    }

    /// A branch was written, object by object. Returns its name.
    pub fn expect_branch(&mut self) -> String {
        for (record, effect) in self.unexpected() {
            if effect == Effect::ObjectWritten {
                self.expected.insert(record.sequence);
            }
        }
        self.take("new branch", |effect| match effect {
            Effect::BranchMade(name) => Some(name.clone()),
            _ => None,
        })
    }

    /// Objects were written that no branch shows.
    pub fn expect_objects(&mut self) {
        self.take("object", |effect| (*effect == Effect::ObjectWritten).then_some(()));
        for (record, effect) in self.unexpected() {
            if effect == Effect::ObjectWritten {
                self.expected.insert(record.sequence);
            }
        }
    }

    /// A draft pull request was opened. Returns its branch, title and text.
    pub fn expect_draft(&mut self) -> (String, String, String) {
        self.take("draft pull request", |effect| match effect {
            Effect::DraftOpened { head, title, body } => {
                Some((head.clone(), title.clone(), body.clone()))
            }
            _ => None,
        })
    }

    pub fn expect_redelivery(&mut self) {
        self.take("redelivery", |effect| (*effect == Effect::RedeliveryAsked).then_some(()));
    }

    /// Everything that the usual first review writes, checks by name and conclusion apart.
    pub fn expect_first_review(&mut self, number: u64, checks: &[(&str, &str)]) -> String {
        self.expect_review(number);
        self.expect_checks(checks);
        self.expect_comment(number)
    }

    /// Whatever was written so far was right.
    pub fn expect_everything(&mut self) {
        for (record, _) in self.unexpected() {
            self.expected.insert(record.sequence);
        }
    }

    /// Nothing was written that the test did not ask for already.
    #[track_caller]
    pub fn expect_nothing(&self) {
        let open: Vec<Effect> = self.unexpected().into_iter().map(|(_, effect)| effect).collect();
        assert!(open.is_empty(), "not asked for: {open:#?}");
    }

    async fn finish(self) {
        self.settle().await;
        self.expect_nothing();
        if !self.dead_jobs_allowed {
            assert_eq!(self.bot.store.dead(10).await.unwrap(), []);
        }
        self.replay().await;
    }

    /// Delivers everything again, then does every job of every delivery again, one by one.
    async fn replay(&self) {
        let mut guids = Vec::new();
        for delivery in self.github.deliveries() {
            let answered = matches!(delivery.outcome, DeliveryOutcome::Answered(200..300));
            if answered && !guids.contains(&delivery.guid) {
                guids.push(delivery.guid);
            }
        }
        let before = self.writes().len();
        let mark = self.mark();
        for guid in &guids {
            self.github.redeliver(guid).unwrap();
        }
        self.settle().await;
        assert_eq!(self.calls_after(mark), [] as [String; 0], "known deliveries cause no work");
        for guid in &guids {
            let stored = self.bot.store.delivery(&DeliveryId(guid.clone())).await.unwrap();
            let stored = stored.expect("an answered delivery is stored");
            // Of a delivery that asked for nothing, nothing but that it came is kept.
            if stored.body.is_empty() {
                continue;
            }
            let jobs = app::jobs_of(&stored).unwrap();
            let about = format!("{} {:?}", stored.event, jobs);
            self.bot.store.enqueue(jobs, self.clock.now()).await.unwrap();
            self.settle().await;
            let written: Vec<Effect> = self.writes().iter().skip(before).map(effect_of).collect();
            assert!(written.is_empty(), "replaying {about} wrote {written:#?}");
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        recording::keep(&self.github);
    }
}

/// A workflow with one finding of the infrastructure agent.
pub const BAD_WORKFLOW: &str = "name: deploy
on: push
permissions: write-all
jobs:
  deploy:
    runs-on: ubuntu-24.04
    steps:
      - run: ./deploy.sh
";

/// The same without the finding.
pub const GOOD_WORKFLOW: &str = "name: deploy
on: push
permissions: {}
jobs:
  deploy:
    runs-on: ubuntu-24.04
    steps:
      - run: ./deploy.sh
";

/// Where both of them stand.
pub const WORKFLOW: &str = ".github/workflows/deploy.yml";

pub fn bad() -> [FileEdit; 1] {
    [FileEdit::write(WORKFLOW, BAD_WORKFLOW)]
}

pub fn good() -> [FileEdit; 1] {
    [FileEdit::write(WORKFLOW, GOOD_WORKFLOW)]
}

/// The aggregate check, and the one of the agent that looks at workflows.
pub const CHECK: &str = "backend-team";
pub const INFRA: &str = "backend-team / infra-engineer";
/// Checks of a pull request that adds [`BAD_WORKFLOW`], and of one that adds [`GOOD_WORKFLOW`].
pub const FAILED: [(&str, &str); 2] = [(CHECK, "failure"), (INFRA, "failure")];
pub const PASSED: [(&str, &str); 2] = [(CHECK, "success"), (INFRA, "success")];

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos/demo")
}

/// The files of one stage of the demo repository: `base`, `change`, `second`.
pub fn stage(name: &str) -> Vec<FileEdit> {
    let root = demo().join(name);
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            found.push((name, std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found.into_iter().map(|(name, bytes)| FileEdit::write(&name, bytes)).collect()
}

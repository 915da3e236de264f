//! Runs rules so that a faulty one costs its own answer and nothing else: a panic or a rule that
//! takes too long is named as not checked, and the others go on.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::policy::Policy;
use crate::domain::change::Change;
use crate::domain::finding::{Finding, RuleCode};
use crate::domain::path::RepoPath;
use crate::domain::report::{Endpoint, NotChecked};
use crate::domain::team::Lane;
use crate::rules::{Gathered, Memo, Rule, RuleRun, Selection, endpoints, run_rule, unread_parts};

/// Parsers recurse over untrusted input. They bound their depth; this is the room for it.
const STACK_BYTES: usize = 64 * 1024 * 1024;

#[derive(Debug, Clone, Copy)]
pub struct RunLimits {
    /// Longest time for one rule over the whole change.
    pub per_rule: Duration,
    /// Rules that run at the same time.
    pub workers: usize,
}

impl Default for RunLimits {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { per_rule: Duration::from_secs(10), workers: cores.clamp(1, 4) }
    }
}

/// What one rule looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLog {
    pub rule: RuleCode,
    pub lane: Lane,
    pub looked_at: Vec<RepoPath>,
}

#[derive(Debug, Default)]
pub struct RunOutcome {
    /// In the order of the rules, not of completion.
    pub findings: Vec<Finding>,
    /// Findings whose place did not exist.
    pub dropped: usize,
    pub ran: Vec<RuleLog>,
    pub not_checked: Vec<NotChecked>,
    /// Operations of described APIs that the change adds, changes or removes.
    pub endpoints: Vec<Endpoint>,
}

/// Everything a rule may see, shared by the worker threads.
struct Shared {
    rules: Vec<&'static Rule>,
    change: Arc<Change>,
    policy: Arc<Policy>,
    gathered: Arc<Gathered>,
    memo: Memo,
    next: AtomicUsize,
}

enum Message {
    Started { worker: usize, rule: usize },
    Finished { worker: usize, rule: usize, result: Result<RuleRun, String> },
    Idle { worker: usize },
}

/// Runs the selected rules and waits for them. Blocks: call it off the async threads.
pub fn run_rules(
    selection: Selection,
    change: Arc<Change>,
    policy: Arc<Policy>,
    gathered: Arc<Gathered>,
    limits: RunLimits,
) -> RunOutcome {
    let count = selection.rules.len();
    let shared = Arc::new(Shared {
        rules: selection.rules,
        change,
        policy,
        gathered,
        memo: Memo::default(),
        next: AtomicUsize::new(0),
    });
    let results = Supervisor::new(shared.clone(), limits).run(count);
    let mut outcome = collect(&shared.rules, results, limits);
    outcome.endpoints = endpoints(&shared.memo);
    let unread = unread_parts(&shared.memo).into_iter();
    outcome
        .not_checked
        .extend(unread.map(|part| NotChecked { what: part.document.to_string(), why: part.why }));
    outcome
}

fn collect(
    rules: &[&'static Rule],
    results: Vec<Option<Result<RuleRun, String>>>,
    limits: RunLimits,
) -> RunOutcome {
    let mut outcome = RunOutcome::default();
    for (rule, result) in rules.iter().zip(results) {
        let code = RuleCode(rule.code.to_owned());
        match result {
            Some(Ok(run)) => {
                outcome.findings.extend(run.findings);
                outcome.dropped += run.dropped;
                let log = RuleLog { rule: code, lane: rule.lane, looked_at: run.looked_at };
                outcome.ran.push(log);
            }
            Some(Err(message)) => {
                tracing::error!(event = "rule_panicked", rule = rule.code, message);
                let why = "the rule failed; this is a fault of backend-team".to_owned();
                outcome.not_checked.push(NotChecked { what: code.0, why });
            }
            None => {
                tracing::error!(event = "rule_timed_out", rule = rule.code);
                let why = format!("the rule took longer than {} s", limits.per_rule.as_secs_f32());
                outcome.not_checked.push(NotChecked { what: code.0, why });
            }
        }
    }
    outcome
}

struct Supervisor {
    shared: Arc<Shared>,
    limits: RunLimits,
    sender: Sender<Message>,
    receiver: Receiver<Message>,
    workers: HashMap<usize, Worker>,
    started: usize,
}

struct Worker {
    stop: Arc<AtomicBool>,
    /// The rule it runs, and since when.
    doing: Option<(usize, Instant)>,
}

impl Supervisor {
    fn new(shared: Arc<Shared>, limits: RunLimits) -> Self {
        let (sender, receiver) = channel();
        Self { shared, limits, sender, receiver, workers: HashMap::new(), started: 0 }
    }

    /// `None` for a rule that did not answer in time.
    fn run(mut self, count: usize) -> Vec<Option<Result<RuleRun, String>>> {
        let mut results: Vec<_> = (0..count).map(|_| None).collect();
        for _ in 0..self.limits.workers.clamp(1, count.max(1)) {
            self.start_worker();
        }
        while !self.workers.is_empty() {
            match self.receiver.recv_timeout(self.patience()) {
                Ok(Message::Started { worker, rule }) => {
                    if let Some(worker) = self.workers.get_mut(&worker) {
                        worker.doing = Some((rule, Instant::now()));
                    }
                }
                Ok(Message::Finished { worker, rule, result }) => {
                    // An abandoned worker that answers late is no longer listed: too late is late.
                    if let Some(worker) = self.workers.get_mut(&worker) {
                        worker.doing = None;
                        if let Some(slot) = results.get_mut(rule) {
                            *slot = Some(result);
                        }
                    }
                }
                Ok(Message::Idle { worker }) => {
                    self.workers.remove(&worker);
                }
                Err(RecvTimeoutError::Timeout) => self.replace_stuck_workers(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        results
    }

    fn start_worker(&mut self) {
        let id = self.started;
        self.started += 1;
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, sender, told) = (self.shared.clone(), self.sender.clone(), stop.clone());
        let builder = thread::Builder::new().name("rules".to_owned()).stack_size(STACK_BYTES);
        let spawned = builder.spawn(move || work(id, &shared, &sender, &told));
        if let Err(error) = spawned {
            tracing::error!(event = "thread_not_started", %error);
            return;
        }
        self.workers.insert(id, Worker { stop, doing: None });
    }

    /// Time until the first running rule is overdue.
    fn patience(&self) -> Duration {
        let limit = self.limits.per_rule;
        let running = self.workers.values().filter_map(|worker| worker.doing.as_ref());
        running
            .map(|(_, since)| limit.saturating_sub(since.elapsed()))
            .min()
            .unwrap_or(limit)
            .max(Duration::from_millis(1))
    }

    fn replace_stuck_workers(&mut self) {
        let limit = self.limits.per_rule;
        let stuck: Vec<usize> = self
            .workers
            .iter()
            .filter(|(_, worker)| worker.doing.is_some_and(|(_, since)| since.elapsed() >= limit))
            .map(|(id, _)| *id)
            .collect();
        for id in stuck {
            if let Some(worker) = self.workers.remove(&id) {
                worker.stop.store(true, Ordering::Relaxed);
            }
            self.start_worker();
        }
    }
}

fn work(id: usize, shared: &Shared, sender: &Sender<Message>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let index = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(rule) = shared.rules.get(index) else { break };
        // The supervisor hangs up only when nobody is waiting for results any more.
        let _ = sender.send(Message::Started { worker: id, rule: index });
        let run = || run_rule(rule, &shared.change, &shared.policy, &shared.gathered, &shared.memo);
        let result = catch_unwind(AssertUnwindSafe(run)).map_err(|panic| message_of(&*panic));
        let _ = sender.send(Message::Finished { worker: id, rule: index, result });
    }
    let _ = sender.send(Message::Idle { worker: id });
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::assemble::{change, file_change};
    use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
    use crate::rules::Check;

    const fn rule(code: &'static str, check: Check) -> Rule {
        Rule {
            code,
            title: "",
            lane: Lane::Qa,
            kind: FindingKind::Evidence,
            category: Category::Process,
            severity: Severity::Minor,
            confidence: Confidence::High,
            equivalents: &[],
            page: "",
            check,
        }
    }

    static GOOD: Rule = rule("test/good", Check::File { applies: |_| true, check: |_, _, _| {} });
    static PANICS: Rule =
        rule("test/panics", Check::File { applies: |_| true, check: |_, _, _| panic!("boom") });
    static ENDLESS: Rule =
        rule("test/endless", Check::File { applies: |_| true, check: |_, _, _| thread::park() });

    #[test]
    fn a_panic_and_an_endless_rule_cost_only_themselves() {
        let path = RepoPath::new("a.txt").unwrap();
        let change = Arc::new(change(vec![file_change(path, None, Some("a\n"))]));
        let selection = Selection { rules: vec![&PANICS, &ENDLESS, &GOOD] };
        let limits = RunLimits { per_rule: Duration::from_millis(50), workers: 1 };
        let outcome = run_rules(selection, change, Arc::default(), Arc::default(), limits);
        let missing: Vec<&str> = outcome.not_checked.iter().map(|n| n.what.as_str()).collect();
        assert_eq!(missing, ["test/panics", "test/endless"]);
        assert_eq!(outcome.ran.len(), 1);
        assert_eq!(outcome.ran[0].rule.0, "test/good");
    }
}

//! Whether a plan keeps the promises that every plan makes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::domain::path::RepoPath;
use crate::domain::plan::{MAX_FILES_PER_TASK, Plan, Strategy, Task};

/// What is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanProblem {
    /// The task, if it is one task's fault.
    pub task: Option<String>,
    /// JSON Pointer into the plan.
    pub pointer: String,
    pub message: String,
}

impl fmt::Display for PlanProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.message)
    }
}

/// Everything that is wrong; empty for a sound plan.
pub fn validate(plan: &Plan) -> Vec<PlanProblem> {
    let mut problems = Vec::new();
    let mut say = |task: Option<&str>, pointer: String, message: String| {
        problems.push(PlanProblem { task: task.map(str::to_owned), pointer, message });
    };
    if plan.version != 1 {
        say(None, "/version".into(), format!("the version is {}, expected 1", plan.version));
    }
    if plan.goal.trim().is_empty() {
        say(None, "/goal".into(), "the goal is empty".into());
    }
    if !(3..=7).contains(&plan.checklist.len()) {
        let count = plan.checklist.len();
        say(None, "/checklist".into(), format!("{count} bullets, expected three to seven"));
    }
    if plan.questions.len() > 5 {
        say(None, "/questions".into(), "more than five questions".into());
    }
    if plan.tasks.is_empty() {
        say(None, "/tasks".into(), "a plan has at least one task".into());
    }
    let ids: BTreeSet<&str> = plan.tasks.iter().map(|task| task.id.as_str()).collect();
    if ids.len() != plan.tasks.len() {
        say(None, "/tasks".into(), "two tasks have the same id".into());
    }
    for (index, task) in plan.tasks.iter().enumerate() {
        for (field, message) in task_problems(task, &ids) {
            say(Some(&task.id), format!("/tasks/{index}{field}"), message);
        }
    }
    if has_cycle(&plan.tasks) {
        say(None, "/tasks".into(), "the dependencies form a cycle".into());
    } else {
        let expected = strategy_of(&plan.tasks);
        if expected != plan.strategy {
            let message = format!("the graph of the tasks makes it {}", strategy_name(expected));
            say(None, "/strategy".into(), message);
        }
    }
    references(plan, &ids, &mut say);
    problems
}

fn task_problems(task: &Task, ids: &BTreeSet<&str>) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if task.agent.trim().is_empty() {
        found.push(("/agent", "a task has exactly one agent".to_owned()));
    }
    for (field, empty) in [
        ("/input", task.input.is_empty()),
        ("/output", task.output.is_empty()),
        ("/checks", task.checks.is_empty()),
    ] {
        if empty {
            found.push((field, "at least one entry is needed".to_owned()));
        }
    }
    if task.files.len() > MAX_FILES_PER_TASK {
        let message = format!("{} files, at most {MAX_FILES_PER_TASK}", task.files.len());
        found.push(("/files", message));
    }
    for dependency in &task.depends_on {
        if *dependency == task.id {
            found.push(("/depends_on", "a task cannot wait for itself".to_owned()));
        } else if !ids.contains(dependency.as_str()) {
            found.push(("/depends_on", format!("there is no task {dependency}")));
        }
    }
    found
}

fn references(
    plan: &Plan,
    ids: &BTreeSet<&str>,
    say: &mut impl FnMut(Option<&str>, String, String),
) {
    let named = |pointer: String, tasks: &[String]| {
        let unknown = tasks.iter().filter(|id| !ids.contains(id.as_str()));
        unknown.map(|id| (pointer.clone(), format!("there is no task {id}"))).collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    for (index, checkpoint) in plan.checkpoints.iter().enumerate() {
        found.extend(named(format!("/checkpoints/{index}/after"), &checkpoint.after));
    }
    for (index, integration) in plan.integration.iter().enumerate() {
        found.extend(named(format!("/integration/{index}/merge"), &integration.merge));
    }
    for (index, gate) in plan.gates.iter().enumerate() {
        found.extend(named(format!("/gates/{index}/tasks"), &gate.tasks));
    }
    for (index, phase) in plan.phases.iter().enumerate() {
        found.extend(named(format!("/phases/{index}/tasks"), &phase.tasks));
    }
    let mut last = None;
    for (index, file) in plan.files.iter().enumerate() {
        let pointer = format!("/files/{index}");
        found.extend(named(format!("{pointer}/task"), std::slice::from_ref(&file.task)));
        if RepoPath::new(file.path.trim_end_matches('/')).is_none() {
            found.push((format!("{pointer}/path"), "not a path inside the repository".to_owned()));
        }
        if last.is_some_and(|last| last > file.class) {
            found.push((pointer, "files are out of order: migrations come first".to_owned()));
        }
        last = Some(file.class);
    }
    for (pointer, message) in found {
        say(None, pointer, message);
    }
}

fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Sequential => "sequential",
        Strategy::Parallel => "parallel",
        Strategy::Hybrid => "hybrid",
    }
}

/// The strategy that follows from the graph: one chain (a single task is one), several tasks and
/// no dependency, or anything else.
pub fn strategy_of(tasks: &[Task]) -> Strategy {
    let edges: usize = tasks.iter().map(|task| unique(&task.depends_on)).sum();
    if edges == 0 && tasks.len() > 1 {
        return Strategy::Parallel;
    }
    let mut followers: BTreeMap<&str, usize> = BTreeMap::new();
    for task in tasks {
        for dependency in task.depends_on.iter().collect::<BTreeSet<_>>() {
            *followers.entry(dependency.as_str()).or_default() += 1;
        }
    }
    let chain = tasks.iter().all(|task| unique(&task.depends_on) <= 1)
        && followers.values().all(|count| *count <= 1)
        && edges + 1 == tasks.len().max(1);
    if chain { Strategy::Sequential } else { Strategy::Hybrid }
}

fn unique(names: &[String]) -> usize {
    names.iter().collect::<BTreeSet<_>>().len()
}

/// Tasks in waves: each wave waits only for earlier ones. Tasks of a cycle are left out.
pub fn waves(tasks: &[Task]) -> Vec<Vec<&str>> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut waves = Vec::new();
    loop {
        let ready: Vec<&str> = tasks
            .iter()
            .filter(|task| !done.contains(task.id.as_str()))
            .filter(|task| task.depends_on.iter().all(|other| done.contains(other.as_str())))
            .map(|task| task.id.as_str())
            .collect();
        if ready.is_empty() {
            return waves;
        }
        done.extend(&ready);
        waves.push(ready);
    }
}

fn has_cycle(tasks: &[Task]) -> bool {
    let ids: BTreeSet<&str> = tasks.iter().map(|task| task.id.as_str()).collect();
    // Names that do not exist are another problem; they hold up nothing here.
    let known: Vec<Task> = tasks
        .iter()
        .map(|task| Task {
            depends_on: task
                .depends_on
                .iter()
                .filter(|other| ids.contains(other.as_str()))
                .cloned()
                .collect(),
            ..task.clone()
        })
        .collect();
    waves(&known).iter().map(Vec::len).sum::<usize>() < known.len()
}

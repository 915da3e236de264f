//! The lenient reader: what people and other tools write by hand is completed, and each repair
//! is said.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::domain::plan::{
    Checkpoint, Classification, Complexity, Execution, Integration, Plan, Risk, Strategy, Task,
    WorkKind, WorkScope,
};
use crate::plan::roles;
use crate::plan::validate::strategy_of;

/// Longest text that is read, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
const MAX_TASKS: usize = 200;

/// A plan as read, with what was repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPlan {
    pub plan: Plan,
    pub warnings: Vec<Warning>,
}

/// Something that was not as the strict form has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// JSON Pointer into the document.
    pub pointer: String,
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.message)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadPlanError {
    #[error("the plan is larger than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("not YAML: {0}")]
    NotYaml(String),
    #[error("not a plan: {0}")]
    NotAPlan(&'static str),
}

/// Reads a plan in YAML or JSON.
pub fn read(text: &str) -> Result<ReadPlan, ReadPlanError> {
    if text.len() > MAX_BYTES {
        return Err(ReadPlanError::TooLarge);
    }
    let value: Value =
        serde_saphyr::from_str(text).map_err(|error| ReadPlanError::NotYaml(error.to_string()))?;
    let Value::Object(mut root) = value else {
        return Err(ReadPlanError::NotAPlan("the document is no mapping"));
    };
    if let Some(Value::Object(inner)) = root.remove("plan") {
        root = inner;
    }
    if !root.contains_key("tasks") {
        return Err(ReadPlanError::NotAPlan("there are no `tasks`"));
    }
    // What the strict writer made needs no repair.
    if let Ok(plan) = serde_json::from_value::<Plan>(Value::Object(root.clone())) {
        let warnings = strategy_warning(&plan);
        return Ok(ReadPlan {
            plan: Plan { strategy: strategy_of(&plan.tasks), ..plan },
            warnings,
        });
    }
    let mut reader = Reader { warnings: Vec::new() };
    let plan = reader.plan(root);
    let mut warnings = reader.warnings;
    warnings.extend(strategy_warning(&plan));
    Ok(ReadPlan { plan: Plan { strategy: strategy_of(&plan.tasks), ..plan }, warnings })
}

fn strategy_warning(plan: &Plan) -> Vec<Warning> {
    let expected = strategy_of(&plan.tasks);
    if expected == plan.strategy {
        return Vec::new();
    }
    let name = |strategy: Strategy| format!("{strategy:?}").to_lowercase();
    let message = format!(
        "`{}` does not fit the dependencies; `{}` is expected and used",
        name(plan.strategy),
        name(expected)
    );
    vec![Warning { pointer: "/strategy".to_owned(), message }]
}

struct Reader {
    warnings: Vec<Warning>,
}

impl Reader {
    fn warn(&mut self, pointer: &str, message: impl Into<String>) {
        self.warnings.push(Warning { pointer: pointer.to_owned(), message: message.into() });
    }

    fn plan(&mut self, mut root: Map<String, Value>) -> Plan {
        let tasks = self.tasks(root.remove("tasks"));
        let goal = match root.remove("goal").map(texts) {
            Some(goal) if !goal.is_empty() => goal.join(" "),
            _ => {
                self.warn("/goal", "missing; one sentence is expected");
                tasks.first().map_or_else(|| "Not stated".to_owned(), |task| task.title.clone())
            }
        };
        let strategy = match root.remove("strategy").map(serde_json::from_value::<Strategy>) {
            Some(Ok(strategy)) => strategy,
            _ => {
                let message = "missing or unknown; sequential, parallel or hybrid is expected";
                self.warn("/strategy", message);
                strategy_of(&tasks)
            }
        };
        let classification = self.classification(root.remove("classification"), tasks.len());
        let plan = Plan {
            version: 1,
            goal,
            strategy,
            classification,
            requirements: self.list(&mut root, "requirements"),
            checklist: self.checklist(root.remove("checklist"), &tasks),
            inputs: self.list(&mut root, "inputs"),
            evidence: self.list(&mut root, "evidence"),
            files: self.list(&mut root, "files"),
            checkpoints: self.checkpoints(root.remove("checkpoints")),
            integration: self.integration(root.remove("integration")),
            contract: self.one(&mut root, "contract"),
            gates: self.list(&mut root, "gates"),
            assumptions: root.remove("assumptions").map(texts).unwrap_or_default(),
            questions: self.list(&mut root, "questions"),
            phases: self.list(&mut root, "phases"),
            left_out: root.remove("left_out").map(texts).unwrap_or_default(),
            tasks,
        };
        root.remove("version");
        for key in root.keys().take(20).cloned().collect::<Vec<_>>() {
            self.warn(&format!("/{key}"), "unknown key, ignored");
        }
        plan
    }

    fn one<T: DeserializeOwned>(&mut self, root: &mut Map<String, Value>, key: &str) -> Option<T> {
        match serde_json::from_value(root.remove(key)?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.warn(&format!("/{key}"), format!("not as expected, ignored: {error}"));
                None
            }
        }
    }

    fn list<T: DeserializeOwned>(&mut self, root: &mut Map<String, Value>, key: &str) -> Vec<T> {
        let Some(value) = root.remove(key) else { return Vec::new() };
        let items = match value {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            other => vec![other],
        };
        let mut kept = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            match serde_json::from_value(item) {
                Ok(item) => kept.push(item),
                Err(error) => {
                    let pointer = format!("/{key}/{index}");
                    self.warn(&pointer, format!("not as expected, ignored: {error}"));
                }
            }
        }
        kept
    }

    fn tasks(&mut self, value: Option<Value>) -> Vec<Task> {
        let items = match value {
            Some(Value::Array(items)) => items,
            _ => {
                self.warn("/tasks", "a list of tasks is expected");
                return Vec::new();
            }
        };
        let mut tasks = Vec::new();
        for (index, item) in items.into_iter().enumerate().take(MAX_TASKS) {
            if let Ok(task) = serde_json::from_value::<Task>(item.clone()) {
                tasks.push(task);
                continue;
            }
            let pointer = format!("/tasks/{index}");
            match item {
                Value::Object(fields) => tasks.push(self.task(&pointer, index, fields)),
                _ => self.warn(&pointer, "not a mapping, ignored"),
            }
        }
        tasks
    }

    fn task(&mut self, pointer: &str, index: usize, mut fields: Map<String, Value>) -> Task {
        let mut one = |key: &str| fields.remove(key).map(texts).map(|texts| texts.join(" "));
        let (id, agent, lane) = (one("id"), one("agent"), one("lane"));
        let (short, title) = (one("task"), one("title"));
        let because = one("because").unwrap_or_default();
        let (rollback, observe) = (one("rollback"), one("observe"));
        let mut many = |key: &str| fields.remove(key).map(texts).unwrap_or_default();
        let (input, output) = (many("input"), many("output"));
        let (depends_on, checks) = (many("depends_on"), many("checks"));
        let (files, serves) = (many("files"), many("serves"));
        let id = id.unwrap_or_else(|| {
            let id = format!("T{}", index + 1);
            self.warn(&format!("{pointer}/id"), format!("missing; `{id}` is used"));
            id
        });
        let agent = agent.unwrap_or_else(|| {
            self.warn(&format!("{pointer}/agent"), "missing; a task has exactly one agent");
            String::new()
        });
        let made = if output.is_empty() { id.clone() } else { output.join(", ") };
        let title = self.title(pointer, title, short, made);
        let mut needed = |name: &str, found: Vec<String>, instead: String| {
            if found.is_empty() {
                self.warn(&format!("{pointer}/{name}"), "missing; at least one entry is expected");
                return vec![instead];
            }
            found
        };
        let before = match depends_on.as_slice() {
            [] => "the request".to_owned(),
            some => format!("what {} yields", some.join(", ")),
        };
        let input = needed("input", input, before);
        let output = needed("output", output, title.clone());
        let checks = needed("checks", checks, format!("{title}: reviewed"));
        let lane = lane.unwrap_or_else(|| roles::lane_of_name(&agent).as_str().to_owned());
        let execution =
            fields.remove("execution").and_then(|value| serde_json::from_value(value).ok());
        for key in fields.keys().take(10) {
            self.warn(&format!("{pointer}/{key}"), "unknown key, ignored");
        }
        Task {
            id,
            title,
            agent,
            lane,
            because,
            input,
            output,
            files,
            depends_on,
            checks,
            serves,
            rollback,
            observe,
            execution: execution.unwrap_or(Execution::Delegated),
        }
    }

    fn title(
        &mut self,
        pointer: &str,
        title: Option<String>,
        short: Option<String>,
        made: String,
    ) -> String {
        if let Some(title) = title {
            return title;
        }
        if let Some(short) = short {
            self.warn(&format!("{pointer}/task"), "read as `title`");
            return short;
        }
        self.warn(&format!("{pointer}/title"), "missing; made from what the task yields");
        made
    }

    fn classification(&mut self, value: Option<Value>, tasks: usize) -> Classification {
        if let Some(Ok(found)) = value.map(serde_json::from_value) {
            return found;
        }
        self.warn("/classification", "missing; medium risk is assumed");
        Classification {
            kind: WorkKind::Planning,
            scope: WorkScope::SingleApp,
            risk: Risk::Medium,
            risk_reasons: vec!["the plan does not say what it risks".to_owned()],
            complexity: if tasks > 1 { Complexity::Moderate } else { Complexity::Simple },
            areas: Vec::new(),
            pattern: None,
        }
    }

    fn checklist(&mut self, value: Option<Value>, tasks: &[Task]) -> Vec<String> {
        let mut found = value.map(texts).unwrap_or_default();
        if !(3..=7).contains(&found.len()) {
            self.warn("/checklist", "three to seven bullets are expected; made from the tasks");
            found = tasks.iter().map(|task| task.title.clone()).take(5).collect();
            let usual = ["Check each result", "Bring the results together", "Hand over"];
            for bullet in usual.iter().take(3_usize.saturating_sub(found.len())) {
                found.push((*bullet).to_owned());
            }
        }
        found
    }

    /// `after: T1` is read as `after: [T1]`.
    fn checkpoints(&mut self, value: Option<Value>) -> Vec<Checkpoint> {
        self.pairs(value, "checkpoints", ["after", "validate"])
            .into_iter()
            .map(|(after, validate)| Checkpoint { after, validate })
            .collect()
    }

    fn integration(&mut self, value: Option<Value>) -> Vec<Integration> {
        self.pairs(value, "integration", ["merge", "into"])
            .into_iter()
            .map(|(merge, into)| Integration { merge, into })
            .collect()
    }

    fn pairs(
        &mut self,
        value: Option<Value>,
        key: &str,
        [first, second]: [&str; 2],
    ) -> Vec<(Vec<String>, Vec<String>)> {
        let items = match value {
            Some(Value::Array(items)) => items,
            Some(Value::Null) | None => Vec::new(),
            Some(other) => vec![other],
        };
        let mut found = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::Object(mut fields) => {
                    let mut take = |name: &str| fields.remove(name).map(texts).unwrap_or_default();
                    found.push((take(first), take(second)));
                }
                _ => self.warn(&format!("/{key}/{index}"), "not a mapping, ignored"),
            }
        }
        found
    }
}

/// A text, a number or a list of these, as texts.
fn texts(value: Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text],
        Value::Array(items) => items
            .into_iter()
            .filter_map(|item| match item {
                Value::String(text) => Some(text),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
                other => Some(other.to_string()),
            })
            .collect(),
        Value::Object(_) => Vec::new(),
        other => vec![other.to_string()],
    }
}

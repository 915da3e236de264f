//! A plan: what is to be done about an issue, by whom, in which order, and who must agree.
//!
//! This is also the canonical form that is shown as YAML and JSON: keys are stable, the writer is
//! strict. Texts may hold words of the issue or of the repository: they are
//! [prose](super::finding::Prose), never Markdown, and only the renderer may show them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::Prose;

/// Most files that one task may touch.
pub const MAX_FILES_PER_TASK: usize = 15;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// 1.
    pub version: u32,
    /// One sentence.
    pub goal: Prose,
    pub strategy: Strategy,
    pub classification: Classification,
    /// What the issue asks for, in its own words.
    pub requirements: Vec<Requirement>,
    /// Three to seven bullets.
    pub checklist: Vec<Prose>,
    /// The inputs that work of this kind needs: there, or missing.
    pub inputs: Vec<Input>,
    /// What in the repository the plan rests on.
    pub evidence: Vec<Evidence>,
    /// In the order in which they are written: migrations first.
    pub files: Vec<PlannedFile>,
    pub tasks: Vec<Task>,
    pub checkpoints: Vec<Checkpoint>,
    pub integration: Vec<Integration>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub contract: Option<Contract>,
    pub gates: Vec<Gate>,
    pub assumptions: Vec<Prose>,
    pub questions: Vec<Question>,
    /// More than one only where the risk or the size asks for it.
    pub phases: Vec<Phase>,
    /// What the search for evidence left out, and why.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub left_out: Vec<Prose>,
}

/// Follows from the graph of the tasks: one chain, no dependency at all, or anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    Sequential,
    Parallel,
    Hybrid,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Classification {
    #[serde(rename = "type")]
    pub kind: WorkKind,
    pub scope: WorkScope,
    pub risk: Risk,
    /// Why the risk is what it is, one clause each; empty for low.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub risk_reasons: Vec<Prose>,
    pub complexity: Complexity,
    /// What the work touches (the scope map).
    pub areas: Vec<Area>,
    /// The collaboration pattern whose order of agents the plan follows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pattern: Option<Pattern>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WorkKind {
    Feature,
    Bug,
    Refactor,
    Chore,
    Discovery,
    Planning,
    Design,
    Content,
    I18n,
    Testing,
    Devops,
    NewProject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WorkScope {
    SingleApp,
    CrossStack,
    MonorepoWide,
}

/// Low: local. Medium: shared code, a minor contract change. High: authentication, permissions,
/// tenants, payments, personal data, schema, a breaking contract.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    Low,
    Medium,
    High,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Complexity {
    /// One agent.
    Simple,
    /// Two or three, one after the other.
    Moderate,
    /// Three or more with dependencies that branch.
    Complex,
    /// Nobody can tell yet: ask.
    Ambiguous,
}

/// What a request is about: the ten rows of the scope map.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    Schema,
    Query,
    Api,
    ServerFunction,
    Realtime,
    Auth,
    Deployment,
    Debugging,
    Performance,
    Monitoring,
}

/// Collaboration patterns and typical flows, each with a fixed order of agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    NewService,
    ApiChange,
    Incident,
    NewFeature,
    Performance,
    BugFix,
    SecurityReview,
    Deployment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// `R1`, `R2`, …
    pub id: String,
    pub text: Prose,
    /// Where it was read: a heading of the issue, "task list", "title".
    pub from: String,
}

/// An input manifest entry: TechSpec, APIContract, DataModel, SecurityPolicy, PerfTargets,
/// OpsGuides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    /// `None`: missing.
    pub path: Option<String>,
}

/// A place in the repository that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    pub path: String,
    /// `12` or `12-20`, 1-based; absent for the file as a whole.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lines: Option<String>,
    /// What it shows.
    pub shows: Prose,
}

/// The ten classes in which files are written, in this order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FileClass {
    Migration,
    Schema,
    Port,
    Service,
    Controller,
    Validation,
    Job,
    Test,
    Observability,
    Docs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileAction {
    Add,
    Modify,
    Remove,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedFile {
    /// A path, or a directory with a final `/` where the name is the author's choice.
    pub path: String,
    pub class: FileClass,
    pub action: FileAction,
    /// The task that writes it.
    pub task: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// `T1`, `T2`, …
    pub id: String,
    pub title: Prose,
    /// The member's name as the repository writes it.
    pub agent: String,
    /// The lane's name (`data`, `lead`, `implementer`, …).
    pub lane: String,
    /// Why this agent.
    pub because: Prose,
    pub input: Vec<Prose>,
    pub output: Vec<Prose>,
    /// Paths of the plan's files; at most [`MAX_FILES_PER_TASK`].
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub files: Vec<String>,
    pub depends_on: Vec<String>,
    /// How one sees that it is done; at least one.
    pub checks: Vec<Prose>,
    /// Ids of requirements it serves.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub serves: Vec<String>,
    /// How to get back out, for a risky step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rollback: Option<Prose>,
    /// What to watch while it goes out, for a risky step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub observe: Option<Prose>,
    /// Whether the product can do it by itself without a model, and what exactly it would write.
    pub execution: Execution,
}

/// Who carries a task out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "by", deny_unknown_fields)]
pub enum Execution {
    /// Written by rules, for this repository's stack.
    Generated { artefact: Artefact },
    /// Needs judgement: a delegation packet for a person or a coding agent.
    Delegated,
    /// Nothing is written: a review, an analysis or a decision.
    Advice,
}

/// What can be written without judgement. Names of tables, columns, paths and so on come from the
/// issue or the repository, word for word, after validation as identifiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "what", deny_unknown_fields)]
pub enum Artefact {
    /// A migration and its way back.
    Migration { changes: Vec<SchemaChange> },
    /// Operations added to the OpenAPI document at `path` (a new file where there is none).
    ApiContract { path: String, endpoints: Vec<Endpoint> },
    /// Tests that fail until the behaviour is there.
    TestSkeleton { subject: String, cases: Vec<Prose> },
    /// An alert rule and its runbook stub.
    Alert { subject: String },
    /// A section of a document.
    Document { path: String, topic: Prose },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "do", deny_unknown_fields)]
pub enum SchemaChange {
    CreateTable {
        table: String,
        columns: Vec<ColumnSpec>,
    },
    AddColumn {
        table: String,
        column: ColumnSpec,
    },
    AddIndex {
        table: String,
        columns: Vec<String>,
        unique: bool,
    },
    AddForeignKey {
        table: String,
        column: String,
        references_table: String,
    },
    /// Only ever planned as the last phase of expand, migrate, contract.
    DropColumn {
        table: String,
        column: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    pub name: String,
    /// In neutral words: `text`, `integer`, `bigint`, `boolean`, `timestamp`, `date`, `uuid`,
    /// `decimal`, `json`, or `reference`.
    #[serde(rename = "type")]
    pub kind: String,
    pub required: bool,
    /// The table that a `reference` points to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub references: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Ids of tasks.
    pub after: Vec<String>,
    pub validate: Vec<Prose>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Integration {
    /// Ids of tasks whose outputs come together.
    pub merge: Vec<String>,
    pub into: Vec<Prose>,
}

/// Agreed before anybody implements, where backend and web are both touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// `draft` until everybody named has agreed.
    pub state: ContractState,
    pub endpoints: Vec<Endpoint>,
    pub errors: Vec<ErrorShape>,
    pub i18n: Vec<I18nText>,
    /// `envelope` or `rfc7807`; absent when the repository shows neither.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub profile: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContractState {
    Draft,
    Agreed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Upper case.
    pub method: String,
    pub path: String,
    /// Fields as known so far; empty: to be decided.
    pub request: Vec<String>,
    pub response: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorShape {
    pub status: u16,
    #[serde(rename = "type")]
    pub kind: String,
    pub code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct I18nText {
    pub key: String,
    pub default: String,
}

/// Why a person must decide.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum GateKind {
    Schema,
    Dependency,
    BreakingApi,
    Auth,
    Tenancy,
    Payments,
    /// Nothing risky, but the product never writes without a person's word.
    Plan,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// As people type it: the kind's name.
    pub id: GateKind,
    pub decision: Prose,
    pub context: Prose,
    pub options: Vec<GateOption>,
    /// What can go wrong without it.
    pub risk: Prose,
    /// Tasks that wait for it.
    pub tasks: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateOption {
    pub name: Prose,
    pub pros: Prose,
    pub cons: Prose,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// `1` to `5`.
    pub id: u8,
    /// What the answer is kept under: stable across re-planning (`table-columns`, `api-contract`).
    pub topic: String,
    pub text: Prose,
    /// The first is the minimal safe one.
    pub options: Vec<Prose>,
    /// Whether work waits for the answer.
    pub blocking: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    pub name: Prose,
    pub tasks: Vec<String>,
    /// Done when.
    pub done: Vec<Prose>,
}

/// An answer that a person gave to a question of an earlier version of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    pub topic: String,
    /// The option's text, or the person's own words.
    pub answer: String,
    pub by: super::ids::Login,
}

//! `.github/backend-team.toml`: what a repository decides about its reviews.
//!
//! Read from the base commit only. Every key is optional. An unknown key is reported and ignored;
//! a value of the wrong type makes the whole file unusable, which is reported, and the defaults
//! apply.

use std::collections::BTreeMap;

use globset::{Glob, GlobSet, GlobSetBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::finding::Severity;
use crate::domain::instructions::{Problem, ProblemLevel};
use crate::domain::path::RepoPath;
use crate::domain::run::PlanDetail;

/// Where the policy lives.
pub const POLICY_PATH: &str = ".github/backend-team.toml";

/// The file as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct Policy {
    /// Findings of this severity or above make the check fail. `never`: nothing does.
    #[serde(alias = "block_on")]
    pub block_on: BlockOn,
    /// Whether findings below `block-on` make the check fail too, instead of neutral.
    pub strict: bool,
    /// Changes with more files than this get a proposal for splitting them. Lock files, generated
    /// and vendored files do not count.
    #[serde(alias = "max_files")]
    pub max_files: usize,
    /// Globs of files that are not looked at.
    pub ignore: Vec<String>,
    /// Globs of code whose failure is an incident: stricter about tests and signals there.
    #[serde(alias = "critical_paths")]
    pub critical_paths: Vec<String>,
    /// Settings per rule, by code (`migration/missing-rollback`) or family (`migration/*`); the
    /// most specific one counts.
    pub rules: BTreeMap<String, RuleSetting>,
    pub migrations: MigrationsPolicy,
    pub openapi: OpenapiPolicy,
    pub review: ReviewPolicy,
    pub checks: ChecksPolicy,
    pub labels: LabelsPolicy,
    pub commands: CommandsPolicy,
    pub gates: GatesPolicy,
    pub plans: PlansPolicy,
}

/// When the aggregate check fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BlockOn {
    Critical,
    Major,
    Minor,
    Info,
    Never,
}

impl BlockOn {
    pub fn blocks(self, severity: Severity) -> bool {
        match self {
            Self::Critical => severity >= Severity::Critical,
            Self::Major => severity >= Severity::Major,
            Self::Minor => severity >= Severity::Minor,
            Self::Info => true,
            Self::Never => false,
        }
    }
}

/// `"off"`, a severity, or a table `{ level = "minor", ignore = ["legacy/**"] }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RuleSetting {
    Level(RuleLevel),
    Table {
        /// Omitted: the rule's own severity.
        level: Option<RuleLevel>,
        /// Globs of files that this rule does not look at.
        #[serde(default)]
        ignore: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleLevel {
    Off,
    Info,
    Minor,
    Major,
    Critical,
}

impl RuleLevel {
    /// `None` means off.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Info => Some(Severity::Info),
            Self::Minor => Some(Severity::Minor),
            Self::Major => Some(Severity::Major),
            Self::Critical => Some(Severity::Critical),
        }
    }
}

/// What migrations cannot say about how they are run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct MigrationsPolicy {
    /// The database that migrations in SQL are for: `postgresql`, `mysql` (MariaDB too), `sqlite` or
    /// `sqlserver`. Unset: what the migrations and the configuration show. A path that names another
    /// one is believed first.
    pub database: Option<Database>,
    /// Major version of the oldest PostgreSQL server in use; unset: 15.
    #[serde(alias = "postgres_version")]
    pub postgres_version: Option<u32>,
    /// Whether the tool runs each file in a transaction, where that depends on more than the file.
    #[serde(alias = "in_transaction")]
    pub in_transaction: Option<bool>,
    /// How long a table counts as new and empty: for the `change` that makes it, for the
    /// `migration`, or for the `transaction`.
    #[serde(alias = "new_tables")]
    pub new_tables: NewTables,
    /// Sections that every migration must have as comments, such as `VERIFY` and `OPERATIONS`.
    pub sections: Vec<String>,
}

/// A database that migrations are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Database {
    #[serde(alias = "postgres")]
    Postgresql,
    #[serde(alias = "mariadb")]
    Mysql,
    Sqlite,
    #[serde(alias = "mssql", alias = "sql-server")]
    Sqlserver,
}

/// How long a table that a migration makes counts as empty and unused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NewTables {
    #[default]
    Change,
    Migration,
    Transaction,
}

/// What API descriptions are held to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct OpenapiPolicy {
    /// The shape of errors that new operations describe: `problem` (RFC 9457), `envelope` (an
    /// object under `error`), or `detect`: the one that the description has so far.
    #[serde(alias = "error_shape", alias = "error-profile", alias = "error_profile")]
    pub error_shape: ErrorShape,
}

/// The shape of described errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ErrorShape {
    #[default]
    #[serde(alias = "auto")]
    Detect,
    #[serde(alias = "rfc7807", alias = "rfc9457")]
    Problem,
    Envelope,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct ReviewPolicy {
    /// Whether draft pull requests are reviewed without being asked.
    pub drafts: bool,
    /// Whether pull requests by bots are reviewed without being asked.
    pub bots: bool,
    /// Whether findings are also noted on the lines of the diff.
    #[serde(alias = "line_notes")]
    pub line_notes: bool,
    /// Most line notes in one review (GitHub and readers both suffer from more); at most 30.
    #[serde(alias = "max_line_notes")]
    pub max_line_notes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct ChecksPolicy {
    /// Name of the aggregate check; the agents' checks are `NAME / AGENT`.
    pub name: String,
    /// Whether a check is posted for every reviewer, `skipped` where there is nothing to look at:
    /// needed if single agents' checks are required by branch protection.
    pub all: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct LabelsPolicy {
    /// This label asks for a review, drafts and bots included, and on an issue for a plan.
    pub trigger: String,
    /// Pull requests and issues with one of these labels are left alone.
    pub exclude: Vec<String>,
    /// Whether the outcome is also shown as a label (`backend-team: findings`, …).
    pub state: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct CommandsPolicy {
    /// What a command starts with, without the slash.
    pub prefix: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct GatesPolicy {
    /// Who approves and rejects: `@org/team` or a login. Empty: whoever has maintain or admin
    /// permission. Never the author, never a bot.
    pub approvers: Vec<String>,
    /// Whether code owners decide too: somebody with write permission who, by the base commit's
    /// CODEOWNERS, owns every file that waits for the gate.
    #[serde(alias = "code_owners")]
    pub code_owners: bool,
    /// Whether approved plans are written to branches, with draft pull requests. Otherwise, and
    /// where the App may not write, the diff is shown in a comment.
    #[serde(alias = "allow_branches")]
    pub allow_branches: bool,
    /// Whether the work starts as soon as every gate is approved; otherwise `implement` starts it.
    pub automatic: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, rename_all = "kebab-case")]
pub struct PlansPolicy {
    /// How much of a plan's comment is open to the eye: `terse`, `balanced` or `verbose`.
    pub detail: PlanDetail,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            block_on: BlockOn::Major,
            strict: false,
            max_files: 15,
            ignore: Vec::new(),
            critical_paths: Vec::new(),
            rules: BTreeMap::new(),
            migrations: MigrationsPolicy::default(),
            openapi: OpenapiPolicy::default(),
            review: ReviewPolicy::default(),
            checks: ChecksPolicy::default(),
            labels: LabelsPolicy::default(),
            commands: CommandsPolicy::default(),
            gates: GatesPolicy::default(),
            plans: PlansPolicy::default(),
        }
    }
}

impl Default for ReviewPolicy {
    fn default() -> Self {
        Self { drafts: false, bots: false, line_notes: true, max_line_notes: 30 }
    }
}

impl Default for ChecksPolicy {
    fn default() -> Self {
        Self { name: "backend-team".to_owned(), all: false }
    }
}

impl Default for LabelsPolicy {
    fn default() -> Self {
        Self {
            trigger: "backend-team".to_owned(),
            exclude: vec!["no-backend-team".to_owned()],
            state: false,
        }
    }
}

impl Default for CommandsPolicy {
    fn default() -> Self {
        Self { prefix: "backend-team".to_owned() }
    }
}

impl Default for GatesPolicy {
    fn default() -> Self {
        Self { approvers: Vec::new(), code_owners: true, allow_branches: true, automatic: true }
    }
}

impl Policy {
    /// The policy that `text` (the file at `path`) sets, and what is wrong with it.
    /// `known_rule` tells whether a rule code or family glob exists.
    pub fn parse(
        text: &str,
        path: &RepoPath,
        known_rule: impl Fn(&str) -> bool,
    ) -> (Self, Vec<Problem>) {
        let problem =
            |level, line, message: String| Problem { level, path: path.clone(), line, message };
        let mut unknown = Vec::new();
        let parsed = toml::Deserializer::parse(text).and_then(|deserializer| {
            serde_ignored::deserialize(deserializer, |key| unknown.push(key.to_string()))
        });
        let mut policy: Self = match parsed {
            Ok(policy) => policy,
            Err(error) => {
                let line = error.span().map(|span| line_of(text, span.start));
                let message = format!(
                    "the policy cannot be read ({}); the defaults apply until it is mended",
                    error.message().trim().replace('\n', " ")
                );
                return (Self::default(), vec![problem(ProblemLevel::Error, line, message)]);
            }
        };
        let mut problems: Vec<Problem> = unknown
            .iter()
            .map(|key| {
                let message =
                    format!("unknown key `{key}` is ignored; see the configuration reference");
                problem(ProblemLevel::Warning, line_of_key(text, key), message)
            })
            .collect();
        for code in policy.rules.keys().filter(|code| !known_rule(code)) {
            let message = format!("there is no rule `{code}`; `backend-team rules` lists them");
            problems.push(problem(ProblemLevel::Warning, line_of_key(text, code), message));
        }
        for pattern in policy.globs() {
            if let Err(error) = Glob::new(&pattern) {
                let message = format!("`{pattern}` is not a glob and is ignored: {}", error.kind());
                problems.push(problem(ProblemLevel::Warning, line_of_key(text, &pattern), message));
            }
        }
        if policy.review.max_line_notes > 30 {
            policy.review.max_line_notes = 30;
            let message = "`max-line-notes` is at most 30; 30 is used".to_owned();
            problems.push(problem(
                ProblemLevel::Warning,
                line_of_key(text, "max-line-notes"),
                message,
            ));
        }
        (policy, problems)
    }

    fn globs(&self) -> Vec<String> {
        let per_rule = self.rules.values().flat_map(|setting| match setting {
            RuleSetting::Table { ignore, .. } => ignore.clone(),
            RuleSetting::Level(_) => Vec::new(),
        });
        self.ignore.iter().chain(&self.critical_paths).cloned().chain(per_rule).collect()
    }

    /// What applies to a rule: the entry for its code, else for its family (`family/*`).
    pub fn rule(&self, code: &str) -> Option<&RuleSetting> {
        self.rules.get(code).or_else(|| {
            let (family, _) = code.split_once('/')?;
            self.rules.get(&format!("{family}/*"))
        })
    }

    /// The severity that a rule's findings have here; `None` if the rule is off.
    pub fn severity_of(&self, code: &str, own: Severity) -> Option<Severity> {
        self.level_of(code).map_or(Some(own), RuleLevel::severity)
    }

    /// The level that the policy names for this rule, if it names one.
    pub fn level_of(&self, code: &str) -> Option<RuleLevel> {
        match self.rule(code)? {
            RuleSetting::Level(level) => Some(*level),
            RuleSetting::Table { level, .. } => *level,
        }
    }
}

/// A set of globs; a pattern that is not a glob matches nothing (it was reported when read).
#[derive(Debug, Clone)]
pub struct PathSet(GlobSet);

impl PathSet {
    pub fn new<S: AsRef<str>>(globs: &[S]) -> Self {
        let mut builder = GlobSetBuilder::new();
        for glob in globs.iter().filter_map(|glob| Glob::new(glob.as_ref()).ok()) {
            builder.add(glob);
        }
        Self(builder.build().unwrap_or_else(|_| GlobSet::empty()))
    }

    pub fn matches(&self, path: &RepoPath) -> bool {
        self.0.is_match(path.as_str())
    }
}

fn line_of(text: &str, offset: usize) -> u32 {
    let before = text.get(..offset).unwrap_or(text);
    u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
}

/// The first line that holds the last part of a dotted key.
fn line_of_key(text: &str, key: &str) -> Option<u32> {
    let last = if key.contains('/') { key } else { key.rsplit('.').next().unwrap_or(key) };
    let at = text.lines().position(|line| line.contains(last))?;
    u32::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Policy, Vec<Problem>) {
        Policy::parse(text, &RepoPath::new(POLICY_PATH).unwrap(), |code| {
            code.starts_with("migration/")
        })
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(parse(""), (Policy::default(), vec![]));
    }

    #[test]
    fn reads_rules_and_keeps_the_most_specific() {
        let (policy, problems) = parse(
            "block-on = \"critical\"\n[rules]\n\"migration/*\" = \"minor\"\n\"migration/x\" = \"off\"\n",
        );
        assert_eq!(problems, vec![]);
        assert_eq!(policy.severity_of("migration/x", Severity::Major), None);
        assert_eq!(policy.severity_of("migration/y", Severity::Major), Some(Severity::Minor));
        assert_eq!(policy.severity_of("docker/y", Severity::Major), Some(Severity::Major));
    }

    #[test]
    fn unknown_keys_are_reported_with_their_line_and_nothing_else_is_lost() {
        let (policy, problems) = parse("strict = true\n\n[review]\ndraft = true\n");
        assert!(policy.strict);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, Some(4));
        assert!(problems[0].message.contains("review.draft"));
    }

    #[test]
    fn a_wrong_type_is_an_error_with_a_line() {
        let (policy, problems) = parse("\nmax-files = \"many\"\n");
        assert_eq!(policy, Policy::default());
        assert_eq!(problems[0].level, ProblemLevel::Error);
        assert_eq!(problems[0].line, Some(2));
    }

    #[test]
    fn unknown_rules_and_bad_globs_are_reported() {
        let (_, problems) = parse("ignore = [\"a[\"]\n[rules]\n\"nope/x\" = \"off\"\n");
        assert_eq!(problems.len(), 2);
    }
}

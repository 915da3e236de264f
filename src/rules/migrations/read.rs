//! From a file's text to the common form of facts, whatever it is written in.

use std::ops::Range;

use squawk_linter::{Linter, Rule as Hit};
use squawk_syntax::{Parse, SourceFile};

use super::dialect::Dialect;
use super::discover::{self, Framework};
use super::facts::Statement;
use super::{dialects, postgres, translate};
use crate::config::policy::Policy;
use crate::rules::parse::sql;

/// What one direction of a migration does.
#[derive(Debug, Default)]
pub struct Read {
    /// In the order in which they run.
    pub statements: Vec<Statement>,
    /// What squawk's linter reports, by rule; empty for everything but PostgreSQL's SQL.
    pub hits: Vec<LinterHit>,
    /// Whether every statement was understood. What is not is `Kind::Other`.
    pub complete: bool,
    /// Bytes of statements that were not understood, as far as the reader tells them apart.
    pub unread: Vec<Range<usize>>,
    /// Bytes of the file whose statements the author has declared safe, as the framework lets one.
    pub assured: Vec<Range<usize>>,
}

/// How a file is run, as far as it does not say so itself.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub dialect: Dialect,
    /// The tool runs it in a transaction.
    pub wrapped: bool,
    /// Major version of the PostgreSQL server.
    pub postgres: u32,
    /// Whether squawk's linter is run as well.
    pub lint: bool,
}

impl Setting {
    /// For rules that ask neither for transactions nor for what depends on the version.
    pub fn plain(dialect: Dialect) -> Self {
        Self { dialect, wrapped: false, postgres: POSTGRES_VERSION, lint: false }
    }
}

/// What is taken as the server's version where the policy names none.
const POSTGRES_VERSION: u32 = 15;

/// Major version of the PostgreSQL server that the policy names, or the one that is assumed.
pub fn postgres_version(policy: &Policy) -> u32 {
    policy.migrations.postgres_version.unwrap_or(POSTGRES_VERSION)
}

/// What the linter reports beyond its own defaults, for rules that the policy switches on.
const ON_REQUEST: [Hit; 27] = [
    Hit::RequireTableSchema,
    Hit::RequireTimeoutSettings,
    Hit::BanDropTrigger,
    Hit::BanAlterGeneratedExpression,
    Hit::BanDropIndex,
    Hit::BanSetDefault,
    Hit::BanDisableTrigger,
    Hit::BanReplicaIdentity,
    Hit::BanDropPolicy,
    Hit::BanRevoke,
    Hit::BanReplaceViewFunction,
    Hit::BanAlterPolicyCondition,
    Hit::BanAlterPolicyRoles,
    Hit::BanCreatePolicy,
    Hit::BanAlterFunctionOptions,
    Hit::BanAlterViewOptions,
    Hit::BanAlterRoleOptions,
    Hit::BanAlterDatabaseOptions,
    Hit::BanAlterRowLevelSecurity,
    Hit::BanNewWriteRestriction,
    Hit::BanAddEnumValue,
    Hit::BanAddCompositeAttribute,
    Hit::BanAddColumn,
    Hit::BanDetachInheritance,
    Hit::BanAlterSequenceValues,
    Hit::BanAlterSystemOptions,
    Hit::BanAlterExtension,
];

/// Reads the forward part of a migration.
pub fn forward(framework: Framework, text: &str, setting: Setting) -> Read {
    if let Some(translation) = translate::translate(framework, text) {
        let masked = sql::standard_quotes(&translation.sql);
        return translation.in_source(postgres_sql(&masked, setting));
    }
    let forward = discover::forward_part(framework, text);
    let masked = sql::keep_only(text, &forward);
    let read = match setting.dialect {
        Dialect::MySql | Dialect::Sqlite | Dialect::SqlServer => {
            dialects::read(setting.dialect, &masked, setting.wrapped)
        }
        Dialect::Postgres | Dialect::Other => None,
    };
    match (read, setting.dialect) {
        (Some(read), _) => read,
        // Nothing of it reads like PostgreSQL's language.
        (None, Dialect::SqlServer) => {
            Read { unread: std::iter::once(0..text.len()).collect(), ..Read::default() }
        }
        (None, _) => postgres_sql(&sql::standard_quotes(&masked), setting),
    }
}

/// Reads the way back that a migration in code has in its own file.
pub fn backward(framework: Framework, text: &str, setting: Setting) -> Option<Read> {
    let translation = translate::backward(framework, text)?;
    let masked = sql::standard_quotes(&translation.sql);
    Some(translation.in_source(postgres_sql(&masked, setting)))
}

fn postgres_sql(masked: &str, setting: Setting) -> Read {
    let Some(parsed) = sql::parse(masked) else { return Read::default() };
    let statements = postgres::statements(&parsed.tree(), setting.wrapped);
    let lint = setting.lint && setting.dialect == Dialect::Postgres;
    let hits = if lint { hits(&parsed, masked, setting) } else { Vec::new() };
    let complete = parsed.errors().is_empty();
    Read { statements, hits, complete, ..Read::default() }
}

/// What the linter reports.
#[derive(Debug, Clone)]
pub struct LinterHit {
    pub rule: Hit,
    pub bytes: Range<usize>,
    /// How the linter would mend it: places and what is put there.
    pub edits: Vec<(Range<usize>, String)>,
}

/// Rules about the script as a whole, which say nothing about a part of it.
const OF_SCRIPTS: [Hit; 6] = [
    Hit::TransactionNesting,
    Hit::BanUncommittedTransaction,
    Hit::RequireLockTimeout,
    Hit::RequireStatementTimeout,
    Hit::PreferRobustStmts,
    Hit::UnusedIgnore,
];

fn hits(parsed: &Parse<SourceFile>, text: &str, setting: Setting) -> Vec<LinterHit> {
    let mut all = lint(parsed, text, setting);
    for block in postgres::blocks(&parsed.tree(), text) {
        let Some(parsed) = sql::parse(&block) else { continue };
        let inside = lint(&parsed, &block, Setting { wrapped: true, ..setting });
        all.extend(inside.into_iter().filter(|hit| !OF_SCRIPTS.contains(&hit.rule)));
    }
    all
}

fn lint(parsed: &Parse<SourceFile>, text: &str, setting: Setting) -> Vec<LinterHit> {
    let mut linter = Linter::with_default_rules();
    linter.rules.extend(ON_REQUEST);
    linter.settings.assume_in_transaction = setting.wrapped;
    if let Ok(version) = setting.postgres.to_string().parse() {
        linter.settings.pg_version = version;
    }
    linter
        .lint(parsed, text)
        .into_iter()
        .map(|hit| LinterHit {
            rule: hit.code,
            bytes: hit.text_range.start().into()..hit.text_range.end().into(),
            edits: hit
                .fix
                .into_iter()
                .flat_map(|fix| fix.edits)
                .map(|edit| {
                    let range = edit.text_range;
                    (range.start().into()..range.end().into(), edit.text.unwrap_or_default())
                })
                .collect(),
        })
        .collect()
}

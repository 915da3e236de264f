//! What only Rails has: its cached schema, `revert`, and defaults that processes keep.

use super::super::dialect::Dialect;
use super::super::discover::{self, Framework};
use super::super::facts::Kind;
use super::super::say::{About, Holds, draft, migrations, rule};
use super::super::translate::ruby::Reader;
use super::super::translate::{Call, Value};
use crate::domain::change::FileChange;
use crate::domain::finding::Category::{Performance, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::{Major, Minor};
use crate::rules::parse::code::{ParsedCode, Syntax};
use crate::rules::{Draft, Findings, Rule, RuleContext};

/// Columns of an index beyond which more are rarely of use.
const MANY_COLUMNS: usize = 3;

/// Shows `say` the calls that Rails migrations of the change add and that run forwards, except
/// those that their author has declared safe.
fn on_calls(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    say: impl Fn(&Call, &Source<'_>) -> Option<Draft>,
) {
    for migration in migrations(context, Holds::Everywhere) {
        let (Framework::Rails, Some(text)) = (migration.framework(), migration.file.head_text())
        else {
            continue;
        };
        let code = ParsedCode::ruby(text.as_str());
        let Some(root) = code.root() else { continue };
        let class = super::Class::read(&root);
        let Some((_, body)) = class.forward() else { continue };
        let reader = Reader::new(&root);
        let source =
            Source { text: text.as_str(), file: migration.file, dialect: migration.dialect };
        for node in body.dfs().filter(|node| node.kind() == "call" && !is_assured(node)) {
            let lines = text.lines_of(node.range().start, node.range().end);
            let call = reader.call(&node).filter(|_| migration.file.adds_any(lines));
            if let Some(draft) = call.and_then(|call| say(&call, &source)) {
                findings.at_head(
                    migration.file,
                    text.lines_of(node.range().start, node.range().start),
                    draft,
                );
            }
        }
    }
}

/// The file that a call stands in.
struct Source<'a> {
    text: &'a str,
    file: &'a FileChange,
    dialect: Dialect,
}

/// Inside `safety_assured`, or on the way back.
fn is_assured(node: &Syntax<'_>) -> bool {
    node.ancestors().any(|outer| {
        outer.kind() == "call"
            && outer.field("method").is_some_and(|method| {
                method.text() == "safety_assured"
                    || (method.text() == "down" && outer.field("receiver").is_some())
            })
    })
}

pub(in super::super) const REVERTED: Rule = rule(
    About {
        code: "migration/migration-reverted",
        title: "A migration that has run is reverted as a whole",
        severity: Major,
        confidence: Medium,
        equivalents: &["strong_migrations:revert"],
        page: include_str!("../../../../fixtures/rules/migration/migration-reverted.md"),
    },
    Reliability,
    |context, findings| {
        on_calls(context, findings, |call, _| {
            let [target] = call.positional.as_slice() else { return None };
            let super::super::translate::Value::Name(class) = &target.value else { return None };
            // Undoing a removal adds.
            let adds = ["Remove", "Drop", "Delete"].iter().any(|verb| class.starts_with(verb));
            if call.name != "revert" || call.receiver.is_some() || adds {
                return None;
            }
            Some(Draft {
                symbol: Some(class.clone()),
                ..draft(
                    format!("Whatever `{class}` added is dropped with its data"),
                    "`revert` runs the migration backwards: columns and tables that it added go, together with what has been \
                     written to them since, and running processes still have them in their cached schema.",
                    "Write out what is removed, in the order that running code allows: stop using it, release that (with \
                     `ignored_columns` for columns), then remove it.",
                )
            })
        });
    },
);

pub(in super::super) const DEFAULT_CHANGED: Rule = rule(
    About {
        code: "migration/default-cached",
        title: "A column default changes while processes still write the old one",
        severity: Major,
        confidence: Medium,
        equivalents: &["strong_migrations:change_column_default"],
        page: include_str!("../../../../fixtures/rules/migration/default-cached.md"),
    },
    Reliability,
    |context, findings| {
        on_calls(context, findings, |call, source| {
            let (table, column) = (call.text(0)?, call.text(1)?);
            if call.name != "change_column_default"
                || writes_every_column(source.text)
                || made_here(source, table, column)
            {
                return None;
            }
            Some(Draft {
                symbol: Some(format!("{table}.{column}")),
                ..draft(
                    format!(
                        "Running processes go on writing the old default of `{table}.{column}`"
                    ),
                    "Before Rails 7, an insert leaves out attributes that were not touched (`partial_writes`), and each \
                     process takes the default from the schema that it cached at its start: rows written around the change \
                     carry the wrong one.",
                    "Set `partial_inserts` (`partial_writes` before Rails 7) to false and release that before the default \
                     changes. If it is false already, dismiss this.",
                )
            })
        });
    },
);

/// Rails 7 and later write every attribute, unless they are set up otherwise.
fn writes_every_column(text: &str) -> bool {
    let version = text.split("Migration[").nth(1).and_then(|rest| rest.split('.').next());
    version.and_then(|major| major.trim().parse::<u32>().ok()).is_some_and(|major| major >= 7)
}

/// Whether the same migration adds the column or makes the table.
fn made_here(source: &Source<'_>, table: &str, column: &str) -> bool {
    let identity = discover::identify_file(source.file);
    let Some(translation) = identity.map(|_| super::translate(source.text)) else { return false };
    let lower = translation.sql.to_lowercase();
    let made = [
        format!("create table {table} ("),
        format!("alter table {table} add column {column} "),
        format!("alter table {table} add column \"{column}\" "),
    ];
    made.iter().any(|wanted| lower.contains(wanted))
}

pub(in super::super) const WIDE_INDEX: Rule = rule(
    About {
        code: "migration/wide-index",
        title: "An index on more than three columns that is not unique",
        severity: Minor,
        confidence: Medium,
        equivalents: &["strong_migrations:add_index_columns"],
        page: include_str!("../../../../fixtures/rules/migration/wide-index.md"),
    },
    Performance,
    |context, findings| {
        for migration in migrations(context, Holds::Everywhere) {
            if migration.framework() != Framework::Rails {
                continue;
            }
            for at in migration.statements() {
                let Kind::CreateIndex(index) = &at.statement.kind else { continue };
                if index.unique || index.columns.len() <= MANY_COLUMNS || at.on_new_table() {
                    continue;
                }
                let count = index.columns.len();
                let said = draft(
                    format!("An index of `{}` has {count} columns", index.table),
                    "Each column makes every write and the index itself larger, while searches rarely gain anything beyond \
                     the first two or three columns.",
                    "Start with the columns that narrow the search most, and measure whether more help.",
                );
                at.report(findings, Draft { symbol: Some(index.name.clone()), ..said });
            }
        }
    },
);

pub(in super::super) const FILLED_AT_ONCE: Rule = rule(
    About {
        code: "migration/filled-at-once",
        title: "All rows without a value are filled by one statement",
        severity: Major,
        confidence: High,
        equivalents: &["strong_migrations:change_column_null_default"],
        page: include_str!("../../../../fixtures/rules/migration/filled-at-once.md"),
    },
    Performance,
    |context, findings| {
        on_calls(context, findings, |call, source| {
            let (table, column) = (call.text(0)?, call.text(1)?);
            let fills = call.argument(3).is_some_and(|value| *value != Value::Nothing);
            let required = call.argument(2).is_some_and(Value::is_false);
            if call.name != "change_column_null"
                || !fills
                || !required
                || made_here(source, table, "")
            {
                return None;
            }
            Some(Draft {
                symbol: Some(format!("{table}.{column}")),
                ..draft(
                    format!(
                        "All rows of `{table}` without `{column}` are updated by one statement"
                    ),
                    "The fourth argument makes Rails run a single `UPDATE` before it demands a value: the rows stay locked \
                     until the migration is through, and replicas fall behind.",
                    "Fill the rows in an earlier migration, batch by batch (`in_batches`) and outside of a transaction, and \
                     leave the argument out here.",
                )
            })
        });
    },
);

/// Options with which MySQL and MariaDB block writers for as long as the statement runs.
pub(in super::super) const WRITES_BLOCKED: Rule = rule(
    About {
        code: "migration/writes-blocked-by-option",
        title: "A migration asks MySQL for a lock or an algorithm that blocks writes",
        severity: Major,
        confidence: High,
        equivalents: &["strong_migrations:add_column", "strong_migrations:add_index_lock"],
        page: include_str!("../../../../fixtures/rules/migration/writes-blocked-by-option.md"),
    },
    Performance,
    |context, findings| {
        on_calls(context, findings, |call, source| {
            if source.dialect == Dialect::Postgres {
                return None;
            }
            let inner = call.option("index");
            let option = |key: &str| {
                let text = call.text_option(key).or_else(|| inner?.pair(key)?.text())?;
                Some(text.to_ascii_lowercase())
            };
            let lock =
                option("lock").filter(|lock| matches!(lock.as_str(), "shared" | "exclusive"));
            let algorithm = option("algorithm").filter(|algorithm| algorithm == "copy");
            let asked = match (lock, algorithm) {
                (Some(lock), _) => format!("lock: :{lock}"),
                (None, Some(_)) => "algorithm: :copy".to_owned(),
                _ => return None,
            };
            let table = call.text(0)?;
            // A table that is made here has no rows that anybody waits for.
            if made_here(source, table, "") {
                return None;
            }
            Some(Draft {
                symbol: Some(table.to_owned()),
                ..draft(
                    format!("Writes to `{table}` wait because of `{asked}`"),
                    "The statement is made to block writers until it has gone through the whole table, also where the \
                     database could do the change in place.",
                    "Ask for `lock: :none` and `algorithm: :inplace` or `:instant`: the statement then fails at once where \
                     that is not possible.",
                )
            })
        });
    },
);

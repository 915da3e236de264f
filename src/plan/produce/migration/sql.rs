//! Migrations as SQL files.

use super::MAX_SLUG;
use super::scheme::{Scheme, Tool};
use super::steps::Step;
use crate::plan::produce::ground::Overlay;
use crate::plan::produce::names::{first_upper, snake};
use crate::plan::produce::{ProduceError, Produced};

/// How long a statement may wait for a lock before it gives up and can be run again.
const LOCK_TIMEOUT: &str = "2s";

pub(super) fn write(
    scheme: &Scheme,
    steps: &[Step],
    overlay: &Overlay<'_>,
    produced: &mut Produced,
) -> Result<(), ProduceError> {
    for (index, step) in steps.iter().enumerate() {
        if step.alone && scheme.tool == Tool::Supabase {
            return Err(ProduceError::NotGenerated(
                "an index on a table in use is built with `CONCURRENTLY`, which Supabase's \
                 migrations cannot run: they send every file as one batch"
                    .to_owned(),
            ));
        }
        let version = scheme.version(index, overlay.now());
        let slug = snake(&step.slug, MAX_SLUG);
        for (name, content) in files(scheme, step, &version, &slug) {
            let path = format!("{}/{name}", scheme.directory);
            if overlay.has(&path) {
                return Err(ProduceError::Conflict(format!("`{path}` is there already")));
            }
            produced.add(&path, content)?;
        }
    }
    notes(scheme, steps, produced);
    Ok(())
}

/// Names below the directory, with their contents.
fn files(scheme: &Scheme, step: &Step, version: &str, slug: &str) -> Vec<(String, String)> {
    let up = up(scheme, step);
    let down = down(scheme, step);
    let pair =
        |up_name: String, down_name: String| vec![(up_name, up.clone()), (down_name, down.clone())];
    match scheme.tool {
        Tool::Pairs | Tool::SqlxPairs => {
            pair(format!("{version}_{slug}.up.sql"), format!("{version}_{slug}.down.sql"))
        }
        Tool::Diesel => {
            let folder = format!("{version}_{slug}");
            let mut files = pair(format!("{folder}/up.sql"), format!("{folder}/down.sql"));
            if step.alone {
                files.push((
                    format!("{folder}/metadata.toml"),
                    "run_in_transaction = false\n".to_owned(),
                ));
            }
            files
        }
        Tool::Flyway if scheme.reversible => {
            pair(format!("V{version}__{slug}.sql"), format!("U{version}__{slug}.sql"))
        }
        Tool::Flyway => vec![(format!("V{version}__{slug}.sql"), up)],
        Tool::Prisma if scheme.reversible => {
            let folder = format!("{version}_{slug}");
            pair(format!("{folder}/migration.sql"), format!("{folder}/down.sql"))
        }
        Tool::Prisma => vec![(format!("{version}_{slug}/migration.sql"), up)],
        Tool::Goose | Tool::Dbmate | Tool::SqlMigrate => {
            vec![(format!("{version}_{slug}.sql"), both(scheme.tool, step))]
        }
        _ if scheme.reversible => {
            pair(format!("{version}_{slug}.sql"), format!("{version}_{slug}.down.sql"))
        }
        _ => vec![(format!("{version}_{slug}.sql"), up)],
    }
}

/// What it does, how it behaves while it runs, how one sees that it worked.
fn head(step: &Step, way_back_elsewhere: bool) -> String {
    let mut head =
        format!("-- {}.\n-- Operations: {}.\n", first_upper(&step.says), step.operations);
    for query in step.verify.split("; ").filter(|query| !query.is_empty()) {
        head.push_str(&format!("-- Verify: {query}; -- answers true\n"));
    }
    if !way_back_elsewhere {
        head.push_str(&rollback_comment(step));
    }
    head
}

fn rollback_comment(step: &Step) -> String {
    if step.down.is_empty() {
        return "-- Rollback: nothing to undo, no data and no structure changes.\n".to_owned();
    }
    let statements: Vec<String> =
        step.down.iter().map(|statement| format!("{statement};")).collect();
    format!("-- Rollback: {}\n", statements.join(" "))
}

/// A setting of the transaction where the tool opens one, else of the session.
fn lock_timeout(tool: Tool, step: &Step) -> String {
    if !step.locks || step.alone {
        return String::new();
    }
    let local = match tool {
        Tool::Pairs | Tool::Plain | Tool::Prisma | Tool::Supabase => "",
        _ => "LOCAL ",
    };
    format!("SET {local}lock_timeout = '{LOCK_TIMEOUT}';\n")
}

fn statements(all: &[String]) -> String {
    all.iter().map(|statement| format!("{statement};\n")).collect()
}

fn up(scheme: &Scheme, step: &Step) -> String {
    let first = marker(scheme.tool, step);
    let head = head(step, scheme.reversible);
    format!("{first}{head}{}{}", lock_timeout(scheme.tool, step), statements(&step.up))
}

fn down(scheme: &Scheme, step: &Step) -> String {
    if step.down.is_empty() {
        return "-- Nothing to undo: no data and no structure changed.\nSELECT 1;\n".to_owned();
    }
    let first = marker(scheme.tool, step);
    format!("{first}{}{}", lock_timeout(scheme.tool, step), statements(&step.down))
}

/// The first line that keeps sqlx from opening a transaction.
fn marker(tool: Tool, step: &Step) -> &'static str {
    let sqlx = matches!(tool, Tool::Sqlx | Tool::SqlxPairs);
    if sqlx && step.alone { "-- no-transaction\n" } else { "" }
}

/// Both ways in one file, each under its mark.
fn both(tool: Tool, step: &Step) -> String {
    let (before, up_mark, down_mark) = match (tool, step.alone) {
        (Tool::Goose, false) => ("", "-- +goose Up", "-- +goose Down"),
        (Tool::Goose, true) => ("-- +goose NO TRANSACTION\n", "-- +goose Up", "-- +goose Down"),
        (Tool::Dbmate, false) => ("", "-- migrate:up", "-- migrate:down"),
        (Tool::Dbmate, true) => {
            ("", "-- migrate:up transaction:false", "-- migrate:down transaction:false")
        }
        (_, false) => ("", "-- +migrate Up", "-- +migrate Down"),
        (_, true) => ("", "-- +migrate Up notransaction", "-- +migrate Down notransaction"),
    };
    let head = head(step, true);
    let lock = lock_timeout(tool, step);
    let down = if step.down.is_empty() {
        "-- Nothing to undo: no data and no structure changed.\nSELECT 1;\n".to_owned()
    } else {
        format!("{lock}{}", statements(&step.down))
    };
    format!("{before}{up_mark}\n{head}{lock}{}\n{down_mark}\n{down}", statements(&step.up))
}

fn notes(scheme: &Scheme, steps: &[Step], produced: &mut Produced) {
    let alone = steps.iter().any(|step| step.alone);
    if alone {
        let note = match scheme.tool {
            Tool::Flyway => {
                "Flyway holds a lock in a transaction of its own, on which a concurrent build waits \
                 for ever: `flyway.postgresql.transactional.lock=false` must be set."
            }
            Tool::Plain => {
                "The files that build an index concurrently must be run outside of a transaction."
            }
            Tool::Sqlx | Tool::SqlxPairs => {
                "`-- no-transaction` needs sqlx 0.8 or newer to be heard."
            }
            _ => "",
        };
        if !note.is_empty() {
            produced.notes.push(note.to_owned());
        }
        produced.notes.push(
            "If a concurrent build fails it leaves an invalid index behind: drop that before the \
             next try."
                .to_owned(),
        );
    }
    if steps.len() > 1 {
        produced.notes.push(format!(
            "{} migrations, in this order: each holds what one transaction may hold.",
            steps.len()
        ));
    }
}

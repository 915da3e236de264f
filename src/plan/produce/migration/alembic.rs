//! Revisions for Alembic.

use super::MAX_SLUG;
use super::scheme::{Scheme, migration_files};
use super::steps::Step;
use crate::plan::produce::ground::Overlay;
use crate::plan::produce::names::{checksum, first_upper, snake};
use crate::plan::produce::{ProduceError, Produced};

pub(super) fn write(
    scheme: &Scheme,
    steps: &[Step],
    overlay: &Overlay<'_>,
    produced: &mut Produced,
) -> Result<(), ProduceError> {
    let mut parent = head(scheme, overlay)?;
    for step in steps {
        let slug = snake(&step.slug, MAX_SLUG);
        // As long as Alembic's own, and the same for the same step after the same parent.
        let seed = format!("{parent} {slug}");
        let revision: String = (checksum(&seed) + &checksum(&slug)).chars().take(12).collect();
        let path = format!("{}/{revision}_{slug}.py", scheme.directory);
        produced.add(&path, content(step, &revision, &parent))?;
        parent = revision;
    }
    produced.notes.push(
        "The SQLAlchemy models must say the same; `alembic check` shows where they do not."
            .to_owned(),
    );
    Ok(())
}

/// The one revision that no other follows.
fn head(scheme: &Scheme, overlay: &Overlay<'_>) -> Result<String, ProduceError> {
    let files = migration_files(overlay.paths());
    let own = files.into_iter().filter(|path| path.starts_with(&format!("{}/", scheme.directory)));
    let (mut revisions, mut parents) = (Vec::new(), Vec::new());
    for path in own {
        let text = overlay.text(path).ok_or_else(|| {
            ProduceError::Unknown(format!(
                "`{path}` was not read, so the last revision is not known"
            ))
        })?;
        revisions.extend(assigned(&text, "revision"));
        parents.extend(assigned(&text, "down_revision"));
    }
    let heads: Vec<&String> =
        revisions.iter().filter(|revision| !parents.contains(revision)).collect();
    match heads.as_slice() {
        [head] => Ok((*head).clone()),
        [] => Err(ProduceError::Unknown("no revision of Alembic was found".to_owned())),
        _ => Err(ProduceError::Conflict(format!(
            "Alembic has {} heads; they must be merged before anything follows",
            heads.len()
        ))),
    }
}

/// The quoted values of `name = "…"`, with or without a type; several for a tuple.
fn assigned(text: &str, name: &str) -> Vec<String> {
    let line = text.lines().find(|line| {
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with([':', '=']))
    });
    let value = line.and_then(|line| line.split_once('=')).map_or("", |(_, value)| value);
    let quoted = value.split(['"', '\'']).skip(1).step_by(2);
    quoted
        .filter(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
        .map(str::to_owned)
        .collect()
}

fn content(step: &Step, revision: &str, parent: &str) -> String {
    let lock = if step.locks { "    op.execute(\"SET LOCAL lock_timeout = '2s'\")\n" } else { "" };
    let body = |statements: &[String]| -> String {
        if statements.is_empty() {
            return "    # Rollback: nothing to undo, no data and no structure changes.\n    pass\n".to_owned();
        }
        if step.alone {
            let inside: String =
                statements.iter().map(|sql| format!("        {}\n", execute(sql, 8))).collect();
            return format!("    with op.get_context().autocommit_block():\n{inside}");
        }
        let all: String =
            statements.iter().map(|sql| format!("    {}\n", execute(sql, 4))).collect();
        format!("{lock}{all}")
    };
    format!(
        "\"\"\"{}\n\nOperations: {}.\n\nRevision ID: {revision}\nRevises: {parent}\n\"\"\"\n\nfrom alembic import op\n\nrevision = \"{revision}\"\ndown_revision = \"{parent}\"\nbranch_labels = None\ndepends_on = None\n\n\ndef upgrade():\n{}\n\ndef downgrade():\n{}",
        first_upper(&step.says),
        step.operations,
        body(&step.up),
        body(&step.down)
    )
}

fn execute(sql: &str, indent: usize) -> String {
    if !sql.contains('\n') && !sql.contains('"') {
        return format!("op.execute(\"{sql}\")");
    }
    let pad = " ".repeat(indent);
    let inner = " ".repeat(indent + 4);
    let lines: Vec<String> = sql.lines().map(|line| format!("{inner}{line}")).collect();
    format!("op.execute(\n{pad}    \"\"\"\n{}\n{pad}    \"\"\"\n{pad})", lines.join("\n"))
}

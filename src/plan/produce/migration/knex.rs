//! Migrations for Knex, in the module form of the latest one.

use super::MAX_SLUG;
use super::scheme::Scheme;
use super::steps::Step;
use crate::plan::produce::ground::Overlay;
use crate::plan::produce::names::{first_upper, snake};
use crate::plan::produce::{ProduceError, Produced};

pub(super) fn write(
    scheme: &Scheme,
    steps: &[Step],
    overlay: &Overlay<'_>,
    produced: &mut Produced,
) -> Result<(), ProduceError> {
    let latest =
        overlay.text(&format!("{}/{}", scheme.directory, scheme.latest)).unwrap_or_default();
    let extension = scheme.latest.rsplit_once('.').map_or("js", |(_, extension)| extension);
    let typed = extension == "ts";
    let module = typed || extension == "mjs" || latest.contains("export ");
    for (index, step) in steps.iter().enumerate() {
        let version = scheme.version(index, overlay.now());
        let slug = snake(&step.slug, MAX_SLUG);
        let path = format!("{}/{version}_{slug}.{extension}", scheme.directory);
        produced.add(&path, content(step, module, typed))?;
    }
    Ok(())
}

fn content(step: &Step, module: bool, typed: bool) -> String {
    let import = if typed { "import type { Knex } from \"knex\";\n\n" } else { "" };
    let (knex, answer) = if typed { ("knex: Knex", ": Promise<void>") } else { ("knex", "") };
    let function = |name: &str, body: &str| {
        if module {
            format!("export async function {name}({knex}){answer} {{\n{body}}}\n")
        } else {
            format!("exports.{name} = async function ({knex}) {{\n{body}}};\n")
        }
    };
    let body = |statements: &[String]| -> String {
        if statements.is_empty() {
            return "  // Nothing to undo: no data and no structure changed.\n  await knex.raw(\"SELECT 1\");\n".to_owned();
        }
        let lock =
            if step.locks { "  await knex.raw(\"SET LOCAL lock_timeout = '2s'\");\n" } else { "" };
        let all: String =
            statements.iter().map(|sql| format!("  await knex.raw(`{sql}`);\n")).collect();
        format!("{lock}{all}")
    };
    let config = match (step.alone, module) {
        (false, _) => "",
        (true, true) => "\nexport const config = { transaction: false };\n",
        (true, false) => "\nexports.config = { transaction: false };\n",
    };
    format!(
        "// {}.\n// Operations: {}.\n{import}{}\n{}{config}",
        first_upper(&step.says),
        step.operations,
        function("up", &body(&step.up)),
        function("down", &body(&step.down))
    )
}

//! Handlers of axum.

use super::{From, Function, Named, coded};
use crate::rules::parse::code::{Syntax, in_error, in_inline_test};

/// Calls that pass a status on as the answer.
const PASSING: [&str; 8] =
    ["Err", "Ok", "ok_or", "ok_or_else", "map_err", "unwrap_or", "unwrap_or_else", "into_response"];

pub fn functions(nodes: &[Syntax<'_>]) -> Vec<Function> {
    nodes.iter().filter(|node| node.kind() == "function_item").filter_map(function).collect()
}

fn function(node: &Syntax<'_>) -> Option<Function> {
    let name = node.field("name")?.text().into_owned();
    let answers = node.field("return_type")?.text().into_owned();
    let body = node.field("body").filter(|_| !in_error(node) && !in_inline_test(node))?;
    // Others use statuses of answers that they get.
    let marks = ["StatusCode", "IntoResponse", "Response", "Result"];
    if !marks.iter().any(|mark| answers.contains(mark)) {
        return None;
    }
    let paths = body.dfs().filter(|inner| inner.kind() == "scoped_identifier");
    let given = paths.filter(|path| {
        let text = path.text();
        text.rsplit("::").nth(1) == Some("StatusCode") && is_answer(path, &body)
    });
    let statuses = coded(given);
    Some(Function { name, owner: None, statuses })
}

/// Whether a status is what the function answers with, and not one that it compares with.
fn is_answer(status: &Syntax<'_>, body: &Syntax<'_>) -> bool {
    let whole = body.range();
    let mut inside = status.clone();
    let mut passed = false;
    for outer in status.ancestors() {
        match outer.kind().as_ref() {
            "return_expression" => return true,
            "call_expression" => {
                let called = outer.field("function").map(|f| f.text().into_owned());
                let called = called.unwrap_or_default();
                let name = called.rsplit(['.', ':']).next().unwrap_or_default();
                passed |= PASSING.contains(&name);
                if !passed {
                    return false;
                }
            }
            "tuple_expression" => passed |= inside.range() == status.range(),
            "binary_expression" | "match_pattern" | "let_condition" | "reference_expression" => {
                return false;
            }
            "let_declaration" | "assignment_expression" => return passed && raised(&outer),
            "expression_statement" if outer.text().ends_with(';') => {
                return passed && raised(&outer);
            }
            "block" if outer.range() == whole => return true,
            _ => {}
        }
        inside = outer;
    }
    false
}

/// Whether a statement leaves the function with what fails in it.
fn raised(statement: &Syntax<'_>) -> bool {
    statement.dfs().any(|inner| inner.kind() == "try_expression")
}

/// The handler that an argument names: `show`, `orders::show`.
pub fn named(argument: &Syntax<'_>, nodes: &[Syntax<'_>]) -> Option<Named> {
    let text = argument.text().into_owned();
    match argument.kind().as_ref() {
        "identifier" => {
            let declared = nodes.iter().any(|node| {
                node.kind() == "function_item"
                    && node.field("name").is_some_and(|name| name.text() == text)
            });
            let from = match declared {
                true => From::Here,
                false => From::Module(imported(nodes, &text)?),
            };
            Some(Named { from, name: text })
        }
        "scoped_identifier" => {
            let (path, name) = text.rsplit_once("::")?;
            let module = path.rsplit("::").next()?;
            let plain = !matches!(module, "self" | "super" | "crate" | "Self");
            let module = module.to_owned();
            plain.then(|| Named { from: From::Module(module), name: name.to_owned() })
        }
        _ => None,
    }
}

/// The module that a name is imported from: `use crate::orders::{list, show};`.
fn imported(nodes: &[Syntax<'_>], name: &str) -> Option<String> {
    nodes.iter().filter(|node| node.kind() == "use_declaration").find_map(|node| {
        let text = node.text();
        let path = text.trim_start_matches("pub ").strip_prefix("use ")?.trim_end_matches(';');
        let (module, names) = match path.split_once("::{") {
            Some((module, names)) if !names.contains("::") => (module, names),
            Some(_) => return None,
            None => path.rsplit_once("::")?,
        };
        let mut names = names.split([',', '}', ' ', '\n']).map(str::trim);
        let module = module.rsplit("::").next()?;
        names.any(|own| own == name).then(|| module.to_owned())
    })
}

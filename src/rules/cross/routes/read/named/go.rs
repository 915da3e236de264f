//! Handlers of `net/http`, chi, gin and echo.

use super::{From, Function, Named, coded};
use crate::rules::cross::routes::read::syntax::{arguments, line, literal};
use crate::rules::parse::code::{Syntax, in_error};

/// Types of the thing through which a handler answers.
const ANSWERS: [&str; 4] = ["http.ResponseWriter", "*gin.Context", "echo.Context", "*fiber.Ctx"];

pub fn functions(nodes: &[Syntax<'_>]) -> Vec<Function> {
    let kinds = ["function_declaration", "method_declaration"];
    let all = nodes.iter().filter(|node| kinds.contains(&node.kind().as_ref()));
    all.filter_map(function).collect()
}

fn function(node: &Syntax<'_>) -> Option<Function> {
    let name = node.field("name")?.text().into_owned();
    let body = node.field("body").filter(|_| !in_error(node))?;
    // What a function that makes a handler answers with stands in the one that it returns.
    let scopes = body.dfs().filter(|inner| inner.kind() == "func_literal");
    let writers: Vec<String> = std::iter::once(node.clone())
        .chain(scopes)
        .filter_map(|scope| parameter(&scope, |kind| ANSWERS.contains(&kind)))
        .map(|(name, _)| name)
        .collect();
    if writers.is_empty() {
        return None;
    }
    let calls = body.dfs().filter(|inner| inner.kind() == "call_expression");
    let statuses = calls.flat_map(|call| answered(&call, &writers)).collect();
    let owner = node.field("receiver").and_then(|list| receiver_type(&list));
    Some(Function { name, owner, statuses })
}

/// The first parameter of a type, and its type.
fn parameter(function: &Syntax<'_>, wanted: impl Fn(&str) -> bool) -> Option<(String, String)> {
    let list = function.field("parameters")?;
    list.named_children().find_map(|one| {
        let kind = one.field("type")?.text().into_owned();
        let name = one.field("name")?.text().into_owned();
        wanted(&kind).then_some((name, kind))
    })
}

/// The type of a receiver.
pub fn receiver_type(list: &Syntax<'_>) -> Option<String> {
    let one = list.named_children().next()?;
    let kind = one.field("type")?.text().into_owned();
    Some(kind.trim_start_matches('*').to_owned())
}

/// The statuses that a call answers with.
fn answered(call: &Syntax<'_>, writers: &[String]) -> Vec<(u16, u32)> {
    let Some(function) = call.field("function") else { return Vec::new() };
    let args = arguments(call);
    let is_writer = |node: &Syntax<'_>| writers.iter().any(|name| node.text() == *name);
    let called = function.text().into_owned();
    if called == "http.NotFound" {
        return vec![(404, line(call))];
    }
    if called == "echo.NewHTTPError" {
        return coded(args.into_iter().take(1).filter(is_fixed));
    }
    let on_writer = function.field("operand").is_some_and(|operand| is_writer(&operand));
    let method = function.field("field").map(|field| field.text().into_owned());
    if on_writer {
        const GIVEN: [&str; 14] = [
            "WriteHeader",
            "JSON",
            "IndentedJSON",
            "PureJSON",
            "SecureJSON",
            "XML",
            "YAML",
            "String",
            "Data",
            "HTML",
            "AbortWithStatus",
            "AbortWithStatusJSON",
            "Status",
            "NoContent",
        ];
        let answers = method.is_some_and(|method| GIVEN.contains(&method.as_str()));
        return coded(args.into_iter().take(1).filter(|first| answers && is_fixed(first)));
    }
    // `http.Error(w, "…", 404)`, `writeJSON(w, http.StatusCreated, order)`: handed to what writes.
    let handed = args.first().is_some_and(is_writer);
    let number = called == "http.Error";
    let given = args.into_iter().skip(1).filter(|one| {
        let text = one.text();
        handed && (text.starts_with("http.Status") || number && is_fixed(one))
    });
    coded(given)
}

/// Whether a status is written out.
fn is_fixed(node: &Syntax<'_>) -> bool {
    node.kind() == "int_literal" || node.text().starts_with("http.Status")
}

/// The handler that an argument names: `show`, `s.show`, `orders.Show`, `s.show()`.
pub fn named(argument: &Syntax<'_>, nodes: &[Syntax<'_>]) -> Option<Named> {
    let target = match argument.kind().as_ref() {
        "call_expression" if arguments(argument).is_empty() => argument.field("function")?,
        // `http.HandlerFunc(show)`
        "call_expression" if argument.field("function")?.text() == "http.HandlerFunc" => {
            arguments(argument).into_iter().next()?
        }
        _ => argument.clone(),
    };
    match target.kind().as_ref() {
        "identifier" => Some(Named { from: From::Here, name: target.text().into_owned() }),
        "selector_expression" => {
            let operand = target.field("operand").filter(|it| it.kind() == "identifier")?;
            let operand = operand.text().into_owned();
            let name = target.field("field")?.text().into_owned();
            let from = match type_of(&operand, &target) {
                Some(kind) => match kind.split_once('.') {
                    Some((package, kind)) => {
                        From::Package(imported(nodes, package)?, Some(kind.to_owned()))
                    }
                    None => From::Type(kind),
                },
                None => From::Package(imported(nodes, &operand)?, None),
            };
            Some(Named { from, name })
        }
        _ => None,
    }
}

/// The type of a variable, where the function around shows it: its receiver, a parameter, or what
/// it is made as.
fn type_of(name: &str, at: &Syntax<'_>) -> Option<String> {
    let kinds = ["function_declaration", "method_declaration"];
    let function = at.ancestors().find(|outer| kinds.contains(&outer.kind().as_ref()))?;
    let plain = |kind: &str| kind.trim_start_matches(['*', '&']).to_owned();
    let receiver = function.field("receiver").and_then(|list| {
        let one = list.named_children().next()?;
        (one.field("name")?.text() == name).then(|| receiver_type(&list)).flatten()
    });
    let given = || {
        let list = function.field("parameters")?;
        let one = list
            .named_children()
            .find(|one| one.field("name").is_some_and(|own| own.text() == name))?;
        Some(plain(&one.field("type")?.text()))
    };
    let made = || {
        let mut declared = function.dfs().filter(|node| node.kind() == "short_var_declaration");
        let one = declared.find(|node| node.field("left").is_some_and(|l| l.text() == name))?;
        let value = one.field("right")?.text().into_owned();
        made_as(&value)
    };
    receiver.or_else(given).or_else(made)
}

/// `&Orders{…}`, `NewOrders(…)` and `orders.NewHandler(…)` as types.
fn made_as(value: &str) -> Option<String> {
    let value = value.trim_start_matches('&');
    let end = value.find(['{', '('])?;
    let (made, rest) = value.split_at(end);
    let (package, name) =
        made.rsplit_once('.').map_or(("", made), |(package, name)| (package, name));
    let name = if rest.starts_with('(') { name.strip_prefix("New")? } else { name };
    let simple = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let sound = !name.is_empty() && simple(name) && simple(package);
    sound.then(|| if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") })
}

/// The import path of a package, by the name that the file has for it.
fn imported(nodes: &[Syntax<'_>], name: &str) -> Option<String> {
    nodes.iter().filter(|node| node.kind() == "import_spec").find_map(|node| {
        let path = literal(&node.field("path")?)?;
        let alias = node.field("name").map(|alias| alias.text().into_owned());
        let own = alias.unwrap_or_else(|| path.rsplit('/').next().unwrap_or_default().to_owned());
        (own == name).then_some(path)
    })
}

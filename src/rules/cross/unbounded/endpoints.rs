//! Functions that answer requests for lists.

use crate::rules::cross::places::has_word;
use crate::rules::parse::code::{Language, Syntax};

/// Words by which a function shows that it does not give everything at once.
const LIMITS: [&str; 14] = [
    "limit", "offset", "page", "paginat", "cursor", "skip", "take", "[:", "slice", "stream", "csv",
    "export", "batch", "chunk",
];

/// The function around a node: the one that a route can name, or a handler that is written in
/// place.
pub fn function<'t>(node: &Syntax<'t>) -> Option<Syntax<'t>> {
    node.ancestors().find(|outer| {
        matches!(
            outer.kind().as_ref(),
            "function_declaration"
                | "method_declaration"
                | "func_literal"
                | "function_item"
                | "function_definition"
                | "method_definition"
                | "function_expression"
                | "arrow_function"
                | "local_function_statement"
                | "lambda_expression"
                | "method"
        )
    })
}

pub fn has_limits(text: &str) -> bool {
    // Java's streams are of what was read already.
    let lower = text.to_lowercase().replace(".stream()", "");
    LIMITS.iter().any(|word| lower.contains(word))
}

/// Whether the function answers `GET` requests, or requests at all where it does not say which.
pub fn is_list(function: &Syntax<'_>, language: Language) -> bool {
    let name = function.field("name").map(|name| name.text().into_owned()).unwrap_or_default();
    let parameters =
        function.field("parameters").map(|list| list.text().into_owned()).unwrap_or_default();
    let class = || {
        let class = function.ancestors().find(|outer| outer.kind().contains("class"));
        class.and_then(|class| class.field("name")).map(|name| name.text().into_owned())
    };
    let in_controller = || class().is_some_and(|class| class.ends_with("Controller"));
    match language {
        Language::Go => ["http.ResponseWriter", "*gin.Context", "echo.Context"]
            .iter()
            .any(|kind| parameters.contains(kind)),
        Language::Rust => {
            function.field("return_type").is_some_and(|kind| kind.text().contains("Json<Vec<"))
        }
        Language::Python => python(function, &parameters),
        Language::JavaScript | Language::TypeScript => {
            let express =
                ["res", "reply", "response"].iter().any(|word| has_word(&parameters, word));
            express || marked_before(function, "@Get(")
        }
        Language::Java => marked_inside(function, "@GetMapping"),
        Language::Kotlin => marked_inside(function, "@GetMapping"),
        Language::CSharp => {
            marked_inside(function, "[HttpGet")
                || function.ancestors().take(3).any(|outer| {
                    outer.kind() == "invocation_expression"
                        && outer.field("function").is_some_and(|it| it.text().ends_with(".MapGet"))
                })
        }
        Language::Ruby => {
            name == "index" && in_controller() && function.text().contains("render json:")
        }
        Language::Php => name == "index" && in_controller(),
    }
}

/// A function of FastAPI or Flask, a view of Django, `get` of an `APIView`.
fn python(function: &Syntax<'_>, parameters: &str) -> bool {
    let decorated = function.parent().filter(|outer| outer.kind() == "decorated_definition");
    let routed = decorated.is_some_and(|outer| {
        outer.named_children().filter(|child| child.kind() == "decorator").any(|mark| {
            let text = mark.text();
            [".get(", ".route("].iter().any(|call| text.contains(call)) && !text.contains("POST")
        })
    });
    let name = function.field("name").map(|name| name.text().into_owned()).unwrap_or_default();
    let class = function.ancestors().find(|outer| outer.kind() == "class_definition");
    let view = class.as_ref().is_some_and(|class| {
        class.field("superclasses").is_some_and(|bases| has_word(&bases.text(), "APIView"))
    });
    let django = class.is_none()
        && parameters.starts_with("(request")
        && ["JsonResponse", "Response("].iter().any(|word| function.text().contains(word));
    routed || django || view && name == "get"
}

/// An annotation or attribute among the first lines of a function.
fn marked_inside(function: &Syntax<'_>, mark: &str) -> bool {
    let text = function.text();
    let body = function
        .field("body")
        .or_else(|| function.named_children().find(|child| child.kind() == "function_body"));
    let start = function.range().start;
    let head = body.map_or(text.len(), |body| body.range().start.saturating_sub(start));
    let head = text.get(..head).unwrap_or_default();
    // A page, or what reads pages, has its limits.
    head.contains(mark) && !["Pageable", "Page<", "Slice<"].iter().any(|word| head.contains(word))
}

/// A decorator that stands before a method.
fn marked_before(method: &Syntax<'_>, mark: &str) -> bool {
    let before = method
        .prev_all()
        .take_while(|node| matches!(node.kind().as_ref(), "decorator" | "comment"));
    let inside = method.named_children().filter(|child| child.kind() == "decorator");
    method.kind() == "method_definition"
        && before.chain(inside).any(|node| node.text().starts_with(mark))
}

/// Whether a call gives its value to what the function answers with.
pub fn answers_with(node: &Syntax<'_>, function: &Syntax<'_>) -> bool {
    if is_returned(node, function) {
        return true;
    }
    let place = function.range();
    let written = node.ancestors().take_while(|outer| outer.range() != place).any(|outer| {
        let callee = ["function", "name", "method"].iter().find_map(|field| outer.field(field));
        let argument = outer.range() != node.range();
        argument && callee.is_some_and(|callee| is_writer(&callee.text()))
    });
    let text = function.text();
    written || holders(node, function).iter().any(|name| is_written(&text, name))
}

/// Names of calls that write an answer.
fn is_writer(callee: &str) -> bool {
    let name = callee.rsplit(['.', '>', ':']).next().unwrap_or_default();
    matches!(
        name,
        "json"
            | "JSON"
            | "send"
            | "Ok"
            | "JsonResponse"
            | "Response"
            | "jsonify"
            | "render"
            | "Encode"
            | "Json"
            | "writeJSON"
            | "WriteJSON"
            | "respondJSON"
    )
}

/// Whether the rows are what a function returns.
pub fn is_returned(node: &Syntax<'_>, function: &Syntax<'_>) -> bool {
    let place = function.range();
    let inside: Vec<Syntax<'_>> =
        node.ancestors().take_while(|outer| outer.range() != place).collect();
    let said = inside.iter().any(|outer| {
        matches!(
            outer.kind().as_ref(),
            "return_statement" | "return_expression" | "arrow_expression_clause"
        ) || outer.kind() == "jump_expression" && outer.text().starts_with("return")
    });
    let body = function
        .field("body")
        .or_else(|| function.named_children().find(|child| child.kind() == "function_body"));
    // A body that is one expression.
    let expression = body.is_some_and(|body| {
        let plain = matches!(
            body.kind().as_ref(),
            "statement_block" | "block" | "compound_statement" | "body_statement"
        );
        let kotlin = body.kind() == "function_body" && !body.text().trim_start().starts_with('=');
        !plain && !kotlin
    });
    let later = || {
        let text = function.text();
        holders(node, function).iter().any(|name| {
            text.lines().any(|line| {
                let line = line.trim();
                line.starts_with("return") && has_word(line, name)
                    || line == name
                    || line == format!("Ok({name})")
                    || line == format!("Ok(Json({name}))")
            })
        })
    };
    said || expression || later()
}

/// The variables that hold the rows: what the value is put into, a pointer that is handed over
/// with the statement, or the list that a loop over them fills.
fn holders(node: &Syntax<'_>, function: &Syntax<'_>) -> Vec<String> {
    let mut names: Vec<String> = variable(node).into_iter().collect();
    let beside = node.parent().map(|list| list.named_children().collect::<Vec<_>>());
    names.extend(beside.into_iter().flatten().filter_map(|one| {
        let text = one.text();
        text.strip_prefix('&').filter(|name| is_name(name)).map(str::to_owned)
    }));
    let text = function.text();
    let looped = names.iter().any(|name| text.contains(&format!("{name}.Next()")));
    let filled = text.lines().filter_map(|line| {
        let (left, right) = line.split_once(" = append(")?;
        let name = left.trim();
        (looped && is_name(name) && right.starts_with(name)).then(|| name.to_owned())
    });
    names.extend(filled.collect::<Vec<_>>());
    names
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The variable that a value is put into.
fn variable(node: &Syntax<'_>) -> Option<String> {
    let holder = node.ancestors().take(8).find(|outer| {
        matches!(
            outer.kind().as_ref(),
            "short_var_declaration"
                | "assignment_statement"
                | "assignment"
                | "assignment_expression"
                | "variable_declarator"
                | "let_declaration"
                | "property_declaration"
        )
    })?;
    let left = ["left", "name", "pattern"].iter().find_map(|field| holder.field(field));
    let left = left.or_else(|| holder.named_children().next())?;
    let text = left.text();
    let first = text.split([',', ':']).next()?.trim().trim_start_matches(['$', '@', '&']);
    is_name(first).then(|| first.to_owned())
}

/// Whether a later line writes the variable as the answer.
fn is_written(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let writes = ["json", "JSON", ".send(", "Ok(", "Response(", "Encode(", "Json("];
        has_word(line, name) && writes.iter().any(|mark| line.contains(mark))
    })
}

//! Spring's controllers.

use super::syntax::{line, literal, status};
use super::{Found, Handler, Kind, Query, joined, parameter_names};
use crate::rules::parse::code::{Syntax, in_error};

pub fn read(nodes: &[Syntax<'_>], found: &mut Found) {
    for class in nodes.iter().filter(|node| node.kind() == "class_declaration") {
        let marks = annotations(class);
        let is_controller =
            marks.iter().any(|mark| matches!(name(mark).as_str(), "RestController" | "Controller"));
        let mapping = marks.iter().find(|mark| name(mark) == "RequestMapping");
        // An interface with mappings is a client, or an API whose class has the prefix.
        if !is_controller && mapping.is_none() {
            continue;
        }
        let prefixes = mapping.map_or_else(|| vec![String::new()], paths);
        found.is_partial |= prefixes.is_empty();
        let Some(body) = class.field("body") else { continue };
        for method in body.named_children().filter(|node| node.kind() == "method_declaration") {
            of_method(&method, &prefixes, found);
        }
    }
}

fn of_method(method: &Syntax<'_>, prefixes: &[String], found: &mut Found) {
    let marks = annotations(method);
    // Left out of the description on purpose.
    if marks.iter().any(|mark| name(mark) == "Hidden") {
        return;
    }
    for mark in marks {
        let verbs = match name(&mark).as_str() {
            "RequestMapping" => request_methods(&mark),
            other => {
                let verb = other.strip_suffix("Mapping").map(str::to_ascii_lowercase);
                match verb.filter(|verb| super::is_method(verb)) {
                    Some(verb) => vec![Some(verb)],
                    None => continue,
                }
            }
        };
        let own_paths = paths(&mark);
        found.is_partial |= own_paths.is_empty();
        for prefix in prefixes {
            for own in &own_paths {
                let path = joined(prefix, own);
                let handler = handler(method, &path);
                for verb in &verbs {
                    found.add(line(&mark), verb.as_deref(), &path, handler.clone());
                }
            }
        }
    }
}

fn annotations<'a>(node: &Syntax<'a>) -> Vec<Syntax<'a>> {
    let modifiers = node.named_children().find(|child| child.kind() == "modifiers");
    let list = modifiers.map(|list| list.named_children().collect::<Vec<_>>()).unwrap_or_default();
    list.into_iter().filter(|node| node.kind().ends_with("annotation")).collect()
}

fn name(annotation: &Syntax<'_>) -> String {
    let name = annotation.field("name").map(|name| name.text().into_owned()).unwrap_or_default();
    name.rsplit('.').next().unwrap_or_default().to_owned()
}

/// The value of an annotation under one of the keys; `value` is what stands there without a key.
fn value<'a>(annotation: &Syntax<'a>, keys: &[&str]) -> Option<Syntax<'a>> {
    let list: Vec<Syntax<'a>> = annotation.field("arguments")?.named_children().collect();
    let named = list.iter().find_map(|one| {
        let key = one.field("key").filter(|_| one.kind() == "element_value_pair")?;
        keys.contains(&key.text().as_ref()).then(|| one.field("value")).flatten()
    });
    let bare =
        list.iter().find(|one| one.kind() != "element_value_pair" && keys.contains(&"value"));
    named.or_else(|| bare.cloned())
}

/// The paths of a mapping: one, several, or the empty one. None when they are computed.
fn paths(annotation: &Syntax<'_>) -> Vec<String> {
    match value(annotation, &["value", "path"]) {
        None => vec![String::new()],
        Some(list) if list.kind() == "element_value_array_initializer" => {
            list.named_children().filter_map(|one| literal(&one)).collect()
        }
        Some(one) => literal(&one).into_iter().collect(),
    }
}

fn request_methods(annotation: &Syntax<'_>) -> Vec<Option<String>> {
    let Some(value) = value(annotation, &["method"]) else { return vec![None] };
    let text = value.text().into_owned();
    let names = text.trim_matches(['{', '}']).split(',').map(|one| {
        let verb = one.rsplit('.').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(verb).filter(|verb| super::is_method(verb))
    });
    names.collect()
}

fn handler(method: &Syntax<'_>, path: &str) -> Handler {
    let mut handler = Handler::default();
    if in_error(method) {
        return handler;
    }
    for mark in annotations(method).iter().filter(|mark| name(mark) == "ResponseStatus") {
        let code = value(mark, &["value", "code"]);
        let code = code.and_then(|code| Some((status(&code.text())?, line(&code))));
        handler.statuses.extend(code);
    }
    let names = parameter_names(path);
    let parameters =
        method.field("parameters").map(|list| list.named_children().collect::<Vec<_>>());
    for one in parameters.unwrap_or_default() {
        let kind = one.field("type").map(|kind| kind.text().into_owned()).unwrap_or_default();
        let own = one.field("name").map(|name| name.text().into_owned()).unwrap_or_default();
        for mark in annotations(&one) {
            let given = value(&mark, &["value", "name"]);
            let Some(name_of) = given.map_or(Some(own.clone()), |given| literal(&given)) else {
                continue;
            };
            match name(&mark).as_str() {
                "PathVariable" if names.contains(&name_of) => {
                    let wanted = match kind.as_str() {
                        "Long" | "long" | "Integer" | "int" => Kind::Integer,
                        "UUID" => Kind::Uuid,
                        _ => continue,
                    };
                    handler.types.push((name_of, wanted, line(&one)));
                }
                "RequestParam"
                    if !kind.starts_with("Map<") && !kind.starts_with("MultiValueMap") =>
                {
                    let optional = value(&mark, &["defaultValue"]).is_some()
                        || value(&mark, &["required"]).is_some()
                        || kind.starts_with("Optional")
                        || annotations(&one).iter().any(|other| name(other) == "Nullable");
                    // Uploaded files come in the body.
                    if !kind.contains("Multipart") && !kind.contains("Part") {
                        let line = line(&one);
                        handler.query.push(Query { name: name_of, required: !optional, line });
                    }
                }
                _ => {}
            }
        }
    }
    handler
}

//! Inserting into YAML in block style, by lines and their indentation.

use serde_json::Value;

use super::{Addition, METHODS};

/// The text with the operation in it; `None` where the layout is not what this knows.
pub(super) fn insert(text: &str, addition: &Addition) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> =
        text.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect();
    // The text after the last line break is no line.
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let start = match find_key(&lines, 0..lines.len(), 0, "paths") {
        Some(at) => {
            let (_, value) = key_and_value(lines.get(at)?)?;
            match value.as_str() {
                "" => {}
                "{}" => *lines.get_mut(at)? = "paths:".to_owned(),
                _ => return None,
            }
            at
        }
        None => {
            lines.push("paths:".to_owned());
            lines.len() - 1
        }
    };
    let block = block_end(&lines, start, 0);
    let child = first_indent(&lines, start + 1..block).unwrap_or_else(|| usual_indent(&lines));
    let step = if child == 0 { 2 } else { child };
    let known = find_key(&lines, start + 1..block, child, &addition.path);
    let (at, new) = match known {
        Some(item) => {
            let (_, value) = key_and_value(lines.get(item)?)?;
            if !value.is_empty() {
                return None;
            }
            let item_end = block_end(&lines, item, child);
            let deeper = first_indent(&lines, item + 1..item_end).unwrap_or(child + step);
            if METHODS.iter().any(|method| {
                *method == addition.method
                    && find_key(&lines, item + 1..item_end, deeper, method).is_some()
            }) {
                return None;
            }
            (item_end, operation(addition, deeper, step))
        }
        None => {
            let mut new = vec![format!("{}{}:", " ".repeat(child), scalar(&addition.path))];
            new.extend(operation(addition, child + step, step));
            (block, new)
        }
    };
    lines.splice(at..at, new);
    let mut out = lines.join(end);
    out.push_str(end);
    Some(out)
}

fn operation(addition: &Addition, indent: usize, step: usize) -> Vec<String> {
    let mut lines = vec![format!("{}{}:", " ".repeat(indent), addition.method)];
    write(&addition.operation, indent + step, step, &mut lines);
    lines
}

/// Key and rest of a line, without quotes and comment.
fn key_and_value(line: &str) -> Option<(String, String)> {
    let trimmed = line.trim_start();
    let (key, rest) = match trimmed.chars().next()? {
        quote @ ('"' | '\'') => {
            let (key, rest) = trimmed.get(1..)?.split_once(quote)?;
            (key.to_owned(), rest.trim_start().strip_prefix(':')?)
        }
        '#' | '-' | '?' => return None,
        _ => {
            let at = trimmed.match_indices(':').find(|(at, _)| {
                trimmed
                    .get(at + 1..)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
            })?;
            (trimmed.get(..at.0)?.trim_end().to_owned(), trimmed.get(at.0 + 1..)?)
        }
    };
    let value = rest.trim();
    let value =
        if value.starts_with('#') { "" } else { value.split(" #").next().unwrap_or(value).trim() };
    Some((key, value.to_owned()))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_content(line: &str) -> bool {
    let trimmed = line.trim();
    !trimmed.is_empty() && !trimmed.starts_with('#')
}

fn find_key(
    lines: &[String],
    range: std::ops::Range<usize>,
    depth: usize,
    key: &str,
) -> Option<usize> {
    let mut lines = lines.iter().enumerate().take(range.end).skip(range.start);
    lines
        .find(|(_, line)| {
            is_content(line)
                && indent(line) == depth
                && key_and_value(line).is_some_and(|(found, _)| found == key)
        })
        .map(|(at, _)| at)
}

/// The line after the last one that belongs to the key at `start`: blank lines and comments that
/// follow belong to what comes next.
fn block_end(lines: &[String], start: usize, depth: usize) -> usize {
    let mut end = start + 1;
    for (at, line) in lines.iter().enumerate().skip(start + 1) {
        if is_content(line) {
            if indent(line) <= depth {
                break;
            }
            end = at + 1;
        } else if line.trim().starts_with('#') && indent(line) > depth {
            end = at + 1;
        }
    }
    end
}

fn first_indent(lines: &[String], range: std::ops::Range<usize>) -> Option<usize> {
    lines
        .iter()
        .take(range.end)
        .skip(range.start)
        .find(|line| is_content(line))
        .map(|line| indent(line))
}

/// The indentation that the document uses.
fn usual_indent(lines: &[String]) -> usize {
    let first =
        lines.iter().filter(|line| is_content(line)).map(|line| indent(line)).find(|at| *at > 0);
    first.filter(|at| *at <= 8).unwrap_or(2)
}

/// Depth is that of an operation: this program wrote the value.
fn write(value: &Value, at: usize, step: usize, lines: &mut Vec<String>) {
    let pad = " ".repeat(at);
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                entry(&format!("{pad}{}:", scalar(key)), value, at, step, lines);
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut inner = Vec::new();
                write(item, at + 2, step, &mut inner);
                if let Some(first) = inner.first_mut() {
                    *first = format!("{pad}- {}", first.trim_start());
                }
                lines.extend(inner);
            }
        }
        other => lines.push(format!("{pad}{}", plain(other))),
    }
}

fn entry(head: &str, value: &Value, at: usize, step: usize, lines: &mut Vec<String>) {
    match value {
        Value::Object(entries) if entries.is_empty() => lines.push(format!("{head} {{}}")),
        Value::Array(items) if items.is_empty() => lines.push(format!("{head} []")),
        Value::Object(_) | Value::Array(_) => {
            lines.push(head.to_owned());
            write(value, at + step, step, lines);
        }
        other => lines.push(format!("{head} {}", plain(other))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// Quoted unless every reader takes it as this very text.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '$'))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " _-./{}$".contains(c))
        && !text.ends_with(' ')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    if plain {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn added(path: &str, method: &str) -> Addition {
        let operation = json!({"responses": {"200": {"description": "OK"}}});
        Addition { path: path.to_owned(), method: method.to_owned(), operation }
    }

    #[test]
    fn comments_and_layout_stay() {
        let text = "openapi: 3.0.3 # kept\npaths:\n    /a: # first\n        get:\n            responses: {}\n\n# the models\ncomponents:\n    schemas: {}\n";
        let new = insert(text, &added("/b/{id}", "get")).unwrap();
        let expected = "openapi: 3.0.3 # kept\npaths:\n    /a: # first\n        get:\n            responses: {}\n    /b/{id}:\n        get:\n            responses:\n                \"200\":\n                    description: OK\n\n# the models\ncomponents:\n    schemas: {}\n";
        assert_eq!(new, expected);
        let again = insert(&new, &added("/b/{id}", "put")).unwrap();
        assert!(again.contains("                    description: OK\n        put:\n"));
        assert_eq!(insert(&again, &added("/b/{id}", "put")), None);
    }

    #[test]
    fn empty_and_missing_paths() {
        for text in ["openapi: 3.1.0\npaths: {}\n", "openapi: 3.1.0\n", "openapi: 3.1.0\npaths:\n"]
        {
            let new = insert(text, &added("/b", "get")).unwrap();
            assert!(new.contains("paths:\n  /b:\n    get:\n"), "{new}");
        }
        assert_eq!(insert("paths: {/a: {}}\n", &added("/b", "get")), None);
        let windows = insert("openapi: 3.1.0\r\npaths: {}\r\n", &added("/b", "get")).unwrap();
        assert_eq!(windows.matches('\n').count(), windows.matches("\r\n").count());
    }
}

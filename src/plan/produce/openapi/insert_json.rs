//! Inserting into JSON, with the indentation that the document has.

use serde_json::Value;

use super::Addition;

/// The text with the operation in it; `None` where the objects are not where they should be.
pub(super) fn insert(text: &str, addition: &Addition) -> Option<String> {
    let indent = indent(text);
    let paths = object(text, 0, &["paths"])?;
    let item = object(text, 0, &["paths", &addition.path]);
    let (place, depth, key, value) = match item {
        Some(item) => (item, 3, addition.method.clone(), addition.operation.clone()),
        None => {
            let mut item = serde_json::Map::new();
            item.insert(addition.method.clone(), addition.operation.clone());
            (paths, 2, addition.path.clone(), Value::Object(item))
        }
    };
    let pad = indent.repeat(depth);
    let value = pretty(&value, &indent)?.replace('\n', &format!("\n{pad}"));
    let entry = format!("\n{pad}{}: {value}", Value::String(key));
    let inside = text.get(place.open + 1..place.close)?;
    let kept = inside.trim_end();
    let comma = if kept.trim().is_empty() { "" } else { "," };
    let closing = indent.repeat(depth - 1);
    Some(format!(
        "{}{kept}{comma}{entry}\n{closing}{}",
        text.get(..=place.open)?,
        text.get(place.close..)?
    ))
}

fn pretty(value: &Value, indent: &str) -> Option<String> {
    use serde::Serialize;
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    value.serialize(&mut serializer).ok()?;
    String::from_utf8(bytes).ok()
}

/// The white space before the first key.
fn indent(text: &str) -> String {
    let line = text.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or("  ");
    let width = line.len() - line.trim_start().len();
    line.get(..width).filter(|pad| !pad.is_empty() && pad.len() <= 8).unwrap_or("  ").to_owned()
}

struct Braces {
    open: usize,
    close: usize,
}

/// The braces of the object that these keys lead to, from the object that starts at `from`.
fn object(text: &str, from: usize, keys: &[&str]) -> Option<Braces> {
    let bytes = text.as_bytes();
    let mut at = from + text.get(from..)?.find('{')?;
    for key in keys {
        at = value_of(bytes, at, key)?;
        if bytes.get(at) != Some(&b'{') {
            return None;
        }
    }
    Some(Braces { open: at, close: end_of(bytes, at)? })
}

/// Where the value of a key of the object at `open` starts.
fn value_of(bytes: &[u8], open: usize, key: &str) -> Option<usize> {
    let mut at = open + 1;
    loop {
        at = skip(bytes, at, b" \t\r\n,");
        if bytes.get(at) != Some(&b'"') {
            return None;
        }
        let end = end_of(bytes, at)?;
        let name: String = serde_json::from_slice(bytes.get(at..=end)?).ok()?;
        let colon = skip(bytes, end + 1, b" \t\r\n");
        if bytes.get(colon) != Some(&b':') {
            return None;
        }
        let value = skip(bytes, colon + 1, b" \t\r\n");
        if name == key {
            return Some(value);
        }
        at = end_of(bytes, value)? + 1;
    }
}

fn skip(bytes: &[u8], mut at: usize, blanks: &[u8]) -> usize {
    while bytes.get(at).is_some_and(|byte| blanks.contains(byte)) {
        at += 1;
    }
    at
}

/// The last byte of the value that starts at `at`.
fn end_of(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => string_end(bytes, at),
        b'{' | b'[' => {
            let (mut depth, mut position) = (0_usize, at);
            loop {
                match bytes.get(position)? {
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return Some(position);
                        }
                    }
                    b'"' => position = string_end(bytes, position)?,
                    _ => {}
                }
                position += 1;
            }
        }
        _ => {
            let length =
                bytes.get(at..)?.iter().take_while(|byte| !b",}] \t\r\n".contains(byte)).count();
            (length > 0).then(|| at + length - 1)
        }
    }
}

fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut position = at + 1;
    loop {
        match bytes.get(position)? {
            b'"' => return Some(position),
            b'\\' => position += 2,
            _ => position += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn layout_stays() {
        let text = "{\n\t\"info\": {\"paths\": \"}\\\"\"},\n\t\"paths\": {\n\t\t\"/a\": { \"get\": {} }\n\t}\n}\n";
        let addition = |path: &str, method: &str| Addition {
            path: path.to_owned(),
            method: method.to_owned(),
            operation: json!({"summary": "x"}),
        };
        let new = insert(text, &addition("/b", "get")).unwrap();
        let expected = "{\n\t\"info\": {\"paths\": \"}\\\"\"},\n\t\"paths\": {\n\t\t\"/a\": { \"get\": {} },\n\t\t\"/b\": {\n\t\t\t\"get\": {\n\t\t\t\t\"summary\": \"x\"\n\t\t\t}\n\t\t}\n\t}\n}\n";
        assert_eq!(new, expected);
        let both: Value =
            serde_json::from_str(&insert(text, &addition("/a", "put")).unwrap()).unwrap();
        assert_eq!(both["paths"]["/a"], json!({"get": {}, "put": {"summary": "x"}}));
        let empty = insert("{\"paths\": {}}", &addition("/a", "get")).unwrap();
        assert!(serde_json::from_str::<Value>(&empty).is_ok(), "{empty}");
        assert_eq!(insert("{\"x\": {}}", &addition("/a", "get")), None);
    }
}

//! A reader of GraphQL documents, as far as clients of a pull request bot need it: one operation,
//! fields, aliases, arguments, variables. No fragments, no directives.

use serde_json::{Map, Number, Value};

/// Deepest nesting of selections and values.
const DEPTH_LIMIT: usize = 24;

#[derive(Debug, PartialEq)]
pub(super) struct Field {
    /// Key of the answer: the alias, or the name.
    pub key: String,
    pub name: String,
    /// With variables put in.
    pub arguments: Map<String, Value>,
    pub fields: Vec<Self>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Operation {
    pub mutation: bool,
    pub fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(String),
    Sign(char),
}

struct Reader<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    variables: &'a Value,
}

/// Reads the document's first operation.
pub(super) fn parse(document: &str, variables: &Value) -> Result<Operation, String> {
    let mut reader = Reader { tokens: tokens(document)?.into_iter().peekable(), variables };
    let mut mutation = false;
    if let Some(Token::Name(kind)) = reader.tokens.peek().cloned() {
        mutation = match kind.as_str() {
            "query" => false,
            "mutation" => true,
            other => return Err(format!("{other} is not supported")),
        };
        reader.tokens.next();
        // The name and the declarations of variables: their types are not checked.
        while !matches!(reader.tokens.peek(), Some(Token::Sign('{')) | None) {
            reader.tokens.next();
        }
    }
    Ok(Operation { mutation, fields: reader.selection(0)? })
}

fn tokens(document: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = document.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '#' => while rest.next_if(|c| *c != '\n').is_some() {},
            '"' => found.push(Token::Text(quoted(&mut rest)?)),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::from(c);
                while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                found.push(Token::Name(name));
            }
            c if c.is_ascii_digit() || c == '-' => {
                let mut number = String::from(c);
                while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '.') {
                    number.push(c);
                }
                found.push(Token::Number(number));
            }
            c if c.is_whitespace() || c == ',' || c == '\u{feff}' => {}
            c if "{}()[]:$!=@".contains(c) => found.push(Token::Sign(c)),
            c => return Err(format!("{c:?} is not expected")),
        }
    }
    Ok(found)
}

fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    let mut raw = String::from("\"");
    loop {
        match rest.next() {
            Some('"') => break,
            Some('\\') => {
                raw.push('\\');
                raw.extend(rest.next());
            }
            Some(character) => raw.push(character),
            None => return Err("a text does not end".to_owned()),
        }
    }
    raw.push('"');
    // GraphQL's escapes are those of JSON.
    serde_json::from_str(&raw).map_err(|error| format!("a text is not valid: {error}"))
}

impl Reader<'_> {
    fn sign(&mut self, wanted: char) -> Result<(), String> {
        match self.tokens.next() {
            Some(Token::Sign(sign)) if sign == wanted => Ok(()),
            other => Err(format!("{wanted:?} expected, found {other:?}")),
        }
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.tokens.next_if(|token| *token == Token::Sign(wanted)).is_some()
    }

    fn name(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Name(name)) => Ok(name),
            other => Err(format!("a name expected, found {other:?}")),
        }
    }

    fn selection(&mut self, depth: usize) -> Result<Vec<Field>, String> {
        if depth > DEPTH_LIMIT {
            return Err("the selection is nested too deeply".to_owned());
        }
        self.sign('{')?;
        let mut fields = Vec::new();
        while !self.takes('}') {
            let mut name = self.name()?;
            let mut key = name.clone();
            if self.takes(':') {
                key = std::mem::replace(&mut name, self.name()?);
            }
            let mut arguments = Map::new();
            if self.takes('(') {
                while !self.takes(')') {
                    let argument = self.name()?;
                    self.sign(':')?;
                    arguments.insert(argument, self.value(0)?);
                }
            }
            let nested = matches!(self.tokens.peek(), Some(Token::Sign('{')));
            let fields_of_field = if nested { self.selection(depth + 1)? } else { Vec::new() };
            fields.push(Field { key, name, arguments, fields: fields_of_field });
        }
        Ok(fields)
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEPTH_LIMIT {
            return Err("a value is nested too deeply".to_owned());
        }
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(Value::String(text)),
            Some(Token::Number(text)) => text
                .parse::<Number>()
                .map(Value::Number)
                .map_err(|_| format!("{text} is no number")),
            Some(Token::Name(name)) => Ok(match name.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::String(name),
            }),
            Some(Token::Sign('$')) => {
                let name = self.name()?;
                Ok(self.variables.get(&name).cloned().unwrap_or(Value::Null))
            }
            Some(Token::Sign('[')) => {
                let mut items = Vec::new();
                while !self.takes(']') {
                    items.push(self.value(depth + 1)?);
                }
                Ok(Value::Array(items))
            }
            Some(Token::Sign('{')) => {
                let mut object = Map::new();
                while !self.takes('}') {
                    let key = self.name()?;
                    self.sign(':')?;
                    object.insert(key, self.value(depth + 1)?);
                }
                Ok(Value::Object(object))
            }
            other => Err(format!("a value expected, found {other:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn variables_aliases_and_nested_values_are_read() {
        let operation = parse(
            "query Threads($n: Int!, $after: String) { # comment\n repo: repository(owner: \"a\\\"b\", \
             tags: [1, {x: OPEN}]) { pullRequest(number: $n) { id } } }",
            &json!({ "n": 7 }),
        )
        .unwrap();
        assert!(!operation.mutation);
        let field = operation.fields.first().unwrap();
        assert_eq!((field.key.as_str(), field.name.as_str()), ("repo", "repository"));
        assert_eq!(field.arguments["owner"], json!("a\"b"));
        assert_eq!(field.arguments["tags"], json!([1, { "x": "OPEN" }]));
        assert_eq!(field.fields.first().unwrap().arguments["number"], json!(7));
        assert!(parse("mutation { x }", &Value::Null).unwrap().mutation);
    }

    #[test]
    fn broken_and_deep_documents_are_errors() {
        for bad in ["", "{", "{ a(", "{ a(b: }", "subscription { a }", "{ ...f }", "{ a \"x }"] {
            assert!(parse(bad, &Value::Null).is_err(), "{bad}");
        }
        assert!(parse(&"{a".repeat(10_000), &Value::Null).is_err());
        assert!(parse(&format!("{{a(b:{}", "[".repeat(10_000)), &Value::Null).is_err());
    }

    proptest! {
        #[test]
        fn no_document_panics(document in "[a-z{}()\\[\\]:$!\"\\\\ .0-9-]{0,80}") {
            let _ = parse(&document, &Value::Null);
        }
    }
}

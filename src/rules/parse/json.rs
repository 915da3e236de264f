//! JSON into the value tree. Apart from YAML because YAML readers refuse tabs and long keys, and
//! are slower on big documents.

use super::tree::{Entry, MAX_DEPTH, Node, ParseError, Scalar, ScalarStyle, Value};
use crate::domain::change::Text;

/// Reads one JSON document.
pub fn parse(source: &str) -> Result<Node, ParseError> {
    let text = Text::new(source);
    let mut reader = Reader { source, text: &text, at: 0, depth: 0 };
    if source.starts_with('\u{FEFF}') {
        reader.at = '\u{FEFF}'.len_utf8();
    }
    let node = reader.value()?;
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.error("text after the end of the document")),
    }
}

struct Reader<'a> {
    source: &'a str,
    text: &'a Text,
    /// Byte offset of the next character; always at a character's start.
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &[u8] {
        self.source.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        self.at += self.rest().iter().take_while(|byte| blank(byte)).count();
        self.rest().first().copied()
    }

    fn error(&self, message: &str) -> ParseError {
        ParseError { line: self.text.line_at(self.at), message: message.to_owned() }
    }

    fn expect(&mut self, byte: u8) -> Result<(), ParseError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.error(&format!("expected `{}`", char::from(byte))))
    }

    fn node(&self, value: Value, start: usize) -> Node {
        let lines = self.text.lines_of(start, self.at);
        Node { value, bytes: start..self.at, lines, tag: None }
    }

    fn value(&mut self) -> Result<Node, ParseError> {
        let first = self.peek();
        let start = self.at;
        if matches!(first, Some(b'{' | b'[')) {
            if self.depth >= MAX_DEPTH {
                return Err(self.error("nested too deeply"));
            }
            self.depth += 1;
            self.at += 1;
            let value = if first == Some(b'{') { self.object() } else { self.array() }?;
            self.depth -= 1;
            return Ok(self.node(value, start));
        }
        match first {
            Some(b'"') => self.string(),
            Some(_) => self.bare(),
            None => Err(self.error("unexpected end of the document")),
        }
    }

    fn object(&mut self) -> Result<Value, ParseError> {
        let mut entries = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Mapping(entries));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a quoted key"));
            }
            let key = self.string()?;
            self.expect(b':')?;
            let value = self.value()?;
            entries.push(Entry { key, value, merged: false });
            if self.peek() == Some(b',') {
                self.at += 1;
            } else {
                self.expect(b'}')?;
                return Ok(Value::Mapping(entries));
            }
        }
    }

    fn array(&mut self) -> Result<Value, ParseError> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Sequence(items));
        }
        loop {
            items.push(self.value()?);
            if self.peek() == Some(b',') {
                self.at += 1;
            } else {
                self.expect(b']')?;
                return Ok(Value::Sequence(items));
            }
        }
    }

    /// A quoted string; the next byte is its opening quote.
    fn string(&mut self) -> Result<Node, ParseError> {
        let start = self.at;
        let mut escaped = false;
        let length = self.rest().iter().skip(1).position(|byte| {
            let closes = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            closes
        });
        let Some(length) = length else {
            return Err(self.error("string without an end"));
        };
        let end = start + length + 2;
        let literal = self.source.get(start..end).unwrap_or_default();
        let text = serde_json::from_str(literal).map_err(|_| self.error("malformed string"))?;
        self.at = end;
        Ok(self.node(Value::Scalar(Scalar { text, style: ScalarStyle::Quoted }), start))
    }

    /// A number, `true`, `false` or `null`.
    fn bare(&mut self) -> Result<Node, ParseError> {
        let start = self.at;
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let length = self.rest().iter().take_while(|byte| part(byte)).count();
        let literal = self.source.get(start..start + length).unwrap_or_default();
        let sound = serde_json::from_str::<serde_json::Value>(literal)
            .is_ok_and(|value| value.is_number() || value.is_boolean() || value.is_null());
        if !sound {
            return Err(self.error("expected a value"));
        }
        self.at += length;
        let scalar = Scalar { text: literal.to_owned(), style: ScalarStyle::Plain };
        Ok(self.node(Value::Scalar(scalar), start))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_values_with_their_places() {
        let node =
            parse("{\n\t\"a\": [1, true, null],\n\t\"b\\u00e9\": {\"c\": \"x\\n\"}\n}").unwrap();
        let items = node.get("a").unwrap().items();
        assert_eq!(items[0].as_i64(), Some(1));
        assert_eq!(items[1].as_bool(), Some(true));
        assert!(items[2].is_null());
        let inner = node.path(&["bé", "c"]).unwrap();
        assert_eq!((inner.as_str(), inner.line()), (Some("x\n"), 3));
        assert_eq!(node.lines.to_string(), "1-4");
    }

    #[test]
    fn refuses_what_is_not_json() {
        for (source, line) in
            [("{\n\"a\" 1}", 2), ("[1,\n]", 2), ("{} x", 1), ("", 1), ("\"a", 1), ("[tru]", 1)]
        {
            assert_eq!(parse(source).unwrap_err().line, line, "{source}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse(&deep(MAX_DEPTH)).is_ok());
        assert!(parse(&deep(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(source in "[\\[\\]{}:,\"\\\\a-z0-9é \n\t-]{0,80}") {
            let _ = parse(&source);
        }

        #[test]
        fn reads_what_others_write(
            map in prop::collection::btree_map("\\PC{0,8}", prop::collection::vec("\\PC{0,8}", 0..4), 0..5)
        ) {
            let node = parse(&serde_json::to_string_pretty(&map).unwrap()).unwrap();
            for (key, values) in &map {
                let read: Vec<_> = node.get(key).unwrap().items().iter().filter_map(Node::as_str).collect();
                prop_assert_eq!(&read, values);
            }
        }
    }
}

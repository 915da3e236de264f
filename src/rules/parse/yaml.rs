//! YAML, and JSON as written in YAML's place, into the value tree.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle as Style, ScanError, Span, Tag};

use super::json;
use super::tree::{Entry, MAX_DEPTH, Node, ParseError, Scalar, ScalarStyle, Tree, Value};
use crate::domain::change::Text;

/// Most nodes that aliases and merge keys may add to one file. Documents written by people stay
/// far below; a few lines of nested aliases can ask for billions.
const MAX_EXPANDED: usize = 100_000;

/// Reads all documents of a YAML text, or the one of a JSON text. What could be read before an
/// error is kept.
pub fn parse(source: &str) -> Tree {
    if source.trim_start_matches('\u{FEFF}').trim_start().starts_with(['{', '['])
        && let Ok(node) = json::parse(source)
    {
        return Tree { documents: vec![node], error: None };
    }
    let mut builder = Builder::new(source);
    let error = builder.run().err();
    Tree { documents: builder.documents, error }
}

struct Builder<'a> {
    source: &'a str,
    text: Text,
    offsets: Offsets,
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    /// Nodes copied for aliases so far.
    expanded: usize,
}

/// A collection whose end has not come yet.
struct Open {
    kind: OpenKind,
    anchor: usize,
    tag: Option<String>,
    start: usize,
    /// End of the last thing inside.
    end: usize,
}

enum OpenKind {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, key: Option<Node> },
}

impl<'a> Builder<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            text: Text::new(source),
            offsets: Offsets::new(source),
            documents: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            expanded: 0,
        }
    }

    fn run(&mut self) -> Result<(), ParseError> {
        let mut parser = Parser::new_from_str(self.source);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.scan_error(&error))?;
            self.event(event, span)?;
        }
        Ok(())
    }

    fn scan_error(&self, error: &ScanError) -> ParseError {
        let last = self.text.line_count().max(1);
        let line = u32::try_from(error.marker().line()).unwrap_or(u32::MAX).clamp(1, last);
        ParseError { line, message: error.info().to_owned() }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), ParseError> {
        let bytes = self.offsets.bytes(self.source, span.start.index())
            ..self.offsets.bytes(self.source, span.end.index());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(text.into_owned(), style, tag.as_deref(), bytes);
                self.remember(anchor, &node);
                self.place(node)
            }
            Event::SequenceStart(anchor, tag) => {
                self.start(OpenKind::Sequence(Vec::new()), anchor, tag.as_deref(), &bytes)
            }
            Event::MappingStart(anchor, tag) => {
                let kind = OpenKind::Mapping { entries: Vec::new(), key: None };
                self.start(kind, anchor, tag.as_deref(), &bytes)
            }
            Event::SequenceEnd | Event::MappingEnd => self.finish(&bytes),
            Event::Alias(anchor) => self.alias(anchor, &bytes),
            Event::DocumentStart(_) => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn node(&self, value: Value, tag: Option<String>, bytes: Range<usize>) -> Node {
        let lines = self.text.lines_of(bytes.start, bytes.end);
        Node { value, bytes, lines, tag }
    }

    fn scalar(&self, text: String, style: Style, tag: Option<&Tag>, bytes: Range<usize>) -> Node {
        let style = match style {
            Style::Plain => ScalarStyle::Plain,
            Style::SingleQuoted | Style::DoubleQuoted => ScalarStyle::Quoted,
            Style::Literal | Style::Folded => ScalarStyle::Block,
        };
        // A block's span runs up to the next token: the blank lines between are not its text.
        let written = self.source.get(bytes.clone()).unwrap_or_default();
        let bytes = bytes.start..bytes.start + written.trim_end().len();
        self.node(Value::Scalar(Scalar { text, style }), tag_name(tag), bytes)
    }

    fn start(
        &mut self,
        kind: OpenKind,
        anchor: usize,
        tag: Option<&Tag>,
        bytes: &Range<usize>,
    ) -> Result<(), ParseError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error("nested too deeply", bytes.start));
        }
        let (start, end) = (bytes.start, bytes.end);
        self.open.push(Open { kind, anchor, tag: tag_name(tag), start, end });
        Ok(())
    }

    fn finish(&mut self, bytes: &Range<usize>) -> Result<(), ParseError> {
        let Some(open) = self.open.pop() else {
            return Err(self.error("end of a collection that was not started", bytes.start));
        };
        // Only flow collections have a closing mark; a block ends with the last thing in it.
        let end = if bytes.is_empty() { open.end } else { bytes.end }.max(open.start);
        let value = match open.kind {
            OpenKind::Sequence(items) => Value::Sequence(items),
            OpenKind::Mapping { entries, .. } => Value::Mapping(self.merge(entries, bytes.start)?),
        };
        let node = self.node(value, open.tag, open.start..end);
        self.remember(open.anchor, &node);
        self.place(node)
    }

    fn alias(&mut self, anchor: usize, bytes: &Range<usize>) -> Result<(), ParseError> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(self.error("alias of something that is not complete", bytes.start));
        };
        let weight = node.weight();
        self.spend(weight, bytes.start)?;
        let node = self.anchors.get(&anchor).cloned();
        if let Some(open) = self.open.last_mut() {
            open.end = open.end.max(bytes.end);
        }
        node.map_or(Ok(()), |node| self.place(node))
    }

    fn spend(&mut self, weight: usize, at: usize) -> Result<(), ParseError> {
        self.expanded = self.expanded.saturating_add(weight);
        if self.expanded > MAX_EXPANDED {
            return Err(self.error("aliases expand to too much", at));
        }
        Ok(())
    }

    fn remember(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node) -> Result<(), ParseError> {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        // A copy of something written earlier does not move the end.
        open.end = open.end.max(node.bytes.end);
        match &mut open.kind {
            OpenKind::Sequence(items) => items.push(node),
            OpenKind::Mapping { entries, key } => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push(Entry { key, value: node, merged: false }),
            },
        }
        Ok(())
    }

    /// Replaces `<<` by what it names; keys that are written out win.
    fn merge(&mut self, entries: Vec<Entry>, at: usize) -> Result<Vec<Entry>, ParseError> {
        let is_merge = |entry: &Entry| {
            entry.key.scalar().is_some_and(|s| s.text == "<<" && s.style == ScalarStyle::Plain)
        };
        if !entries.iter().any(is_merge) {
            return Ok(entries);
        }
        let (merges, mut kept): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(is_merge);
        for merge in merges {
            let sources = match &merge.value.value {
                Value::Sequence(items) => items.as_slice(),
                _ => std::slice::from_ref(&merge.value),
            };
            for entry in sources.iter().flat_map(Node::entries) {
                if !kept.iter().any(|own| own.name() == entry.name()) {
                    self.spend(entry.value.weight(), at)?;
                    kept.push(Entry { merged: true, ..entry.clone() });
                }
            }
        }
        Ok(kept)
    }

    fn error(&self, message: &str, at: usize) -> ParseError {
        ParseError { line: self.text.line_at(at), message: message.to_owned() }
    }
}

fn tag_name(tag: Option<&Tag>) -> Option<String> {
    tag.map(|tag| tag.suffix.clone()).filter(|name| !name.is_empty())
}

/// Character positions to byte positions.
struct Offsets {
    ascii: bool,
    /// Byte position of every [`STEP`]th character.
    steps: Vec<usize>,
}

const STEP: usize = 64;

impl Offsets {
    fn new(source: &str) -> Self {
        let ascii = source.is_ascii();
        let steps = if ascii {
            Vec::new()
        } else {
            source.char_indices().step_by(STEP).map(|(at, _)| at).collect()
        };
        Self { ascii, steps }
    }

    fn bytes(&self, source: &str, character: usize) -> usize {
        if self.ascii {
            return character.min(source.len());
        }
        let Some(start) = self.steps.get(character / STEP).copied() else {
            return source.len();
        };
        let rest = source.get(start..).unwrap_or_default();
        rest.char_indices().nth(character % STEP).map_or(source.len(), |(at, _)| start + at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(source: &str) -> Node {
        let mut tree = parse(source);
        assert_eq!(tree.error, None);
        assert_eq!(tree.documents.len(), 1);
        tree.documents.remove(0)
    }

    #[test]
    fn places_are_where_things_are_written() {
        let source =
            "# é\na:\n  - x: 1\n    y: 'ü'\n\n  - |\n    text\n    more\n\n# end\nb: {c: d}\n";
        let node = one(source);
        let items = node.get("a").unwrap().items();
        assert_eq!(items[0].lines.to_string(), "3-4");
        assert_eq!(items[1].lines.to_string(), "7-8");
        assert_eq!(items[1].as_str(), Some("text\nmore\n"));
        let quoted = items[0].get("y").unwrap();
        assert_eq!(&source[quoted.bytes.clone()], "'ü'");
        assert_eq!(node.entry("a").unwrap().lines().to_string(), "2-8");
        assert_eq!(&source[node.get("b").unwrap().bytes.clone()], "{c: d}");
        assert_eq!(node.path(&["b", "c"]).unwrap().line(), 11);
    }

    #[test]
    fn scalars_are_typed_only_when_plain() {
        let node = one("a: true\nb: 'true'\nc: 12\nd: ~\ne:\nf: 1.5\n");
        assert_eq!(node.get("a").unwrap().as_bool(), Some(true));
        assert_eq!(node.get("b").unwrap().as_bool(), None);
        assert_eq!(node.get("c").unwrap().as_i64(), Some(12));
        assert!(node.get("d").unwrap().is_null() && node.get("e").unwrap().is_null());
        assert_eq!(node.get("f").unwrap().as_f64(), Some(1.5));
    }

    #[test]
    fn aliases_and_merge_keys_are_expanded() {
        let node = one("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nagain: *b\n");
        assert_eq!(node.path(&["use", "x"]).unwrap().as_i64(), Some(1));
        assert_eq!(node.path(&["use", "y"]).unwrap().as_i64(), Some(3));
        assert!(node.get("use").unwrap().entry("x").unwrap().merged);
        assert_eq!(node.path(&["again", "y"]).unwrap().line(), 1);
        assert_eq!(node.entry("again").unwrap().lines().to_string(), "5");
        assert_eq!(node.lines.to_string(), "1-5");
    }

    #[test]
    fn alias_bombs_are_refused() {
        let mut source = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            source += &format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(", "));
        }
        assert_eq!(parse(&source).error.unwrap().message, "aliases expand to too much");
    }

    #[test]
    fn several_documents_and_repeated_keys() {
        let tree = parse("a: 1\na: 2\n---\n---\nb: 1\n");
        assert_eq!(tree.error, None);
        assert_eq!(tree.documents.len(), 3);
        assert_eq!(tree.documents[0].get("a").unwrap().as_i64(), Some(2));
        assert_eq!(tree.documents[2].get("b").unwrap().line(), 5);
    }

    #[test]
    fn errors_have_a_line_and_keep_what_came_before() {
        let tree = parse("a: 1\n---\nb: [1\nc: {{ x }}\n");
        assert_eq!(tree.documents.len(), 1);
        assert!(tree.error.unwrap().line >= 3);
    }

    #[test]
    fn json_is_read_with_tabs_and_at_any_size() {
        let node = one("{\n\t\"a\": {\n\t\t\"b\": [1,\n\t\t2]\n\t}\n}\n");
        assert_eq!(node.path(&["a", "b"]).unwrap().items()[1].line(), 4);
        let big = format!("[{}]", vec!["{\"k\": \"v\"}"; 50_000].join(",\n"));
        assert_eq!(one(&big).items().len(), 50_000);
    }

    #[test]
    fn depth_is_bounded() {
        let deep: String = (0..1000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        assert!(parse(&deep).error.is_some());
        assert!(parse(&"- ".repeat(5000)).error.is_some());
        assert!(parse(&"[".repeat(5000)).error.is_some());
    }

    #[test]
    fn windows_line_ends_and_tags() {
        let node = one("a: !Ref b\r\nc:\r\n  - d\r\n");
        assert_eq!(node.get("a").unwrap().tag.as_deref(), Some("Ref"));
        assert_eq!(node.get("c").unwrap().items()[0].line(), 3);
    }

    proptest! {
        #[test]
        fn spans_stay_inside(source in "[-a-c:{}\\[\\],&*<|> '\"#é!%?\n\t]{0,120}") {
            for node in parse(&source).documents.iter().flat_map(Node::walk) {
                prop_assert!(source.get(node.bytes.clone()).is_some());
                prop_assert!(node.lines.end() <= Text::new(source.as_str()).line_count().max(1));
            }
        }
    }
}

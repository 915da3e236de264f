//! A value tree with places, made from YAML or JSON.

use std::ops::Range;

use crate::domain::diff::LineRange;

/// Deepest nesting of collections that is read. Deeper documents are refused, not cut.
pub const MAX_DEPTH: usize = 128;

/// What a file holds.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The documents that could be read, in order; JSON has one.
    pub documents: Vec<Node>,
    /// Why reading stopped before the end of the text.
    pub error: Option<ParseError>,
}

/// A text that is not what it should be, and where that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Counted from 1.
    pub line: u32,
    /// A clause without a final dot.
    pub message: String,
}

/// A value and its place. A value reached through an alias or a merge key has the place where it
/// was written, not the place of the alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub value: Value,
    /// Bytes of the text.
    pub bytes: Range<usize>,
    /// Lines from its first to its last character, counted from 1.
    pub lines: LineRange,
    /// A tag that the document gives it, as written after the `!` (`Ref`, `Sub`).
    pub tag: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A scalar, decoded (escapes and folding applied) but not interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    pub text: String,
    pub style: ScalarStyle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Unquoted: may stand for a number, a boolean or null. JSON's bare values are plain too.
    Plain,
    Quoted,
    /// `|` and `>` blocks. Their place is their text, without the line of the indicator.
    Block,
}

/// One `key: value` of a mapping. Keys may repeat; [`Node::get`] gives the last one, as most
/// readers do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: Node,
    pub value: Node,
    /// Whether it came in through a merge key (`<<`).
    pub merged: bool,
}

impl Entry {
    /// The key's text; empty when the key is a collection.
    pub fn name(&self) -> &str {
        self.key.as_str().unwrap_or("")
    }

    /// Lines from the key to the end of the value. Only the key's when the value is written
    /// elsewhere (an alias).
    pub fn lines(&self) -> LineRange {
        let (start, end) = (self.key.lines.start(), self.value.lines.end());
        let near = self.value.bytes.start >= self.key.bytes.end;
        LineRange::new(start, if near { end } else { start }).unwrap_or(self.key.lines)
    }
}

impl Node {
    /// The value of that key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key.as_str() == Some(key))
    }

    /// The value reached by these keys, one mapping after the other.
    pub fn path(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a mapping; empty for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; empty for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    pub fn is_mapping(&self) -> bool {
        matches!(self.value, Value::Mapping(_))
    }

    pub fn is_sequence(&self) -> bool {
        matches!(self.value, Value::Sequence(_))
    }

    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar of any style; `None` for collections.
    pub fn as_str(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }

    /// Only a plain `true` or `false` (YAML 1.2; `yes` and `on` are text).
    pub fn as_bool(&self) -> Option<bool> {
        match self.plain()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// A plain decimal integer.
    pub fn as_i64(&self) -> Option<i64> {
        self.plain()?.parse().ok()
    }

    /// A plain decimal number.
    pub fn as_f64(&self) -> Option<f64> {
        self.plain()?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// An absent value, `~` or `null`.
    pub fn is_null(&self) -> bool {
        self.plain().is_some_and(|text| matches!(text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether both say the same, wherever and in whatever style it is written.
    pub fn same(&self, other: &Node) -> bool {
        let shape = |node: &Node| {
            (node.as_str().map(str::to_owned), node.items().len(), node.entries().len())
        };
        let names = |node: &Node| -> Vec<String> {
            node.entries().iter().map(|entry| entry.name().to_owned()).collect()
        };
        let (mut mine, mut theirs) = (self.walk(), other.walk());
        loop {
            match (mine.next(), theirs.next()) {
                (None, None) => return true,
                (Some(one), Some(two)) if shape(one) == shape(two) && names(one) == names(two) => {}
                _ => return false,
            }
        }
    }

    /// The line it starts on, counted from 1.
    pub fn line(&self) -> u32 {
        self.lines.start()
    }

    /// This node and everything below it, parents first.
    pub fn walk(&self) -> Walk<'_> {
        Walk { waiting: vec![self] }
    }

    fn plain(&self) -> Option<&str> {
        self.scalar().filter(|s| s.style == ScalarStyle::Plain).map(|s| s.text.as_str())
    }

    /// How many nodes it is made of, itself included.
    pub(super) fn weight(&self) -> usize {
        self.walk().count()
    }
}

/// Iterates over a node and everything below it.
pub struct Walk<'a> {
    waiting: Vec<&'a Node>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = &'a Node;

    fn next(&mut self) -> Option<&'a Node> {
        let node = self.waiting.pop()?;
        self.waiting.extend(node.items().iter().rev());
        for entry in node.entries().iter().rev() {
            self.waiting.push(&entry.value);
            self.waiting.push(&entry.key);
        }
        Some(node)
    }
}

//! XML and YAML as one kind of tree.

use std::ops::Range;

use crate::rules::parse::tree::{Node, Value};
use crate::rules::parse::yaml;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 64;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Without its name space.
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// Text directly inside, and its place where it is written just like that.
    pub text: String,
    pub text_at: Option<Range<usize>>,
    pub bytes: Range<usize>,
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The elements of a name inside, at any depth, not looking into those found.
    pub fn collect(&self, name: &str, into: &mut Vec<Self>, depth: usize) {
        for child in &self.children {
            if child.name == name {
                into.push(child.clone());
            } else if depth < MAX_DEPTH {
                child.collect(name, into, depth + 1);
            }
        }
    }

    /// Whether two elements differ in their places and remarks only.
    pub fn means_the_same(&self, other: &Self) -> bool {
        let attributes = |element: &Self| {
            let mut kept: Vec<(String, String)> = element.attributes.clone();
            kept.sort();
            kept
        };
        let words =
            |element: &Self| element.text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let parts = |element: &Self| {
            let told = |child: &&Self| {
                !matches!(child.name.as_str(), "comment" | "rollback" | "preConditions")
            };
            element.children.iter().filter(told).cloned().collect::<Vec<_>>()
        };
        let (own, theirs) = (parts(self), parts(other));
        self.name == other.name
            && attributes(self) == attributes(other)
            && words(self) == words(other)
            && own.len() == theirs.len()
            && own.iter().zip(&theirs).all(|(one, two)| one.means_the_same(two))
    }
}

/// Reads XML as far as change logs use it: elements, attributes, text and CDATA. Whatever is not
/// closed ends with the text.
pub(super) fn of_xml(text: &str) -> Element {
    let mut open = vec![Element::default()];
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('<')) {
        add_text(&mut open, text, at..at + found, true);
        at += found;
        let rest = text.get(at..).unwrap_or_default();
        let skip = |open: usize, end: &str| {
            rest.get(open..).and_then(|r| r.find(end)).map_or(rest.len(), |n| open + n + end.len())
        };
        if rest.starts_with("<!--") {
            at += skip(4, "-->");
        } else if rest.starts_with("<![CDATA[") {
            let length = skip(9, "]]>");
            let end = (at + length).saturating_sub(3).max(at + 9);
            add_text(&mut open, text, at + 9..end, false);
            at += length;
        } else if rest.starts_with("<?") || rest.starts_with("<!") {
            at += skip(2, ">");
        } else if rest.starts_with("</") {
            at += skip(2, ">");
            close(&mut open, at);
        } else {
            let length = tag_length(rest);
            let inner = rest.get(1..length.saturating_sub(1)).unwrap_or_default();
            let empty = inner.ends_with('/');
            let mut element = start(inner.trim_end_matches('/'));
            element.bytes = at..at + length;
            at += length;
            // Deeper ones are read as if they stood beside each other.
            if empty || open.len() > MAX_DEPTH {
                push(&mut open, element);
            } else {
                open.push(element);
            }
        }
    }
    while open.len() > 1 {
        close(&mut open, text.len());
    }
    open.pop().unwrap_or_default()
}

/// Bytes of a start tag up to its `>`, which attributes may hold as well.
fn tag_length(rest: &str) -> usize {
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), close) if open == close => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn start(inner: &str) -> Element {
    let name_end = inner.find(char::is_whitespace).unwrap_or(inner.len());
    let (name, mut rest) = inner.split_at(name_end);
    let mut element = Element { name: local(name), ..Element::default() };
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else { break };
        let value = after.get(1..).unwrap_or_default();
        let Some((value, tail)) = value.split_once(quote) else { break };
        element.attributes.push((local(key.trim()), unescaped(value)));
        rest = tail;
    }
    element
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

fn add_text(open: &mut [Element], text: &str, bytes: Range<usize>, escaped: bool) {
    let written = text.get(bytes.clone()).unwrap_or_default();
    let Some(element) = open.last_mut().filter(|_| !written.trim().is_empty()) else { return };
    let plain = if escaped { unescaped(written) } else { written.to_owned() };
    let first = element.text.is_empty();
    element.text_at = (first && plain == written).then_some(bytes);
    element.text.push_str(&plain);
}

fn close(open: &mut Vec<Element>, end: usize) {
    if open.len() < 2 {
        return;
    }
    if let Some(mut element) = open.pop() {
        element.bytes.end = end;
        push(open, element);
    }
}

fn push(open: &mut [Element], element: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(element);
    }
}

/// Reads YAML or JSON: plain values become attributes, everything else children.
pub(super) fn of_yaml(text: &str) -> Element {
    let tree = yaml::parse(text);
    let mut root = Element::default();
    for document in &tree.documents {
        fill(&mut root, document, 0);
    }
    root
}

fn fill(element: &mut Element, node: &Node, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match &node.value {
        Value::Scalar(scalar) => element.text.clone_from(&scalar.text),
        Value::Sequence(items) => {
            for item in items {
                fill(element, item, depth + 1);
            }
        }
        Value::Mapping(entries) => {
            for entry in entries {
                let Value::Scalar(key) = &entry.key.value else { continue };
                if let Value::Scalar(scalar) = &entry.value.value {
                    element.attributes.push((key.text.clone(), scalar.text.clone()));
                }
                let bytes = entry.key.bytes.start..entry.value.bytes.end;
                let mut child = Element { name: key.text.clone(), bytes, ..Element::default() };
                fill(&mut child, &entry.value, depth + 1);
                element.children.push(child);
            }
        }
    }
}

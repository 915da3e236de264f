//! `$ref` over the files of an API description: local pointers, other files, chains and cycles.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::domain::diff::LineRange;
use crate::domain::path::RepoPath;
use crate::rules::parse::tree::{Entry, Node};

/// References followed in a row before giving up.
const MAX_CHAIN: usize = 32;

/// Mappings with more entries are looked up by an index.
const SMALL: usize = 24;

/// A node and the file it stands in.
#[derive(Clone, Copy)]
pub struct At<'t> {
    pub node: &'t Node,
    /// Index into the files of its [`Documents`].
    pub file: usize,
}

impl<'t> At<'t> {
    /// Another node of the same file.
    pub fn with(self, node: &'t Node) -> Self {
        Self { node, file: self.file }
    }

    pub fn get(self, key: &str) -> Option<Self> {
        self.node.get(key).map(|node| self.with(node))
    }

    pub fn items(self) -> impl Iterator<Item = Self> {
        self.node.items().iter().map(move |node| self.with(node))
    }

    pub fn entries(self) -> &'t [Entry] {
        self.node.entries()
    }

    /// The text of a scalar under that key; empty without one.
    pub fn word(self, key: &str) -> &'t str {
        self.node.get(key).and_then(Node::as_str).unwrap_or("")
    }

    pub fn is_true(self, key: &str) -> bool {
        self.node.get(key).and_then(Node::as_bool) == Some(true)
    }

    pub fn line(self) -> LineRange {
        LineRange::line(self.node.line())
    }

    /// The place of the value under a key, or of the node itself.
    pub fn line_of(self, key: &str) -> LineRange {
        let entry = self.node.entry(key);
        entry.map_or_else(|| self.line(), |entry| LineRange::line(entry.key.line()))
    }

    /// Equal for the same node only.
    pub fn identity(self) -> usize {
        std::ptr::from_ref(self.node) as usize
    }
}

/// The files that a description is spread over.
pub struct Documents<'t> {
    files: Vec<(RepoPath, &'t Node)>,
    /// Wide mappings, by identity of the mapping.
    index: RefCell<HashMap<usize, HashMap<&'t str, &'t Node>>>,
    known: RefCell<HashMap<(usize, &'t str), Option<At<'t>>>>,
}

impl<'t> Documents<'t> {
    /// `files` starts with the description's main file.
    pub fn new(files: Vec<(RepoPath, &'t Node)>) -> Self {
        Self { files, index: RefCell::default(), known: RefCell::default() }
    }

    /// The content of the main file.
    pub fn root(&self) -> Option<At<'t>> {
        self.files.first().map(|(_, node)| At { node, file: 0 })
    }

    pub fn path(&self, file: usize) -> Option<&RepoPath> {
        self.files.get(file).map(|(path, _)| path)
    }

    /// Whether keywords beside a `$ref` count: not in Swagger and OpenAPI 3.0, where they are to be
    /// ignored.
    pub fn read_siblings(&self) -> bool {
        self.root().is_none_or(|root| {
            root.get("swagger").is_none() && !root.word("openapi").starts_with("3.0")
        })
    }

    /// The node itself, or what its references lead to. `None` when they lead nowhere: to a file
    /// that was not read, to nothing, or around in a circle.
    pub fn value(&self, at: At<'t>) -> Option<At<'t>> {
        let mut current = at;
        for _ in 0..MAX_CHAIN {
            let Some(reference) = current.node.get("$ref").and_then(Node::as_str) else {
                return Some(current);
            };
            current = self.follow(current.file, reference)?;
        }
        None
    }

    /// The references that are followed one after the other from here, this one included.
    pub fn references(&self, at: At<'t>) -> Vec<At<'t>> {
        let (mut found, mut current) = (Vec::new(), Some(at));
        while let Some(at) = current.filter(|_| found.len() < MAX_CHAIN) {
            let Some(reference) = at.node.get("$ref").and_then(Node::as_str) else { break };
            found.push(at);
            current = self.follow(at.file, reference);
        }
        found
    }

    fn follow(&self, file: usize, reference: &'t str) -> Option<At<'t>> {
        if let Some(known) = self.known.borrow().get(&(file, reference)) {
            return *known;
        }
        let found = self.look_up(file, reference);
        self.known.borrow_mut().insert((file, reference), found);
        found
    }

    fn look_up(&self, file: usize, reference: &str) -> Option<At<'t>> {
        let (place, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let file = if place.is_empty() { file } else { self.file_of(file, place)? };
        let (_, root) = self.files.get(file)?;
        let node = pointer.split('/').skip(1).try_fold(*root, |node, part| {
            let part = unescape(part);
            match part.parse::<usize>() {
                Ok(index) if node.is_sequence() => node.items().get(index),
                _ => self.child(node, &part),
            }
        })?;
        Some(At { node, file })
    }

    fn file_of(&self, from: usize, place: &str) -> Option<usize> {
        let path = self.path(from)?.resolve(place)?;
        self.files.iter().position(|(other, _)| *other == path)
    }

    /// The value under a key, in time that does not grow with the width of the mapping.
    pub fn child(&self, node: &'t Node, key: &str) -> Option<&'t Node> {
        let entries = node.entries();
        if entries.len() <= SMALL {
            return node.get(key);
        }
        let mut index = self.index.borrow_mut();
        let wide = index
            .entry(std::ptr::from_ref(node) as usize)
            .or_insert_with(|| entries.iter().map(|e| (e.name(), &e.value)).collect());
        wide.get(key).copied()
    }
}

/// A part of a JSON pointer as written in a URI fragment.
fn unescape(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| byte == b'%');
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::parse::yaml;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap()
    }

    #[test]
    fn references_lead_through_files_and_stop_in_circles() {
        let main = "a: {$ref: '#/b~1c'}\nb/c: {$ref: 'parts/x.yaml#/y'}\nloop: {$ref: '#/loop'}\n\
                    lost: {$ref: 'none.yaml'}\ncurly: {$ref: '#/p/%7Bid%7D'}\np: {'{id}': {z: 2}}\n";
        let part = "y: {$ref: '../parts/x.yaml#/deep/1'}\ndeep: [0, {v: 1}]\n";
        let (main, part) = (yaml::parse(main), yaml::parse(part));
        let documents = Documents::new(vec![
            (path("api/main.yaml"), &main.documents[0]),
            (path("api/parts/x.yaml"), &part.documents[0]),
        ]);
        let root = documents.root().unwrap();
        let found = documents.value(root.get("a").unwrap()).unwrap();
        assert_eq!((found.word("v"), found.file), ("1", 1));
        assert!(documents.value(root.get("loop").unwrap()).is_none());
        assert!(documents.value(root.get("lost").unwrap()).is_none());
        assert_eq!(documents.value(root.get("curly").unwrap()).unwrap().word("z"), "2");
    }

    #[test]
    fn wide_mappings_give_the_last_of_equal_keys() {
        let wide: String = (0..100).map(|n| format!("k{n}: {n}\n")).collect();
        let tree = yaml::parse(&format!("{wide}k7: last\n"));
        let documents = Documents::new(vec![(path("a.yaml"), &tree.documents[0])]);
        let found = documents.child(&tree.documents[0], "k7").unwrap();
        assert_eq!(found.as_str(), Some("last"));
        assert!(documents.child(&tree.documents[0], "k100").is_none());
    }
}

//! Pairs of schemas that stand for the same thing before and after, each compared once.
//!
//! Schemas refer to each other, in circles too. So pairs form a graph, which is built from a work
//! list and not by recursion; afterwards it is known which pairs can reach a change, and walks
//! over the graph enter only those.

use std::collections::{HashMap, HashSet};

use super::fingerprint::Fingerprints;
use super::subschemas::{self, Lists};
use super::types::{self, Wrapping};
use crate::rules::openapi::resolve::{At, Documents};
use crate::rules::parse::tree::{Entry, Node};

pub type PairId = usize;

/// Pairs beyond this many times the size of both documents are not made: only circles of
/// different lengths can ask for more, and what they would add was compared before.
const PAIRS_PER_NODE: usize = 4;

/// Keywords that hold one schema.
const SINGLE: [&str; 10] = [
    "items",
    "additionalProperties",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "if",
    "then",
    "else",
    "contentSchema",
];

/// Keywords that hold schemas by name, besides `properties`.
const NAMED: [&str; 2] = ["patternProperties", "dependentSchemas"];

/// Keywords that hold a list of schemas.
pub const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];

/// How a schema is reached from the one that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'t> {
    Property(&'t str),
    /// Any other keyword, as it is shown in paths: `items`, `oneOf[Cat]`.
    Keyword(String),
    /// What a `$ref` leads to that stands beside other keywords: the same value, described further.
    Reference,
}

/// Two schemas, resolved, and how what is inside of them belongs together.
pub struct Pair<'t> {
    pub base: At<'t>,
    pub head: At<'t>,
    pub children: Vec<(Step<'t>, PairId)>,
    pub lists: Vec<(&'static str, Lists)>,
    /// Properties of one side only.
    pub gone: Vec<&'t Entry>,
    pub new: Vec<&'t Entry>,
    pub wrapping: Wrapping<'t>,
    /// Whether it differs by itself.
    pub differs: bool,
    /// Whether it or something that it reaches differs.
    pub changed: bool,
}

/// All pairs, and both documents.
pub struct Pairs<'d, 't> {
    pub base: &'d Documents<'t>,
    pub head: &'d Documents<'t>,
    pub prints: (Fingerprints, Fingerprints),
    list: Vec<Pair<'t>>,
    known: HashMap<(usize, usize), PairId>,
    waiting: Vec<PairId>,
    limit: usize,
    /// Both sides read what stands beside a `$ref`.
    siblings: bool,
    /// Nodes looked at so far: a measure of the work, for tests.
    pub visited: usize,
}

impl<'d, 't> Pairs<'d, 't> {
    /// `size` is the number of nodes of both documents.
    pub fn new(base: &'d Documents<'t>, head: &'d Documents<'t>, size: usize) -> Self {
        Self {
            base,
            head,
            prints: Default::default(),
            list: Vec::new(),
            known: HashMap::new(),
            waiting: Vec::new(),
            limit: size.saturating_mul(PAIRS_PER_NODE).max(64),
            siblings: base.read_siblings() && head.read_siblings(),
            visited: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn get(&self, id: PairId) -> Option<&Pair<'t>> {
        self.list.get(id)
    }

    /// The pair of two schemas; `None` when one of them cannot be read.
    pub fn intern(&mut self, base: At<'t>, head: At<'t>) -> Option<PairId> {
        let (base, head) = match self.referring(base, head) {
            Some(both) => both,
            None => self.meant(base, head)?,
        };
        let key = (base.identity(), head.identity());
        if let Some(known) = self.known.get(&key) {
            return Some(*known);
        }
        if self.list.len() >= self.limit {
            return None;
        }
        let id = self.list.len();
        self.list.push(Pair {
            base,
            head,
            children: Vec::new(),
            lists: Vec::new(),
            gone: Vec::new(),
            new: Vec::new(),
            wrapping: Wrapping::None,
            differs: false,
            changed: false,
        });
        self.known.insert(key, id);
        self.waiting.push(id);
        Some(id)
    }

    /// What both stand for. A schema that is wrapped as the only part of an `allOf` on one side, as
    /// it is done to describe a reference, is the schema itself.
    fn meant(&self, base: At<'t>, head: At<'t>) -> Option<(At<'t>, At<'t>)> {
        let (base, head) = (self.base.value(base)?, self.head.value(head)?);
        let composed = |at: At<'t>| at.get("allOf").is_some();
        Some(match (types::only_part(base, &[]), types::only_part(head, &[])) {
            (Some(inner), _) if !composed(head) => (self.base.value(inner)?, head),
            (_, Some(inner)) if !composed(base) => (base, self.head.value(inner)?),
            _ => (base, head),
        })
    }

    /// The references that are compared themselves, because keywords stand beside one of them.
    fn referring(&self, base: At<'t>, head: At<'t>) -> Option<(At<'t>, At<'t>)> {
        if !self.siblings || !refers(base) || !refers(head) {
            return None;
        }
        let (old, new) = (self.base.references(base), self.head.references(head));
        let more = |list: &[At<'t>]| list.iter().copied().find(|at| says_more(*at));
        let (old_more, new_more) = (more(&old), more(&new));
        if old_more.is_none() && new_more.is_none() {
            return None;
        }
        Some((old_more.or(old.last().copied())?, new_more.or(new.last().copied())?))
    }

    /// Compares everything that was asked for, and finds out what reaches a change.
    pub fn finish(&mut self) {
        while let Some(id) = self.waiting.pop() {
            let Some((base, head)) = self.list.get(id).map(|pair| (pair.base, pair.head)) else {
                continue;
            };
            let mut children = Vec::new();
            if refers(base) && refers(head) {
                let targets = (self.base.value(base), self.head.value(head));
                if let (Some(old), Some(new)) = targets {
                    self.child(Step::Reference, old, new, &mut children);
                }
            }
            self.single(base, head, &mut children);
            self.named(base, head, &mut children);
            let (gone, new) = self.properties(base, head, &mut children);
            let lists = self.lists(base, head, &mut children);
            let wrapping = types::wrapping(self, base, head, &mut children);
            let differs = !gone.is_empty()
                || !new.is_empty()
                || lists.iter().any(|(_, lists)| !lists.gone.is_empty() || !lists.new.is_empty())
                || self.keywords_differ(base, head);
            if let Some(pair) = self.list.get_mut(id) {
                pair.differs = differs;
                pair.changed = differs;
                pair.children = children;
                pair.lists = lists;
                pair.gone = gone;
                pair.new = new;
                pair.wrapping = wrapping;
            }
        }
        self.spread();
    }

    /// Marks everything from which a changed pair can be reached.
    fn spread(&mut self) {
        let mut holders: Vec<Vec<PairId>> = vec![Vec::new(); self.list.len()];
        for (id, pair) in self.list.iter().enumerate() {
            for (_, child) in &pair.children {
                if let Some(list) = holders.get_mut(*child) {
                    list.push(id);
                }
            }
        }
        let mut open: Vec<PairId> =
            self.list.iter().enumerate().filter(|(_, p)| p.changed).map(|(id, _)| id).collect();
        while let Some(id) = open.pop() {
            for holder in holders.get(id).map(Vec::as_slice).unwrap_or_default() {
                if let Some(pair) = self.list.get_mut(*holder).filter(|pair| !pair.changed) {
                    pair.changed = true;
                    open.push(*holder);
                }
            }
        }
    }

    fn single(&mut self, base: At<'t>, head: At<'t>, children: &mut Vec<(Step<'t>, PairId)>) {
        for key in SINGLE {
            if let (Some(old), Some(new)) = (base.get(key), head.get(key))
                && old.node.is_mapping()
                && new.node.is_mapping()
            {
                self.child(Step::Keyword(key.to_owned()), old, new, children);
            }
        }
    }

    fn named(&mut self, base: At<'t>, head: At<'t>, children: &mut Vec<(Step<'t>, PairId)>) {
        for key in NAMED {
            let (Some(old), Some(new)) = (base.get(key), head.get(key)) else { continue };
            for entry in old.entries() {
                if let Some(other) = self.head.child(new.node, entry.name()) {
                    let step = Step::Keyword(format!("{key}[{}]", entry.name()));
                    self.child(step, old.with(&entry.value), new.with(other), children);
                }
            }
        }
    }

    fn child(
        &mut self,
        step: Step<'t>,
        base: At<'t>,
        head: At<'t>,
        children: &mut Vec<(Step<'t>, PairId)>,
    ) {
        if let Some(id) = self.intern(base, head) {
            children.push((step, id));
        }
    }

    fn properties(
        &mut self,
        base: At<'t>,
        head: At<'t>,
        children: &mut Vec<(Step<'t>, PairId)>,
    ) -> (Vec<&'t Entry>, Vec<&'t Entry>) {
        let (old, new) = (base.get("properties"), head.get("properties"));
        let entries = |at: Option<At<'t>>| at.map(At::entries).unwrap_or_default();
        self.visited += entries(old).len() + entries(new).len();
        let mut gone = Vec::new();
        for entry in entries(old) {
            match new.and_then(|new| Some(new.with(self.head.child(new.node, entry.name())?))) {
                Some(other) => {
                    self.child(
                        Step::Property(entry.name()),
                        base.with(&entry.value),
                        other,
                        children,
                    );
                }
                None => gone.push(entry),
            }
        }
        let known: HashSet<&str> = entries(old).iter().map(Entry::name).collect();
        let new = entries(new).iter().filter(|entry| !known.contains(entry.name())).collect();
        (gone, new)
    }

    fn lists(
        &mut self,
        base: At<'t>,
        head: At<'t>,
        children: &mut Vec<(Step<'t>, PairId)>,
    ) -> Vec<(&'static str, Lists)> {
        let mut found = Vec::new();
        for key in LISTS {
            let items = |at: At<'t>| -> Vec<At<'t>> {
                at.get(key).into_iter().flat_map(At::items).collect()
            };
            let (old, new) = (items(base), items(head));
            if old.is_empty() && new.is_empty() {
                continue;
            }
            self.visited += old.len() + new.len();
            let lists = if key == "prefixItems" {
                subschemas::by_position(&old, &new)
            } else {
                subschemas::matched(self, &old, &new)
            };
            for (one, other) in &lists.pairs {
                if let (Some(one_at), Some(other_at)) = (old.get(*one), new.get(*other)) {
                    let step = Step::Keyword(format!("{key}[{}]", label(*one_at, *one)));
                    self.child(step, *one_at, *other_at, children);
                }
            }
            found.push((key, lists));
        }
        found
    }

    /// Whether a keyword that holds no schema says something else, or a schema is on one side only.
    fn keywords_differ(&mut self, base: At<'t>, head: At<'t>) -> bool {
        self.visited += 1 + base.entries().len() + head.entries().len();
        let holds_schemas = |key: &str, value: &Node| {
            key == "properties"
                || LISTS.contains(&key)
                || (value.is_mapping() && (NAMED.contains(&key) || SINGLE.contains(&key)))
        };
        let (old, new) = (base.entries(), head.entries());
        let same = |entry: &Entry| match self.head.child(head.node, entry.name()) {
            Some(other) if NAMED.contains(&entry.name()) => same_names(&entry.value, other),
            Some(other) => {
                (holds_schemas(entry.name(), &entry.value) && holds_schemas(entry.name(), other))
                    || entry.value.same(other)
            }
            None => entry.name() == "properties",
        };
        old.len() != new.len() || !old.iter().all(same)
    }
}

fn refers(at: At<'_>) -> bool {
    at.node.get("$ref").is_some_and(|node| node.as_str().is_some())
}

/// Whether keywords that matter stand beside the reference. A type there would be compared with
/// nothing, and what it adds is in what is referred to.
fn says_more(at: At<'_>) -> bool {
    const NOTES: [&str; 7] =
        ["$ref", "title", "description", "summary", "example", "examples", "externalDocs"];
    let counts = |name: &str| !NOTES.contains(&name) && !name.starts_with("x-");
    at.node.get("type").is_none() && at.entries().iter().any(|entry| counts(entry.name()))
}

fn same_names(one: &Node, other: &Node) -> bool {
    let names = |node: &Node| -> HashSet<String> {
        node.entries().iter().map(|entry| entry.name().to_owned()).collect()
    };
    names(one) == names(other)
}

/// How an item of a list is named in paths: by the component it refers to, or by its position.
pub fn label(at: At<'_>, index: usize) -> String {
    match at.word("$ref") {
        "" => format!("#{}", index + 1),
        reference => reference.rsplit('/').next().unwrap_or(reference).to_owned(),
    }
}

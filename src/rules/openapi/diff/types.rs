//! Types and formats: what a changed set of types means for what is accepted or sent.

use std::collections::BTreeSet;

use super::pairs::{PairId, Pairs, Step};
use crate::rules::openapi::resolve::{At, Documents};
use crate::rules::parse::tree::Node;

/// A schema that took another shape although it says much the same: its parts must not be
/// reported one by one.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrapping<'t> {
    None,
    /// `X` became `oneOf: [{type: "null"}, X]`.
    Nullable,
    /// The reverse.
    NotNullable,
    /// An object became one of several objects; these properties are in at least one of them.
    OneOf {
        moved: Vec<&'t str>,
    },
    /// Alternatives that differ by their simple type, on at least one side.
    Types {
        new: Vec<&'t str>,
        gone: Vec<&'t str>,
    },
}

/// Finds out, and pairs the schema with its wrapped self where that is sound.
pub fn wrapping<'t>(
    pairs: &mut Pairs<'_, 't>,
    base: At<'t>,
    head: At<'t>,
    children: &mut Vec<(Step<'t>, PairId)>,
) -> Wrapping<'t> {
    let prints = &mut pairs.prints;
    if let Some(payload) = null_or(pairs.head, head)
        && !is_composed(base)
        && !accepts_null(base.node)
        && prints.0.of(base.node) == prints.1.of(payload.node)
    {
        if let Some(id) = pairs.intern(base, payload) {
            children.push((Step::Keyword("oneOf".to_owned()), id));
        }
        return Wrapping::Nullable;
    }
    if let Some(payload) = null_or(pairs.base, base)
        && !is_composed(head)
        && !accepts_null(head.node)
        && prints.0.of(payload.node) == prints.1.of(head.node)
    {
        if let Some(id) = pairs.intern(payload, head) {
            children.push((Step::Keyword("oneOf".to_owned()), id));
        }
        return Wrapping::NotNullable;
    }
    let moved = moved_properties(pairs, base, head);
    if !moved.is_empty() {
        return Wrapping::OneOf { moved };
    }
    let (old, new) = (pattern(pairs.base, base), pattern(pairs.head, head));
    let (Some(old), Some(new)) = (&old, &new) else { return Wrapping::None };
    if !old.list && !new.list {
        return Wrapping::None;
    }
    let only = |one: &Pattern<'t>, other: &Pattern<'t>| -> Vec<&'t str> {
        one.types.difference(&other.types).copied().collect()
    };
    let (added, gone) = (only(new, old), only(old, new));
    // Types as a list and as alternatives say the same.
    if added.is_empty() && gone.is_empty() && old.list == new.list {
        return Wrapping::None;
    }
    Wrapping::Types { new: added, gone }
}

fn alternatives<'t>(at: At<'t>, key: &str) -> Vec<At<'t>> {
    at.get(key).into_iter().flat_map(At::items).collect()
}

/// Whether the other keywords only tell a reader something.
fn says_only(at: At<'_>, keywords: &[&str]) -> bool {
    const NOTES: [&str; 7] =
        ["title", "description", "default", "example", "examples", "externalDocs", "deprecated"];
    at.entries().iter().all(|entry| {
        let name = entry.name();
        keywords.contains(&name) || NOTES.contains(&name) || name.starts_with("x-")
    })
}

/// The only part of an `allOf` beside which nothing else is demanded, apart from these keywords.
pub fn only_part<'t>(at: At<'t>, beside: &[&str]) -> Option<At<'t>> {
    let parts = alternatives(at, "allOf");
    let [only] = parts.as_slice() else { return None };
    let keywords: Vec<&str> = beside.iter().copied().chain(["allOf"]).collect();
    says_only(at, &keywords).then_some(*only)
}

fn is_keyword_true(node: &Node, key: &str) -> bool {
    node.get(key).and_then(Node::as_bool) == Some(true)
}

fn is_composed(at: At<'_>) -> bool {
    ["oneOf", "anyOf", "allOf", "not"].iter().any(|key| at.get(key).is_some())
}

/// The other schema, where one says nothing but that it may be null or that other schema.
fn null_or<'t>(documents: &Documents<'t>, at: At<'t>) -> Option<At<'t>> {
    if is_keyword_true(at.node, "nullable")
        && let Some(inner) = only_part(at, &["nullable"])
    {
        return documents.value(inner);
    }
    ["oneOf", "anyOf"].iter().find_map(|key| {
        let parts = alternatives(at, key);
        if !says_only(at, &[*key]) || parts.len() != 2 {
            return None;
        }
        let resolved: Vec<At<'t>> =
            parts.iter().filter_map(|part| documents.value(*part)).collect();
        let is_null = |at: &At<'t>| types(at.node) == ["null"];
        let other = match resolved.as_slice() {
            [null, other] if is_null(null) && !is_null(other) => *other,
            [other, null] if is_null(null) && !is_null(other) => *other,
            _ => return None,
        };
        // Simple types as alternatives are compared by type.
        (*key == "oneOf" || simple_type(other).is_none()).then_some(other)
    })
}

fn moved_properties<'t>(pairs: &Pairs<'_, 't>, base: At<'t>, head: At<'t>) -> Vec<&'t str> {
    let properties = base.get("properties").map(At::entries).unwrap_or_default();
    let parts = alternatives(head, "oneOf");
    let wrapped = !parts.is_empty()
        && alternatives(base, "oneOf").is_empty()
        && head.get("properties").is_none_or(|at| at.entries().is_empty())
        && types(head.node).is_empty();
    if !wrapped {
        return Vec::new();
    }
    let holders: Vec<&'t Node> = parts
        .iter()
        .filter_map(|part| pairs.head.value(*part))
        .filter_map(|part| part.node.get("properties"))
        .collect();
    let inside = |name: &str| holders.iter().any(|node| pairs.head.child(node, name).is_some());
    properties.iter().map(|entry| entry.name()).filter(|name| inside(name)).collect()
}

/// The simple types that a schema allows, when that is all it says.
struct Pattern<'t> {
    types: BTreeSet<&'t str>,
    list: bool,
}

fn pattern<'t>(documents: &Documents<'t>, at: At<'t>) -> Option<Pattern<'t>> {
    let has =
        |key: &str| at.get(key).is_some_and(|at| !at.entries().is_empty() || at.node.is_sequence());
    if ["not", "allOf", "properties"].iter().any(|key| has(key)) {
        return None;
    }
    let own = types(at.node);
    if !own.is_empty() {
        return Some(Pattern { types: own.into_iter().collect(), list: false });
    }
    ["oneOf", "anyOf"].iter().find_map(|key| {
        let parts = alternatives(at, key);
        let simple = |part: &At<'t>| simple_type(documents.value(*part)?);
        let types: Option<BTreeSet<&'t str>> = parts.iter().map(simple).collect();
        types.filter(|types| !types.is_empty()).map(|types| Pattern { types, list: true })
    })
}

/// The type of a schema that has one and is not composed.
fn simple_type<'t>(at: At<'t>) -> Option<&'t str> {
    let complex = ["properties", "oneOf", "anyOf", "allOf"].iter().any(|k| at.get(k).is_some());
    match types(at.node).as_slice() {
        [one] if !complex => Some(*one),
        _ => None,
    }
}

/// The types that a schema declares; empty when it allows any.
pub fn types(node: &Node) -> Vec<&str> {
    match node.get("type") {
        Some(list) if list.is_sequence() => list.items().iter().filter_map(Node::as_str).collect(),
        Some(one) => one.as_str().into_iter().filter(|text| !text.is_empty()).collect(),
        None => Vec::new(),
    }
}

pub fn accepts_null(node: &Node) -> bool {
    is_keyword_true(node, "nullable") || types(node).contains(&"null")
}

/// Whether `null` is allowed now (`Some(true)`) or no longer (`Some(false)`).
pub fn nullability(base: &Node, head: &Node, wrapping: &Wrapping<'_>) -> Option<bool> {
    match wrapping {
        Wrapping::Nullable => return Some(true),
        Wrapping::NotNullable => return Some(false),
        _ => {}
    }
    let keyword = |node: &Node| is_keyword_true(node, "nullable");
    let (old, new) = (accepts_null(base), accepts_null(head));
    // A schema without any type allows null already.
    let typed = |node: &Node| keyword(node) || !types(node).is_empty();
    match (old, new) {
        (false, true) if typed(base) || keyword(head) => Some(true),
        (true, false) if typed(head) || keyword(base) => Some(false),
        _ => None,
    }
}

/// Types and format of both sides.
pub struct TypeChange<'t> {
    pub old: Vec<&'t str>,
    pub new: Vec<&'t str>,
    pub old_format: &'t str,
    pub new_format: &'t str,
}

/// What a change of types and format does to the set of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything allowed before is allowed now.
    Widened,
    /// Everything allowed now was allowed before.
    Narrowed,
    /// Other values, which look the same where everything is text.
    Compatible,
    Changed,
}

impl<'t> TypeChange<'t> {
    /// `None` when nothing changed but whether `null` is allowed.
    pub fn of(base: At<'t>, head: At<'t>) -> Option<Self> {
        let (old, new) = (types(base.node), types(head.node));
        let change =
            Self { old, new, old_format: base.word("format"), new_format: head.word("format") };
        let only = |one: &[&'t str], other: &[&'t str]| {
            one.iter().any(|t| *t != "null" && !other.contains(t))
        };
        let differs = only(&change.old, &change.new)
            || only(&change.new, &change.old)
            // Without any type left, or none before, null is not all that changed.
            || change.old.is_empty() != change.new.is_empty();
        (differs || change.old_format != change.new_format).then_some(change)
    }

    fn added(&self) -> Vec<&'t str> {
        self.new.iter().filter(|t| !self.old.contains(t)).copied().collect()
    }

    fn deleted(&self) -> Vec<&'t str> {
        self.old.iter().filter(|t| !self.new.contains(t)).copied().collect()
    }

    fn reversed(&self) -> Self {
        Self {
            old: self.new.clone(),
            new: self.old.clone(),
            old_format: self.new_format,
            new_format: self.old_format,
        }
    }

    pub fn types_widened(&self) -> bool {
        self.type_differs() && is_subset(&self.old, &self.new)
    }

    fn type_differs(&self) -> bool {
        !self.added().is_empty() || !self.deleted().is_empty()
    }

    /// For values that clients send. `strong` media types tell `1` from `"1"`.
    pub fn for_requests(&self, strong: bool) -> Verdict {
        if self.breaks(strong) {
            Verdict::Changed
        } else if self.is_swap() {
            Verdict::Compatible
        } else {
            Verdict::Widened
        }
    }

    /// For values that clients receive.
    pub fn for_responses(&self, strong: bool) -> Verdict {
        let back = self.reversed();
        if back.breaks(strong) {
            if self.types_widened() { Verdict::Widened } else { Verdict::Changed }
        } else if back.is_swap() {
            Verdict::Compatible
        } else {
            Verdict::Narrowed
        }
    }

    /// One concrete type for another.
    fn is_swap(&self) -> bool {
        self.type_differs()
            && !self.old.is_empty()
            && !self.new.is_empty()
            && !is_subset(&self.old, &self.new)
    }

    /// Whether a value of before may be refused now.
    fn breaks(&self, strong: bool) -> bool {
        let types = self.type_differs() && !is_subset(&self.old, &self.new);
        if types && self.new.is_empty() {
            return false;
        }
        (types && !fits(&self.added(), &self.deleted(), strong))
            || (self.old_format != self.new_format && !self.format_fits())
    }

    fn format_fits(&self) -> bool {
        if self.new_format.is_empty() {
            return true;
        }
        let [only] = self.new.as_slice() else { return false };
        matches!(
            (*only, self.old_format, self.new_format),
            ("number", "float", "double")
                | ("integer", "int32", "int64" | "bigint")
                | ("integer", "int64", "bigint")
                | ("string", "date" | "time", "date-time")
        )
    }
}

fn is_subset(inner: &[&str], outer: &[&str]) -> bool {
    !inner.is_empty() && inner.iter().all(|one| outer.iter().any(|other| within(one, other)))
}

fn within(inner: &str, outer: &str) -> bool {
    inner == outer || (inner == "integer" && outer == "number")
}

/// Whether values of the types that are gone can pass for values of the new ones.
fn fits(new: &[&str], gone: &[&str], strong: bool) -> bool {
    match (new, gone) {
        ([new], [gone]) if within(gone, new) => true,
        _ if strong => false,
        ([] | ["string"], _) => true,
        _ => false,
    }
}

/// Media types in which a number is told from a text.
pub fn is_strong(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or(media).trim();
    essence == "application/json" || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(old: &[&'static str], new: &[&'static str]) -> TypeChange<'static> {
        TypeChange { old: old.to_vec(), new: new.to_vec(), old_format: "", new_format: "" }
    }

    #[test]
    fn directions_mirror_each_other() {
        let wider = change(&["integer"], &["number"]);
        assert_eq!(wider.for_requests(true), Verdict::Widened);
        assert_eq!(wider.for_responses(true), Verdict::Widened);
        assert!(change(&["number"], &["integer"]).for_responses(true) == Verdict::Narrowed);
        assert_eq!(change(&["number"], &["integer"]).for_requests(true), Verdict::Changed);
        assert_eq!(change(&["number"], &["string"]).for_requests(true), Verdict::Changed);
        assert_eq!(change(&["number"], &["string"]).for_requests(false), Verdict::Compatible);
        assert_eq!(change(&["string"], &[]).for_requests(true), Verdict::Widened);
        assert_eq!(change(&["string"], &[]).for_responses(true), Verdict::Changed);
        assert_eq!(change(&[], &["string"]).for_responses(true), Verdict::Narrowed);
        assert_eq!(
            change(&["string"], &["string", "integer"]).for_requests(true),
            Verdict::Widened
        );
    }

    #[test]
    fn formats_may_grow_for_requests() {
        let formats = |old, new| TypeChange {
            old: vec!["integer"],
            new: vec!["integer"],
            old_format: old,
            new_format: new,
        };
        assert_eq!(formats("int32", "int64").for_requests(true), Verdict::Widened);
        assert_eq!(formats("int64", "int32").for_requests(true), Verdict::Changed);
        assert_eq!(formats("int64", "int32").for_responses(true), Verdict::Narrowed);
        assert_eq!(formats("int64", "").for_requests(true), Verdict::Widened);
        assert_eq!(formats("int64", "").for_responses(true), Verdict::Changed);
    }
}

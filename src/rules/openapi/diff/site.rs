//! One compared pair of schemas, where it is used: what checks look at and how they report.

use super::collect::Collector;
use super::pairs::Pair;
use crate::domain::diff::{LineRange, Side};
use crate::rules::openapi::resolve::At;
use crate::rules::parse::tree::Node;

/// Which way values travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Clients send them.
    Request,
    /// Clients receive them.
    Response,
}

/// What the schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Body,
    /// Anything inside of a body.
    Property,
    Parameter,
    ParameterProperty,
    Header,
}

/// A pair of schemas in its place.
pub struct Site<'s, 't> {
    pub pair: &'s Pair<'t>,
    pub direction: Direction,
    pub scope: Scope,
    /// The way from the body or parameter; empty at its top.
    pub path: &'s str,
    /// How the body, parameter or header is called: "The query parameter `limit`".
    pub owner: &'s str,
    /// Whether numbers are told from text here.
    pub strong: bool,
    /// The parameter is sent in a request header.
    pub in_header: bool,
    /// Whether the schema stands for this property of its holder, and was required there.
    pub required: Option<bool>,
    /// Properties moved between the schema itself and the parts of its `allOf`.
    pub rearranged: bool,
    pub out: &'s mut Collector,
}

impl<'t> Site<'_, 't> {
    pub fn base(&self) -> At<'t> {
        self.pair.base
    }

    pub fn head(&self) -> At<'t> {
        self.pair.head
    }

    pub fn is_request(&self) -> bool {
        self.direction == Direction::Request
    }

    /// Whether this stands in a body.
    pub fn in_body(&self) -> bool {
        matches!(self.scope, Scope::Body | Scope::Property)
    }

    pub fn is_parameter(&self) -> bool {
        matches!(self.scope, Scope::Parameter | Scope::ParameterProperty)
    }

    /// Whether the server ignores what clients send here.
    pub fn is_read_only(&self) -> bool {
        self.scope == Scope::Property && self.is_request() && self.head().is_true("readOnly")
    }

    /// Whether clients never receive it.
    pub fn is_write_only(&self) -> bool {
        self.scope == Scope::Property && !self.is_request() && self.head().is_true("writeOnly")
    }

    /// `request-property-max-decreased` for `max-decreased`.
    pub fn id(&self, what: &str) -> String {
        let direction = if self.is_request() { "request" } else { "response" };
        let scope = match self.scope {
            Scope::Body => "body",
            Scope::Property => "property",
            Scope::Parameter => "parameter",
            Scope::ParameterProperty => "parameter-property",
            Scope::Header => "header",
        };
        format!("{direction}-{scope}-{what}")
    }

    /// How the thing is called at the start of a sentence.
    pub fn subject(&self) -> String {
        self.subject_of("")
    }

    /// The same for a property of it.
    pub fn subject_of(&self, property: &str) -> String {
        let path = join(self.path, property);
        let direction = if self.is_request() { "Request" } else { "Response" };
        match (path.as_str(), self.scope) {
            ("", _) => self.owner.to_owned(),
            (path, Scope::Body | Scope::Property) => format!("{direction} field `{}`", code(path)),
            (path, _) => format!("Field `{}` of {}", code(path), lower(self.owner)),
        }
    }

    /// Reports under the id made of direction, scope and `what`, at a keyword of the head side if
    /// it is there, else of the base side.
    pub fn say(&mut self, what: &str, key: &str, words: &str) {
        let id = self.id(what);
        self.say_as(&id, key, words);
    }

    /// As [`Site::say`], with the whole id.
    pub fn say_as(&mut self, id: &str, key: &str, words: &str) {
        let gone = self.head().get(key).is_none() && self.base().get(key).is_some();
        let (side, at) = if gone { (Side::Base, self.base()) } else { (Side::Head, self.head()) };
        let title = format!("{} {words}", self.subject());
        self.out.add(id, (side, at.file, at.line_of(key)), title);
    }

    /// Reports a property of one side at its own line.
    pub fn say_property(
        &mut self,
        id: &str,
        side: Side,
        name: &str,
        lines: LineRange,
        words: &str,
    ) {
        let at = if side == Side::Base { self.base() } else { self.head() };
        let title = format!("{} {words}", self.subject_of(name));
        self.out.add(id, (side, at.file, lines), title);
    }

    /// Reports what `say` reports as something that clients cannot notice, if `moot`.
    pub fn quietly(&mut self, moot: bool, say: impl FnOnce(&mut Self)) {
        let before = self.out.moot;
        self.out.moot |= moot;
        say(self);
        self.out.moot = before;
    }

    /// A value under the same key on both sides.
    pub fn both(&self, key: &str) -> (Option<&'t Node>, Option<&'t Node>) {
        (self.base().node.get(key), self.head().node.get(key))
    }
}

pub fn join(path: &str, name: &str) -> String {
    match (path, name) {
        ("", name) => name.to_owned(),
        (path, "") => path.to_owned(),
        (path, name) => format!("{path}/{name}"),
    }
}

/// Text that can stand between code marks.
pub fn code(text: &str) -> String {
    let plain = text.replace(['`', '\n', '\r'], "'");
    if plain.chars().count() <= 60 {
        return plain;
    }
    plain.chars().take(59).chain(['…']).collect()
}

/// A value as it is shown to people.
pub fn shown(node: &Node) -> String {
    match node.as_str() {
        Some(text) => code(text),
        None if node.is_sequence() => "a list".to_owned(),
        None => "an object".to_owned(),
    }
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

impl Site<'_, '_> {
    /// Reports an item of a list at its own line.
    pub fn say_value(&mut self, id: &str, side: Side, value: &Node, words: &str) {
        let at = if side == Side::Base { self.base() } else { self.head() };
        let title = format!("{} {words}", self.subject());
        self.out.add(id, (side, at.file, LineRange::line(value.line())), title);
    }
}

//! Whether a value is one that a schema accepts, as far as that is certain: what is not known here
//! (formats, conditions, references that lead nowhere) fits.

use regex::RegexBuilder;

use crate::domain::diff::LineRange;
use crate::rules::openapi::diff::equal;
use crate::rules::openapi::lint::words::code;
use crate::rules::openapi::resolve::{At, Documents};
use crate::rules::parse::tree::Node;

/// Deepest nesting of values and schemas that is looked at.
const MAX_DEPTH: usize = 48;
/// Schemas that are tried for one example: alternatives within alternatives multiply.
const MAX_STEPS: usize = 20_000;
/// Largest compiled pattern, in bytes.
const MAX_PATTERN: usize = 1 << 18;

/// Where an example stands, which decides what its fields may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    Request,
    Response,
    /// A schema, which is used both ways.
    Unknown,
    /// Sent as text: `5` and `"5"` are the same.
    Parameter,
    /// Not judged.
    Skipped,
}

/// What of the value does not fit.
#[derive(Debug)]
pub struct Problem<'t> {
    pub lines: LineRange,
    pub words: String,
    pub value: &'t Node,
}

pub struct Fit<'d, 't> {
    documents: &'d Documents<'t>,
    way: Way,
    steps: usize,
    /// The way from the top of the example.
    path: Vec<String>,
}

impl<'d, 't> Fit<'d, 't> {
    pub fn new(documents: &'d Documents<'t>, way: Way) -> Self {
        Self { documents, way, steps: 0, path: Vec::new() }
    }

    /// The first thing that the schema refuses.
    pub fn problem(mut self, schema: At<'t>, value: &'t Node) -> Option<Problem<'t>> {
        let found = self.check(schema, value, 0, false)?;
        let dots = found.value.as_str().is_some_and(|text| {
            let text = text.trim();
            text.contains("...") || text.contains('…')
        });
        (self.steps < MAX_STEPS && !dots).then_some(found)
    }

    fn say(&self, value: &'t Node, words: &str) -> Option<Problem<'t>> {
        let subject = match self.path.join("/") {
            path if path.is_empty() => "it".to_owned(),
            path => format!("`{}`", code(&path)),
        };
        let lines = LineRange::line(value.line());
        Some(Problem { lines, words: format!("{subject} {words}"), value })
    }

    /// `part_of_all`: the schema stands in an `allOf`, whose other parts know other properties.
    fn check(
        &mut self,
        schema: At<'t>,
        value: &'t Node,
        depth: usize,
        part_of_all: bool,
    ) -> Option<Problem<'t>> {
        self.steps += 1;
        let at = self.documents.value(schema)?;
        if depth >= MAX_DEPTH || self.steps >= MAX_STEPS || !at.node.is_mapping() {
            return None;
        }
        if value.is_null() && (schema.is_true("nullable") || at.is_true("nullable")) {
            return None;
        }
        self.of_type(at, value)
            .or_else(|| self.of_values(at, value))
            .or_else(|| self.in_limits(at, value))
            .or_else(|| self.composed(at, value, depth))
            .or_else(|| self.object(at, value, depth, part_of_all))
            .or_else(|| self.list(at, value, depth))
    }

    fn of_type(&self, at: At<'t>, value: &'t Node) -> Option<Problem<'t>> {
        let named = at.get("type")?.node;
        let types: Vec<&str> = match named.as_str() {
            Some(one) => vec![one],
            None => named.items().iter().filter_map(Node::as_str).collect(),
        };
        let known = ["string", "integer", "number", "boolean", "array", "object", "null"];
        let sound = !types.is_empty() && types.iter().all(|name| known.contains(name));
        if !sound || types.iter().any(|name| self.is(value, name)) {
            return None;
        }
        let wanted = types.iter().map(|name| a_kind(name)).collect::<Vec<_>>().join(" or ");
        self.say(value, &format!("is {}, not {wanted}", self.kind(value)))
    }

    fn is(&self, value: &Node, name: &str) -> bool {
        let Some(scalar) = value.scalar() else {
            return match name {
                "array" => value.is_sequence(),
                "object" => value.is_mapping(),
                _ => false,
            };
        };
        let text = scalar.text.trim();
        let number = if self.way == Way::Parameter { text.parse().ok() } else { value.as_f64() };
        match name {
            "string" if self.way == Way::Parameter => true,
            "string" => value.as_f64().is_none() && value.as_bool().is_none() && !value.is_null(),
            // Other writings of numbers in YAML are not read here.
            "integer" | "number" if is_unusual_number(value) => true,
            "integer" => number.is_some_and(|number: f64| number.fract() == 0.0),
            "number" => number.is_some(),
            "boolean" if self.way == Way::Parameter => matches!(text, "true" | "false"),
            "boolean" => value.as_bool().is_some(),
            "null" => value.is_null(),
            _ => false,
        }
    }

    fn kind(&self, value: &Node) -> &'static str {
        ["object", "array", "null", "boolean", "number"]
            .into_iter()
            .find(|name| match *name {
                "boolean" => value.as_bool().is_some(),
                "number" => value.as_f64().is_some(),
                other => self.is(value, other),
            })
            .map_or("text", a_kind)
    }

    fn of_values(&self, at: At<'t>, value: &'t Node) -> Option<Problem<'t>> {
        if let Some(list) = at.get("enum").map(|list| list.node.items()).filter(|l| !l.is_empty())
            && !list.iter().any(|one| equal(one, value) || (one.is_null() && value.is_null()))
        {
            return self.say(value, "is not one of the values of its `enum`");
        }
        let constant = at.get("const")?.node;
        if equal(constant, value) {
            None
        } else {
            self.say(value, "is not the `const` of its schema")
        }
    }

    fn in_limits(&self, at: At<'t>, value: &'t Node) -> Option<Problem<'t>> {
        let limit = |key: &str| at.get(key).and_then(|limit| limit.node.as_f64());
        let named = at.word("type");
        let number = value.as_f64().filter(|_| matches!(named, "integer" | "number"));
        if let Some(number) = number {
            let too_small = limit("minimum")
                .is_some_and(|l| number < l || (number <= l && at.is_true("exclusiveMinimum")))
                || limit("exclusiveMinimum").is_some_and(|l| number <= l);
            let too_large = limit("maximum")
                .is_some_and(|l| number > l || (number >= l && at.is_true("exclusiveMaximum")))
                || limit("exclusiveMaximum").is_some_and(|l| number >= l);
            if too_small || too_large {
                let words = if too_small { "is below its minimum" } else { "is above its maximum" };
                return self.say(value, words);
            }
        }
        if let Some(text) = value.as_str().filter(|_| named == "string") {
            let length = text.chars().count() as f64;
            if limit("minLength").is_some_and(|l| length < l) {
                return self.say(value, "is shorter than its `minLength`");
            }
            if limit("maxLength").is_some_and(|l| length > l) {
                return self.say(value, "is longer than its `maxLength`");
            }
            if !matches_pattern(at.word("pattern"), text) {
                return self.say(value, "does not match its `pattern`");
            }
        }
        if value.is_sequence() {
            let length = value.items().len() as f64;
            if limit("minItems").is_some_and(|l| length < l) {
                return self.say(value, "has fewer items than its `minItems`");
            }
            if limit("maxItems").is_some_and(|l| length > l) {
                return self.say(value, "has more items than its `maxItems`");
            }
        }
        None
    }

    fn composed(&mut self, at: At<'t>, value: &'t Node, depth: usize) -> Option<Problem<'t>> {
        for part in at.get("allOf").into_iter().flat_map(At::items) {
            if let Some(problem) = self.check(part, value, depth + 1, true) {
                return Some(problem);
            }
        }
        for key in ["oneOf", "anyOf"] {
            let Some(list) = at.get(key).filter(|list| !list.node.items().is_empty()) else {
                continue;
            };
            let fits = list.items().any(|part| self.check(part, value, depth + 1, true).is_none());
            if !fits {
                return self.say(value, &format!("fits none of the forms of its `{key}`"));
            }
        }
        None
    }

    fn object(
        &mut self,
        at: At<'t>,
        value: &'t Node,
        depth: usize,
        part_of_all: bool,
    ) -> Option<Problem<'t>> {
        if !value.is_mapping() {
            return None;
        }
        let properties = at.get("properties");
        let schema_of = |name: &str| {
            let holder = properties?;
            Some(holder.with(self.documents.child(holder.node, name)?))
        };
        let names = at.get("required").map(|list| list.node.items()).unwrap_or_default();
        for name in names.iter().filter_map(Node::as_str) {
            if value.get(name).is_none() && !self.may_be_left_out(schema_of(name)) {
                return self.say(value, &format!("has no `{}`, which is required", code(name)));
            }
        }
        let closed = at.node.get("additionalProperties").and_then(Node::as_bool) == Some(false)
            && !part_of_all
            && ["allOf", "oneOf", "anyOf", "patternProperties"]
                .iter()
                .all(|key| at.get(key).is_none());
        for entry in value.entries() {
            match schema_of(entry.name()) {
                Some(schema) => {
                    self.path.push(entry.name().to_owned());
                    let problem = self.check(schema, &entry.value, depth + 1, false);
                    self.path.pop();
                    if problem.is_some() {
                        return problem;
                    }
                }
                None if closed => {
                    let words =
                        format!("has `{}`, which its schema does not allow", code(entry.name()));
                    return self.say(&entry.key, &words);
                }
                None => {}
            }
        }
        None
    }

    /// What clients need not send, or do not receive.
    fn may_be_left_out(&self, schema: Option<At<'t>>) -> bool {
        let Some(at) = schema else { return false };
        let marked =
            |key| at.is_true(key) || self.documents.value(at).is_none_or(|at| at.is_true(key));
        match self.way {
            Way::Request => marked("readOnly"),
            Way::Response => marked("writeOnly"),
            _ => marked("readOnly") || marked("writeOnly"),
        }
    }

    fn list(&mut self, at: At<'t>, value: &'t Node, depth: usize) -> Option<Problem<'t>> {
        let items = at.get("items").filter(|_| at.get("prefixItems").is_none())?;
        for (number, item) in value.items().iter().enumerate() {
            self.path.push(number.to_string());
            let problem = self.check(items, item, depth + 1, false);
            self.path.pop();
            if problem.is_some() {
                return problem;
            }
        }
        None
    }
}

fn a_kind(name: &str) -> &'static str {
    match name {
        "object" => "an object",
        "array" => "a list",
        "null" => "`null`",
        "boolean" => "true or false",
        "number" => "a number",
        "integer" => "a whole number",
        _ => "text",
    }
}

/// `0x1F`, `1_000`, `.inf` and the like.
fn is_unusual_number(value: &Node) -> bool {
    let Some(text) =
        value.scalar().filter(|s| s.style == crate::rules::parse::tree::ScalarStyle::Plain)
    else {
        return false;
    };
    if value.as_f64().is_some() {
        return false;
    }
    let text = text.text.trim_start_matches(['+', '-']);
    let digits = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '_' | 'x' | 'o' | '.' | ':'));
    digits || matches!(text.to_ascii_lowercase().as_str(), ".inf" | ".nan")
}

/// Patterns that mean something else, or nothing, to this engine match.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let strange = ["&&", "--", "~~", "[[", "(?=", "(?!", "(?<", "\\c", "\\u"];
    if pattern.is_empty() || strange.iter().any(|part| pattern.contains(part)) {
        return true;
    }
    let compiled = RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build();
    compiled.map_or(true, |regex| regex.is_match(text))
}

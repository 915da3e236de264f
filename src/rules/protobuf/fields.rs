//! Fields and extensions that keep their number.

use std::collections::{BTreeMap, HashMap};

use super::compare::{Report, Sides, at};
use super::model::{Cardinality, DefaultValue, Field, Kind, Message, Model};
use super::syntax::EnumValue;

pub fn of_messages(sides: &Sides<'_>, old: &Message, new: &Message, report: &mut Report) {
    let index: HashMap<i64, &Field> = new.fields.iter().map(|f| (f.number, f)).collect();
    let before: BTreeMap<i64, &Field> = old.fields.iter().map(|f| (f.number, f)).collect();
    for (number, field) in before {
        if let Some(after) = index.get(&number) {
            compare(sides, field, after, report);
        }
    }
}

pub fn of_extensions(sides: &Sides<'_>, report: &mut Report) {
    let index = |model: &'_ Model| -> BTreeMap<(String, i64), Field> {
        let extensions = model.extensions.iter();
        extensions.map(|(of, field)| ((of.clone(), field.number), field.clone())).collect()
    };
    let after = index(sides.head);
    for (key, field) in index(sides.base) {
        if let Some(after) = after.get(&key) {
            compare(sides, &field, after, report);
        }
    }
}

fn compare(sides: &Sides<'_>, old: &Field, new: &Field, report: &mut Report) {
    let mut said = Said { old, new, report };
    said.cardinality();
    said.kind(sides);
    said.names();
    said.oneof();
    said.default();
    said.language();
}

/// Whether two names can mean the same: one that could not be resolved is known by its end only.
pub fn same_name(one: &str, other: &str) -> bool {
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    one == other || ends(one, other) || ends(other, one)
}

struct Said<'a> {
    old: &'a Field,
    new: &'a Field,
    report: &'a mut Report,
}

impl Said<'_> {
    fn add(&mut self, id: &'static str, line: u32, what: &str) {
        let Self { old, new, .. } = self;
        let name = match old.is_extension {
            true => old.full.clone(),
            false => format!("{}.{}", old.owner, old.name),
        };
        let title = format!("`{name}` ({}) {what}", old.number);
        let head = at(new.file, line);
        self.report.add(id, (at(old.file, old.line), head), &old.full, title);
    }

    fn cardinality(&mut self) {
        if self.old.in_map && self.new.in_map {
            return;
        }
        let (before, after) = (self.old.cardinality, self.new.cardinality);
        if before == after {
            return;
        }
        let what = format!("changes from {} to {}", describe(before), describe(after));
        let line = self.new.line;
        self.add("FIELD_SAME_CARDINALITY", line, &what);
        let wire = |cardinality| match cardinality {
            Cardinality::Explicit | Cardinality::Implicit => 1,
            Cardinality::Required => 2,
            Cardinality::Repeated | Cardinality::Map => 3,
        };
        let json = |cardinality| match cardinality {
            Cardinality::Map => 4,
            other => wire(other),
        };
        if wire(before) != wire(after) {
            self.add("FIELD_WIRE_COMPATIBLE_CARDINALITY", line, &what);
        }
        if json(before) != json(after) {
            self.add("FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY", line, &what);
        }
    }

    fn kind(&mut self, sides: &Sides<'_>) {
        const IDS: [&str; 3] =
            ["FIELD_SAME_TYPE", "FIELD_WIRE_COMPATIBLE_TYPE", "FIELD_WIRE_JSON_COMPATIBLE_TYPE"];
        let (before, after) = (self.old.kind, self.new.kind);
        let name = |field: &Field| {
            field.type_name.clone().unwrap_or_else(|| spelled(field.kind).to_owned())
        };
        let what = format!("changes its type from `{}` to `{}`", name(self.old), name(self.new));
        let line = self.new.kind_line;
        let named = |kind| matches!(kind, Kind::Message | Kind::Group | Kind::Enum | Kind::Unknown);
        let guessed = [before, after].contains(&Kind::Unknown) && named(before) && named(after);
        let differs = before != after && !guessed;
        let renamed = match (&self.old.type_name, &self.new.type_name) {
            (Some(before), Some(after)) => !same_name(before, after),
            _ => false,
        };
        if differs || renamed {
            self.add(IDS[0], line, &what);
        }
        let to_bytes = before == Kind::Text && after == Kind::Bytes;
        for (id, group) in [(IDS[1], wire as fn(Kind) -> u8), (IDS[2], json)] {
            let apart = differs && group(before) != group(after);
            let fits = apart && to_bytes && group(Kind::Text) == wire(Kind::Text);
            let other = !apart && renamed && !self.is_wider_enum(sides);
            if apart && !fits || other {
                self.add(id, line, &what);
            }
        }
    }

    /// Whether both types are enums of one short name, and the new one has all values of the old.
    fn is_wider_enum(&self, sides: &Sides<'_>) -> bool {
        if self.old.kind != Kind::Enum || self.new.kind != Kind::Enum {
            return false;
        }
        let name = |field: &'_ Field| field.type_name.clone().unwrap_or_default();
        let old = sides.base_enums.get(name(self.old).as_str());
        let new = sides.head_enums.get(name(self.new).as_str());
        let (Some(old), Some(new)) = (old, new) else { return false };
        let known: HashMap<&str, i64> =
            new.values.iter().map(|value| (value.name.as_str(), value.number)).collect();
        let kept = |value: &EnumValue| known.get(value.name.as_str()) == Some(&value.number);
        old.name == new.name && old.values.iter().all(kept)
    }

    fn names(&mut self) {
        let (old, new) = (self.old, self.new);
        let (before, after) =
            if old.is_extension { (&old.full, &new.full) } else { (&old.name, &new.name) };
        if before != after {
            let what = format!("is renamed to `{after}`");
            self.add("FIELD_SAME_NAME", new.name_line, &what);
        }
        if !old.is_extension && old.json_name.0 != new.json_name.0 {
            let what = format!(
                "changes its JSON name from `{}` to `{}`",
                old.json_name.0, new.json_name.0
            );
            self.add("FIELD_SAME_JSON_NAME", new.json_name.1.unwrap_or(new.line), &what);
        }
    }

    fn oneof(&mut self) {
        if self.old.is_extension || self.old.oneof == self.new.oneof {
            return;
        }
        let what = match (&self.old.oneof, &self.new.oneof) {
            (Some(before), Some(after)) => format!("moves from oneof `{before}` to `{after}`"),
            (Some(before), None) => format!("moves out of oneof `{before}`"),
            (None, Some(after)) => format!("moves into oneof `{after}`"),
            (None, None) => return,
        };
        self.add("FIELD_SAME_ONEOF", self.new.line, &what);
    }

    fn default(&mut self) {
        let (Some(before), Some(after)) = (&self.old.default, &self.new.default) else { return };
        let both_unset = is_zero(before) && is_zero(after);
        let exact = self.old.kind == Kind::Double && self.new.kind == Kind::Double;
        if !both_unset && !same_default(before, after, exact) {
            let line = self.new.default_line.unwrap_or(self.new.line);
            self.add("FIELD_SAME_DEFAULT", line, "changes its default value");
        }
    }

    /// What only the code generated for some language sees.
    fn language(&mut self) {
        let (old, new) = (self.old, self.new);
        let texts = |kinds: &[Kind]| kinds.contains(&old.kind) && kinds.contains(&new.kind);
        const WIDE: [Kind; 5] =
            [Kind::Int64, Kind::Sint64, Kind::Uint64, Kind::Fixed64, Kind::Sfixed64];
        if texts(&WIDE) && old.js_type.0 != new.js_type.0 {
            let what = format!("changes `jstype` from `{}` to `{}`", old.js_type.0, new.js_type.0);
            self.add("FIELD_SAME_JSTYPE", new.js_type.1.unwrap_or(new.line), &what);
        }
        let (before, after) = (&old.cpp_string.0, &new.cpp_string.0);
        if texts(&[Kind::Text, Kind::Bytes])
            && !(old.in_map && new.in_map)
            && before != after
            && !(before == "STRING_PIECE" && after == "STRING")
        {
            let what = format!("changes its C++ type from `{before}` to `{after}`");
            let line = new.cpp_string.1.unwrap_or(new.line);
            self.add("FIELD_SAME_CPP_STRING_TYPE", line, &what);
        }
        if !texts(&[Kind::Text]) {
            return;
        }
        if old.utf8.value != new.utf8.value {
            let what = format!(
                "changes UTF-8 validation from `{}` to `{}`",
                old.utf8.value, new.utf8.value
            );
            self.add("FIELD_SAME_UTF8_VALIDATION", new.utf8.line.unwrap_or(new.line), &what);
        }
        if old.java_utf8.0 != new.java_utf8.0 {
            let what = format!(
                "changes UTF-8 validation in Java from `{}` to `{}`",
                old.java_utf8.0, new.java_utf8.0
            );
            let line = new.java_utf8.1.unwrap_or(new.line);
            self.add("FIELD_SAME_JAVA_UTF8_VALIDATION", line, &what);
        }
    }
}

const fn describe(cardinality: Cardinality) -> &'static str {
    match cardinality {
        Cardinality::Explicit => "optional with presence",
        Cardinality::Implicit => "optional without presence",
        Cardinality::Required => "required",
        Cardinality::Repeated => "repeated",
        Cardinality::Map => "a map",
    }
}

const fn spelled(kind: Kind) -> &'static str {
    match kind {
        Kind::Double => "double",
        Kind::Float => "float",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        Kind::Bool => "bool",
        Kind::Text => "string",
        Kind::Bytes => "bytes",
        Kind::Message | Kind::Unknown => "message",
        Kind::Group => "group",
        Kind::Enum => "enum",
    }
}

/// Kinds of one number are read alike from the binary form.
const fn wire(kind: Kind) -> u8 {
    match kind {
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Bool => 1,
        Kind::Sint32 | Kind::Sint64 => 2,
        Kind::Text => 3,
        Kind::Bytes => 4,
        Kind::Fixed32 | Kind::Sfixed32 => 5,
        Kind::Fixed64 | Kind::Sfixed64 => 6,
        Kind::Double => 7,
        Kind::Float => 8,
        Kind::Group => 9,
        Kind::Message => 10,
        Kind::Enum => 11,
        Kind::Unknown => 12,
    }
}

/// Kinds of one number are read alike from the binary form and from JSON.
const fn json(kind: Kind) -> u8 {
    match kind {
        Kind::Int32 | Kind::Uint32 => 21,
        Kind::Int64 | Kind::Uint64 => 22,
        Kind::Bool => 25,
        Kind::Sint32 => 26,
        Kind::Sint64 => 27,
        Kind::Text => 28,
        other => wire(other),
    }
}

fn is_zero(value: &DefaultValue) -> bool {
    match value {
        DefaultValue::Number(number) => *number == 0.0,
        DefaultValue::Whole(number) => *number == 0,
        DefaultValue::Text(text) => text.is_empty(),
    }
}

/// `exact`: both are doubles; otherwise floating point counts with the precision of `float`.
fn same_default(one: &DefaultValue, other: &DefaultValue, exact: bool) -> bool {
    match (one, other) {
        (DefaultValue::Number(a), DefaultValue::Number(b)) => {
            a == b || a.is_nan() && b.is_nan() || !exact && float(*a) == float(*b)
        }
        #[allow(clippy::cast_precision_loss)]
        (DefaultValue::Number(a), DefaultValue::Whole(b))
        | (DefaultValue::Whole(b), DefaultValue::Number(a)) => *a == *b as f64,
        _ => one == other,
    }
}

#[allow(clippy::cast_possible_truncation)]
fn float(value: f64) -> f32 {
    value as f32
}

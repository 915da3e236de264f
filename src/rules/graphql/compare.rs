//! What a changed schema means for clients of the old one.

use std::collections::{HashMap, HashSet};

use super::schema::{OPERATIONS, Schema, TypeEntry};
use super::syntax::{At, DirectiveDefinition, EnumValue, Field, Input, Kind, Named, Type, Usage};
use super::usages::{Position, usages};
use super::values::same_default;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Operations that were valid fail.
    Breaking,
    /// Operations stay valid; clients may meet what they did not expect.
    Dangerous,
}

/// One difference. The ids and paths are those of graphql-inspector.
#[derive(Debug, Clone)]
pub struct Difference {
    pub id: &'static str,
    pub level: Level,
    /// `Type.field.argument`; empty for the schema itself.
    pub path: String,
    /// Where it shows at head, if anything is left there.
    pub head: Option<At>,
    /// Where what changed stood before.
    pub base: Option<At>,
    /// What changed, as a sentence without a final dot, `` `code` `` marked.
    pub title: String,
    /// What is gone was marked as deprecated before.
    pub deprecated: bool,
    /// Clients can write it in operations (directives), or it is a directive that guards access.
    pub notable: bool,
}

pub struct Report(pub Vec<Difference>);

impl Report {
    pub fn add(
        &mut self,
        id: &'static str,
        level: Level,
        path: &str,
        places: (Option<At>, Option<At>),
        title: String,
    ) -> &mut Difference {
        let (base, head) = places;
        self.0.push_mut(Difference {
            id,
            level,
            path: path.to_owned(),
            head,
            base,
            title,
            deprecated: false,
            notable: false,
        })
    }
}

/// Everything that is breaking or dangerous, in the order of the names.
pub fn compare(base: &Schema, head: &Schema) -> Vec<Difference> {
    let mut report = Report(Vec::new());
    roots(base, head, &mut report);
    for (name, old) in base.types.iter().filter(|(name, _)| !is_built_in_type(name)) {
        match head.types.get(name) {
            Some(new) => types(name, old, new, &mut report),
            None if old.defined => {
                let title = format!("Type `{name}` is removed");
                let removed =
                    report.add("TYPE_REMOVED", Level::Breaking, name, (Some(old.at), None), title);
                removed.deprecated = is_deprecated(&old.directives);
            }
            None => without(name, old, &mut report),
        }
    }
    for (name, old) in base.directives.iter().filter(|(name, _)| !is_built_in_directive(name)) {
        match head.directives.get(name) {
            Some(new) => directives(old, new, &mut report),
            None => {
                let title = format!("Directive `@{name}` is removed");
                let places = (Some(old.at), None);
                let path = format!("@{name}");
                report.add("DIRECTIVE_REMOVED", Level::Breaking, &path, places, title).notable =
                    is_executable(old);
            }
        }
    }
    usages(Position::Schema, "", &base.usages, &head.usages, None, &mut report);
    report.0
}

fn is_built_in_type(name: &str) -> bool {
    matches!(name, "String" | "Int" | "Float" | "Boolean" | "ID") || name.starts_with("__")
}

fn is_built_in_directive(name: &str) -> bool {
    matches!(name, "include" | "skip" | "deprecated" | "specifiedBy" | "oneOf")
}

pub fn is_deprecated(directives: &[Usage]) -> bool {
    directives.iter().any(|usage| usage.name == "deprecated")
}

/// Whether clients can write the directive in operations.
fn is_executable(directive: &DirectiveDefinition) -> bool {
    directive.locations.iter().any(|location| is_executable_location(&location.name))
}

fn is_executable_location(name: &str) -> bool {
    const LOCATIONS: [&str; 8] = [
        "QUERY",
        "MUTATION",
        "SUBSCRIPTION",
        "FIELD",
        "FRAGMENT_DEFINITION",
        "FRAGMENT_SPREAD",
        "INLINE_FRAGMENT",
        "VARIABLE_DEFINITION",
    ];
    LOCATIONS.contains(&name)
}

fn roots(base: &Schema, head: &Schema, report: &mut Report) {
    const IDS: [&str; 3] = [
        "SCHEMA_QUERY_TYPE_CHANGED",
        "SCHEMA_MUTATION_TYPE_CHANGED",
        "SCHEMA_SUBSCRIPTION_TYPE_CHANGED",
    ];
    for (operation, id) in OPERATIONS.iter().zip(IDS) {
        let (old, new) = (base.roots.get(operation), head.roots.get(operation));
        let Some(old) = old.filter(|old| new.is_none_or(|new| new.name != old.name)) else {
            continue;
        };
        let title = match new {
            Some(new) => {
                format!("The {operation} type changes from `{}` to `{}`", old.name, new.name)
            }
            None => format!("The {operation} type `{}` is removed", old.name),
        };
        report.add(id, Level::Breaking, "", (Some(old.at), new.map(|new| new.at)), title);
    }
}

/// Each thing of the old list with the one of the same name in the new list; of things that
/// repeat a name, which is an error, the first counts.
pub fn pairs<'a, T>(
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&T) -> &str + Copy,
) -> impl Iterator<Item = (&'a T, Option<&'a T>)> {
    let mut index: HashMap<String, &T> = HashMap::new();
    for item in new {
        index.entry(name(item).to_owned()).or_insert(item);
    }
    let mut seen = HashSet::new();
    old.iter()
        .filter(move |item| seen.insert(name(item).to_owned()))
        .map(move |item| (item, index.get(name(item)).copied()))
}

/// What the new list has and the old one has not.
fn added<'a, T>(
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&T) -> &str + Copy,
) -> impl Iterator<Item = &'a T> {
    pairs(new, old, name).filter(|(_, before)| before.is_none()).map(|(item, _)| item)
}

const fn field_name(field: &Field) -> &str {
    field.name.as_str()
}

const fn input_name(input: &Input) -> &str {
    input.name.as_str()
}

const fn named(named: &Named) -> &str {
    named.name.as_str()
}

const fn value_name(value: &EnumValue) -> &str {
    value.name.as_str()
}

fn types(name: &str, old: &TypeEntry, new: &TypeEntry, report: &mut Report) {
    if old.kind != new.kind {
        let title =
            format!("`{name}` changes from {} to {}", kind_name(old.kind), kind_name(new.kind));
        let places = (Some(old.at), Some(new.at));
        report.add("TYPE_KIND_CHANGED", Level::Breaking, name, places, title);
        return;
    }
    interfaces(name, old, new, report);
    fields(name, old, new, report);
    input_fields(name, old, new, report);
    enum_values(name, old, new, report);
    members(name, old, new, report);
    let position = match old.kind {
        Kind::Scalar => Position::Scalar,
        Kind::Object => Position::Object,
        Kind::Interface => Position::Interface,
        Kind::Union => Position::Union,
        Kind::Enum => Position::Enum,
        Kind::Input => Position::InputObject,
    };
    usages(position, name, &old.directives, &new.directives, Some(new.at), report);
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Scalar => "a scalar",
        Kind::Object => "an object type",
        Kind::Interface => "an interface",
        Kind::Union => "a union",
        Kind::Enum => "an enum",
        Kind::Input => "an input object",
    }
}

/// An extension that is gone takes what it added with it; the type itself is defined elsewhere.
fn without(name: &str, old: &TypeEntry, report: &mut Report) {
    let rest = TypeEntry {
        kind: old.kind,
        at: old.at,
        defined: false,
        directives: old.directives.clone(),
        interfaces: Vec::new(),
        fields: Vec::new(),
        inputs: Vec::new(),
        values: Vec::new(),
        members: Vec::new(),
    };
    let before = report.0.len();
    types(name, old, &rest, report);
    for difference in report.0.iter_mut().skip(before) {
        difference.head = None;
    }
}

fn interfaces(name: &str, old: &TypeEntry, new: &TypeEntry, report: &mut Report) {
    for interface in added(&old.interfaces, &new.interfaces, named) {
        let title = format!("`{name}` now implements `{}`", interface.name);
        let places = (Some(old.at), Some(interface.at));
        report.add("OBJECT_TYPE_INTERFACE_ADDED", Level::Dangerous, name, places, title);
    }
    for (interface, _) in pairs(&old.interfaces, &new.interfaces, named).filter(|p| p.1.is_none()) {
        let title = format!("`{name}` no longer implements `{}`", interface.name);
        let places = (Some(interface.at), Some(new.at));
        report.add("OBJECT_TYPE_INTERFACE_REMOVED", Level::Breaking, name, places, title);
    }
}

fn members(name: &str, old: &TypeEntry, new: &TypeEntry, report: &mut Report) {
    for member in added(&old.members, &new.members, named) {
        let title = format!("Union `{name}` gains `{}`", member.name);
        let places = (Some(old.at), Some(member.at));
        report.add("UNION_MEMBER_ADDED", Level::Dangerous, name, places, title);
    }
    for (member, _) in pairs(&old.members, &new.members, named).filter(|p| p.1.is_none()) {
        let title = format!("Union `{name}` loses `{}`", member.name);
        let places = (Some(member.at), Some(new.at));
        report.add("UNION_MEMBER_REMOVED", Level::Breaking, name, places, title);
    }
}

fn enum_values(name: &str, old: &TypeEntry, new: &TypeEntry, report: &mut Report) {
    for value in added(&old.values, &new.values, value_name) {
        let path = format!("{name}.{}", value.name);
        let title = format!("Enum value `{path}` is added");
        let places = (Some(old.at), Some(value.at));
        report.add("ENUM_VALUE_ADDED", Level::Dangerous, &path, places, title);
    }
    for (before, after) in pairs(&old.values, &new.values, value_name) {
        let path = format!("{name}.{}", before.name);
        match after {
            Some(after) => {
                let (old, new) = (&before.directives, &after.directives);
                usages(Position::EnumValue, &path, old, new, Some(after.at), report);
            }
            None => {
                let title = format!("Enum value `{path}` is removed");
                let places = (Some(before.at), None);
                report
                    .add("ENUM_VALUE_REMOVED", Level::Breaking, &path, places, title)
                    .deprecated = is_deprecated(&before.directives);
            }
        }
    }
}

fn fields(name: &str, old: &TypeEntry, new: &TypeEntry, report: &mut Report) {
    for (before, after) in pairs(&old.fields, &new.fields, field_name) {
        let path = format!("{name}.{}", before.name);
        let Some(after) = after else {
            let title = format!("Field `{path}` is removed");
            let places = (Some(before.at), None);
            report.add("FIELD_REMOVED", Level::Breaking, &path, places, title).deprecated =
                is_deprecated(&before.directives);
            continue;
        };
        let places = (Some(before.at), Some(after.at));
        if !is_safe_output(&before.kind, &after.kind) {
            let title =
                format!("`{path}` changes its type from `{}` to `{}`", before.kind, after.kind);
            report.add("FIELD_TYPE_CHANGED", Level::Breaking, &path, places, title);
        }
        arguments(&path, before, after, report);
        let (old, new) = (&before.directives, &after.directives);
        usages(Position::Field, &path, old, new, Some(after.at), report);
    }
}

fn arguments(path: &str, before: &Field, after: &Field, report: &mut Report) {
    for argument in added(&before.arguments, &after.arguments, input_name) {
        let inner = format!("{path}.{}", argument.name);
        let required = is_required(argument);
        let level = if required { Level::Breaking } else { Level::Dangerous };
        let how = if required { "required" } else { "optional" };
        let title = format!("`{path}` gains the {how} argument `{}`", argument.name);
        let places = (Some(before.at), Some(argument.at));
        report.add("FIELD_ARGUMENT_ADDED", level, &inner, places, title);
    }
    for (old, new) in pairs(&before.arguments, &after.arguments, input_name) {
        let inner = format!("{path}.{}", old.name);
        let Some(new) = new else {
            let title = format!("`{path}` loses the argument `{}`", old.name);
            let places = (Some(old.at), Some(after.at));
            report
                .add("FIELD_ARGUMENT_REMOVED", Level::Breaking, &inner, places, title)
                .deprecated = is_deprecated(&old.directives);
            continue;
        };
        let ids = ["FIELD_ARGUMENT_DEFAULT_CHANGED", "FIELD_ARGUMENT_TYPE_CHANGED"];
        input(ids, &inner, old, new, report);
        let (old, at) = (&old.directives, Some(new.at));
        usages(Position::Argument, &inner, old, &new.directives, at, report);
    }
}

fn input_fields(name: &str, old: &TypeEntry, new: &TypeEntry, report: &mut Report) {
    for field in added(&old.inputs, &new.inputs, input_name) {
        let path = format!("{name}.{}", field.name);
        let level = match &field.default {
            _ if is_required(field) => Level::Breaking,
            Some(_) => Level::Dangerous,
            None => continue,
        };
        let how = if level == Level::Breaking { "as required" } else { "with a default" };
        let title = format!("Input field `{path}` is added {how}");
        let places = (Some(old.at), Some(field.at));
        report.add("INPUT_FIELD_ADDED", level, &path, places, title);
    }
    for (before, after) in pairs(&old.inputs, &new.inputs, input_name) {
        let path = format!("{name}.{}", before.name);
        let Some(after) = after else {
            let title = format!("Input field `{path}` is removed");
            let places = (Some(before.at), None);
            report.add("INPUT_FIELD_REMOVED", Level::Breaking, &path, places, title).deprecated =
                is_deprecated(&before.directives);
            continue;
        };
        let ids = ["INPUT_FIELD_DEFAULT_VALUE_CHANGED", "INPUT_FIELD_TYPE_CHANGED"];
        input(ids, &path, before, after, report);
        let (old, new) = (&before.directives, &after.directives);
        usages(Position::InputField, &path, old, new, Some(after.at), report);
    }
}

/// Default and type of an argument or input field; `ids` are those of the two changes.
fn input(ids: [&'static str; 2], path: &str, old: &Input, new: &Input, report: &mut Report) {
    let [default, kind] = ids;
    let places = (Some(old.at), Some(new.at));
    if !same_default(old, new) {
        let title = match (&old.default, &new.default) {
            (None, _) => format!("`{path}` gains a default"),
            (_, None) => format!("`{path}` loses its default"),
            _ => format!("The default of `{path}` changes"),
        };
        report.add(default, Level::Dangerous, path, places, title);
    }
    if !is_safe_input(&old.kind, &new.kind) {
        let title = format!("`{path}` changes its type from `{}` to `{}`", old.kind, new.kind);
        report.add(kind, Level::Breaking, path, places, title);
    }
}

fn directives(old: &DirectiveDefinition, new: &DirectiveDefinition, report: &mut Report) {
    let path = format!("@{}", old.name);
    let notable = is_executable(old);
    let places = (Some(old.at), Some(new.at));
    for (location, _) in pairs(&old.locations, &new.locations, named).filter(|p| p.1.is_none()) {
        let title = format!("`{path}` is no longer allowed on `{}`", location.name);
        let places = (Some(location.at), Some(new.at));
        report.add("DIRECTIVE_LOCATION_REMOVED", Level::Breaking, &path, places, title).notable =
            is_executable_location(&location.name);
    }
    if old.repeatable && !new.repeatable {
        let title = format!("`{path}` can no longer be repeated");
        report
            .add("DIRECTIVE_REPEATABLE_REMOVED", Level::Dangerous, &path, places, title)
            .notable = notable;
    }
    for argument in added(&old.arguments, &new.arguments, input_name) {
        if matches!(argument.kind, Type::NonNull(_)) {
            let title = format!("`{path}` gains the required argument `{}`", argument.name);
            let places = (Some(old.at), Some(argument.at));
            report.add("DIRECTIVE_ARGUMENT_ADDED", Level::Breaking, &path, places, title).notable =
                notable && argument.default.is_none();
        }
    }
    let before = report.0.len();
    for (argument, after) in pairs(&old.arguments, &new.arguments, input_name) {
        let inner = format!("{path}.{}", argument.name);
        match after {
            Some(after) => {
                let ids =
                    ["DIRECTIVE_ARGUMENT_DEFAULT_VALUE_CHANGED", "DIRECTIVE_ARGUMENT_TYPE_CHANGED"];
                input(ids, &inner, argument, after, report);
            }
            None => {
                let title = format!("`{path}` loses the argument `{}`", argument.name);
                let places = (Some(argument.at), Some(new.at));
                report.add("DIRECTIVE_ARGUMENT_REMOVED", Level::Breaking, &inner, places, title);
            }
        }
    }
    report.0.iter_mut().skip(before).for_each(|difference| difference.notable = notable);
}

fn is_required(input: &Input) -> bool {
    matches!(input.kind, Type::NonNull(_)) && input.default.is_none()
}

/// Whether clients that read the old type can read the new one.
fn is_safe_output(old: &Type, new: &Type) -> bool {
    match (old, new) {
        (Type::Named(old), Type::Named(new)) => old == new,
        (Type::NonNull(old), Type::NonNull(new)) | (Type::List(old), Type::List(new)) => {
            is_safe_output(old, new)
        }
        (old, Type::NonNull(new)) => is_safe_output(old, new),
        _ => false,
    }
}

/// Whether what clients send as the old type is accepted as the new one.
fn is_safe_input(old: &Type, new: &Type) -> bool {
    match (old, new) {
        (Type::Named(old), Type::Named(new)) => old == new,
        (Type::NonNull(old), Type::NonNull(new)) | (Type::List(old), Type::List(new)) => {
            is_safe_input(old, new)
        }
        (Type::NonNull(old), new) => is_safe_input(old, new),
        _ => false,
    }
}

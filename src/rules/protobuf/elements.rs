//! Messages, enums and services: what is gone, and what changed about those that stay.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::compare::{Ranges, Report, Sides, at, whole};
use super::model::{At, Cardinality, Enum, Field, Message, Method, Model, Service};
use super::syntax::{EnumValue, Range};

/// A named thing that can be gone from its file or package.
struct Item<'a> {
    file: usize,
    package: &'a str,
    /// Name in the file.
    nested: &'a str,
    line: u32,
}

const MESSAGE: Removal = ("message", "MESSAGE_NO_DELETE", "PACKAGE_MESSAGE_NO_DELETE");
const ENUM: Removal = ("enum", "ENUM_NO_DELETE", "PACKAGE_ENUM_NO_DELETE");
const SERVICE: Removal = ("service", "SERVICE_NO_DELETE", "PACKAGE_SERVICE_NO_DELETE");
const EXTENSION: Removal = ("extension", "EXTENSION_NO_DELETE", "PACKAGE_EXTENSION_NO_DELETE");

/// What a thing is called, and the rules for its removal from a file and from a package.
type Removal = (&'static str, &'static str, &'static str);

/// What is gone from its file or its package.
pub fn deleted(sides: &Sides<'_>, report: &mut Report) {
    missing(sides, MESSAGE, messages_of, report);
    missing(sides, ENUM, enums_of, report);
    missing(sides, SERVICE, services_of, report);
    missing(sides, EXTENSION, extensions_of, report);
}

fn package(model: &Model, file: usize) -> &str {
    model.files.get(file).map_or("", |file| file.package.0.as_str())
}

fn messages_of(model: &Model) -> Vec<Item<'_>> {
    let messages = model.messages.iter();
    messages
        .map(|m| Item {
            file: m.file,
            package: package(model, m.file),
            nested: &m.nested,
            line: m.line,
        })
        .collect()
}

fn enums_of(model: &Model) -> Vec<Item<'_>> {
    let enums = model.enums.iter();
    enums
        .map(|e| Item {
            file: e.file,
            package: package(model, e.file),
            nested: &e.nested,
            line: e.line,
        })
        .collect()
}

fn services_of(model: &Model) -> Vec<Item<'_>> {
    let services = model.services.iter();
    services
        .map(|s| Item {
            file: s.file,
            package: package(model, s.file),
            nested: &s.name,
            line: s.line,
        })
        .collect()
}

fn extensions_of(model: &Model) -> Vec<Item<'_>> {
    let extensions = model.extensions.iter();
    extensions
        .map(|(_, field)| {
            let package = package(model, field.file);
            let nested = match field.full.strip_prefix(package) {
                Some(rest) if !package.is_empty() => rest.trim_start_matches('.'),
                _ => &field.full,
            };
            Item { file: field.file, package, nested, line: field.line }
        })
        .collect()
}

fn missing(
    sides: &Sides<'_>,
    (kind, from_file, from_package): Removal,
    items: fn(&Model) -> Vec<Item<'_>>,
    report: &mut Report,
) {
    let (old, new) = (items(sides.base), items(sides.head));
    let in_files: HashSet<(usize, &str)> = new.iter().map(|i| (i.file, i.nested)).collect();
    let in_packages: HashMap<(&str, &str), Option<At>> =
        new.iter().map(|i| ((i.package, i.nested), at(i.file, i.line))).collect();
    // Where copies define a name more than once, each rule speaks once.
    let mut said = HashSet::new();
    for item in &old {
        let path = sides.base.files.get(item.file).map_or("", |file| file.path.as_str());
        let head_file = sides.head_files.get(path).copied();
        let base = at(item.file, item.line);
        let head = head_file.map(|file| place_of_removal(sides, file, item.nested, kind));
        let symbol = super::names::join(item.package, item.nested);
        if head_file.is_some_and(|file| !in_files.contains(&(file, item.nested))) {
            let title = format!("The {kind} `{}` is removed from the file", item.nested);
            report.add(from_file, (base, head), &symbol, title);
        }
        if sides.head.packages.contains(item.package)
            && !in_packages.contains_key(&(item.package, item.nested))
            && said.insert((item.package, item.nested))
        {
            let title = format!("The {kind} `{symbol}` is removed");
            // What is left of the message around it may be in another file of the package.
            let around = || outer_in_package(&in_packages, item).filter(|_| kind == "message");
            let head = head.map(|head| around().unwrap_or(head));
            report.add(from_package, (base, head), &symbol, title);
        }
    }
}

/// The innermost message at head that was around it, or the file.
fn place_of_removal(sides: &Sides<'_>, file: usize, nested: &str, kind: &str) -> At {
    let mut name = nested;
    while let Some((outer, _)) = name.rsplit_once('.').filter(|_| kind != "service") {
        if let Some(message) = sides.head_messages.get(&(file, outer)) {
            return At { file, line: Some(message.line) };
        }
        name = outer;
    }
    At { file, line: None }
}

fn outer_in_package(
    in_packages: &HashMap<(&str, &str), Option<At>>,
    item: &Item<'_>,
) -> Option<At> {
    let mut name = item.nested;
    while let Some((outer, _)) = name.rsplit_once('.') {
        if let Some(found) = in_packages.get(&(item.package, outer)) {
            return *found;
        }
        name = outer;
    }
    None
}

fn numbers(fields: &[Field]) -> BTreeMap<i64, &Field> {
    fields.iter().map(|field| (field.number, field)).collect()
}

pub fn messages(old: &Message, new: &Message, report: &mut Report) {
    let (base, head) = (at(old.file, old.line), at(new.file, new.line));
    removed_fields(old, new, report);
    let kept: HashSet<&str> = new.oneofs.iter().map(|(name, _)| name.as_str()).collect();
    for (name, line) in old.oneofs.iter().filter(|(name, _)| !kept.contains(name.as_str())) {
        let title = format!("The oneof `{name}` of `{}` is removed", old.name);
        report.add("ONEOF_NO_DELETE", (at(old.file, *line), head), &old.full, title);
    }
    if !old.no_accessor.0 && new.no_accessor.0 {
        let title = format!("`{}` loses its standard descriptor accessor", old.name);
        let head = Some(At { file: new.file, line: new.no_accessor.1 });
        let id = "MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR";
        report.add(id, (base, head), &old.full, title);
    }
    if old.json.value == "ALLOW" && new.json.value != "ALLOW" {
        let title = format!("`{}` no longer promises to work as JSON", old.name);
        let head = Some(At { file: new.file, line: new.json.line.or(Some(new.line)) });
        report.add("MESSAGE_SAME_JSON_FORMAT", (base, head), &old.full, title);
    }
    let extensions = Ranges::new(&new.extension_ranges);
    for range in old.extension_ranges.iter().filter(|range| !extensions.cover(**range)) {
        let title = format!("The extension range {} of `{}` shrinks", shown(*range), old.name);
        report.add("EXTENSION_MESSAGE_NO_DELETE", (base, head), &old.full, title);
    }
    let before = (&old.reserved, &old.reserved_names);
    let after = (&new.reserved, &new.reserved_names);
    reserved("RESERVED_MESSAGE_NO_DELETE", before, after, (base, head), &old.full, report);
    required_fields(old, new, report);
}

fn shown((start, end): Range) -> String {
    if start == end { start.to_string() } else { format!("{start} to {end}") }
}

type Reserved<'a> = (&'a Vec<Range>, &'a Vec<String>);

fn reserved(
    id: &'static str,
    old: Reserved<'_>,
    new: Reserved<'_>,
    places: (Option<At>, Option<At>),
    owner: &str,
    report: &mut Report,
) {
    let ranges = Ranges::new(new.0);
    for range in old.0.iter().filter(|range| !ranges.cover(**range)) {
        let title = format!("`{owner}` no longer reserves {}", shown(*range));
        report.add(id, places, owner, title);
    }
    let kept: HashSet<&String> = new.1.iter().collect();
    let names: BTreeSet<&String> = old.1.iter().collect();
    for name in names.into_iter().filter(|name| !kept.contains(name)) {
        report.add(id, places, owner, format!("`{owner}` no longer reserves the name `{name}`"));
    }
}

fn removed_fields(old: &Message, new: &Message, report: &mut Report) {
    let kept = numbers(&new.fields);
    let by_name: HashMap<&str, &Field> = new.fields.iter().map(|f| (f.name.as_str(), f)).collect();
    let head = at(new.file, new.line);
    let reserved = Ranges::new(&new.reserved);
    let reserved_names: HashSet<&String> = new.reserved_names.iter().collect();
    for (number, field) in numbers(&old.fields) {
        if kept.contains_key(&number) {
            continue;
        }
        let base = at(field.file, field.line);
        let before = report.0.len();
        let name = &field.name;
        let what = match by_name.get(name.as_str()) {
            Some(moved) => format!(
                "Field `{}.{name}` changes its number from {number} to {}",
                old.name, moved.number
            ),
            None => format!("Field `{}.{name}` ({number}) is removed", old.name),
        };
        report.add("FIELD_NO_DELETE", (base, head), &field.full, what.clone());
        if !reserved_names.contains(name) {
            let id = "FIELD_NO_DELETE_UNLESS_NAME_RESERVED";
            report.add(id, (base, head), &field.full, what.clone());
        }
        if !reserved.cover((number, number)) {
            let id = "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED";
            report.add(id, (base, head), &field.full, what);
        }
        let renumbered = by_name.contains_key(name.as_str());
        report.0.iter_mut().skip(before).for_each(|found| found.renumbered = renumbered);
    }
}

fn required_fields(old: &Message, new: &Message, report: &mut Report) {
    let required = |message: &'_ Message| -> BTreeMap<i64, Field> {
        let fields = message.fields.iter();
        fields
            .filter(|field| field.cardinality == Cardinality::Required)
            .map(|field| (field.number, field.clone()))
            .collect()
    };
    let (before, after) = (required(old), required(new));
    let id = "MESSAGE_SAME_REQUIRED_FIELDS";
    for (number, field) in before.iter().filter(|(number, _)| !after.contains_key(number)) {
        let places = (at(field.file, field.line), at(new.file, new.line));
        let title =
            format!("`{}.{}` ({number}) is no longer a required field", old.name, field.name);
        report.add(id, places, &field.full, title);
    }
    for (number, field) in after.iter().filter(|(number, _)| !before.contains_key(number)) {
        let title = format!("`{}.{}` ({number}) becomes a required field", old.name, field.name);
        report.add(id, (None, at(new.file, field.line)), &field.full, title);
    }
}

fn by_number(values: &[EnumValue]) -> BTreeMap<i64, Vec<&EnumValue>> {
    let mut numbers: BTreeMap<i64, Vec<&EnumValue>> = BTreeMap::new();
    for value in values {
        numbers.entry(value.number).or_default().push(value);
    }
    numbers
}

pub fn enums(old: &Enum, new: &Enum, report: &mut Report) {
    let (base, head) = (at(old.file, old.line), at(new.file, new.line));
    if old.enum_type.value != new.enum_type.value {
        let title = format!(
            "Enum `{}` changes from {} to {}",
            old.name,
            old.enum_type.value.to_ascii_lowercase(),
            new.enum_type.value.to_ascii_lowercase()
        );
        let head = at(new.file, new.enum_type.line.unwrap_or(new.line));
        report.add("ENUM_SAME_TYPE", (base, head), &old.full, title);
    }
    if old.json.value == "ALLOW" && new.json.value != "ALLOW" {
        let title = format!("Enum `{}` no longer promises to work as JSON", old.name);
        let head = at(new.file, new.json.line.unwrap_or(new.line));
        report.add("ENUM_SAME_JSON_FORMAT", (base, head), &old.full, title);
    }
    let after = by_number(&new.values);
    let ranges = Ranges::new(&new.reserved);
    let reserved_names: HashSet<&str> = new.reserved_names.iter().map(String::as_str).collect();
    for (number, before) in by_number(&old.values) {
        let names: BTreeSet<&str> = before.iter().map(|value| value.name.as_str()).collect();
        let shown = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if let Some(now) = after.get(&number) {
            let kept: BTreeSet<&str> = now.iter().map(|value| value.name.as_str()).collect();
            if !names.is_subset(&kept) {
                for value in now {
                    let line = before.first().map_or(old.line, |value| value.line);
                    let places = (at(old.file, line), at(new.file, value.number_line));
                    let title = format!(
                        "Value {number} of enum `{}` changes its name from {shown} to `{}`",
                        old.name, value.name
                    );
                    let symbol = format!("{}.{}", old.full, value.name);
                    report.add("ENUM_VALUE_SAME_NAME", places, &symbol, title);
                }
            }
            continue;
        }
        let base = before.first().and_then(|value| at(old.file, value.line));
        let title = format!("Value {shown} ({number}) of enum `{}` is removed", old.name);
        let symbol = format!("{}.{number}", old.full);
        report.add("ENUM_VALUE_NO_DELETE", (base, head), &symbol, title.clone());
        if !names.iter().all(|name| reserved_names.contains(name)) {
            let id = "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED";
            report.add(id, (base, head), &symbol, title.clone());
        }
        if !ranges.cover((number, number)) {
            let id = "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED";
            report.add(id, (base, head), &symbol, title);
        }
    }
    let before = (&old.reserved, &old.reserved_names);
    let after = (&new.reserved, &new.reserved_names);
    reserved("RESERVED_ENUM_NO_DELETE", before, after, (base, head), &old.full, report);
}

pub fn services(old: &Service, new: &Service, report: &mut Report) {
    let index: HashMap<&str, &Method> =
        new.methods.iter().map(|method| (method.name.as_str(), method)).collect();
    for before in &old.methods {
        let symbol = format!("{}.{}", old.full, before.name);
        let shown = format!("{}.{}", old.name, before.name);
        let base = at(old.file, before.line);
        let Some(after) = index.get(before.name.as_str()) else {
            let title = format!("The call `{shown}` is removed");
            report.add("RPC_NO_DELETE", (base, at(new.file, new.line)), &symbol, title);
            continue;
        };
        let places = (base, at(new.file, after.line));
        let streams = |stream: bool| if stream { "a stream" } else { "one message" };
        if before.request.1 != after.request.1 {
            let title = format!("`{shown}` now takes {}", streams(after.request.1));
            report.add("RPC_SAME_CLIENT_STREAMING", places, &symbol, title);
        }
        if before.response.1 != after.response.1 {
            let title = format!("`{shown}` now answers with {}", streams(after.response.1));
            report.add("RPC_SAME_SERVER_STREAMING", places, &symbol, title);
        }
        let ids = [
            ("RPC_SAME_REQUEST_TYPE", "request", &before.request, &after.request),
            ("RPC_SAME_RESPONSE_TYPE", "response", &before.response, &after.response),
        ];
        for (id, what, before, after) in ids {
            if !super::fields::same_name(&before.0, &after.0) {
                let title =
                    format!("`{shown}` changes its {what} from `{}` to `{}`", before.0, after.0);
                report.add(id, (base, at(new.file, after.2)), &symbol, title);
            }
        }
        if before.idempotency.0 != after.idempotency.0 {
            let title = format!(
                "`{shown}` changes its idempotency from `{}` to `{}`",
                before.idempotency.0, after.idempotency.0
            );
            let head = match after.idempotency.1 {
                Some(line) => at(new.file, line),
                None => whole(new.file),
            };
            report.add("RPC_SAME_IDEMPOTENCY_LEVEL", (base, head), &symbol, title);
        }
    }
}

//! Directives written on parts of a schema, before and after.

use std::collections::{HashMap, VecDeque};

use super::compare::{Level, Report, pairs};
use super::syntax::{At, Usage, Value};

/// What a directive is written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    Schema,
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    EnumValue,
    InputObject,
    InputField,
    Field,
    Argument,
}

impl Position {
    const fn ids(self) -> [&'static str; 2] {
        match self {
            Self::Schema => ["DIRECTIVE_USAGE_SCHEMA_ADDED", "DIRECTIVE_USAGE_SCHEMA_REMOVED"],
            Self::Scalar => ["DIRECTIVE_USAGE_SCALAR_ADDED", "DIRECTIVE_USAGE_SCALAR_REMOVED"],
            Self::Object => ["DIRECTIVE_USAGE_OBJECT_ADDED", "DIRECTIVE_USAGE_OBJECT_REMOVED"],
            Self::Interface => {
                ["DIRECTIVE_USAGE_INTERFACE_ADDED", "DIRECTIVE_USAGE_INTERFACE_REMOVED"]
            }
            Self::Union => {
                ["DIRECTIVE_USAGE_UNION_MEMBER_ADDED", "DIRECTIVE_USAGE_UNION_MEMBER_REMOVED"]
            }
            Self::Enum => ["DIRECTIVE_USAGE_ENUM_ADDED", "DIRECTIVE_USAGE_ENUM_REMOVED"],
            Self::EnumValue => {
                ["DIRECTIVE_USAGE_ENUM_VALUE_ADDED", "DIRECTIVE_USAGE_ENUM_VALUE_REMOVED"]
            }
            Self::InputObject => {
                ["DIRECTIVE_USAGE_INPUT_OBJECT_ADDED", "DIRECTIVE_USAGE_INPUT_OBJECT_REMOVED"]
            }
            Self::InputField => [
                "DIRECTIVE_USAGE_INPUT_FIELD_DEFINITION_ADDED",
                "DIRECTIVE_USAGE_INPUT_FIELD_DEFINITION_REMOVED",
            ],
            Self::Field => [
                "DIRECTIVE_USAGE_FIELD_DEFINITION_ADDED",
                "DIRECTIVE_USAGE_FIELD_DEFINITION_REMOVED",
            ],
            Self::Argument => [
                "DIRECTIVE_USAGE_ARGUMENT_DEFINITION_ADDED",
                "DIRECTIVE_USAGE_ARGUMENT_DEFINITION_REMOVED",
            ],
        }
    }
}

/// Compares the directives on one part of the schema that is there on both sides, at `at` now. A
/// directive that is repeated is matched with its older self by its place in the row.
pub fn usages(
    position: Position,
    path: &str,
    old: &[Usage],
    new: &[Usage],
    at: Option<At>,
    report: &mut Report,
) {
    let [added, removed] = position.ids();
    let shown = if path.is_empty() { "the schema" } else { path };
    for (usage, before) in matched(new, old) {
        let inner = format!("{path}.@{}", usage.name);
        let places = (None, Some(usage.at));
        match before {
            Some(before) => arguments(&inner, before, usage, report),
            None if usage.name == "deprecated" => {}
            None => {
                let level = if usage.name == "oneOf" { Level::Breaking } else { Level::Dangerous };
                let title = format!("`@{}` is added to `{shown}`", usage.name);
                report.add(added, level, &inner, places, title);
            }
        }
    }
    for (usage, _) in matched(old, new).filter(|(_, after)| after.is_none()) {
        if !matches!(usage.name.as_str(), "deprecated" | "oneOf") {
            let inner = format!("{path}.@{}", usage.name);
            let title = format!("`@{}` is removed from `{shown}`", usage.name);
            report.add(removed, Level::Dangerous, &inner, (Some(usage.at), at), title).notable =
                guards_access(&usage.name);
        }
    }
}

fn arguments(path: &str, old: &Usage, new: &Usage, report: &mut Report) {
    const fn key(argument: &(String, Value)) -> &str {
        argument.0.as_str()
    }
    for (before, after) in pairs(&old.arguments, &new.arguments, key) {
        if after.is_none_or(|after| after.1 != before.1) {
            let how = if after.is_some() { "changes" } else { "is removed" };
            let title = format!("Argument `{}` of `@{}` {how}", before.0, old.name);
            let inner = format!("{path}.{}", before.0);
            let places = (Some(old.at), Some(new.at));
            report
                .add("DIRECTIVE_USAGE_ARGUMENT_REMOVED", Level::Dangerous, &inner, places, title)
                .notable = guards_access(&old.name);
        }
    }
}

/// Each usage of the first list with the one of the same name and rank in the second.
fn matched<'a>(
    of: &'a [Usage],
    to: &'a [Usage],
) -> impl Iterator<Item = (&'a Usage, Option<&'a Usage>)> {
    let mut waiting: HashMap<&str, VecDeque<&Usage>> = HashMap::new();
    for usage in to {
        waiting.entry(&usage.name).or_default().push_back(usage);
    }
    of.iter().map(move |usage| {
        (usage, waiting.get_mut(usage.name.as_str()).and_then(VecDeque::pop_front))
    })
}

/// Directives by which servers decide who may read or call something.
fn guards_access(name: &str) -> bool {
    const WORDS: [&str; 10] = [
        "auth",
        "authenticated",
        "authorized",
        "authorize",
        "requiresscopes",
        "requiresauth",
        "policy",
        "permission",
        "permissions",
        "guard",
    ];
    let lower = name.to_ascii_lowercase().replace('_', "");
    WORDS.contains(&lower.as_str())
        || ["hasrole", "hasscope", "haspermission", "isauth", "requirerole"]
            .iter()
            .any(|start| lower.starts_with(start))
        || name.starts_with("aws_")
}

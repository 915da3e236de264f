//! Django: a model's fields change, and its app gets no migration.

use std::collections::{BTreeMap, BTreeSet};

use super::{Drift, touches};
use crate::domain::change::{Change, FileChange, Text};
use crate::domain::diff::{LineRange, Side};
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::RuleContext;
use crate::rules::cross::places::is_live;
use crate::rules::parse::code::{Language, ParsedCode, Syntax, in_error};

/// Most differences that are named.
const MAX_NAMED: usize = 6;
/// Options that a column depends on, where they are given as constants.
const OPTIONS: [&str; 7] =
    ["null", "max_length", "unique", "db_index", "max_digits", "decimal_places", "db_column"];

/// A class with columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Model {
    pub bases: String,
    /// Has a table that migrations of its own app keep.
    pub kept: bool,
    line: u32,
    pub fields: BTreeMap<String, Field>,
    /// All names that the class gives something to.
    pub names: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    kind: String,
    /// Constants among the options that a column depends on; `None` for others.
    options: BTreeMap<String, Option<String>>,
    pub line: u32,
}

pub fn is_models_file(file: &FileChange) -> bool {
    !file.derived
        && app_of(&file.path).is_some()
        && is_live(&file.path)
        && [Side::Base, Side::Head]
            .iter()
            .any(|side| file.text(*side).is_some_and(|text| imports_models(text.as_str())))
}

fn imports_models(text: &str) -> bool {
    ["from django.db import models", "from django.contrib.gis.db import models"]
        .iter()
        .any(|line| text.contains(line))
}

/// The folder of the app that a file of models belongs to.
fn app_of(path: &RepoPath) -> Option<&str> {
    let directory = path.directory();
    match directory.rsplit_once('/') {
        Some((app, "models")) if path.extension().as_deref() == Some("py") => Some(app),
        _ if path.file_name() == "models.py" && !directory.is_empty() => Some(directory),
        _ => None,
    }
}

pub fn needs(change: &Change) -> Vec<Need> {
    let apps = changed_apps(change);
    apps.keys().flat_map(|app| first_migrations(app)).collect()
}

/// The files that every folder of migrations has.
fn first_migrations(app: &str) -> Vec<Need> {
    let paths = ["__init__.py", "0001_initial.py"];
    let paths = paths.iter().filter_map(|name| RepoPath::new(&format!("{app}/migrations/{name}")));
    paths.map(|path| Need::File { side: Side::Head, path }).collect()
}

/// The changed files of models, by app, without those whose app has migrations in the change.
fn changed_apps(change: &Change) -> BTreeMap<&str, Vec<&FileChange>> {
    let mut apps: BTreeMap<&str, Vec<&FileChange>> = BTreeMap::new();
    for file in change.files.iter().filter(|file| is_models_file(file)) {
        let Some(app) = app_of(&file.path) else { continue };
        if !touches(change, &format!("{app}/migrations")) {
            apps.entry(app).or_default().push(file);
        }
    }
    apps
}

pub fn drifts<'a>(context: &RuleContext<'a>) -> Vec<Drift<'a>> {
    let mut found = Vec::new();
    for (app, files) in changed_apps(context.change) {
        let there = first_migrations(app).iter().any(|need| !context.gathered(need).is_empty());
        // Python that was moved elsewhere may be read by nobody, or by other names.
        let moved = context.change.files.iter().any(|file| {
            file.path_on(Side::Base) != &file.path && app_of(file.path_on(Side::Base)) == Some(app)
        });
        if there && !moved {
            found.extend(drifts_of(app, &files));
        }
    }
    found
}

fn drifts_of<'a>(app: &str, files: &[&'a FileChange]) -> Vec<Drift<'a>> {
    let before: Vec<(usize, String, Model)> = all_models(files, Side::Base);
    let after: Vec<(usize, String, Model)> = all_models(files, Side::Head);
    let mut found = Vec::new();
    for (at, name, model) in &after {
        let Some(file) = files.get(*at).copied() else { continue };
        let old = before.iter().find(|(_, old, _)| old == name).map(|(_, _, old)| old);
        let place = format!("{app}/migrations");
        let how = "Make the migration with `manage.py makemigrations` and add it to this change."
            .to_owned();
        let drift = |side, line, what| Drift {
            file,
            side,
            lines: LineRange::line(line),
            model: name.clone(),
            what,
            place: place.clone(),
            how: how.clone(),
        };
        match old {
            // Unless its file imported what models inherit from by another name before.
            None if model.kept
                && file.adds_any(LineRange::line(model.line))
                && !files.iter().any(|file| defines(file, name)) =>
            {
                found.push(drift(
                    Side::Head,
                    model.line,
                    vec![format!("the model `{name}` is new")],
                ));
            }
            Some(old) if old.kept && model.kept && old.bases == model.bases => {
                if let Some((side, line, what)) = difference(old, model, &after) {
                    found.push(drift(side, line, what));
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether a file had a class of that name before the change.
fn defines(file: &FileChange, name: &str) -> bool {
    file.base_text().is_some_and(|text| {
        let starts = [format!("class {name}("), format!("class {name}:")];
        starts.iter().any(|start| text.as_str().contains(start.as_str()))
    })
}

fn all_models(files: &[&FileChange], side: Side) -> Vec<(usize, String, Model)> {
    let mut all = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let Some(text) = file.text(side) else { continue };
        all.extend(models(text).into_iter().map(|(name, model)| (at, name, model)));
    }
    all
}

/// How the fields of a model differ, and where that shows first.
fn difference(
    old: &Model,
    new: &Model,
    after: &[(usize, String, Model)],
) -> Option<(Side, u32, Vec<String>)> {
    let mut shown: Option<(Side, u32)> = None;
    let mut what = Vec::new();
    for (name, field) in &new.fields {
        let said = match old.fields.get(name) {
            None => format!("the field `{name}` is new"),
            Some(before) if before.kind != field.kind => {
                format!("`{name}` turns from `{}` into `{}`", before.kind, field.kind)
            }
            Some(before) => match other_option(before, field) {
                Some(option) => format!("`{option}` of the field `{name}` changes"),
                None => continue,
            },
        };
        shown = shown.or(Some((Side::Head, field.line)));
        what.push(said);
    }
    for (name, field) in &old.fields {
        // It may live on in a class that this one inherits from.
        let elsewhere =
            after.iter().any(|(_, _, other)| !other.kept && other.fields.contains_key(name));
        if !new.fields.contains_key(name) && !elsewhere {
            shown = shown.or(Some((Side::Base, field.line)));
            what.push(format!("the field `{name}` is gone"));
        }
    }
    what.truncate(MAX_NAMED);
    shown.map(|(side, line)| (side, line, what))
}

/// An option that is a constant on both sides, and another one.
fn other_option(old: &Field, new: &Field) -> Option<&'static str> {
    OPTIONS.into_iter().find(|option| {
        match (old.options.get(*option), new.options.get(*option)) {
            (Some(Some(before)), Some(Some(now))) => before != now,
            // What a field is without the option depends on its kind, but not for these two.
            (None, Some(Some(now))) => matches!(*option, "null" | "unique") && now == "True",
            (Some(Some(before)), None) => matches!(*option, "null" | "unique") && before == "True",
            _ => false,
        }
    })
}

/// The models of a file.
pub(super) fn models(text: &Text) -> Vec<(String, Model)> {
    if !imports_models(text.as_str()) {
        return Vec::new();
    }
    let code = ParsedCode::new(text.as_str(), Language::Python);
    let Some(root) = code.root() else { return Vec::new() };
    let classes = root.named_children().filter_map(|node| match node.kind().as_ref() {
        "class_definition" => Some(node),
        "decorated_definition" => {
            node.field("definition").filter(|it| it.kind() == "class_definition")
        }
        _ => None,
    });
    classes.filter_map(|class| model(&class, text)).collect()
}

fn model(class: &Syntax<'_>, text: &Text) -> Option<(String, Model)> {
    let name = class.field("name")?.text().into_owned();
    let bases = class.field("superclasses")?;
    let body = class.field("body")?;
    if in_error(class) {
        return None;
    }
    let is_model = bases.named_children().any(|base| {
        let text = base.text();
        let last = text.rsplit('.').next().unwrap_or_default();
        last.ends_with("Model") || matches!(last, "AbstractUser" | "AbstractBaseUser")
    });
    let mut made = Model {
        bases: bases.text().split_whitespace().collect(),
        kept: is_model && !is_set_apart(&body),
        line: text.line_at(class.range().start),
        fields: BTreeMap::new(),
        names: BTreeSet::new(),
    };
    for statement in body.named_children().filter(|node| node.kind() == "expression_statement") {
        let assignment = statement.named_children().next().filter(|it| it.kind() == "assignment");
        let left = assignment.as_ref().and_then(|assignment| assignment.field("left"));
        made.names.extend(left.map(|left| left.text().into_owned()));
        let Some((name, field)) = assignment.and_then(|assignment| field(&assignment, text)) else {
            continue;
        };
        made.fields.insert(name, field);
    }
    Some((name, made))
}

/// Whether the class's `Meta` says that it has no table, or one that others keep.
fn is_set_apart(body: &Syntax<'_>) -> bool {
    let meta = body
        .named_children()
        .filter(|node| node.kind() == "class_definition")
        .find(|node| node.field("name").is_some_and(|name| name.text() == "Meta"));
    meta.is_some_and(|meta| {
        let text: String = meta.text().split_whitespace().collect();
        ["abstract=True", "managed=False", "proxy=True", "app_label=", "swappable="]
            .iter()
            .any(|setting| text.contains(setting))
            // `class Meta(Base.Meta)` may say anything.
            || meta.field("superclasses").is_some()
    })
}

fn field(assignment: &Syntax<'_>, text: &Text) -> Option<(String, Field)> {
    let name = assignment.field("left").filter(|left| left.kind() == "identifier")?;
    let call = assignment.field("right").filter(|right| right.kind() == "call")?;
    let function = call.field("function")?;
    let kind = function.text().strip_prefix("models.")?.to_owned();
    let column = kind.ends_with("Field") || matches!(kind.as_str(), "ForeignKey");
    if !column {
        return None;
    }
    let mut options = BTreeMap::new();
    for argument in call.field("arguments")?.named_children() {
        let (Some(key), Some(value)) = (argument.field("name"), argument.field("value")) else {
            continue;
        };
        if argument.kind() == "keyword_argument" && OPTIONS.contains(&key.text().as_ref()) {
            let constant = matches!(value.kind().as_ref(), "integer" | "true" | "false" | "string");
            options.insert(key.text().into_owned(), constant.then(|| value.text().into_owned()));
        }
    }
    let line = text.line_at(assignment.range().start);
    Some((name.text().into_owned(), Field { kind, options, line }))
}

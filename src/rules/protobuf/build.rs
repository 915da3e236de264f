//! Makes the model of one side from its files.

use super::features::Features;
use super::model::{
    Cardinality, DefaultValue, Enum, Field, FileItem, Kind, Message, Method, Model, Service,
};
use super::names::{Entity, Names, join};
use super::scalars::{default, json_name, map_entry_name, scalar, written};
use super::syntax::{self, FieldKind, File, Label, Setting, Syntax};

/// Options of files, with what they mean when they are not set.
const FILE_OPTIONS: &[(&str, &str)] = &[
    ("cc_enable_arenas", "true"),
    ("cc_generic_services", "false"),
    ("csharp_namespace", ""),
    ("go_package", ""),
    ("java_generic_services", "false"),
    ("java_multiple_files", "false"),
    ("java_outer_classname", ""),
    ("java_package", ""),
    ("objc_class_prefix", ""),
    ("optimize_for", "SPEED"),
    ("php_class_prefix", ""),
    ("php_metadata_namespace", ""),
    ("php_namespace", ""),
    ("py_generic_services", "false"),
    ("ruby_package", ""),
    ("swift_prefix", ""),
];

/// Models `files` (path and contents); `others` are read for names only.
pub fn build(files: &[(String, &File)], others: &[&File]) -> Model {
    let mut names = Names::default();
    for file in files.iter().map(|(_, file)| *file).chain(others.iter().copied()) {
        names.add(file);
    }
    let mut model = Model::default();
    for (number, (path, file)) in files.iter().enumerate() {
        let scope = Scope::new(number, file, &names);
        scope.file(&mut model, path);
    }
    let mut only_names = Model::default();
    for file in others {
        Scope::new(usize::MAX, file, &names).file(&mut only_names, "");
    }
    model.packages.extend(only_names.packages);
    model.other_enums = only_names.enums;
    defaults(&mut model);
    model
}

/// Fills in the defaults of fields whose type is an enum, once all enums are known.
fn defaults(model: &mut Model) {
    let Model { messages, enums, extensions, other_enums, .. } = model;
    let by_name: std::collections::HashMap<&str, &Enum> =
        enums.iter().chain(other_enums.iter()).map(|e| (e.full.as_str(), e)).collect();
    let fields = messages.iter_mut().flat_map(|message| &mut message.fields);
    for field in fields.chain(extensions.iter_mut().map(|(_, field)| field)) {
        if field.kind != Kind::Enum
            || matches!(field.cardinality, Cardinality::Repeated | Cardinality::Map)
        {
            continue;
        }
        let known = field.type_name.as_deref().and_then(|name| by_name.get(name));
        let number = known.and_then(|known| match &field.default {
            Some(DefaultValue::Text(name)) => known.values.iter().find(|value| value.name == *name),
            _ => known.values.first(),
        });
        field.default = number.map(|value| DefaultValue::Whole(value.number.into()));
    }
}

struct Scope<'a> {
    number: usize,
    file: &'a File,
    names: &'a Names,
    features: Features,
    java_check: Option<(bool, u32)>,
}

fn setting<'a>(settings: &'a [Setting], name: &str) -> Option<&'a Setting> {
    settings.iter().rev().find(|setting| setting.name == name)
}

impl<'a> Scope<'a> {
    fn new(number: usize, file: &'a File, names: &'a Names) -> Self {
        let java_check = setting(&file.settings, "java_string_check_utf8")
            .map(|setting| (written(&setting.value) == "true", setting.line));
        let features = Features::of(file.syntax).inside(&file.settings);
        Self { number, file, names, features, java_check }
    }

    fn file(&self, model: &mut Model, path: &str) {
        let file = self.file;
        model.packages.insert(file.package.clone());
        let options = FILE_OPTIONS
            .iter()
            .map(|(name, unset)| {
                let set = setting(&file.settings, name);
                let value = set.map_or_else(|| (*unset).to_owned(), |set| written(&set.value));
                (*name, value, set.map(|set| set.line))
            })
            .collect();
        model.files.push(FileItem {
            path: path.to_owned(),
            package: (file.package.clone(), file.package_line),
            syntax: (file.syntax, file.syntax_line),
            options,
        });
        for message in &file.messages {
            self.message(model, message, "", &self.features);
        }
        for entry in &file.enums {
            model.enums.push(self.enumeration(entry, "", &self.features));
        }
        self.extensions(model, &file.extensions, "", &self.features);
        for service in &file.services {
            model.services.push(self.service(service));
        }
    }

    fn full(&self, nested: &str) -> String {
        if nested.is_empty() {
            return self.file.package.clone();
        }
        join(&self.file.package, nested)
    }

    fn message(&self, model: &mut Model, message: &syntax::Message, outer: &str, up: &Features) {
        let nested = join(outer, &message.name);
        let features = up.inside(&message.settings);
        let fields = message
            .fields
            .iter()
            .map(|field| {
                let oneof = field.oneof.and_then(|number| message.oneofs.get(number));
                let around = match oneof {
                    Some(oneof) => features.inside(&oneof.settings),
                    None => features,
                };
                if let FieldKind::Map { key, value } = &field.kind {
                    model.messages.push(self.map_entry(field, &nested, (key, value), &features));
                }
                let oneof = oneof.map(|oneof| oneof.name.clone());
                self.field(field, &nested, &message.name, oneof, &around)
            })
            .collect();
        let accessor = setting(&message.settings, "no_standard_descriptor_accessor");
        model.messages.push(Message {
            full: self.full(&nested),
            name: message.name.clone(),
            file: self.number,
            line: message.line,
            fields,
            oneofs: message.oneofs.iter().map(|o| (o.name.clone(), o.line)).collect(),
            extension_ranges: message.extension_ranges.clone(),
            reserved: message.reserved.clone(),
            reserved_names: message.reserved_names.clone(),
            json: features.json,
            no_accessor: (
                accessor.is_some_and(|set| written(&set.value) == "true"),
                accessor.map(|set| set.line),
            ),
            nested: nested.clone(),
        });
        for inner in &message.messages {
            self.message(model, inner, &nested, &features);
        }
        for entry in &message.enums {
            model.enums.push(self.enumeration(entry, &nested, &features));
        }
        self.extensions(model, &message.extensions, &nested, &features);
    }

    /// The message that stands for one entry of a map, as protobuf makes it.
    fn map_entry(
        &self,
        field: &syntax::Field,
        outer: &str,
        (key, value): (&str, &str),
        features: &Features,
    ) -> Message {
        let name = map_entry_name(&field.name);
        let nested = join(outer, &name);
        let own = field.settings.as_slice();
        let part = |part: &str, number: i64, kind: &str| {
            let field = syntax::Field {
                name: part.to_owned(),
                number,
                label: None,
                kind: FieldKind::Plain(kind.to_owned()),
                settings: Vec::new(),
                oneof: None,
                extendee: None,
                line: field.line,
                kind_line: field.kind_line,
                name_line: field.name_line,
            };
            // Names are looked up from the message around; delimited messages stay out of maps.
            let mut inherited = features.inside(own);
            inherited.encoding.value = "LENGTH_PREFIXED";
            Field { in_map: true, ..self.field(&field, outer, &name, None, &inherited) }
        };
        Message {
            full: self.full(&nested),
            nested: nested.clone(),
            fields: vec![part("key", 1, key), part("value", 2, value)],
            name,
            file: self.number,
            line: field.line,
            oneofs: Vec::new(),
            extension_ranges: Vec::new(),
            reserved: Vec::new(),
            reserved_names: Vec::new(),
            json: features.inside(&[]).json,
            no_accessor: (false, None),
        }
    }

    fn extensions(&self, model: &mut Model, list: &[syntax::Field], outer: &str, up: &Features) {
        for extension in list {
            let extendee = extension.extendee.as_deref().unwrap_or_default();
            let (extendee, _) = self.names.resolve(&self.full(outer), extendee);
            let mut field = self.field(extension, outer, &extendee, None, up);
            field.is_extension = true;
            model.extensions.push((extendee, field));
        }
    }

    fn field(
        &self,
        field: &syntax::Field,
        outer: &str,
        owner: &str,
        oneof: Option<String>,
        up: &Features,
    ) -> Field {
        let features = up.inside(&field.settings);
        let (kind, type_name) = self.kind(field, outer, &features);
        let cardinality = self.cardinality(field, kind, oneof.is_some(), &features);
        let option = |name: &str| setting(&field.settings, name);
        let text = |name: &str, unset: &str| {
            let set = option(name);
            let value = set.map_or_else(|| unset.to_owned(), |set| written(&set.value));
            (value, set.map(|set| set.line))
        };
        Field {
            name: field.name.clone(),
            full: self.full(&join(outer, &field.name)),
            number: field.number,
            owner: owner.to_owned(),
            file: self.number,
            line: field.line,
            kind_line: field.kind_line,
            name_line: field.name_line,
            kind,
            type_name,
            cardinality,
            oneof,
            json_name: text("json_name", &json_name(&field.name)),
            default: default(kind, cardinality, option("default").map(|set| &set.value)),
            default_line: option("default").map(|set| set.line),
            js_type: text("jstype", "JS_NORMAL"),
            cpp_string: cpp_string(option("ctype"), &features, self.file.syntax),
            utf8: features.utf8,
            java_utf8: self.java_utf8(&features),
            is_extension: false,
            in_map: false,
        }
    }

    fn kind(
        &self,
        field: &syntax::Field,
        outer: &str,
        features: &Features,
    ) -> (Kind, Option<String>) {
        let name = match &field.kind {
            FieldKind::Map { .. } => {
                let entry = self.full(&join(outer, &map_entry_name(&field.name)));
                return (Kind::Message, Some(entry));
            }
            FieldKind::Group(name) => {
                return (Kind::Group, Some(self.full(&join(outer, name))));
            }
            FieldKind::Plain(name) => name,
        };
        if let Some(kind) = scalar(name) {
            return (kind, None);
        }
        let (full, entity) = self.names.resolve(&self.full(outer), name);
        let kind = match entity {
            Some(Entity::Enum) => Kind::Enum,
            Some(Entity::Message) if features.encoding.value == "DELIMITED" => Kind::Group,
            Some(Entity::Message) => Kind::Message,
            None => Kind::Unknown,
        };
        (kind, Some(full))
    }

    fn cardinality(
        &self,
        field: &syntax::Field,
        kind: Kind,
        in_oneof: bool,
        features: &Features,
    ) -> Cardinality {
        let edition = matches!(self.file.syntax, Syntax::Edition(_));
        let message = matches!(kind, Kind::Message | Kind::Group);
        match (&field.kind, field.label) {
            (FieldKind::Map { .. }, _) => Cardinality::Map,
            (_, Some(Label::Repeated)) => Cardinality::Repeated,
            (_, Some(Label::Required)) => Cardinality::Required,
            _ if edition && features.presence.value == "LEGACY_REQUIRED" => Cardinality::Required,
            _ if message || in_oneof || field.extendee.is_some() => Cardinality::Explicit,
            (_, Some(Label::Optional)) => Cardinality::Explicit,
            _ if features.presence.value == "IMPLICIT" => Cardinality::Implicit,
            _ => Cardinality::Explicit,
        }
    }

    fn java_utf8(&self, features: &Features) -> (&'static str, Option<u32>) {
        let edition = matches!(self.file.syntax, Syntax::Edition(_));
        let line = self.java_check.map(|(_, line)| line).or(features.java_utf8.line);
        let verify = match self.java_check {
            Some((check, _)) => check,
            None => edition && features.java_utf8.value == "VERIFY",
        };
        (if verify { "VERIFY" } else { features.utf8.value }, line)
    }

    fn enumeration(&self, entry: &syntax::Enum, outer: &str, up: &Features) -> Enum {
        let nested = join(outer, &entry.name);
        let features = up.inside(&entry.settings);
        Enum {
            full: self.full(&nested),
            nested,
            name: entry.name.clone(),
            file: self.number,
            line: entry.line,
            values: entry.values.clone(),
            reserved: entry.reserved.clone(),
            reserved_names: entry.reserved_names.clone(),
            enum_type: features.enum_type,
            json: features.json,
        }
    }

    fn service(&self, service: &syntax::Service) -> Service {
        let full = self.full(&service.name);
        let exchange = |side: &syntax::Exchange| {
            (self.names.resolve(&full, &side.name).0, side.stream, side.line)
        };
        let method = |method: &syntax::Method| {
            let level = setting(&method.settings, "idempotency_level");
            Method {
                name: method.name.clone(),
                line: method.line,
                request: exchange(&method.request),
                response: exchange(&method.response),
                idempotency: (
                    level.map_or_else(
                        || "IDEMPOTENCY_UNKNOWN".to_owned(),
                        |set| written(&set.value),
                    ),
                    level.map(|set| set.line),
                ),
            }
        };
        Service {
            name: service.name.clone(),
            file: self.number,
            line: service.line,
            methods: service.methods.iter().map(method).collect(),
            full,
        }
    }
}

fn cpp_string(
    ctype: Option<&Setting>,
    features: &Features,
    syntax: Syntax,
) -> (String, Option<u32>) {
    let later = matches!(syntax, Syntax::Edition(year) if year >= 2024);
    match ctype.filter(|_| !later) {
        Some(set) => (written(&set.value), Some(set.line)),
        None => (features.cpp_string.value.to_owned(), features.cpp_string.line),
    }
}

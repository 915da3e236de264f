//! The elements of many files side by side, with names resolved and features decided: what the
//! comparison works on.

use super::features::Choice;
use super::syntax::{EnumValue, Range, Syntax};

/// Where something stands: the number of its file on its side, and the line counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    pub file: usize,
    /// `None` stands for the file as a whole.
    pub line: Option<u32>,
}

/// How a value is encoded. Groups and delimited messages are `Group`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    Text,
    Bytes,
    Message,
    Group,
    Enum,
    /// A message or an enum that no known file defines.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    Explicit,
    Implicit,
    Required,
    Repeated,
    Map,
}

/// A value that stands when a field is not set.
#[derive(Debug, Clone, PartialEq)]
pub enum DefaultValue {
    Number(f64),
    /// Whole numbers apart: they are not exact as floating point.
    Whole(i128),
    Text(String),
}

#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    /// With package and scope.
    pub full: String,
    pub number: i64,
    /// Name of the message, for texts.
    pub owner: String,
    pub file: usize,
    pub line: u32,
    pub kind_line: u32,
    pub name_line: u32,
    pub kind: Kind,
    /// The message or enum, with its package if that is known.
    pub type_name: Option<String>,
    pub cardinality: Cardinality,
    pub oneof: Option<String>,
    pub json_name: (String, Option<u32>),
    /// `None` where a field of this kind has none, or it is not known.
    pub default: Option<DefaultValue>,
    pub default_line: Option<u32>,
    pub js_type: (String, Option<u32>),
    /// The type of texts in C++, with `STRING_PIECE` apart.
    pub cpp_string: (String, Option<u32>),
    pub utf8: Choice,
    pub java_utf8: (&'static str, Option<u32>),
    pub is_extension: bool,
    /// A key or value of a map.
    pub in_map: bool,
}

#[derive(Debug, Clone)]
pub struct Message {
    pub full: String,
    /// With scope, without package.
    pub nested: String,
    pub name: String,
    pub file: usize,
    /// For the entries of maps, which are written nowhere, that of the map.
    pub line: u32,
    pub fields: Vec<Field>,
    pub oneofs: Vec<(String, u32)>,
    pub extension_ranges: Vec<Range>,
    pub reserved: Vec<Range>,
    pub reserved_names: Vec<String>,
    pub json: Choice,
    pub no_accessor: (bool, Option<u32>),
}

#[derive(Debug, Clone)]
pub struct Enum {
    pub full: String,
    pub nested: String,
    pub name: String,
    pub file: usize,
    pub line: u32,
    pub values: Vec<EnumValue>,
    pub reserved: Vec<Range>,
    pub reserved_names: Vec<String>,
    pub enum_type: Choice,
    pub json: Choice,
}

#[derive(Debug, Clone)]
pub struct Method {
    pub name: String,
    pub line: u32,
    pub request: (String, bool, u32),
    pub response: (String, bool, u32),
    pub idempotency: (String, Option<u32>),
}

#[derive(Debug, Clone)]
pub struct Service {
    pub full: String,
    pub name: String,
    pub file: usize,
    pub line: u32,
    pub methods: Vec<Method>,
}

#[derive(Debug, Clone)]
pub struct FileItem {
    pub path: String,
    pub package: (String, Option<u32>),
    pub syntax: (Syntax, Option<u32>),
    /// Options of the file that generated code depends on, by name, with a value for what is not
    /// set.
    pub options: Vec<(&'static str, String, Option<u32>)>,
}

/// One side of a change.
#[derive(Debug, Default)]
pub struct Model {
    pub files: Vec<FileItem>,
    pub messages: Vec<Message>,
    pub enums: Vec<Enum>,
    pub services: Vec<Service>,
    pub extensions: Vec<(String, Field)>,
    /// Enums of files that were only read for their names.
    pub other_enums: Vec<Enum>,
    /// Packages of all files, also of those that were only read for their names.
    pub packages: std::collections::BTreeSet<String>,
}

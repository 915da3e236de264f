//! What a protobuf file says: proto2, proto3 and editions. The reading is in `parse`.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Syntax {
    #[default]
    Proto2,
    Proto3,
    /// The year.
    Edition(u32),
}

impl std::fmt::Display for Syntax {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Proto2 => f.write_str("proto2"),
            Self::Proto3 => f.write_str("proto3"),
            Self::Edition(year) => write!(f, "edition {year}"),
        }
    }
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An enum value, `true`, `false`, `inf` or `nan`, perhaps with a minus.
    Name(String),
    Number(String),
    Text(String),
    Message(Vec<(String, Value)>),
    List(Vec<Value>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// As written, without blanks: `deprecated`, `features.(pb.cpp).string_type`.
    pub name: String,
    pub value: Value,
    pub line: u32,
}

/// Both ends belong to the range.
pub type Range = (i64, i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    Optional,
    Required,
    Repeated,
}

#[derive(Debug, Clone)]
pub enum FieldKind {
    /// A scalar, or the name of a message or enum as written.
    Plain(String),
    Map {
        key: String,
        value: String,
    },
    /// The name of the message that the field defines.
    Group(String),
}

#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    pub number: i64,
    pub label: Option<Label>,
    pub kind: FieldKind,
    pub settings: Vec<Setting>,
    /// The number of its oneof in the message.
    pub oneof: Option<usize>,
    /// The message that an extension extends, as written.
    pub extendee: Option<String>,
    /// Where it starts, and where its type and name stand.
    pub line: u32,
    pub kind_line: u32,
    pub name_line: u32,
}

#[derive(Debug, Clone)]
pub struct Oneof {
    pub name: String,
    pub line: u32,
    pub settings: Vec<Setting>,
}

#[derive(Debug, Clone, Default)]
pub struct Message {
    pub name: String,
    pub line: u32,
    pub fields: Vec<Field>,
    pub oneofs: Vec<Oneof>,
    pub messages: Vec<Message>,
    pub enums: Vec<Enum>,
    pub extensions: Vec<Field>,
    pub extension_ranges: Vec<Range>,
    pub reserved: Vec<Range>,
    pub reserved_names: Vec<String>,
    pub settings: Vec<Setting>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumValue {
    pub name: String,
    pub number: i64,
    pub line: u32,
    pub number_line: u32,
}

#[derive(Debug, Clone, Default)]
pub struct Enum {
    pub name: String,
    pub line: u32,
    pub values: Vec<EnumValue>,
    pub reserved: Vec<Range>,
    pub reserved_names: Vec<String>,
    pub settings: Vec<Setting>,
}

/// What a call takes or gives.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The message's name as written.
    pub name: String,
    pub stream: bool,
    pub line: u32,
}

#[derive(Debug, Clone)]
pub struct Method {
    pub name: String,
    pub line: u32,
    pub request: Exchange,
    pub response: Exchange,
    pub settings: Vec<Setting>,
}

#[derive(Debug, Clone)]
pub struct Service {
    pub name: String,
    pub line: u32,
    pub methods: Vec<Method>,
}

#[derive(Debug, Clone, Default)]
pub struct File {
    pub syntax: Syntax,
    pub syntax_line: Option<u32>,
    pub package: String,
    pub package_line: Option<u32>,
    pub settings: Vec<Setting>,
    pub messages: Vec<Message>,
    pub enums: Vec<Enum>,
    pub services: Vec<Service>,
    pub extensions: Vec<Field>,
}

//! What editions call features: how a file's syntax and options decide presence, encoding and
//! validation, inherited from file to message to field.

use super::syntax::{Setting, Syntax, Value};

/// The value of one feature and, where an option of the element itself sets it, the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    pub value: &'static str,
    pub line: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
pub struct Features {
    pub presence: Choice,
    pub enum_type: Choice,
    pub utf8: Choice,
    pub encoding: Choice,
    pub json: Choice,
    pub cpp_string: Choice,
    pub java_utf8: Choice,
}

/// All values of the features that are looked at.
const VALUES: &[&str] = &[
    "EXPLICIT",
    "IMPLICIT",
    "LEGACY_REQUIRED",
    "OPEN",
    "CLOSED",
    "VERIFY",
    "NONE",
    "LENGTH_PREFIXED",
    "DELIMITED",
    "ALLOW",
    "LEGACY_BEST_EFFORT",
    "VIEW",
    "CORD",
    "STRING",
    "DEFAULT",
];

impl Features {
    /// What a file of this syntax starts with.
    pub fn of(syntax: Syntax) -> Self {
        let choice = |value| Choice { value, line: None };
        let (presence, enum_type, utf8, json) = match syntax {
            Syntax::Proto2 => ("EXPLICIT", "CLOSED", "NONE", "LEGACY_BEST_EFFORT"),
            Syntax::Proto3 => ("IMPLICIT", "OPEN", "VERIFY", "ALLOW"),
            Syntax::Edition(_) => ("EXPLICIT", "OPEN", "VERIFY", "ALLOW"),
        };
        let later = matches!(syntax, Syntax::Edition(year) if year >= 2024);
        Self {
            presence: choice(presence),
            enum_type: choice(enum_type),
            utf8: choice(utf8),
            encoding: choice("LENGTH_PREFIXED"),
            json: choice(json),
            cpp_string: choice(if later { "VIEW" } else { "STRING" }),
            java_utf8: choice("DEFAULT"),
        }
    }

    /// What an element inside has, with its own options.
    pub fn inside(&self, settings: &[Setting]) -> Self {
        let mut own = *self;
        for choice in own.all() {
            choice.line = None;
        }
        for setting in settings {
            own.set(&setting.name, &setting.value, setting.line);
        }
        own
    }

    fn all(&mut self) -> [&mut Choice; 7] {
        [
            &mut self.presence,
            &mut self.enum_type,
            &mut self.utf8,
            &mut self.encoding,
            &mut self.json,
            &mut self.cpp_string,
            &mut self.java_utf8,
        ]
    }

    fn set(&mut self, name: &str, value: &Value, line: u32) {
        if let Value::Message(entries) = value {
            if name.starts_with("features") {
                for (key, value) in entries {
                    // Only one level below is another message: the features of a language.
                    if !matches!(value, Value::Message(_)) || key.starts_with('(') {
                        self.set(&format!("{name}.{key}"), value, line);
                    }
                }
            }
            return;
        }
        let place = match name {
            "features.field_presence" => &mut self.presence,
            "features.enum_type" => &mut self.enum_type,
            "features.utf8_validation" => &mut self.utf8,
            "features.message_encoding" => &mut self.encoding,
            "features.json_format" => &mut self.json,
            "features.(pb.cpp).string_type" => &mut self.cpp_string,
            "features.(pb.java).utf8_validation" => &mut self.java_utf8,
            _ => return,
        };
        if let Value::Name(written) = value
            && let Some(known) = VALUES.iter().find(|known| *known == written)
        {
            *place = Choice { value: known, line: Some(line) };
        }
    }
}

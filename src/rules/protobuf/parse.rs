//! Reads protobuf files.

use super::cursor::{MAX_DEPTH, Parser, Read};
use super::lexer::Token;
use super::syntax::{
    Enum, EnumValue, Exchange, Field, FieldKind, File, Label, Message, Method, Oneof, Range,
    Service, Syntax,
};
use crate::rules::parse::cursor::SyntaxError;

/// Greatest numbers of fields and of enum values.
const MAX_FIELD: i64 = 536_870_911;
const MAX_ENUM: i64 = i32::MAX as i64;

pub fn parse(source: &str) -> Read<File> {
    Parser::new(source)?.file()
}

impl Parser<'_> {
    fn file(&mut self) -> Read<File> {
        let mut file = File::default();
        while self.token(0).is_some() {
            let line = self.line();
            match self.word(0) {
                "syntax" | "edition" => {
                    let edition = self.takes_word("edition") || !self.takes_word("syntax");
                    self.expect('=')?;
                    file.syntax = match (edition, self.text()?.as_str()) {
                        (true, year) => Syntax::Edition(year.parse().unwrap_or(2023)),
                        (false, "proto3") => Syntax::Proto3,
                        (false, "proto2") => Syntax::Proto2,
                        _ => return Err(SyntaxError::new(line, "the syntax is not known")),
                    };
                    file.syntax_line = Some(line);
                    self.expect(';')?;
                }
                "package" => {
                    self.skip(1);
                    file.package = self.path()?;
                    file.package_line = Some(line);
                    self.expect(';')?;
                }
                "import" => {
                    self.skip(1);
                    while matches!(self.word(0), "public" | "weak" | "option") {
                        self.skip(1);
                    }
                    self.text()?;
                    self.expect(';')?;
                }
                "option" => file.settings.push(self.option_statement()?),
                "service" => file.services.push(self.service()?),
                "extend" => {
                    let (extensions, groups) = self.extend(0)?;
                    file.extensions.extend(extensions);
                    file.messages.extend(groups);
                }
                "export" | "local" => self.skip(1),
                "message" => file.messages.push(self.message(0)?),
                "enum" => file.enums.push(self.enumeration()?),
                _ if self.takes(';') => {}
                _ => return self.error("a definition is missing"),
            }
        }
        Ok(file)
    }

    fn message(&mut self, depth: usize) -> Read<Message> {
        let line = self.line();
        self.skip(1);
        let name = self.name()?;
        let mut message = Message { name, line, ..Message::default() };
        self.message_body(&mut message, depth)?;
        Ok(message)
    }

    fn message_body(&mut self, message: &mut Message, depth: usize) -> Read<()> {
        if depth > MAX_DEPTH {
            return self.error("messages are nested too deep");
        }
        self.expect('{')?;
        while !self.takes('}') {
            // A keyword can also be the type of a field: then a name follows it, and `=`.
            let is_field = matches!(self.token(2), Some(Token::Sign('=')))
                || matches!(self.token(1), Some(Token::Sign('.')));
            match self.word(0) {
                "option" if !matches!(self.token(1), Some(Token::Sign('.'))) => {
                    message.settings.push(self.option_statement()?);
                }
                _ if is_field => self.field_of(message, None, None, depth)?,
                "message" => message.messages.push(self.message(depth + 1)?),
                "enum" => message.enums.push(self.enumeration()?),
                "extend" => {
                    let (extensions, groups) = self.extend(depth + 1)?;
                    message.extensions.extend(extensions);
                    message.messages.extend(groups);
                }
                "extensions" => {
                    self.skip(1);
                    message.extension_ranges.extend(self.ranges(MAX_FIELD)?);
                    self.settings()?;
                    self.expect(';')?;
                }
                "reserved" => {
                    let (ranges, names) = self.reserved(MAX_FIELD)?;
                    message.reserved.extend(ranges);
                    message.reserved_names.extend(names);
                }
                "oneof" => self.oneof(message, depth)?,
                "export" | "local" => self.skip(1),
                _ if self.takes(';') => {}
                _ => self.field_of(message, None, None, depth)?,
            }
        }
        Ok(())
    }

    fn oneof(&mut self, message: &mut Message, depth: usize) -> Read<()> {
        let line = self.line();
        self.skip(1);
        let name = self.name()?;
        let number = message.oneofs.len();
        let mut settings = Vec::new();
        message.oneofs.push(Oneof { name, line, settings: Vec::new() });
        self.expect('{')?;
        while !self.takes('}') {
            if self.word(0) == "option" {
                settings.push(self.option_statement()?);
            } else if !self.takes(';') {
                self.field_of(message, Some(number), None, depth)?;
            }
        }
        if let Some(oneof) = message.oneofs.get_mut(number) {
            oneof.settings = settings;
        }
        Ok(())
    }

    /// The extensions of one block, and the messages of groups among them.
    fn extend(&mut self, depth: usize) -> Read<(Vec<Field>, Vec<Message>)> {
        self.skip(1);
        let extendee = self.path()?;
        let mut holder = Message::default();
        self.expect('{')?;
        while !self.takes('}') {
            if !self.takes(';') {
                self.field_of(&mut holder, None, Some(&extendee), depth)?;
            }
        }
        Ok((holder.fields, holder.messages))
    }

    /// Reads a field into `message`, with the message that a group defines.
    fn field_of(
        &mut self,
        message: &mut Message,
        oneof: Option<usize>,
        extendee: Option<&str>,
        depth: usize,
    ) -> Read<()> {
        let line = self.line();
        let label = match self.word(0) {
            "optional" => Some(Label::Optional),
            "required" => Some(Label::Required),
            "repeated" => Some(Label::Repeated),
            _ => None,
        };
        // `optional = 1` would be a name; `optional x` is a label.
        self.skip(usize::from(label.is_some()));
        let kind_line = self.line();
        let kind = if self.word(0) == "map" && self.token(1) == Some(&Token::Sign('<')) {
            self.skip(2);
            let key = self.path()?;
            self.expect(',')?;
            let value = self.path()?;
            self.expect('>')?;
            FieldKind::Map { key, value }
        } else if self.word(0) == "group" && matches!(self.token(1), Some(Token::Name(_))) {
            self.skip(1);
            FieldKind::Group(self.word(0).to_owned())
        } else {
            FieldKind::Plain(self.path()?)
        };
        let name_line = self.line();
        let name = self.name()?;
        self.expect('=')?;
        let number = self.integer(MAX_FIELD)?;
        let settings = self.settings()?;
        let mut field = Field {
            name,
            number,
            label,
            kind,
            settings,
            oneof,
            extendee: extendee.map(str::to_owned),
            line,
            kind_line,
            name_line,
        };
        if let FieldKind::Group(name) = &field.kind {
            let mut group = Message { name: name.clone(), line, ..Message::default() };
            self.message_body(&mut group, depth + 1)?;
            message.messages.push(group);
            field.name = field.name.to_ascii_lowercase();
            // The type of a group is its name.
            field.kind_line = field.name_line;
        } else {
            self.expect(';')?;
        }
        message.fields.push(field);
        Ok(())
    }

    fn ranges(&mut self, max: i64) -> Read<Vec<Range>> {
        let mut ranges = Vec::new();
        loop {
            let start = self.integer(max)?;
            let end = if self.takes_word("to") { self.integer(max)? } else { start };
            ranges.push((start, end));
            if !self.takes(',') {
                return Ok(ranges);
            }
        }
    }

    fn reserved(&mut self, max: i64) -> Read<(Vec<Range>, Vec<String>)> {
        self.skip(1);
        let mut names = Vec::new();
        let mut ranges = Vec::new();
        match self.token(0) {
            Some(Token::Text(_) | Token::Name(_)) => loop {
                let text = matches!(self.token(0), Some(Token::Text(_)));
                names.push(if text { self.text()? } else { self.name()? });
                if !self.takes(',') {
                    break;
                }
            },
            _ => ranges = self.ranges(max)?,
        }
        self.expect(';')?;
        Ok((ranges, names))
    }

    fn enumeration(&mut self) -> Read<Enum> {
        let line = self.line();
        self.skip(1);
        let mut read = Enum { name: self.name()?, line, ..Enum::default() };
        self.expect('{')?;
        while !self.takes('}') {
            let line = self.line();
            match self.word(0) {
                "option" if self.token(1) != Some(&Token::Sign('=')) => {
                    read.settings.push(self.option_statement()?);
                }
                "reserved" if self.token(1) != Some(&Token::Sign('=')) => {
                    let (ranges, names) = self.reserved(MAX_ENUM)?;
                    read.reserved.extend(ranges);
                    read.reserved_names.extend(names);
                }
                _ if self.takes(';') => {}
                _ => {
                    let name = self.name()?;
                    self.expect('=')?;
                    let number_line = self.line();
                    let number = self.integer(MAX_ENUM)?;
                    self.settings()?;
                    self.expect(';')?;
                    read.values.push(EnumValue { name, number, line, number_line });
                }
            }
        }
        Ok(read)
    }

    fn service(&mut self) -> Read<Service> {
        let line = self.line();
        self.skip(1);
        let mut service = Service { name: self.name()?, line, methods: Vec::new() };
        self.expect('{')?;
        while !self.takes('}') {
            match self.word(0) {
                "option" => {
                    self.option_statement()?;
                }
                "rpc" => service.methods.push(self.method()?),
                _ if self.takes(';') => {}
                _ => return self.error("`rpc` is missing"),
            }
        }
        Ok(service)
    }

    fn method(&mut self) -> Read<Method> {
        let line = self.line();
        self.skip(1);
        let name = self.name()?;
        let request = self.exchange()?;
        if !self.takes_word("returns") {
            return self.error("`returns` is missing");
        }
        let response = self.exchange()?;
        let mut settings = Vec::new();
        if self.takes('{') {
            while !self.takes('}') {
                if self.word(0) == "option" {
                    settings.push(self.option_statement()?);
                } else if !self.takes(';') {
                    return self.error("`}` is missing");
                }
            }
        } else {
            self.expect(';')?;
        }
        Ok(Method { name, line, request, response, settings })
    }

    fn exchange(&mut self) -> Read<Exchange> {
        self.expect('(')?;
        // A message may be called `stream`.
        let stream = self.word(0) == "stream" && !matches!(self.token(1), Some(Token::Sign(')')));
        self.skip(usize::from(stream));
        let line = self.line();
        let name = self.path()?;
        self.expect(')')?;
        Ok(Exchange { name, stream, line })
    }
}

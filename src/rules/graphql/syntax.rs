//! Reads GraphQL schema documents. Operations and fragments in them are stepped over.

use super::lexer::{Token, Word, words};
use crate::rules::parse::cursor::SyntaxError;

/// Deepest nesting of types, values and selections that is read.
const MAX_DEPTH: usize = 64;

/// Where something stands: the number of its document, and the line counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    pub document: usize,
    pub line: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub at: At,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    Named(String),
    List(Box<Type>),
    NonNull(Box<Type>),
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::NonNull(inner) => write!(f, "{inner}!"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An enum value, `true`, `false` or `null`.
    Name(String),
    Number(String),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub name: String,
    pub at: At,
    pub arguments: Vec<(String, Value)>,
}

/// An argument or a field of an input object.
#[derive(Debug, Clone)]
pub struct Input {
    pub name: String,
    pub at: At,
    pub kind: Type,
    pub default: Option<Value>,
    pub directives: Vec<Usage>,
}

#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    pub at: At,
    pub arguments: Vec<Input>,
    pub kind: Type,
    pub directives: Vec<Usage>,
}

#[derive(Debug, Clone)]
pub struct EnumValue {
    pub name: String,
    pub at: At,
    pub directives: Vec<Usage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    Input,
}

#[derive(Debug, Clone)]
pub struct TypeDefinition {
    pub extends: bool,
    pub kind: Kind,
    pub name: String,
    pub at: At,
    pub directives: Vec<Usage>,
    pub interfaces: Vec<Named>,
    pub fields: Vec<Field>,
    pub inputs: Vec<Input>,
    pub values: Vec<EnumValue>,
    pub members: Vec<Named>,
}

#[derive(Debug, Clone)]
pub struct DirectiveDefinition {
    pub name: String,
    pub at: At,
    pub arguments: Vec<Input>,
    pub repeatable: bool,
    pub locations: Vec<Named>,
}

#[derive(Debug, Clone)]
pub struct SchemaDefinition {
    pub directives: Vec<Usage>,
    /// `query`, `mutation` or `subscription`, and the type.
    pub roots: Vec<(String, Named)>,
}

/// What one text defines.
#[derive(Debug, Clone, Default)]
pub struct Document {
    pub types: Vec<TypeDefinition>,
    pub directives: Vec<DirectiveDefinition>,
    pub schemas: Vec<SchemaDefinition>,
}

impl Document {
    pub fn is_empty(&self) -> bool {
        self.types.is_empty() && self.directives.is_empty() && self.schemas.is_empty()
    }
}

/// Reads a text; `document` is the number that its places get.
pub fn parse(source: &str, document: usize) -> Result<Document, SyntaxError> {
    let words = words(source)?;
    let last = words.last().map_or(1, |word| word.line);
    let mut parser = Parser { words, next: 0, document, last };
    let mut read = Document::default();
    while parser.peek().is_some() {
        parser.definition(&mut read)?;
    }
    Ok(read)
}

struct Parser<'a> {
    words: Vec<Word<'a>>,
    next: usize,
    document: usize,
    last: u32,
}

type Read<T> = Result<T, SyntaxError>;

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.words.get(self.next).map(|word| word.token)
    }

    fn at(&self) -> At {
        let line = self.words.get(self.next).map_or(self.last, |word| word.line);
        At { document: self.document, line }
    }

    fn error<T>(&self, message: &str) -> Read<T> {
        Err(SyntaxError::new(self.at().line, message))
    }

    fn takes(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(Token::Sign(sign));
        self.next += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(Token::Name(word));
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: char) -> Read<()> {
        if self.takes(sign) { Ok(()) } else { self.error(&format!("`{sign}` is missing")) }
    }

    fn name(&mut self) -> Read<Named> {
        let at = self.at();
        match self.peek() {
            Some(Token::Name(name)) => {
                self.next += 1;
                Ok(Named { name: name.to_owned(), at })
            }
            _ => self.error("a name is missing"),
        }
    }

    fn description(&mut self) {
        if let Some(Token::Text(_)) = self.peek() {
            self.next += 1;
        }
    }

    fn definition(&mut self, read: &mut Document) -> Read<()> {
        self.description();
        let extends = self.takes_word("extend");
        let Some(Token::Name(word)) = self.peek() else {
            // `{ field }` is a query.
            return if self.peek() == Some(Token::Sign('{')) {
                self.skip_operation()
            } else {
                self.error("a definition is missing")
            };
        };
        let kind = match word {
            "scalar" => Kind::Scalar,
            "type" => Kind::Object,
            "interface" => Kind::Interface,
            "union" => Kind::Union,
            "enum" => Kind::Enum,
            "input" => Kind::Input,
            "schema" => {
                self.next += 1;
                let schema = self.schema()?;
                read.schemas.push(schema);
                return Ok(());
            }
            "directive" => {
                self.next += 1;
                let directive = self.directive()?;
                read.directives.push(directive);
                return Ok(());
            }
            "query" | "mutation" | "subscription" | "fragment" => return self.skip_operation(),
            _ => return self.error(&format!("`{word}` starts no definition")),
        };
        self.next += 1;
        let definition = self.type_definition(extends, kind)?;
        read.types.push(definition);
        Ok(())
    }

    /// Steps over an operation or fragment, up to the end of its selection.
    fn skip_operation(&mut self) -> Read<()> {
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            self.next += 1;
            match token {
                Token::Sign('{' | '(' | '[') => depth += 1,
                Token::Sign('}') if depth <= 1 => return Ok(()),
                Token::Sign('}' | ')' | ']') => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        self.error("`}` is missing")
    }

    fn schema(&mut self) -> Read<SchemaDefinition> {
        let directives = self.usages()?;
        let mut roots = Vec::new();
        if self.takes('{') {
            while !self.takes('}') {
                self.description();
                let operation = self.name()?;
                self.expect(':')?;
                roots.push((operation.name, self.name()?));
            }
        }
        Ok(SchemaDefinition { directives, roots })
    }

    fn directive(&mut self) -> Read<DirectiveDefinition> {
        self.expect('@')?;
        let Named { name, at } = self.name()?;
        let arguments = if self.takes('(') { self.inputs(')')? } else { Vec::new() };
        let repeatable = self.takes_word("repeatable");
        if !self.takes_word("on") {
            return self.error("`on` is missing");
        }
        let locations = self.separated('|')?;
        Ok(DirectiveDefinition { name, at, arguments, repeatable, locations })
    }

    /// Names with a sign between them, and perhaps one before the first.
    fn separated(&mut self, sign: char) -> Read<Vec<Named>> {
        self.takes(sign);
        let mut names = vec![self.name()?];
        while self.takes(sign) {
            names.push(self.name()?);
        }
        Ok(names)
    }

    fn type_definition(&mut self, extends: bool, kind: Kind) -> Read<TypeDefinition> {
        let Named { name, at } = self.name()?;
        let mut interfaces = Vec::new();
        if matches!(kind, Kind::Object | Kind::Interface) && self.takes_word("implements") {
            interfaces = self.separated('&')?;
            // Before 2018 the names stood side by side.
            while let Some(Token::Name(_)) = self.peek() {
                if self.starts_definition() {
                    break;
                }
                interfaces.push(self.name()?);
            }
        }
        let mut definition = TypeDefinition {
            extends,
            kind,
            name,
            at,
            directives: self.usages()?,
            interfaces,
            fields: Vec::new(),
            inputs: Vec::new(),
            values: Vec::new(),
            members: Vec::new(),
        };
        match kind {
            Kind::Scalar => {}
            Kind::Object | Kind::Interface if self.takes('{') => {
                while !self.takes('}') {
                    let field = self.field()?;
                    definition.fields.push(field);
                }
            }
            Kind::Input if self.takes('{') => definition.inputs = self.inputs('}')?,
            Kind::Enum if self.takes('{') => {
                while !self.takes('}') {
                    self.description();
                    let Named { name, at } = self.name()?;
                    let directives = self.usages()?;
                    definition.values.push(EnumValue { name, at, directives });
                }
            }
            Kind::Union if self.takes('=') => definition.members = self.separated('|')?,
            _ => {}
        }
        Ok(definition)
    }

    /// Whether the next two words begin a definition (`type Name`), which tells an empty type
    /// from one more interface.
    fn starts_definition(&self) -> bool {
        const WORDS: [&str; 9] = [
            "type",
            "interface",
            "union",
            "enum",
            "input",
            "scalar",
            "schema",
            "directive",
            "extend",
        ];
        let first = matches!(self.peek(), Some(Token::Name(word)) if WORDS.contains(&word));
        let after = self.words.get(self.next + 1).map(|word| word.token);
        first && matches!(after, Some(Token::Name(_) | Token::Sign('@' | '{')))
    }

    fn field(&mut self) -> Read<Field> {
        self.description();
        let Named { name, at } = self.name()?;
        let arguments = if self.takes('(') { self.inputs(')')? } else { Vec::new() };
        self.expect(':')?;
        let kind = self.kind(0)?;
        Ok(Field { name, at, arguments, kind, directives: self.usages()? })
    }

    /// Arguments or input fields up to the closing sign.
    fn inputs(&mut self, close: char) -> Read<Vec<Input>> {
        let mut inputs = Vec::new();
        while !self.takes(close) {
            self.description();
            let Named { name, at } = self.name()?;
            self.expect(':')?;
            let kind = self.kind(0)?;
            let default = if self.takes('=') { Some(self.value(0)?) } else { None };
            inputs.push(Input { name, at, kind, default, directives: self.usages()? });
        }
        Ok(inputs)
    }

    fn kind(&mut self, depth: usize) -> Read<Type> {
        if depth > MAX_DEPTH {
            return self.error("a type is nested too deep");
        }
        let inner = if self.takes('[') {
            let inner = self.kind(depth + 1)?;
            self.expect(']')?;
            Type::List(Box::new(inner))
        } else {
            Type::Named(self.name()?.name)
        };
        Ok(if self.takes('!') { Type::NonNull(Box::new(inner)) } else { inner })
    }

    fn value(&mut self, depth: usize) -> Read<Value> {
        if depth > MAX_DEPTH {
            return self.error("a value is nested too deep");
        }
        let Some(token) = self.peek() else { return self.error("a value is missing") };
        self.next += 1;
        match token {
            Token::Name(name) => Ok(Value::Name(name.to_owned())),
            Token::Number(number) => Ok(Value::Number(number.to_owned())),
            Token::Text(text) => Ok(Value::Text(text.to_owned())),
            Token::Sign('$') => Ok(Value::Name(self.name()?.name)),
            Token::Sign('[') => {
                let mut items = Vec::new();
                while !self.takes(']') {
                    items.push(self.value(depth + 1)?);
                }
                Ok(Value::List(items))
            }
            Token::Sign('{') => {
                let mut entries = Vec::new();
                while !self.takes('}') {
                    let key = self.name()?.name;
                    self.expect(':')?;
                    entries.push((key, self.value(depth + 1)?));
                }
                Ok(Value::Object(entries))
            }
            Token::Sign(_) => self.error("a value is missing"),
        }
    }

    fn usages(&mut self) -> Read<Vec<Usage>> {
        let mut usages = Vec::new();
        while self.takes('@') {
            let Named { name, at } = self.name()?;
            let mut arguments = Vec::new();
            if self.takes('(') {
                while !self.takes(')') {
                    let key = self.name()?.name;
                    self.expect(':')?;
                    arguments.push((key, self.value(0)?));
                }
            }
            usages.push(Usage { name, at, arguments });
        }
        Ok(usages)
    }
}

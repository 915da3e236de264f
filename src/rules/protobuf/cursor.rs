//! Stepping through the words of a protobuf file: names, numbers and option values.

use super::lexer::{Token, Word, words};
use super::syntax::{Setting, Value};
use crate::rules::parse::cursor::SyntaxError;

/// Deepest nesting of messages and option values that is read; protoc allows 32 for messages.
pub const MAX_DEPTH: usize = 48;

/// Most parts of a dotted name that are read: looking one up tries every scope.
const MAX_PARTS: usize = 64;

pub type Read<T> = Result<T, SyntaxError>;

pub struct Parser<'a> {
    words: Vec<Word<'a>>,
    next: usize,
    last: u32,
}

impl<'a> Parser<'a> {
    pub fn new(source: &'a str) -> Read<Self> {
        let words = words(source)?;
        let last = words.last().map_or(1, |word| word.line);
        Ok(Self { words, next: 0, last })
    }

    /// Steps over words that were looked at.
    pub const fn skip(&mut self, words: usize) {
        self.next += words;
    }

    pub fn token(&self, ahead: usize) -> Option<&Token<'a>> {
        self.words.get(self.next + ahead).map(|word| &word.token)
    }

    pub fn word(&self, ahead: usize) -> &'a str {
        match self.token(ahead) {
            Some(Token::Name(name)) => name,
            _ => "",
        }
    }

    pub fn line(&self) -> u32 {
        self.words.get(self.next).map_or(self.last, |word| word.line)
    }

    pub fn error<T>(&self, message: &str) -> Read<T> {
        Err(SyntaxError::new(self.line(), message))
    }

    pub fn sees(&self, sign: char) -> bool {
        self.token(0) == Some(&Token::Sign(sign))
    }

    pub fn takes(&mut self, sign: char) -> bool {
        let found = self.sees(sign);
        self.next += usize::from(found);
        found
    }

    pub fn takes_word(&mut self, word: &str) -> bool {
        let found = self.word(0) == word;
        self.next += usize::from(found);
        found
    }

    pub fn expect(&mut self, sign: char) -> Read<()> {
        if self.takes(sign) { Ok(()) } else { self.error(&format!("`{sign}` is missing")) }
    }

    pub fn name(&mut self) -> Read<String> {
        match self.word(0) {
            "" => self.error("a name is missing"),
            name => {
                self.next += 1;
                Ok(name.to_owned())
            }
        }
    }

    /// A name with dots, perhaps one before it.
    pub fn path(&mut self) -> Read<String> {
        let mut path = String::new();
        if self.takes('.') {
            path.push('.');
        }
        path.push_str(&self.name()?);
        let mut parts = 1;
        while self.takes('.') {
            path.push('.');
            path.push_str(&self.name()?);
            parts += 1;
            if parts > MAX_PARTS {
                return self.error("a name has too many parts");
            }
        }
        Ok(path)
    }

    /// Adjacent texts are one.
    pub fn text(&mut self) -> Read<String> {
        let mut whole: Option<String> = None;
        while let Some(Token::Text(text)) = self.token(0) {
            whole.get_or_insert_default().push_str(text);
            self.next += 1;
        }
        whole.map_or_else(|| self.error("a text is missing"), Ok)
    }

    pub fn integer(&mut self, max: i64) -> Read<i64> {
        let minus = self.takes('-');
        if !minus && self.takes_word("max") {
            return Ok(max);
        }
        let Some(Token::Number(written)) = self.token(0) else {
            return self.error("a number is missing");
        };
        let lower = written.to_ascii_lowercase();
        let value = match lower.strip_prefix("0x") {
            Some(digits) => i64::from_str_radix(digits, 16).ok(),
            None if lower.len() > 1 && lower.starts_with('0') => {
                i64::from_str_radix(&lower, 8).ok()
            }
            None => lower.parse().ok(),
        };
        let Some(value) = value.filter(|value| *value <= i64::from(u32::MAX)) else {
            return self.error("a whole number is missing");
        };
        self.next += 1;
        Ok(if minus { -value } else { value })
    }

    pub fn option_statement(&mut self) -> Read<Setting> {
        let line = self.line();
        self.next += 1;
        let setting = self.setting(line)?;
        self.expect(';')?;
        Ok(setting)
    }

    pub fn setting(&mut self, line: u32) -> Read<Setting> {
        let mut name = String::new();
        loop {
            if self.takes('(') {
                name.push('(');
                name.push_str(self.path()?.trim_start_matches('.'));
                name.push(')');
                self.expect(')')?;
            } else {
                name.push_str(&self.name()?);
            }
            if !self.takes('.') {
                break;
            }
            name.push('.');
        }
        self.expect('=')?;
        Ok(Setting { name, value: self.value(0)?, line })
    }

    /// `[a = 1, b = 2]`, if it is there.
    pub fn settings(&mut self) -> Read<Vec<Setting>> {
        let mut settings = Vec::new();
        if self.takes('[') {
            while !self.takes(']') {
                let line = self.line();
                settings.push(self.setting(line)?);
                if !self.takes(',') && !self.sees(']') {
                    return self.error("`]` is missing");
                }
            }
        }
        Ok(settings)
    }

    pub fn value(&mut self, depth: usize) -> Read<Value> {
        if depth > MAX_DEPTH {
            return self.error("a value is nested too deep");
        }
        let minus = self.takes('-');
        self.takes('+');
        let sign = if minus { "-" } else { "" };
        match self.token(0) {
            Some(Token::Text(_)) => Ok(Value::Text(self.text()?)),
            Some(Token::Name(_)) => Ok(Value::Name(format!("{sign}{}", self.path()?))),
            Some(Token::Number(number)) => {
                let number = format!("{sign}{number}");
                self.next += 1;
                Ok(Value::Number(number))
            }
            Some(Token::Sign('[')) => {
                self.next += 1;
                let mut items = Vec::new();
                while !self.takes(']') {
                    items.push(self.value(depth + 1)?);
                    self.takes(',');
                }
                Ok(Value::List(items))
            }
            Some(Token::Sign(open @ ('{' | '<'))) => {
                let close = if *open == '{' { '}' } else { '>' };
                self.next += 1;
                self.entries(close, depth)
            }
            _ => self.error("a value is missing"),
        }
    }

    pub fn entries(&mut self, close: char, depth: usize) -> Read<Value> {
        let mut entries = Vec::new();
        while !self.takes(close) {
            let key = if self.takes('[') {
                let mut key = self.path()?;
                while self.takes('/') {
                    key.push('/');
                    key.push_str(&self.path()?);
                }
                self.expect(']')?;
                format!("({key})")
            } else {
                self.name()?
            };
            self.takes(':');
            entries.push((key, self.value(depth + 1)?));
            if !self.takes(',') {
                self.takes(';');
            }
        }
        Ok(Value::Message(entries))
    }
}

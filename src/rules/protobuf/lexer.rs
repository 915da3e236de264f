//! Words and signs of protobuf files, with their lines.

use crate::rules::parse::cursor::{Cursor, SyntaxError};

#[derive(Debug, Clone, PartialEq)]
pub enum Token<'a> {
    /// A name without dots.
    Name(&'a str),
    Number(&'a str),
    /// What stands between the quotes, escapes resolved as far as they are text.
    Text(String),
    Sign(char),
}

#[derive(Debug, Clone)]
pub struct Word<'a> {
    pub token: Token<'a>,
    /// Counted from 1.
    pub line: u32,
}

/// Reads the whole text in one pass.
pub fn words(source: &str) -> Result<Vec<Word<'_>>, SyntaxError> {
    let mut reader = Reader { cursor: Cursor::new(source) };
    let mut words = Vec::new();
    while let Some(word) = reader.next()? {
        words.push(word);
    }
    Ok(words)
}

struct Reader<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Reader<'a> {
    fn skip_blank(&mut self) -> Result<(), SyntaxError> {
        loop {
            self.cursor.take_while(|c| c.is_whitespace() || c == '\u{FEFF}');
            let rest = self.cursor.rest();
            if rest.starts_with("//") {
                self.cursor.take_while(|c| c != '\n');
            } else if rest.starts_with("/*") {
                let line = self.cursor.line();
                let Some(end) = rest.find("*/") else {
                    return Err(SyntaxError::new(line, "a comment without its end"));
                };
                self.cursor.take(end + 2);
            } else {
                return Ok(());
            }
        }
    }

    fn next(&mut self) -> Result<Option<Word<'a>>, SyntaxError> {
        self.skip_blank()?;
        let line = self.cursor.line();
        let mut coming = self.cursor.rest().chars();
        let Some(first) = coming.next() else { return Ok(None) };
        let second = coming.next();
        let token = match first {
            '"' | '\'' => Token::Text(self.text(first)?),
            'A'..='Z' | 'a'..='z' | '_' => {
                Token::Name(self.cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_'))
            }
            '0'..='9' => Token::Number(self.number()),
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => Token::Number(self.number()),
            _ if first.is_ascii_punctuation() => {
                self.cursor.take(1);
                Token::Sign(first)
            }
            other => {
                return Err(SyntaxError::new(line, &format!("`{other}` has no meaning here")));
            }
        };
        Ok(Some(Word { token, line }))
    }

    fn number(&mut self) -> &'a str {
        let mut before = ' ';
        let rest = self.cursor.rest();
        let end = rest
            .char_indices()
            .find(|(_, c)| {
                let sign = matches!(c, '+' | '-')
                    && matches!(before, 'e' | 'E')
                    && !rest.starts_with("0x")
                    && !rest.starts_with("0X");
                before = *c;
                !(c.is_ascii_alphanumeric() || *c == '.' || sign)
            })
            .map_or(rest.len(), |(at, _)| at);
        self.cursor.take(end)
    }

    fn text(&mut self, quote: char) -> Result<String, SyntaxError> {
        let line = self.cursor.line();
        self.cursor.take(1);
        let mut text = String::new();
        let mut coming = self.cursor.rest().char_indices().peekable();
        while let Some((at, c)) = coming.next() {
            match c {
                '\n' => break,
                '\\' => escape(&mut coming, &mut text),
                _ if c == quote => {
                    self.cursor.take(at + 1);
                    return Ok(text);
                }
                _ => text.push(c),
            }
        }
        Err(SyntaxError::new(line, "a text without its closing quote"))
    }
}

type Coming<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

/// What follows a backslash. Bytes given by their number become the characters of that number.
fn escape(coming: &mut Coming<'_>, text: &mut String) {
    let mut digits = |coming: &mut Coming<'_>, radix: u32, most: usize| {
        let mut number = None;
        for _ in 0..most {
            let Some(digit) = coming.peek().and_then(|(_, c)| c.to_digit(radix)) else { break };
            number = Some(number.unwrap_or(0) * radix + digit);
            coming.next();
        }
        text.extend(number.and_then(char::from_u32));
    };
    match coming.peek().map(|(_, c)| *c) {
        Some('0'..='7') => return digits(coming, 8, 3),
        Some('x' | 'X') => {
            coming.next();
            return digits(coming, 16, 2);
        }
        Some('u') => {
            coming.next();
            return digits(coming, 16, 4);
        }
        Some('U') => {
            coming.next();
            return digits(coming, 16, 8);
        }
        // The line ends before the text does, which is said where texts are read.
        Some('\n') | None => return,
        Some(_) => {}
    }
    if let Some((_, c)) = coming.next() {
        text.push(match c {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            other => other,
        });
    }
}

//! Words and signs of GraphQL documents, with their lines.

use crate::rules::parse::cursor::{Cursor, SyntaxError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    Name(&'a str),
    Number(&'a str),
    /// What stands between the quotes, escapes as written.
    Text(&'a str),
    /// One of `! $ & ( ) : = @ [ ] { | }`; `.` stands for the three dots of a spread.
    Sign(char),
}

#[derive(Debug, Clone, Copy)]
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
    fn next(&mut self) -> Result<Option<Word<'a>>, SyntaxError> {
        loop {
            self.cursor.take_while(|c| c.is_whitespace() || matches!(c, ',' | '\u{FEFF}'));
            if !self.cursor.rest().starts_with('#') {
                break;
            }
            self.cursor.take_while(|c| c != '\n');
        }
        let line = self.cursor.line();
        let Some(first) = self.cursor.rest().chars().next() else { return Ok(None) };
        let token = match first {
            '"' => Token::Text(self.text()?),
            'A'..='Z' | 'a'..='z' | '_' => {
                Token::Name(self.cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_'))
            }
            '-' | '0'..='9' => Token::Number(
                self.cursor
                    .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')),
            ),
            '.' if self.cursor.rest().starts_with("...") => {
                self.cursor.take(3);
                Token::Sign('.')
            }
            '!' | '$' | '&' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '|' | '}' => {
                self.cursor.take(1);
                Token::Sign(first)
            }
            other => return Err(SyntaxError::new(line, &format!("`{other}` is not GraphQL"))),
        };
        Ok(Some(Word { token, line }))
    }

    fn text(&mut self) -> Result<&'a str, SyntaxError> {
        let line = self.cursor.line();
        let open = || SyntaxError::new(line, "a text without its closing quotes");
        if self.cursor.rest().starts_with("\"\"\"") {
            self.cursor.take(3);
            let rest = self.cursor.rest();
            let mut end = 0;
            loop {
                let found =
                    rest.get(end..).and_then(|more| more.find("\"\"\"")).ok_or_else(open)?;
                end += found;
                if !rest.get(..end).is_some_and(|before| before.ends_with('\\')) {
                    break;
                }
                end += 3;
            }
            let text = self.cursor.take(end);
            self.cursor.take(3);
            return Ok(text.trim());
        }
        self.cursor.take(1);
        let mut escaped = false;
        for (at, c) in self.cursor.rest().char_indices() {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let text = self.cursor.take(at);
                    self.cursor.take(1);
                    return Ok(text);
                }
                _ => {}
            }
        }
        Err(open())
    }
}

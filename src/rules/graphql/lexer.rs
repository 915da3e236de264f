//! Words and signs of GraphQL documents, with their lines.

use super::syntax::SyntaxError;

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
    let mut reader = Reader { source, at: 0, line: 1 };
    let mut words = Vec::new();
    while let Some(word) = reader.next()? {
        words.push(word);
    }
    Ok(words)
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or("")
    }

    /// Takes `length` bytes, counting the lines in them.
    fn take(&mut self, length: usize) -> &'a str {
        let taken = self.rest().get(..length).unwrap_or("");
        let breaks = taken.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.at += taken.len();
        taken
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.take(end)
    }

    fn next(&mut self) -> Result<Option<Word<'a>>, SyntaxError> {
        loop {
            self.take_while(|c| c.is_whitespace() || matches!(c, ',' | '\u{FEFF}'));
            if !self.rest().starts_with('#') {
                break;
            }
            self.take_while(|c| c != '\n');
        }
        let line = self.line;
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        let token = match first {
            '"' => Token::Text(self.text()?),
            'A'..='Z' | 'a'..='z' | '_' => {
                Token::Name(self.take_while(|c| c.is_ascii_alphanumeric() || c == '_'))
            }
            '-' | '0'..='9' => Token::Number(
                self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')),
            ),
            '.' if self.rest().starts_with("...") => {
                self.take(3);
                Token::Sign('.')
            }
            '!' | '$' | '&' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '|' | '}' => {
                self.take(1);
                Token::Sign(first)
            }
            other => return Err(SyntaxError::new(line, &format!("`{other}` is not GraphQL"))),
        };
        Ok(Some(Word { token, line }))
    }

    fn text(&mut self) -> Result<&'a str, SyntaxError> {
        let line = self.line;
        let open = || SyntaxError::new(line, "a text without its closing quotes");
        if self.rest().starts_with("\"\"\"") {
            self.take(3);
            let rest = self.rest();
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
            let text = self.take(end);
            self.take(3);
            return Ok(text.trim());
        }
        self.take(1);
        let mut escaped = false;
        for (at, c) in self.rest().char_indices() {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let text = self.take(at);
                    self.take(1);
                    return Ok(text);
                }
                _ => {}
            }
        }
        Err(open())
    }
}

//! A sentence as tokens.

/// A word, a piece of code, or a mark that parts things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token<'a> {
    /// In lower case.
    Word(String),
    Code(&'a str),
    /// `,`, `(`, `)` or `:`.
    Mark(char),
}

impl Token<'_> {
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Token::Word(own) if own == word)
    }

    pub fn any(&self, words: &[&str]) -> bool {
        matches!(self, Token::Word(own) if words.contains(&own.as_str()))
    }

    pub fn code(&self) -> Option<&str> {
        match self {
            Token::Code(code) => Some(code),
            _ => None,
        }
    }
}

/// The tokens of a sentence in which code stands in marks.
pub fn read(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            if !part.trim().is_empty() {
                tokens.push(Token::Code(part.trim()));
            }
            continue;
        }
        let mut word = String::new();
        for character in part.chars().chain([' ']) {
            if character.is_alphanumeric() || matches!(character, '_' | '-') {
                word.extend(character.to_lowercase());
                continue;
            }
            if !word.is_empty() {
                tokens.push(Token::Word(std::mem::take(&mut word)));
            }
            if matches!(character, ',' | '(' | ')' | ':' | '|') {
                tokens.push(Token::Mark(character));
            }
        }
    }
    tokens.truncate(400);
    tokens
}

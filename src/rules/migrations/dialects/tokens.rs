//! Tokens of a script with their places, and where its statements begin and end.

use std::ops::Range;

use sqlparser::dialect::Dialect as Grammar;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

/// Longest script that is read, in bytes. Longer ones are dumps, not migrations.
const MAX_BYTES: usize = 1_000_000;

/// A script as tokens, without comments and white space.
pub struct Source<'g> {
    pub grammar: &'g dyn Grammar,
    script: &'g str,
    tokens: Vec<TokenWithSpan>,
    /// Bytes of each token.
    places: Vec<Range<usize>>,
    /// Of each token, whether it is the first on its line.
    leading: Vec<bool>,
    /// The tokens that stand for a `GO`.
    batch_ends: Vec<usize>,
}

/// Positions of the tokens of a statement or a part of one.
pub type Piece = Tokens;

#[derive(Debug, Clone)]
pub struct Tokens(pub Range<usize>);

impl<'g> Source<'g> {
    pub fn new(grammar: &'g dyn Grammar, script: &'g str) -> Option<Self> {
        if script.len() > MAX_BYTES {
            return None;
        }
        let all = Tokenizer::new(grammar, script).tokenize_with_location().ok()?;
        let mut cursor = Cursor::new(script);
        let (mut tokens, mut places) = (Vec::new(), Vec::new());
        for token in all {
            let blank = matches!(&token.token, Token::Whitespace(_));
            if blank && !is_line_end(&token.token) || token.token == Token::EOF {
                continue;
            }
            let start = cursor.to(token.span.start);
            let end = cursor.to(token.span.end);
            places.push(start..end);
            tokens.push(token);
        }
        let empty = Self {
            grammar,
            script,
            tokens: Vec::new(),
            places: Vec::new(),
            leading: Vec::new(),
            batch_ends: Vec::new(),
        };
        Some(empty.without_line_ends(tokens, places))
    }

    /// Takes the tokens over without the line ends. A line of its own with `GO`, which may say how
    /// often the batch runs, becomes a semicolon: it ends a batch in scripts for SQL Server.
    fn without_line_ends(mut self, tokens: Vec<TokenWithSpan>, places: Vec<Range<usize>>) -> Self {
        let ends = |at: Option<usize>| {
            let token = at.and_then(|at| tokens.get(at));
            token.is_none_or(|token| is_line_end(&token.token) || token.token == Token::SemiColon)
        };
        let mut counted = None;
        for (at, (token, place)) in tokens.iter().zip(places).enumerate() {
            if is_line_end(&token.token) || counted == Some(at) {
                continue;
            }
            let mut token = token.clone();
            if ends(at.checked_sub(1)) && is_word(&token.token, "go") {
                let number = tokens.get(at + 1);
                let number = number.is_some_and(|next| matches!(next.token, Token::Number(..)));
                if ends(Some(at + 1 + usize::from(number))) {
                    counted = number.then_some(at + 1);
                    token.token = Token::SemiColon;
                    self.batch_ends.push(self.tokens.len());
                }
            }
            let before = at.checked_sub(1).and_then(|before| tokens.get(before));
            self.leading.push(before.is_none_or(|before| is_line_end(&before.token)));
            self.tokens.push(token);
            self.places.push(place);
        }
        self
    }

    /// The batches of a script for SQL Server: the tokens between lines with `GO`.
    pub fn batches(&self) -> Vec<Range<usize>> {
        let mut start = 0;
        let mut batches = Vec::with_capacity(self.batch_ends.len() + 1);
        for end in self.batch_ends.iter().copied().chain([self.tokens.len()]) {
            batches.push(start..end);
            start = end + 1;
        }
        batches
    }

    /// Everything from a token on.
    pub fn rest(&self, at: usize) -> Piece {
        Tokens(at.min(self.tokens.len())..self.tokens.len())
    }

    pub fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at).map(|token| &token.token)
    }

    /// Whether a token is the first on its line.
    pub fn is_leading(&self, at: usize) -> bool {
        self.leading.get(at).copied().unwrap_or(false)
    }

    /// The word at a place in the script, in lower case; empty for quoted names and other tokens.
    pub fn keyword(&self, at: usize) -> String {
        match self.token(at) {
            Some(Token::Word(word)) if word.quote_style.is_none() => word.value.to_lowercase(),
            _ => String::new(),
        }
    }

    /// What stands in the script where a piece is.
    pub fn text(&self, piece: &Piece) -> &str {
        self.script.get(self.bytes(piece)).unwrap_or_default()
    }

    /// How many tokens a pair of brackets at a position of a piece has, both included; 0 if there
    /// is none.
    pub fn group_length(&self, piece: &Piece, at: usize) -> usize {
        let tokens = self.of(piece).get(at..).unwrap_or_default();
        if tokens.first().is_none_or(|token| token.token != Token::LParen) {
            return 0;
        }
        let mut depth = 0_usize;
        for (length, token) in tokens.iter().enumerate() {
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return length + 1;
            }
        }
        tokens.len()
    }

    /// What is inside a pair of brackets at a position of a piece.
    pub fn group(&self, piece: &Piece, at: usize) -> Option<Piece> {
        let length = self.group_length(piece, at);
        let start = piece.0.start + at;
        (length >= 2).then(|| Tokens(start + 1..start + length - 1))
    }

    pub fn of(&self, piece: &Piece) -> &[TokenWithSpan] {
        self.tokens.get(piece.0.clone()).unwrap_or_default()
    }

    pub fn bytes(&self, piece: &Piece) -> Range<usize> {
        let places = self.places.get(piece.0.clone()).unwrap_or_default();
        match (places.first(), places.last()) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => 0..0,
        }
    }

    /// The word at a position of a piece, in lower case; quotes removed.
    pub fn word(&self, piece: &Piece, at: usize) -> String {
        match self.of(piece).get(at).map(|token| &token.token) {
            Some(Token::Word(word)) => word.value.to_lowercase(),
            _ => String::new(),
        }
    }

    /// Whether a piece begins with these words; `|` parts alternatives.
    pub fn begins(&self, piece: &Piece, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(at, word)| {
            let found = self.word(piece, at);
            word.split('|').any(|wanted| wanted == found)
        })
    }

    /// The statements, without their semicolons. Bodies of routines belong to their statement.
    pub fn statements(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut start = 0;
        let mut depth = 0_usize;
        let mut routine = false;
        for (at, token) in self.tokens.iter().enumerate() {
            if at == start {
                routine = self.is_routine_at(at);
                depth = 0;
            }
            if routine {
                let before = at.checked_sub(1).and_then(|before| self.tokens.get(before));
                let closes = before.is_some_and(|token| is_word(&token.token, "end"));
                if is_word(&token.token, "begin") || is_word(&token.token, "case") && !closes {
                    depth += 1;
                } else if is_word(&token.token, "end") && !self.ends_loop(at) {
                    depth = depth.saturating_sub(1);
                }
            }
            if token.token == Token::SemiColon && depth == 0 {
                pieces.push(Tokens(start..at));
                start = at + 1;
            }
        }
        pieces.push(Tokens(start..self.tokens.len()));
        pieces.retain(|piece| !piece.0.is_empty());
        pieces
    }

    /// `END IF`, `END LOOP` and the like, which do not close a block.
    fn ends_loop(&self, at: usize) -> bool {
        self.tokens.get(at + 1).is_some_and(|token| {
            ["if", "loop", "while", "repeat"].iter().any(|word| is_word(&token.token, word))
        })
    }

    fn is_routine_at(&self, start: usize) -> bool {
        let end = (start + 12).min(self.tokens.len());
        Tokens(start..end).is_routine(self)
    }

    /// The parts between commas that are not in brackets.
    pub fn parts(&self, piece: &Piece) -> Vec<Piece> {
        let mut parts = Vec::new();
        let mut start = piece.0.start;
        let mut depth = 0_usize;
        for (at, token) in self.of(piece).iter().enumerate() {
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                Token::Comma if depth == 0 => {
                    parts.push(Tokens(start..piece.0.start + at));
                    start = piece.0.start + at + 1;
                }
                _ => {}
            }
        }
        parts.push(Tokens(start..piece.0.end));
        parts.retain(|part| !part.0.is_empty());
        parts
    }

    /// The length of a possibly qualified name at a position of a piece, in tokens.
    pub fn name_length(&self, piece: &Piece, at: usize) -> usize {
        let tokens = self.of(piece).get(at..).unwrap_or_default();
        let dot = |at: usize| tokens.get(at).is_some_and(|token| token.token == Token::Period);
        let mut length = 1;
        while dot(length) {
            length += 2;
        }
        length
    }

    /// The text of a part of a piece, tokens parted by nothing around dots.
    pub fn name(&self, piece: &Piece, at: usize) -> String {
        let end = at + self.name_length(piece, at);
        let tokens = self.of(piece).get(at..end).unwrap_or_default();
        tokens.iter().map(|token| token.token.to_string()).collect()
    }
}

impl Tokens {
    /// `CREATE TRIGGER`, `CREATE PROCEDURE` and the like, whose bodies hold statements.
    pub fn is_routine(&self, source: &Source<'_>) -> bool {
        let begins = source.begins(self, &["create|alter"]);
        begins
            && (1..12.min(self.0.len())).any(|at| {
                ["trigger", "procedure", "proc", "function", "event", "package"]
                    .contains(&source.word(self, at).as_str())
            })
    }

    pub fn from(&self, at: usize) -> Tokens {
        Tokens((self.0.start + at).min(self.0.end)..self.0.end)
    }
}

pub fn is_word(token: &Token, wanted: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted))
}

fn is_line_end(token: &Token) -> bool {
    matches!(token, Token::Whitespace(Whitespace::Newline | Whitespace::SingleLineComment { .. }))
}

/// Turns lines and columns, both counted in characters from 1, into bytes. Places must not go
/// back, so that a script is walked once.
struct Cursor<'t> {
    rest: std::str::Chars<'t>,
    length: usize,
    at: Location,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text.chars(), length: text.len(), at: Location { line: 1, column: 1 } }
    }

    fn to(&mut self, wanted: Location) -> usize {
        while self.at < wanted {
            match self.rest.next() {
                Some('\n') => self.at = Location { line: self.at.line + 1, column: 1 },
                Some(_) => self.at.column += 1,
                None => break,
            }
        }
        self.length - self.rest.as_str().len()
    }
}

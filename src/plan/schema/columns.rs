//! Columns as people write them.

use super::tokens::{self, Token};
use crate::plan::words::is_identifier;

/// A column with what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    pub kind: Option<String>,
    pub required: Option<bool>,
    /// The table that it refers to.
    pub references: Option<String>,
}

impl Found {
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), kind: None, required: None, references: None }
    }
}

/// The neutral type that a word stands for.
pub fn kind_of_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "text" | "string" | "varchar" | "char" | "citext" => "text",
        "int" | "integer" | "int4" | "smallint" => "integer",
        "bigint" | "int8" | "bigserial" => "bigint",
        "bool" | "boolean" => "boolean",
        "timestamp" | "timestamptz" | "datetime" => "timestamp",
        "date" => "date",
        "uuid" => "uuid",
        "decimal" | "numeric" | "money" => "decimal",
        "json" | "jsonb" => "json",
        "reference" | "references" | "fk" => "reference",
        _ => return None,
    })
}

/// The type that a name stands for by convention; `None` where names of this kind differ.
pub fn kind_by_name(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends(&["_id"]) {
        Some("reference")
    } else if ends(&["_at"]) {
        Some("timestamp")
    } else if ends(&["_on", "_date"]) {
        Some("date")
    } else if ["is_", "has_", "can_"].iter().any(|start| name.starts_with(start))
        || ends(&["_enabled"])
    {
        Some("boolean")
    } else if ends(&["_cents"]) {
        Some("bigint")
    } else if ends(&["_count"]) {
        Some("integer")
    } else if matches!(
        name.as_str(),
        "email" | "title" | "description" | "note" | "notes" | "slug" | "url"
    ) || ends(&["_name", "_url", "_email"])
    {
        Some("text")
    } else {
        None
    }
}

/// An item whose first word is the column: "`name`: text, required", "name (text)".
pub fn of_item(text: &str) -> Option<Found> {
    let tokens = tokens::read(text);
    let (first, rest) = tokens.split_first()?;
    let name = first.code()?;
    // "`orders` table" and "`POST /x`" are no columns.
    if !is_identifier(name) || rest.first().is_some_and(|t| t.any(&["table", "tables", "model"])) {
        return None;
    }
    let mut found = Found::named(name);
    describe(&mut found, rest);
    let marked = rest.first().is_none_or(|token| matches!(token, Token::Mark(_)));
    (found.kind.is_some() || (marked && rest.len() <= 8)).then_some(found)
}

/// A part of an answer: "symbol text required".
pub fn of_answer(text: &str) -> Option<Found> {
    let tokens = tokens::read(text);
    let (first, rest) = tokens.split_first()?;
    let name = match first {
        Token::Word(word) => word.clone(),
        Token::Code(code) => (*code).to_owned(),
        Token::Mark(_) => return None,
    };
    let mut found = Found::named(&name);
    describe(&mut found, rest);
    is_identifier(&name).then_some(found)
}

/// Takes type, duty and target from the words around a column.
pub fn describe(found: &mut Found, tokens: &[Token<'_>]) {
    let mut tokens = tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) => {
                let negated = word == "not" && tokens.peek().is_some_and(|next| next.is("null"));
                if negated {
                    found.required = Some(true);
                    tokens.next();
                } else if matches!(word.as_str(), "required" | "mandatory" | "non-null") {
                    found.required = Some(true);
                } else if matches!(word.as_str(), "optional" | "nullable" | "null") {
                    found.required = Some(false);
                } else if found.kind.is_none()
                    && let Some(kind) = kind_of_word(word)
                {
                    found.kind = Some(kind.to_owned());
                }
                let points = matches!(word.as_str(), "references" | "reference" | "to");
                if points && found.kind.as_deref() == Some("reference") {
                    found.references = target(tokens.peek().copied()).or(found.references.take());
                }
            }
            Token::Code(code) => {
                // "`text`" and "`varchar(20)`" name a type as well.
                let word: String = code.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
                if found.kind.is_none()
                    && let Some(kind) = kind_of_word(&word.to_ascii_lowercase())
                {
                    found.kind = Some(kind.to_owned());
                }
                if code.to_ascii_lowercase().contains("not null") {
                    found.required = Some(true);
                }
            }
            Token::Mark(_) => {}
        }
    }
}

fn target(token: Option<&Token<'_>>) -> Option<String> {
    let name = match token? {
        Token::Word(word) => word.as_str(),
        Token::Code(code) => code.split('.').next()?,
        Token::Mark(_) => return None,
    };
    (is_identifier(name) && !["the", "a", "to"].contains(&name)).then(|| name.to_owned())
}

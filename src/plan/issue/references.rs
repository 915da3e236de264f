//! What an issue points to: files, names of code, other issues.

use super::{Brief, code_spans};
use crate::domain::survey::Listing;
use crate::plan::words::{Words, is_identifier, singular};

const MAX_WORDS: usize = 24;
const MAX_PATHS: usize = 20;

/// What an issue points to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// Files that exist, as named by path or by an unambiguous end of one.
    pub files: Vec<String>,
    /// Paths in code marks that the commit does not have.
    pub unknown_files: Vec<String>,
    /// Identifiers in code marks, as written.
    pub identifiers: Vec<String>,
    /// Nouns of the title and the goal by which files are looked for, in the singular.
    pub subjects: Vec<String>,
    /// `#12` and links to issues, as written.
    pub linked: Vec<String>,
}

/// Words that say nothing about which file is meant.
const COMMON: &[&str] = &[
    "able",
    "about",
    "above",
    "access",
    "add",
    "added",
    "after",
    "all",
    "allow",
    "also",
    "and",
    "any",
    "api",
    "application",
    "are",
    "available",
    "back",
    "backend",
    "based",
    "because",
    "been",
    "before",
    "being",
    "below",
    "better",
    "between",
    "both",
    "break",
    "bug",
    "build",
    "but",
    "call",
    "called",
    "can",
    "cannot",
    "case",
    "change",
    "changes",
    "check",
    "code",
    "column",
    "columns",
    "could",
    "create",
    "created",
    "currently",
    "data",
    "database",
    "default",
    "delete",
    "design",
    "does",
    "done",
    "dont",
    "each",
    "endpoint",
    "endpoints",
    "error",
    "errors",
    "every",
    "existing",
    "expose",
    "fail",
    "fails",
    "feature",
    "field",
    "fields",
    "file",
    "first",
    "fix",
    "for",
    "from",
    "get",
    "give",
    "given",
    "goal",
    "happen",
    "has",
    "have",
    "help",
    "how",
    "implement",
    "improve",
    "index",
    "instead",
    "into",
    "introduce",
    "issue",
    "its",
    "just",
    "know",
    "large",
    "last",
    "later",
    "latest",
    "less",
    "like",
    "list",
    "long",
    "make",
    "many",
    "may",
    "means",
    "migration",
    "more",
    "most",
    "must",
    "need",
    "needs",
    "new",
    "none",
    "not",
    "now",
    "number",
    "old",
    "one",
    "only",
    "other",
    "our",
    "out",
    "over",
    "page",
    "path",
    "per",
    "please",
    "problem",
    "production",
    "project",
    "query",
    "really",
    "remove",
    "request",
    "requests",
    "response",
    "return",
    "returns",
    "run",
    "same",
    "schema",
    "see",
    "server",
    "service",
    "set",
    "should",
    "show",
    "since",
    "slow",
    "some",
    "still",
    "store",
    "stored",
    "such",
    "support",
    "sure",
    "system",
    "table",
    "tables",
    "take",
    "test",
    "tests",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "they",
    "this",
    "time",
    "two",
    "under",
    "update",
    "use",
    "used",
    "user",
    "users",
    "using",
    "value",
    "values",
    "via",
    "want",
    "wants",
    "was",
    "way",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "why",
    "will",
    "with",
    "without",
    "work",
    "works",
    "would",
    "write",
    "you",
    "your",
    "faster",
    "quick",
    "performance",
    "deploy",
    "deployment",
    "review",
    "security",
    "incident",
    "outage",
];

/// What the issue points to, given the files that there are.
pub fn references(brief: &Brief, listing: &Listing) -> References {
    let mut found = References::default();
    let texts = std::iter::once(brief.title.as_str())
        .chain(brief.blocks.iter().map(|block| block.text.as_str()));
    for text in texts {
        for code in code_spans(text) {
            identifiers(code, &mut found.identifiers);
        }
        linked(text, &mut found.linked);
    }
    paths(brief, listing, &mut found);
    found.subjects = subjects(brief);
    found
}

fn identifiers(code: &str, into: &mut Vec<String>) {
    let parts = code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    for part in parts.filter(|part| part.len() > 2 && is_identifier(part)) {
        let common = COMMON.contains(&part.to_ascii_lowercase().as_str());
        if !common && into.len() < MAX_WORDS && !into.iter().any(|known| known == part) {
            into.push(part.to_owned());
        }
    }
}

fn linked(text: &str, into: &mut Vec<String>) {
    for token in text.split_whitespace() {
        let token = token.trim_matches(|c: char| matches!(c, '(' | ')' | ',' | '.' | ';' | ':'));
        let number = token.rsplit_once('#').map(|(_, number)| number);
        let link = token.starts_with("https://")
            && ["/issues/", "/pull/"].iter().any(|part| token.contains(part));
        let short = number.is_some_and(|n| {
            !n.is_empty() && n.len() <= 9 && n.bytes().all(|b| b.is_ascii_digit())
        });
        if (link || short)
            && token.len() <= 200
            && into.len() < 10
            && !into.iter().any(|l| l == token)
        {
            into.push(token.to_owned());
        }
    }
}

/// Whether the text is written as the path of a file.
fn as_path(token: &str) -> Option<&str> {
    let token = token.trim_matches(|c: char| matches!(c, '`' | '"' | '\'' | '(' | ')' | ',' | ';'));
    let token = token.trim_start_matches("./").trim_end_matches('.');
    // `src/a.rs:12` names a line of a file.
    let token = token.split(':').next().unwrap_or(token);
    let name = token.rsplit('/').next().unwrap_or(token);
    let extension = name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && (1..=6).contains(&extension.len())
            && extension.chars().all(|c| c.is_ascii_alphabetic())
    });
    let sound = token.len() <= 300
        && token.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'));
    (sound && extension).then_some(token)
}

fn paths(brief: &Brief, listing: &Listing, found: &mut References) {
    let marked = brief.blocks.iter().flat_map(|block| code_spans(&block.text));
    let marked: Vec<&str> = marked.chain(code_spans(&brief.title)).collect();
    let plain = brief.blocks.iter().map(|block| block.text.as_str());
    let fenced = brief.fences.iter().map(String::as_str);
    let tokens = plain.chain(fenced).flat_map(str::split_whitespace);
    let mut seen = std::collections::HashSet::new();
    for token in tokens.chain(marked.iter().copied()).take(20_000) {
        let Some(path) = as_path(token) else { continue };
        if !seen.insert(path) || found.files.len() >= MAX_PATHS || seen.len() > 400 {
            continue;
        }
        if listing.has(path) {
            found.files.push(path.to_owned());
        } else if let Some(only) = only_ending(listing, path) {
            if !found.files.contains(&only) {
                found.files.push(only);
            }
        } else if path.contains('/')
            && !crate::plan::paths::is_protected(path)
            && marked.contains(&path)
            && found.unknown_files.len() < 5
        {
            found.unknown_files.push(path.to_owned());
        }
    }
}

/// The one file that ends in this path, if there is exactly one.
fn only_ending(listing: &Listing, path: &str) -> Option<String> {
    let ending = format!("/{path}");
    let mut matching = listing.paths().filter(|known| known.as_str().ends_with(&ending));
    let first = matching.next()?;
    matching.next().is_none().then(|| first.as_str().to_owned())
}

/// Nouns by which files may be found, most telling first: names in code, then words of the title,
/// then words that come up more than once.
fn subjects(brief: &Brief) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |word: &str| {
        let word = singular(word);
        let telling = word.len() > 2
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && word.chars().any(|c| c.is_ascii_alphabetic())
            && !COMMON.contains(&word.as_str());
        if telling && found.len() < MAX_WORDS && !found.contains(&word) {
            found.push(word);
        }
    };
    for code in code_spans(&brief.title).chain(brief.wanted().flat_map(|b| code_spans(&b.text))) {
        for part in code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            // Versions and HTTP methods are no subjects.
            if !part.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
                add(part);
            }
        }
    }
    for word in brief.title_words().iter() {
        add(word);
    }
    let mut counts = std::collections::BTreeMap::new();
    for block in brief.wanted() {
        for word in Words::of(&super::without_code(&block.text)).iter() {
            *counts.entry(singular(word)).or_insert(0_u32) += 1;
        }
    }
    let mut often: Vec<(String, u32)> = counts.into_iter().filter(|(_, n)| *n > 1).collect();
    often.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    for (word, _) in often.iter().take(8) {
        add(word);
    }
    found
}

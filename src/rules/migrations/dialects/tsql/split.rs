//! Where the statements of Transact-SQL begin and end: at a semicolon, at a line with `GO`, or at a
//! word that can only begin the next one.

use std::ops::Range;

use sqlparser::tokenizer::Token;

use crate::rules::migrations::dialects::tokens::{Source, Tokens};

/// A statement. `IF`, `WHILE`, `BEGIN`, `TRY` and their ends are none, but what they hold is.
#[derive(Debug, Clone)]
pub struct Part {
    pub piece: Tokens,
    /// Runs again and again: inside of `WHILE`.
    pub looped: bool,
    /// Runs under a condition, or after an error only.
    pub guarded: bool,
}

pub fn statements(source: &Source<'_>) -> Vec<Part> {
    let mut splitter = Splitter::new(source);
    for batch in source.batches() {
        splitter.batch(batch);
    }
    splitter.parts
}

/// What a statement or block stands under.
#[derive(Debug, Clone, Copy, Default)]
struct Under {
    looped: bool,
    guarded: bool,
}

/// What matters of the first words of a statement for where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// `IF` or `WHILE`, up to the statement that it governs.
    Condition {
        looping: bool,
    },
    /// `ALTER` of anything but a table, in which `SET` is an action.
    Alter,
    /// A word that begins a statement elsewhere belongs to these once: the query of an `INSERT`, the
    /// `SET` of an `UPDATE`, the statement behind `WITH`, whatever is granted.
    Insert,
    Update,
    With,
    Grant,
    /// Ends at a semicolon only.
    Merge,
    Other,
}

struct Open {
    start: usize,
    head: Head,
    /// No statement begins before this token.
    until: usize,
    /// The word that belongs to the head has come.
    fed: bool,
}

struct Splitter<'s, 'g> {
    source: &'s Source<'g>,
    parts: Vec<Part>,
    blocks: Vec<Under>,
    /// What the next statement or block stands under.
    next: Under,
    open: Option<Open>,
}

/// Words that begin a statement wherever they stand outside of brackets.
const ALWAYS: [&str; 9] =
    ["begin", "end", "else", "while", "declare", "raiserror", "throw", "commit", "rollback"];

/// Words that may also be names: they begin a statement at the start of a line.
const LEADING: [&str; 22] = [
    "print",
    "use",
    "grant",
    "revoke",
    "deny",
    "return",
    "waitfor",
    "goto",
    "dbcc",
    "backup",
    "restore",
    "open",
    "close",
    "fetch",
    "deallocate",
    "bulk",
    "break",
    "continue",
    "reconfigure",
    "checkpoint",
    "kill",
    "go",
];

/// What follows `ALTER COLUMN`, `DROP` and `ADD` inside of an `ALTER`.
const PARTS_OF_ALTER: [&str; 9] = [
    "column",
    "constraint",
    "period",
    "member",
    "rowguidcol",
    "persisted",
    "sparse",
    "masked",
    "hidden",
];

/// Objects before `IF EXISTS`.
const DROPPED: [&str; 17] = [
    "table",
    "view",
    "procedure",
    "proc",
    "function",
    "trigger",
    "index",
    "schema",
    "column",
    "constraint",
    "type",
    "user",
    "role",
    "sequence",
    "synonym",
    "database",
    "statistics",
];

/// Modules that are the only statement of their batch.
const MODULES: [&str; 5] = ["procedure", "proc", "function", "trigger", "view"];

impl<'s, 'g> Splitter<'s, 'g> {
    fn new(source: &'s Source<'g>) -> Self {
        let next = Under::default();
        Self { source, parts: Vec::new(), blocks: Vec::new(), next, open: None }
    }

    fn batch(&mut self, batch: Range<usize>) {
        let (mut depth, mut cases) = (0_usize, 0_usize);
        let mut at = batch.start;
        while at < batch.end {
            match self.source.token(at) {
                Some(Token::LParen) => depth += 1,
                Some(Token::RParen) => depth = depth.saturating_sub(1),
                Some(Token::SemiColon) => {
                    self.close(at);
                    (depth, cases) = (0, 0);
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let word = self.source.keyword(at);
            if depth == 0 && word == "case" {
                cases += 1;
            } else if depth == 0 && word == "end" && cases > 0 {
                cases -= 1;
            } else if self.open.is_none()
                || depth == 0 && cases == 0 && self.begins(at, &word, batch.start)
            {
                self.close(at);
                at = self.begin(at, &word, batch.end);
                continue;
            }
            if depth == 0 {
                self.feed(&word);
            }
            at += 1;
        }
        self.close(batch.end);
        self.blocks.clear();
        self.next = Under::default();
    }

    fn close(&mut self, end: usize) {
        let Some(open) = self.open.take() else { return };
        if let Head::Condition { looping } = open.head {
            self.next.guarded = true;
            self.next.looped |= looping;
            return;
        }
        let under = self.under();
        self.parts.push(Part {
            piece: Tokens(open.start..end),
            looped: under.looped,
            guarded: under.guarded,
        });
        self.next = Under::default();
    }

    /// What the next statement stands under, blocks around it included.
    fn under(&self) -> Under {
        let outer = self.blocks.last().copied().unwrap_or_default();
        Under {
            looped: outer.looped || self.next.looped,
            guarded: outer.guarded || self.next.guarded,
        }
    }

    /// Takes the first token of a statement or what holds one, and says where to go on.
    fn begin(&mut self, at: usize, word: &str, end: usize) -> usize {
        let source = self.source;
        let after = source.keyword(at + 1);
        match (word, after.as_str()) {
            ("begin", "tran" | "transaction" | "distributed" | "conversation" | "dialog") => {}
            ("begin", _) => {
                let caught = after == "catch";
                let mut under = self.under();
                under.guarded |= caught;
                self.blocks.push(under);
                self.next = Under::default();
                return at + if caught || after == "try" { 2 } else { 1 };
            }
            ("end", _) => {
                self.blocks.pop();
                self.next = Under::default();
                return at + if after == "try" || after == "catch" { 2 } else { 1 };
            }
            ("else", _) => {
                self.next.guarded = true;
                return at + 1;
            }
            ("", _) if source.token(at) == Some(&Token::Colon) && source.is_leading(at) => {
                // A directive of `sqlcmd` fills its line.
                return (at + 1..end).find(|at| source.is_leading(*at)).unwrap_or(end);
            }
            _ => {}
        }
        let (head, until) = self.head(at, word, &after);
        self.open = Some(Open { start: at, head, until, fed: false });
        if self.is_module(at, word) { end } else { at + 1 }
    }

    fn head(&self, at: usize, word: &str, after: &str) -> (Head, usize) {
        let next = at + 1;
        match (word, after) {
            ("if", _) => (Head::Condition { looping: false }, next),
            ("while", _) => (Head::Condition { looping: true }, next),
            ("alter", "table") => {
                let rest = self.source.rest(at + 2);
                (Head::Other, at + 3 + self.source.name_length(&rest, 0))
            }
            ("alter", _) => (Head::Alter, next),
            ("insert", _) => (Head::Insert, next),
            ("update", "statistics") => (Head::Other, next),
            ("update", _) => (Head::Update, next),
            ("with", _) => (Head::With, next),
            ("merge", _) => (Head::Merge, next),
            ("grant" | "revoke" | "deny", _) => (Head::Grant, next),
            _ => (Head::Other, next),
        }
    }

    /// `CREATE VIEW`, `ALTER PROCEDURE` and the like, whose bodies are statements. A view has none:
    /// it ends at a semicolon as well.
    fn is_module(&self, at: usize, word: &str) -> bool {
        let what = match (word, self.source.keyword(at + 1).as_str()) {
            ("create", "or") => self.source.keyword(at + 3),
            ("create" | "alter", what) => what.to_owned(),
            _ => return false,
        };
        what != "view" && MODULES.contains(&what.as_str())
    }

    /// Whether the word begins another statement than the one that is open.
    fn begins(&self, at: usize, word: &str, first: usize) -> bool {
        let Some(open) = &self.open else { return true };
        let source = self.source;
        let before = if at > first { source.token(at - 1) } else { None };
        if at < open.until || before == Some(&Token::Period) || open.head == Head::Merge {
            return false;
        }
        if word.is_empty() {
            return source.is_leading(at) && source.token(at) == Some(&Token::Colon);
        }
        let before = if at > first { source.keyword(at - 1) } else { String::new() };
        let (before, after) = (before.as_str(), source.keyword(at + 1));
        let after = after.as_str();
        let hungry = |heads: &[Head]| !open.fed && heads.contains(&open.head);
        match word {
            _ if hungry(&[Head::Grant]) => false,
            "select" => {
                !["union", "all", "except", "intersect", "as", "for"].contains(&before)
                    && !hungry(&[Head::Insert, Head::With])
            }
            "insert" | "delete" | "update" => {
                before != "on" && before != "for" && !hungry(&[Head::With])
            }
            "merge" => after != "range" && source.is_leading(at) && !hungry(&[Head::With]),
            "set" => {
                before != "delete"
                    && before != "update"
                    && open.head != Head::Alter
                    && !hungry(&[Head::Update])
            }
            "alter" => before != "or" && after != "column",
            "create" => true,
            "drop" => !PARTS_OF_ALTER.contains(&after),
            "exec" | "execute" => before != "with" && !hungry(&[Head::Insert]),
            "if" => after != "exists" || !DROPPED.contains(&before),
            "truncate" => after == "table",
            "disable" | "enable" => after == "trigger",
            "save" => after == "tran" || after == "transaction",
            "with" => source.is_leading(at) && source.keyword(at + 2) == "as",
            word if ALWAYS.contains(&word) => true,
            word if LEADING.contains(&word) => {
                source.is_leading(at) || matches!(open.head, Head::Condition { .. })
            }
            _ => false,
        }
    }

    /// Notes the word that belongs to the head of the open statement.
    fn feed(&mut self, word: &str) {
        let Some(open) = &mut self.open else { return };
        match (open.head, word) {
            (Head::Insert, "select" | "exec" | "execute" | "values" | "default")
            | (Head::Update, "set")
            | (Head::Grant, "to" | "from") => open.fed = true,
            (Head::With, "select" | "delete") => open.head = Head::Other,
            (Head::With, "insert") => open.head = Head::Insert,
            (Head::With, "update") => open.head = Head::Update,
            (Head::With, "merge") => open.head = Head::Merge,
            _ => {}
        }
    }
}

//! CODEOWNERS: who answers for which files, as GitHub reads it.
//!
//! GitHub's patterns look like those of gitignore and differ in what decides here: a final `*`
//! stops at its directory (`docs/*` is not `docs/a/b`), `!` and `[ ]` do not exist, a pattern
//! without owners takes files away from earlier ones, and a line that is not valid is skipped
//! while the others count. The crates that match gitignore patterns get these wrong.
//!
//! Source: GitHub's documentation "About code owners".

use crate::domain::ids::Login;
use crate::domain::instructions::{Problem, ProblemLevel};
use crate::domain::path::RepoPath;

/// Where GitHub looks, in this order; the first file that is there counts.
pub const CODE_OWNERS_PATHS: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
/// A file of 3 MB or more is not loaded by GitHub.
pub const MAX_CODE_OWNERS_BYTES: usize = 3_000_000;

/// Longest pattern that is matched, in bytes; the longest path of most systems.
const MAX_PATTERN: usize = 4_096;
/// Most problems that are reported.
const MAX_PROBLEMS: usize = 20;

/// Somebody who answers for files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeOwner {
    User(Login),
    Team {
        organisation: String,
        slug: String,
    },
    /// Belongs to an account, but nobody but GitHub can say which.
    Mail(String),
}

impl CodeOwner {
    /// `@user`, `@org/team` or an e-mail address; `None` for anything else.
    fn parse(text: &str) -> Option<Self> {
        let word = |text: &str| {
            let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !text.is_empty() && text.chars().all(sound)
        };
        if let Some(name) = text.strip_prefix('@') {
            return match name.split_once('/') {
                Some((organisation, slug)) => (word(organisation) && word(slug)).then(|| {
                    Self::Team { organisation: organisation.to_owned(), slug: slug.to_owned() }
                }),
                None => word(name).then(|| Self::User(Login(name.to_owned()))),
            };
        }
        let (local, host) = text.split_once('@')?;
        let sound = !local.is_empty() && host.contains('.') && !host.contains('@');
        sound.then(|| Self::Mail(text.to_owned()))
    }
}

impl std::fmt::Display for CodeOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(login) => write!(f, "@{}", login.0),
            Self::Team { organisation, slug } => write!(f, "@{organisation}/{slug}"),
            Self::Mail(address) => f.write_str(address),
        }
    }
}

/// A CODEOWNERS file as read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeOwners {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    pattern: Pattern,
    /// Empty: nobody answers for what the pattern matches.
    owners: Vec<CodeOwner>,
}

impl CodeOwners {
    /// Reads the file at `path`. Never fails: lines that are not valid are skipped and reported.
    pub fn parse(text: &str, path: &RepoPath) -> (Self, Vec<Problem>) {
        let mut rules = Vec::new();
        let mut problems = Vec::new();
        let mut skipped = 0_usize;
        for (index, line) in text.lines().enumerate() {
            match rule(line) {
                Ok(Some(rule)) => rules.push(rule),
                Ok(None) => {}
                Err(why) if problems.len() < MAX_PROBLEMS => problems.push(Problem {
                    level: ProblemLevel::Warning,
                    path: path.clone(),
                    line: u32::try_from(index + 1).ok(),
                    message: format!("{why}; GitHub skips the line"),
                }),
                Err(_) => skipped += 1,
            }
        }
        if skipped > 0 {
            let message = format!("{skipped} further lines are not valid and are skipped");
            let level = ProblemLevel::Warning;
            problems.push(Problem { level, path: path.clone(), line: None, message });
        }
        (Self { rules }, problems)
    }

    /// Who answers for a path: the owners of the last pattern that matches it; empty for nobody.
    ///
    /// A path with a final `/` stands for a new file in that directory whose name is not known:
    /// only patterns that do not look at the name match it.
    pub fn of(&self, path: &str) -> &[CodeOwner] {
        let parts: Vec<&str> = path.split('/').collect();
        let last = self.rules.iter().rev().find(|rule| rule.pattern.matches(&parts));
        last.map_or(&[], |rule| &rule.owners)
    }

    /// The owners of these paths, each different list once: who is in every one of them answers
    /// for all the paths. Empty if there is no path, or one for which nobody answers.
    pub fn of_all<'a>(&self, paths: impl Iterator<Item = &'a str>) -> Vec<Vec<String>> {
        let mut lists: Vec<Vec<String>> = Vec::new();
        for path in paths {
            let owners: Vec<String> = self.of(path).iter().map(ToString::to_string).collect();
            if owners.is_empty() {
                return Vec::new();
            }
            if !lists.contains(&owners) {
                lists.push(owners);
            }
        }
        lists
    }

    /// Owners that are named by an e-mail address, each once, in the order of the file.
    pub fn mails(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for owner in self.rules.iter().flat_map(|rule| &rule.owners) {
            if let CodeOwner::Mail(address) = owner
                && !found.contains(&address.as_str())
                && found.len() < MAX_PROBLEMS
            {
                found.push(address);
            }
        }
        found
    }
}

/// The rule of a line; `None` for an empty one. The error says what is wrong with it.
fn rule(line: &str) -> Result<Option<Rule>, String> {
    let Some((pattern, rest)) = first_word(line.trim()) else { return Ok(None) };
    let pattern = Pattern::parse(&pattern)?;
    let mut owners = Vec::new();
    for name in rest.split_whitespace() {
        if name.starts_with('#') {
            break;
        }
        let owner = CodeOwner::parse(name).ok_or_else(|| {
            let name: String = name.chars().take(80).collect();
            format!("`{name}` is no owner: write `@user`, `@org/team` or an e-mail address")
        })?;
        owners.push(owner);
    }
    Ok(Some(Rule { pattern, owners }))
}

/// The pattern, in which a space is written `\ `, and what follows it.
fn first_word(line: &str) -> Option<(String, &str)> {
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let mut escaped = false;
    let end = line.char_indices().find(|(_, c)| {
        let ends = c.is_whitespace() && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    let end = end.map_or(line.len(), |(at, _)| at);
    let (word, rest) = (line.get(..end)?, line.get(end..)?);
    Some((word.to_owned(), rest))
}

/// A pattern, part by part from the root.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `**`: any number of directories, none included.
    Any,
    /// One name.
    Name(Vec<Token>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// `*`: any number of characters.
    Many,
    /// `?`: one character.
    One,
    Literal(char),
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        let unsupported = ["[", "]", "***"].into_iter().find(|sign| text.contains(sign));
        let unsupported = unsupported.or(text.starts_with('!').then_some("!"));
        if let Some(sign) = unsupported.or(text.contains('#').then_some("#")) {
            return Err(format!("`{sign}` has no meaning in patterns of CODEOWNERS"));
        }
        if text.len() > MAX_PATTERN {
            return Err(format!("the pattern is longer than {MAX_PATTERN} bytes"));
        }
        let inner = text.strip_prefix('/').unwrap_or(text);
        let (inner, below_only) = match inner.strip_suffix('/') {
            Some(folder) => (folder, true),
            None => (inner, false),
        };
        if inner.is_empty() {
            return Err("the pattern names nothing".to_owned());
        }
        // With a `/` inside or at the start it counts from the root, else anywhere.
        let anchored = text.starts_with('/') || inner.contains('/');
        let mut parts = if anchored { Vec::new() } else { vec![Part::Any] };
        let mut last = "";
        for name in inner.split('/') {
            last = name;
            match (name, parts.last()) {
                ("**", Some(Part::Any)) => {}
                ("**", _) => parts.push(Part::Any),
                _ => parts.push(Part::Name(tokens(name))),
            }
        }
        // What is below a directory belongs to it; a final `*` stops at its own directory, and a
        // final `**` is everything below, not the directory itself.
        if below_only || last == "**" {
            if last == "**" {
                parts.pop();
            }
            parts.extend([Part::Any, Part::Name(vec![Token::Many])]);
        } else if last != "*" {
            parts.push(Part::Any);
        }
        Ok(Self(parts))
    }

    /// Whether the path whose parts these are matches. At most (parts of the pattern) times
    /// (parts of the path) comparisons: only the last `**` is ever taken back.
    fn matches(&self, path: &[&str]) -> bool {
        let (mut at, mut place) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while place < path.len() {
            let fits = match (self.0.get(at), path.get(place)) {
                (Some(Part::Any), _) => {
                    retry = Some((at, place));
                    at += 1;
                    continue;
                }
                (Some(Part::Name(tokens)), Some(name)) => is_like(tokens, name),
                _ => false,
            };
            if fits {
                (at, place) = (at + 1, place + 1);
            } else if let Some((any, from)) = retry {
                retry = Some((any, from + 1));
                (at, place) = (any + 1, from + 1);
            } else {
                return false;
            }
        }
        self.0.iter().skip(at).all(|part| *part == Part::Any)
    }
}

fn tokens(name: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut signs = name.chars();
    while let Some(sign) = signs.next() {
        let token = match sign {
            '*' => Token::Many,
            '?' => Token::One,
            '\\' => Token::Literal(signs.next().unwrap_or('\\')),
            other => Token::Literal(other),
        };
        if token != Token::Many || tokens.last() != Some(&Token::Many) {
            tokens.push(token);
        }
    }
    tokens
}

/// Whether one name of a path is like a part of a pattern. As [`Pattern::matches`], for characters.
fn is_like(tokens: &[Token], name: &str) -> bool {
    let mut rest = name.chars();
    let mut at = 0;
    let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let before = rest.clone();
        let sign = rest.next();
        let fits = match (tokens.get(at), sign) {
            (None, None) => return true,
            (Some(Token::Many), _) => {
                retry = Some((at, before.clone()));
                rest = before;
                at += 1;
                continue;
            }
            (Some(Token::One), Some(_)) => true,
            (Some(Token::Literal(wanted)), Some(sign)) => *wanted == sign,
            _ => false,
        };
        if fits {
            at += 1;
            continue;
        }
        let Some((many, mut from)) = retry.take() else { return false };
        if from.next().is_none() {
            return false;
        }
        rest = from.clone();
        at = many + 1;
        retry = Some((many, from));
    }
}

#[cfg(test)]
#[path = "code_owners_tests.rs"]
mod tests;

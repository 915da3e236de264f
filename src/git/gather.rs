//! Files that rules ask for beyond the change, within bounds on files, bytes and time.

use std::time::Instant;

use git2::{Odb, Oid, Repository};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use regex::bytes::Regex;

use super::content::{self, MODE_SYMLINK};
use super::derived;
use super::directed::Directions;
use super::local::oid;
use super::options::Limits;
use super::tree::{self, File, Followed, Walked};
use crate::domain::diff::Side;
use crate::domain::ids::CommitSha;
use crate::domain::path::RepoPath;
use crate::ports::source::{Fetched, FoundFile, Need, NeedResult, SourceError};

/// Extensions of files that hold no text; a search does not fetch them.
const BINARY_EXTENSIONS: [&str; 32] = [
    "png", "jpg", "jpeg", "gif", "webp", "ico", "bmp", "pdf", "zip", "gz", "tgz", "bz2", "xz",
    "zst", "7z", "jar", "war", "class", "so", "dylib", "dll", "exe", "a", "o", "wasm", "woff",
    "woff2", "ttf", "otf", "mp3", "mp4", "parquet",
];

/// The commit that a side names.
pub(super) fn commit_of(fetched: &Fetched, side: Side) -> &CommitSha {
    match side {
        Side::Head => &fetched.head,
        Side::Base => fetched.merge_base.as_ref().unwrap_or(&fetched.base),
    }
}

/// The root tree of a commit.
pub(super) fn root<'a>(
    repository: &'a Repository,
    commit: &CommitSha,
) -> Result<git2::Tree<'a>, SourceError> {
    let id = oid(commit)?;
    repository
        .find_commit(id)
        .and_then(|commit| commit.tree())
        .map_err(|_| SourceError::NotFound(format!("commit {commit} in this repository")))
}

/// A need for many files, compiled.
pub(super) struct Pattern {
    /// Position in the list of needs.
    index: usize,
    side: Side,
    globs: Option<GlobSet>,
    /// The same as written; empty for every file.
    written: Vec<String>,
    /// `None`: the path alone decides.
    words: Option<Regex>,
    limit: usize,
}

impl Pattern {
    /// `None` for a need of one file; an error that says why it cannot be answered.
    pub fn new(index: usize, need: &Need) -> Option<Result<Self, String>> {
        match need {
            Need::File { .. } => None,
            Need::Glob { side, globs, limit } => Some(glob_set(globs).map(|set| Self {
                index,
                side: *side,
                globs: Some(set),
                written: globs.clone(),
                words: None,
                limit: *limit,
            })),
            Need::Search { side, words, globs, limit } => {
                Some(Self::search(index, *side, words, globs, *limit))
            }
        }
    }

    fn search(
        index: usize,
        side: Side,
        words: &[String],
        globs: &[String],
        limit: usize,
    ) -> Result<Self, String> {
        let written = globs.to_vec();
        let globs = if globs.is_empty() { None } else { Some(glob_set(globs)?) };
        Ok(Self { index, side, globs, written, words: Some(whole_words(words)?), limit })
    }

    pub fn index(&self) -> usize {
        self.index
    }

    fn wants(&self, path: &RepoPath) -> bool {
        let by_glob = self.globs.as_ref().is_none_or(|globs| globs.is_match(path.as_str()));
        by_glob && (self.words.is_none() || searchable(path))
    }
}

fn searchable(path: &RepoPath) -> bool {
    let binary = path.extension().is_some_and(|e| BINARY_EXTENSIONS.contains(&e.as_str()));
    !binary && !derived::by_path(path)
}

fn glob_set(globs: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for text in globs {
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        set.add(glob.map_err(|error| format!("unusable pattern: {error}"))?);
    }
    set.build().map_err(|error| format!("unusable patterns: {error}"))
}

/// Matches any of the words where it is not part of a longer identifier. Without words, nothing.
fn whole_words(words: &[String]) -> Result<Regex, String> {
    let identifier =
        |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let one = |word: &String| {
        let start = if identifier(word.as_bytes().first()) { r"\b{start-half}" } else { "" };
        let end = if identifier(word.as_bytes().last()) { r"\b{end-half}" } else { "" };
        format!("{start}{}{end}", regex::escape(word))
    };
    let any: Vec<String> = words.iter().filter(|word| !word.is_empty()).map(one).collect();
    let text = if any.is_empty() { r"[^\s\S]".to_owned() } else { any.join("|") };
    // Bytes, not Unicode: identifiers of the languages looked at are ASCII.
    regex::bytes::RegexBuilder::new(&text)
        .unicode(false)
        .build()
        .map_err(|error| format!("too many words to search for: {error}"))
}

/// What one call may still do.
pub(super) struct Bounds<'a> {
    limits: &'a Limits,
    start: Instant,
    files: usize,
    bytes: u64,
}

impl<'a> Bounds<'a> {
    pub fn new(limits: &'a Limits) -> Self {
        Self { limits, start: Instant::now(), files: 0, bytes: 0 }
    }

    fn spent(&self) -> Option<String> {
        if self.files >= self.limits.gather_files {
            Some(format!("more than {} files to look into", self.limits.gather_files))
        } else if self.bytes >= self.limits.gather_bytes {
            Some(format!("more than {} bytes to read", self.limits.gather_bytes))
        } else if self.start.elapsed() > self.limits.gather_time {
            Some("time ran out".to_owned())
        } else {
            None
        }
    }
}

/// Where the patterns of one side can match; `None` without any.
pub(super) fn directions(patterns: &[Pattern], side: Side) -> Option<Directions> {
    let mut of_side = patterns.iter().filter(|pattern| pattern.side == side).peekable();
    of_side.peek()?;
    let mut directions = Directions::default();
    for pattern in of_side {
        match &pattern.globs {
            Some(_) => directions.add(&pattern.written),
            None => return Some(Directions::everywhere()),
        }
    }
    Some(directions)
}

/// Adds a reason why an answer is not complete, each once.
pub(super) fn incomplete(result: &mut NeedResult, reason: &str) {
    match &mut result.incomplete {
        Some(text) if text.contains(reason) => {}
        Some(text) => *text = format!("{text}; {reason}"),
        None => result.incomplete = Some(reason.to_owned()),
    }
}

/// The files of one side that any of the patterns may want.
pub(super) fn candidates<'w>(
    walked: &'w Walked,
    patterns: &[Pattern],
    side: Side,
) -> Vec<(&'w File, Vec<usize>)> {
    let of_side: Vec<(usize, &Pattern)> =
        patterns.iter().enumerate().filter(|(_, pattern)| pattern.side == side).collect();
    let wanting = |file: &File| -> Vec<usize> {
        of_side.iter().filter(|(_, p)| p.wants(&file.path)).map(|(at, _)| *at).collect()
    };
    let plain = walked.files.iter().filter(|file| file.mode != MODE_SYMLINK);
    plain.map(|file| (file, wanting(file))).filter(|(_, by)| !by.is_empty()).collect()
}

/// Reads the candidates once each and hands every text to the needs that want it. Needs for paths
/// are served before searches, which may use up the bounds.
pub(super) fn scan(
    odb: &Odb<'_>,
    candidates: &[(&File, Vec<usize>)],
    patterns: &[Pattern],
    bounds: &mut Bounds<'_>,
    results: &mut [NeedResult],
) {
    for searching in [false, true] {
        let mut full = vec![false; patterns.len()];
        for (file, wanted_by) in candidates {
            let open: Vec<(usize, &Pattern)> = wanted_by
                .iter()
                .filter_map(|at| Some((*at, patterns.get(*at)?)))
                .filter(|(at, p)| p.words.is_some() == searching && full.get(*at) == Some(&false))
                .collect();
            if open.is_empty() {
                continue;
            }
            let text = match bounds.spent() {
                Some(reason) => Err(reason),
                None => load(odb, file, bounds),
            };
            for (at, pattern) in open {
                let Some(result) = results.get_mut(pattern.index) else { continue };
                let closed = offer(pattern, file, &text, result);
                if let Some(flag) = full.get_mut(at) {
                    *flag = closed;
                }
            }
        }
    }
}

/// Puts a file into the answer if it belongs there; `true` once the need wants no more.
fn offer(
    pattern: &Pattern,
    file: &File,
    text: &Result<Option<String>, String>,
    result: &mut NeedResult,
) -> bool {
    let text = match text {
        Ok(Some(text)) => text,
        Ok(None) => return false,
        Err(reason) => {
            incomplete(result, reason);
            return false;
        }
    };
    if pattern.words.as_ref().is_some_and(|words| !words.is_match(text.as_bytes())) {
        return false;
    }
    if result.files.len() >= pattern.limit {
        incomplete(result, &format!("more than {} files match", pattern.limit));
        return true;
    }
    result.files.push(FoundFile {
        path: file.path.clone(),
        side: pattern.side,
        text: text.clone(),
    });
    false
}

/// The text of a file; `None` if it is binary; why it was left out otherwise.
fn load(odb: &Odb<'_>, file: &File, bounds: &mut Bounds<'_>) -> Result<Option<String>, String> {
    bounds.files += 1;
    if !content::present(odb, file.id) {
        return Err("files missing in this partial clone".to_owned());
    }
    let unreadable = |_: git2::Error| "a file could not be read".to_owned();
    let (size, _) = odb.read_header(file.id).map_err(unreadable)?;
    if size as u64 > bounds.limits.gather_file_bytes {
        return Err(format!("files over {} bytes left out", bounds.limits.gather_file_bytes));
    }
    bounds.bytes += size as u64;
    let data = content::read(odb, file.id).map_err(unreadable)?;
    Ok(as_text(data))
}

fn as_text(data: Vec<u8>) -> Option<String> {
    if data.contains(&0) { None } else { String::from_utf8(data).ok() }
}

/// One file, links followed. `Err` is the object to fetch first.
pub(super) fn one_file(
    repository: &Repository,
    odb: &Odb<'_>,
    fetched: &Fetched,
    side: Side,
    path: &RepoPath,
    limits: &Limits,
) -> Result<Result<NeedResult, Oid>, SourceError> {
    let root = root(repository, commit_of(fetched, side))?;
    let broken = |error: git2::Error| super::local::internal(&error);
    let mut result = NeedResult::default();
    let id = match tree::follow(repository, odb, &root, path).map_err(broken)? {
        Followed::File(id) => id,
        Followed::Nothing => return Ok(Ok(result)),
        Followed::Missing(id) => return Ok(Err(id)),
    };
    if !content::present(odb, id) {
        return Ok(Err(id));
    }
    if odb.read_header(id).map_err(broken)?.0 as u64 > limits.max_text_bytes {
        incomplete(&mut result, &format!("larger than {} bytes", limits.max_text_bytes));
        return Ok(Ok(result));
    }
    match as_text(content::read(odb, id).map_err(broken)?) {
        Some(text) => result.files.push(FoundFile { path: path.clone(), side, text }),
        None => incomplete(&mut result, "not UTF-8 text"),
    }
    Ok(Ok(result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_as_whole_identifiers() {
        let words = whole_words(&["user_id".to_owned(), "a.b".to_owned(), "$x(".to_owned()]);
        let words = words.unwrap();
        for hit in ["user_id", "t.user_id,", "\u{e9} user_id", "(a.b)", "y$x(1"] {
            assert!(words.is_match(hit.as_bytes()), "{hit}");
        }
        for miss in ["user_ids", "xuser_id", "_user_id", "a.bc", "aab", "x("] {
            assert!(!words.is_match(miss.as_bytes()), "{miss}");
        }
        assert!(!whole_words(&[]).unwrap().is_match(b"anything"));
    }
}

//! Where differences are put.

use crate::domain::diff::{LineRange, Side};
use crate::domain::path::RepoPath;
use crate::rules::openapi::catalogue::Level;

/// Differences beyond this many are not listed: nobody reads them, and a document of which that
/// much changed is another document.
const MAX_DIFFERENCES: usize = 20_000;

/// Pairs that are walked at most, over all operations: a change at the bottom of schemas that all
/// refer to each other concerns every operation, and is looked for from each.
const MAX_VISITS: usize = 5_000_000;

/// One thing that two descriptions say differently about an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// As oasdiff names it, where it has a name for it.
    pub id: String,
    pub level: Level,
    /// Upper case; empty for what concerns no single operation.
    pub method: String,
    /// The path of the operation, as the old description writes it if it had it.
    pub path: String,
    pub side: Side,
    pub file: RepoPath,
    pub lines: LineRange,
    /// Where the operation stands, for differences in files that the change does not touch.
    pub operation_at: Option<(Side, RepoPath, LineRange)>,
    /// A short sentence without a dot, with code marks.
    pub title: String,
    /// Clients cannot notice: the server ignores what they send there, or never sends it, or the
    /// same is said in another place of the schema.
    pub moot: bool,
}

impl Difference {
    /// `GET /orders/{id}`; empty for what concerns no single operation.
    pub fn operation(&self) -> String {
        format!("{} {}", self.method, self.path).trim().to_owned()
    }
}

/// Collects differences of one operation after the other.
#[derive(Default)]
pub struct Collector {
    pub found: Vec<Difference>,
    pub method: String,
    pub path: String,
    pub operation_at: Option<(Side, usize, LineRange)>,
    /// The files of the old and of the new description.
    pub files: (Vec<RepoPath>, Vec<RepoPath>),
    /// Clients cannot notice what is added now.
    pub moot: bool,
    /// The old description gives a date for the end of all that it deprecates.
    pub ends_announced: bool,
    /// The parameter at hand sends each value of a list by itself.
    pub spreads_lists: bool,
    /// Pairs walked: a measure of the work.
    pub visited: usize,
    /// The last walk that came by, by pair.
    seen: Vec<usize>,
    walk: usize,
}

impl Collector {
    /// For descriptions that are spread over these files.
    pub fn new(base: Vec<RepoPath>, head: Vec<RepoPath>) -> Self {
        Self { files: (base, head), ..Self::default() }
    }

    /// A place is a side, the number of the file there, and lines.
    pub fn add(&mut self, id: &str, (side, file, lines): (Side, usize, LineRange), title: String) {
        let files = |side| if side == Side::Base { &self.files.0 } else { &self.files.1 };
        let Some(file) = files(side).get(file).filter(|_| !self.is_full()) else { return };
        let operation_at = self
            .operation_at
            .and_then(|(side, file, lines)| Some((side, files(side).get(file)?.clone(), lines)));
        self.found.push(Difference {
            id: id.to_owned(),
            level: Level::of(id),
            method: self.method.clone(),
            path: self.path.clone(),
            side,
            file: file.clone(),
            lines,
            operation_at,
            title,
            moot: self.moot,
        });
    }

    /// Takes the direction out of the titles from one on: fields of what is neither request nor
    /// response.
    pub fn call_fields(&mut self, start: usize) {
        for one in self.found.iter_mut().skip(start) {
            for word in ["Request field", "Response field"] {
                if let Some(rest) = one.title.strip_prefix(word) {
                    one.title = format!("Field{rest}");
                }
            }
        }
    }

    pub fn is_full(&self) -> bool {
        self.found.len() >= MAX_DIFFERENCES || self.visited >= MAX_VISITS
    }

    /// Forgets which pairs were met, of so many that there are.
    pub fn start_walk(&mut self, pairs: usize) {
        self.seen.resize(pairs.saturating_mul(2), 0);
        self.walk += 1;
    }

    /// Whether this walk has not met the pair before. What clients cannot notice is another walk:
    /// they may notice the same schema in another place.
    pub fn enter(&mut self, pair: usize, moot: bool) -> bool {
        let at = pair * 2 + usize::from(moot);
        let Some(seen) = self.seen.get_mut(at).filter(|seen| **seen != self.walk) else {
            return false;
        };
        *seen = self.walk;
        self.visited += 1;
        true
    }
}

//! What changed inside one file, in lines.

use serde::{Deserialize, Serialize};

/// Which version of a file a line number counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The merge base.
    Base,
    /// The head of the change.
    Head,
}

/// Lines `start..=end`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LineRange {
    start: u32,
    end: u32,
}

impl LineRange {
    /// `None` unless `1 <= start <= end`.
    pub fn new(start: u32, end: u32) -> Option<Self> {
        (start >= 1 && start <= end).then_some(Self { start, end })
    }

    /// One line; line 0 is taken as line 1.
    pub fn line(line: u32) -> Self {
        let line = line.max(1);
        Self { start: line, end: line }
    }

    pub fn start(self) -> u32 {
        self.start
    }

    pub fn end(self) -> u32 {
        self.end
    }

    pub fn contains(self, line: u32) -> bool {
        (self.start..=self.end).contains(&line)
    }

    pub fn overlaps(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

impl std::fmt::Display for LineRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.start == self.end {
            write!(f, "{}", self.start)
        } else {
            write!(f, "{}-{}", self.start, self.end)
        }
    }
}

/// One hunk of a diff made with three lines of context, which is what GitHub shows and therefore
/// where line notes may stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// First line and number of lines on the base side, context included. The start is 0 when
    /// the count is 0.
    pub base_start: u32,
    pub base_lines: u32,
    /// The same on the head side.
    pub head_start: u32,
    pub head_lines: u32,
    /// Base line numbers that were removed, ascending.
    pub removed: Vec<u32>,
    /// Head line numbers that were added, ascending.
    pub added: Vec<u32>,
}

impl Hunk {
    /// Whether the line can carry a note: it is inside this hunk on that side.
    pub fn shows(&self, side: Side, line: u32) -> bool {
        let (start, count) = match side {
            Side::Base => (self.base_start, self.base_lines),
            Side::Head => (self.head_start, self.head_lines),
        };
        count > 0 && (start..start + count).contains(&line)
    }
}

//! A place in a text that is read from its beginning to its end, with its line.

/// A text that is not what its reader expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Counted from 1.
    pub line: u32,
    /// A clause without a final dot.
    pub message: String,
}

impl SyntaxError {
    pub fn new(line: u32, message: &str) -> Self {
        Self { line, message: message.to_owned() }
    }
}

pub struct Cursor<'a> {
    source: &'a str,
    at: usize,
    /// Counted from 1.
    line: u32,
}

impl<'a> Cursor<'a> {
    pub fn new(source: &'a str) -> Self {
        Self { source, at: 0, line: 1 }
    }

    pub fn line(&self) -> u32 {
        self.line
    }

    pub fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or("")
    }

    /// Takes `length` bytes, counting the lines in them.
    pub fn take(&mut self, length: usize) -> &'a str {
        let taken = self.rest().get(..length).unwrap_or("");
        let breaks = taken.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.at += taken.len();
        taken
    }

    pub fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.take(end)
    }
}

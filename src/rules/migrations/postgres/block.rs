//! `DO` blocks: the plain statements inside, with the procedural parts blanked out.

use std::ops::Range;

/// The script with nothing left but the plain statements of one `DO` block, at their places.
pub struct Block {
    pub masked: String,
    /// Bodies of loops, which work in batches.
    pub loops: Vec<Range<usize>>,
}

/// Words that begin a statement of the procedural language that runs no SQL of interest.
const PROCEDURAL: [&str; 13] = [
    "raise", "perform", "return", "exit", "continue", "null", "get", "open", "fetch", "close",
    "assert", "end", "call",
];

/// Unwraps the `DO` statement at `place`; `None` if its body is not dollar quoted.
pub fn unwrap(script: &str, place: Range<usize>) -> Option<Block> {
    let text = script.get(place.clone())?;
    let open = text.find('$')?;
    let tag_end = text.get(open + 1..)?.find('$')? + open + 2;
    let tag = text.get(open..tag_end)?;
    let close = text.get(tag_end..)?.find(tag)? + tag_end;
    let body = place.start + tag_end..place.start + close;
    let mut scanner = Scanner {
        script,
        at: body.start,
        end: body.end,
        keep: Vec::new(),
        loops: Vec::new(),
        open: Vec::new(),
    };
    scanner.run();
    let mut masked = vec![b' '; script.len()];
    for (target, source) in masked.iter_mut().zip(script.bytes()) {
        if source == b'\n' || source == b'\r' {
            *target = source;
        }
    }
    for range in &scanner.keep {
        if let (Some(target), Some(source)) =
            (masked.get_mut(range.clone()), script.as_bytes().get(range.clone()))
        {
            target.copy_from_slice(source);
        }
    }
    Some(Block { masked: String::from_utf8(masked).ok()?, loops: scanner.loops })
}

struct Scanner<'t> {
    script: &'t str,
    at: usize,
    end: usize,
    keep: Vec<Range<usize>>,
    loops: Vec<Range<usize>>,
    /// Where the loops begin that are open.
    open: Vec<usize>,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some((start, word)) = self.next_word() {
            match word.as_str() {
                "declare" => self.skip_past(&["begin"]),
                "begin" | "else" | "exception" => {}
                "if" | "elsif" | "elseif" | "when" => self.skip_past(&["then"]),
                "while" | "for" | "foreach" | "loop" => {
                    if word != "loop" {
                        self.skip_past(&["loop"]);
                    }
                    self.open.push(self.at);
                }
                "end" => {
                    let next = self.next_word();
                    if next.is_some_and(|(_, word)| word == "loop")
                        && let Some(start) = self.open.pop()
                    {
                        self.loops.push(start..self.at);
                    }
                    self.past_semicolon();
                }
                "execute" => self.execute(),
                known if PROCEDURAL.contains(&known) => {
                    self.past_semicolon();
                }
                _ => {
                    let stop = self.past_semicolon();
                    let statement = self.script.get(start..stop).unwrap_or_default();
                    if !statement.contains(":=") {
                        self.keep.push(start..stop);
                    }
                }
            }
        }
    }

    /// `EXECUTE 'ALTER TABLE …'`: a literal without quotes in it is a statement.
    fn execute(&mut self) {
        let start = self.at;
        let stop = self.past_semicolon();
        let text = self.script.get(start..stop).unwrap_or_default();
        let quoted = text.trim_start();
        let offset = start + text.len() - quoted.len();
        let inner = quoted.strip_prefix('\'').and_then(|rest| rest.split_once('\''));
        if let Some((inner, rest)) = inner
            && rest.trim_end_matches(';').trim().is_empty()
        {
            self.keep.push(offset + 1..offset + 1 + inner.len());
            // The statement needs its end, which stands behind the closing quote.
            self.keep.push(stop.saturating_sub(1)..stop);
        }
    }

    /// The next word and where it begins; anything else between statements is passed over.
    fn next_word(&mut self) -> Option<(usize, String)> {
        while self.at < self.end {
            self.skip_comment();
            let rest = self.script.get(self.at..self.end)?;
            let first = rest.chars().next()?;
            if first.is_ascii_alphabetic() || first == '_' {
                let length = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                let start = self.at;
                self.at += length;
                return Some((start, rest.get(..length)?.to_ascii_lowercase()));
            }
            self.at += first.len_utf8();
        }
        None
    }

    fn skip_comment(&mut self) {
        let rest = self.script.get(self.at..self.end).unwrap_or_default();
        if rest.starts_with("--") {
            self.at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
        }
    }

    /// Goes on behind the first of the words.
    fn skip_past(&mut self, words: &[&str]) {
        while let Some((_, word)) = self.next_word() {
            if words.contains(&word.as_str()) {
                return;
            }
        }
    }

    /// Goes behind the next semicolon that is not quoted, and returns that place.
    fn past_semicolon(&mut self) -> usize {
        let rest = self.script.get(self.at..self.end).unwrap_or_default();
        let mut quoted = false;
        for (offset, byte) in rest.bytes().enumerate() {
            match byte {
                b'\'' => quoted = !quoted,
                b';' if !quoted => {
                    self.at += offset + 1;
                    return self.at;
                }
                _ => {}
            }
        }
        self.at = self.end;
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(script: &str) -> String {
        let block = unwrap(script, 0..script.len()).unwrap();
        assert_eq!(block.masked.len(), script.len());
        block.masked.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn plain_statements_are_left() {
        let script = "DO $$ DECLARE n int; BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type) THEN \
                      CREATE TYPE mood AS ENUM ('a;b'); END IF; n := 1; RAISE NOTICE 'x'; \
                      EXECUTE 'ALTER TABLE t DROP COLUMN c'; END $$;";
        assert_eq!(
            plain(script),
            "CREATE TYPE mood AS ENUM ('a;b'); ALTER TABLE t DROP COLUMN c ;"
        );
    }

    #[test]
    fn loops_are_known() {
        let script = "DO $x$ BEGIN LOOP UPDATE t SET a = 1 WHERE id IN (SELECT 1); EXIT WHEN NOT FOUND; \
                      END LOOP; DELETE FROM u; END $x$";
        let block = unwrap(script, 0..script.len()).unwrap();
        let update = script.find("UPDATE").unwrap();
        assert!(block.loops.iter().any(|range| range.contains(&update)));
        assert!(plain(script).ends_with("DELETE FROM u;"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body in "[a-zA-Zé';$ \n-]{0,120}") {
            let script = format!("DO $$ {body} $$;");
            let _ = unwrap(&script, 0..script.len());
        }
    }
}

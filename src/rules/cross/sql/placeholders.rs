//! The many ways in which libraries mark where a value goes, put into one that the parser knows,
//! and texts of several statements cut into single ones.

use super::literals::COMPUTED;

/// One statement of a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Single {
    pub text: String,
    /// Line breaks of the text before it.
    pub line: u32,
}

/// The statements of a text with `placeholder` for every value; `None` if a part of it that is no
/// value is filled in when it runs.
pub fn statements(text: &str, placeholder: &str) -> Option<Vec<Single>> {
    let mut writer =
        Writer { placeholder, done: Vec::new(), open: String::new(), line: 0, start: 0 };
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = writer.step(rest, first)?;
        rest = rest.get(taken..)?;
    }
    writer.end();
    Some(writer.done)
}

struct Writer<'p> {
    placeholder: &'p str,
    done: Vec<Single>,
    open: String,
    line: u32,
    /// Line on which the open statement starts.
    start: u32,
}

impl Writer<'_> {
    /// Takes what comes next; how many bytes that is.
    fn step(&mut self, rest: &str, first: char) -> Option<usize> {
        let second = rest.chars().nth(1);
        let before = self.open.chars().next_back();
        let in_word = before.is_some_and(is_word);
        match first {
            '\'' | '"' | '`' => {
                let end = rest.get(1..)?.find(first)? + 2;
                let quoted = rest.get(..end)?;
                if quoted.contains(COMPUTED) {
                    return None;
                }
                self.copy(quoted);
                Some(end)
            }
            '-' if second == Some('-') => self.skip(rest, rest.find('\n').unwrap_or(rest.len())),
            '/' if second == Some('*') => self.skip(rest, rest.find("*/")? + 2),
            // Where names are filled in.
            '{' | '}' => None,
            COMPUTED => {
                let after = rest.chars().nth(1);
                let glued = in_word || after.is_some_and(is_word) || before == Some('.');
                (!glued).then(|| self.value(1))
            }
            '?' => {
                let digits = rest.get(1..)?.bytes().take_while(u8::is_ascii_digit).count();
                Some(self.value(1 + digits))
            }
            '$' | ':' | '@' if !in_word && before != Some(first) && second.is_some_and(is_word) => {
                let name =
                    rest.get(1..)?.find(|c: char| !is_word(c)).map_or(rest.len(), |at| at + 1);
                // `$tag$` begins quoted text.
                if first == '$' && rest.get(name..)?.starts_with('$') {
                    return None;
                }
                Some(self.value(name))
            }
            '%' if second == Some('%') => {
                self.copy("%");
                Some(2)
            }
            '%' if second == Some('(') => {
                let end = rest.find(")s")? + 2;
                Some(self.value(end))
            }
            '%' if second == Some('s') && !rest.chars().nth(2).is_some_and(is_word) => {
                if in_word {
                    return None;
                }
                Some(self.value(2))
            }
            ';' => {
                self.end();
                self.start = self.line;
                Some(1)
            }
            other => {
                let length = other.len_utf8();
                self.copy(rest.get(..length)?);
                Some(length)
            }
        }
    }

    fn value(&mut self, taken: usize) -> usize {
        self.open.push_str(self.placeholder);
        taken
    }

    fn copy(&mut self, text: &str) {
        self.line += u32::try_from(text.matches('\n').count()).unwrap_or(0);
        self.open.push_str(text);
    }

    /// A comment: only its line breaks stay.
    fn skip(&mut self, rest: &str, length: usize) -> Option<usize> {
        let breaks = rest.get(..length)?.matches('\n').count();
        self.copy(" ");
        self.copy(&"\n".repeat(breaks));
        Some(length)
    }

    fn end(&mut self) {
        let text = std::mem::take(&mut self.open);
        if !text.trim().is_empty() {
            self.done.push(Single { text, line: self.start });
        }
        self.start = self.line;
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Option<String> {
        statements(text, "$1")
            .map(|all| all.into_iter().map(|single| single.text).collect::<Vec<_>>().join(";"))
    }

    #[test]
    fn values_are_marked_in_one_way() {
        for (text, expected) in [
            ("a = ? AND b = $2", "a = $1 AND b = $1"),
            ("a = :name AND b::text = @b", "a = $1 AND b::text = $1"),
            ("a = %s AND b = %(b)s AND c LIKE '%s'", "a = $1 AND b = $1 AND c LIKE '%s'"),
            ("a = \u{1} -- b = ?\n, c", "a = $1  \n, c"),
            ("a = '{\"x\": ?}'::jsonb", "a = '{\"x\": ?}'::jsonb"),
        ] {
            assert_eq!(one(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["SELECT {} FROM t", "SELECT a_\u{1} FROM t", "FROM '\u{1}'", "FROM t_%s"] {
            assert_eq!(one(text), None, "{text}");
        }
    }

    #[test]
    fn statements_know_their_lines() {
        let all = statements("SELECT 1;\n\nSELECT\n2;\nSELECT 3", "?").unwrap();
        let lines: Vec<u32> = all.iter().map(|single| single.line).collect();
        assert_eq!(lines, [0, 0, 3]);
        assert_eq!(all[1].text, "\n\nSELECT\n2");
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "[a-z'\"`$:@%?{};/*\\- \n\u{1}é]{0,60}") {
            let _ = statements(&text, "$1");
        }
    }
}

//! Just enough of the shell's grammar to see which programs a script runs.

/// One simple command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// Unquoted words, assignments before the program left out.
    pub words: Vec<String>,
    /// Byte offset of the first word.
    pub offset: usize,
    /// Whether its input is the output of the command before it.
    pub piped: bool,
}

impl Command {
    /// The program's name without its directory.
    pub fn program(&self) -> &str {
        let word = self.words.first().map_or("", String::as_str);
        word.rsplit('/').next().unwrap_or(word)
    }

    pub fn arguments(&self) -> &[String] {
        self.words.get(1..).unwrap_or(&[])
    }

    /// Whether one of the arguments is one of these, or (for `-k`) in a cluster of short options.
    pub fn has_option(&self, options: &[&str]) -> bool {
        self.arguments().iter().any(|argument| {
            options.iter().any(|option| {
                argument == option
                    || match option.strip_prefix('-').map(str::as_bytes) {
                        Some([letter])
                            if argument.starts_with('-') && !argument.starts_with("--") =>
                        {
                            let cluster = argument.as_bytes();
                            cluster.iter().all(|b| *b == b'-' || b.is_ascii_alphabetic())
                                && cluster.contains(letter)
                        }
                        _ => false,
                    }
            })
        })
    }
}

/// The simple commands of a script, those in parentheses, braces and conditions included; what
/// stands inside quotes or command substitutions is not looked into.
pub(super) fn commands(script: &str) -> Vec<Command> {
    let mut reader = Reader::default();
    let mut chars = script.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (reader.quote, c) {
            (Some(open), c) if c == open => reader.quote = None,
            (Some('"') | None, '\\') => {
                if let Some((_, next)) = chars.next()
                    && next != '\n'
                {
                    reader.letter(at, next);
                }
            }
            (Some(_), c) => reader.letter(at, c),
            (None, '"' | '\'') => {
                reader.quote = Some(c);
                reader.open_word(at);
            }
            (None, '#') if reader.word.is_none() => {
                while chars.next_if(|(_, c)| *c != '\n').is_some() {}
            }
            (None, '|') => {
                let or = chars.next_if(|(_, next)| *next == '|').is_some();
                reader.end_command(!or);
            }
            (None, '&') if reader.in_redirection() => reader.letter(at, c),
            (None, '&' | ';' | '\n' | '(' | ')') => {
                if !(c == '(' && reader.opens_substitution()) {
                    reader.end_command(false);
                } else {
                    reader.letter(at, c);
                }
            }
            (None, c) if c.is_whitespace() => reader.end_word(),
            (None, c) => reader.letter(at, c),
        }
    }
    reader.end_command(false);
    reader.commands
}

#[derive(Default)]
struct Reader {
    commands: Vec<Command>,
    words: Vec<(usize, String)>,
    word: Option<(usize, String)>,
    quote: Option<char>,
    piped: bool,
}

impl Reader {
    fn open_word(&mut self, at: usize) -> &mut String {
        &mut self.word.get_or_insert_with(|| (at, String::new())).1
    }

    fn letter(&mut self, at: usize, c: char) {
        self.open_word(at).push(c);
    }

    fn in_redirection(&self) -> bool {
        self.word.as_ref().is_some_and(|(_, word)| word.ends_with('>') || word.ends_with('<'))
    }

    fn opens_substitution(&self) -> bool {
        self.word
            .as_ref()
            .is_some_and(|(_, word)| word.ends_with('$') || word.ends_with(['<', '>']))
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_command(&mut self, pipes_on: bool) {
        self.end_word();
        let leading = |word: &str| {
            matches!(
                word,
                "if" | "then" | "else" | "elif" | "do" | "while" | "until" | "!" | "{" | "time"
            ) || is_assignment(word)
        };
        let words = std::mem::take(&mut self.words);
        let mut words = words.into_iter().skip_while(|(_, word)| leading(word)).peekable();
        if let Some((offset, _)) = words.peek() {
            let offset = *offset;
            let words = words.map(|(_, word)| word).collect();
            self.commands.push(Command { words, offset, piped: self.piped });
        }
        self.piped = pipes_on;
    }
}

/// `NAME=value` before a program.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(script: &str) -> Vec<String> {
        commands(script).iter().map(|c| c.program().to_owned()).collect()
    }

    #[test]
    fn commands_are_separated() {
        assert_eq!(
            programs(
                "apt-get update && A=1 /usr/bin/sudo x; if ! grep -q y f; then (curl z) | sh; fi"
            ),
            ["apt-get", "sudo", "grep", "curl", "sh", "fi"]
        );
        assert_eq!(programs("echo 'a | sh' \"b && sudo\" >/dev/null 2>&1 # sudo"), ["echo"]);
        assert_eq!(programs(""), [""; 0]);
    }

    #[test]
    fn pipes_are_known() {
        let list = commands("curl -fsSL https://x | tar xz || sh");
        assert_eq!(list.iter().map(|c| c.piped).collect::<Vec<_>>(), [false, true, false]);
        assert!(list[0].has_option(&["-L"]) && !list[0].has_option(&["-k"]));
    }
}

//! Dockerfiles, with the lines that everything stands on.
//!
//! Understands what BuildKit does: the escape directive, continuations with comments and blank
//! lines in between, here-documents, flags, `ONBUILD` and stages. Instructions that it does not
//! know are kept with their keyword; nothing is an error, since Docker itself will say so.

use crate::domain::diff::LineRange;
use crate::domain::path::RepoPath;

/// Longest chain of stages built on one another that is followed.
const MAX_STAGE_CHAIN: usize = 64;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dockerfile {
    pub instructions: Vec<Instruction>,
    pub stages: Vec<Stage>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// In upper case; for `ONBUILD RUN x` it is `RUN`.
    pub keyword: String,
    pub onbuild: bool,
    /// `--name=value` and `--name`, in order, without the dashes.
    pub flags: Vec<(String, Option<String>)>,
    /// Everything after keyword and flags, with continuation lines joined by a space.
    pub arguments: String,
    pub heredocs: Vec<Heredoc>,
    /// First to last line, here-documents included.
    pub lines: LineRange,
    /// (offset in `arguments`, line) for each physical line, ascending.
    origins: Vec<(usize, u32)>,
}

/// A here-document of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    pub text: String,
    /// Line of its first text line.
    pub first_line: u32,
}

/// What one `FROM` starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// As written, e.g. `node:${VERSION}`.
    pub image: String,
    pub name: Option<String>,
    /// The stage that this one is built on, if it is one of this file.
    pub parent: Option<usize>,
    /// Indices into `instructions`, `FROM` included.
    pub first: usize,
    pub end: usize,
}

/// Whether a path names a Dockerfile.
pub fn is_dockerfile(path: &RepoPath) -> bool {
    let name = path.file_name();
    let stem = |kind: &str| {
        name.eq_ignore_ascii_case(kind)
            || name.get(..kind.len() + 1).is_some_and(|start| {
                start.ends_with('.') && start[..kind.len()].eq_ignore_ascii_case(kind)
            })
    };
    let ignored = [".dockerignore", ".md", ".j2", ".tmpl", ".tpl", ".erb", ".template", ".in"];
    let extension = path.extension().unwrap_or_default();
    !ignored.iter().any(|end| name.ends_with(end))
        && (stem("Dockerfile")
            || stem("Containerfile")
            || matches!(extension.as_str(), "dockerfile" | "containerfile"))
}

impl Instruction {
    /// The line of a byte of `arguments`.
    pub fn line_of(&self, offset: usize) -> u32 {
        let known = self.origins.partition_point(|(start, _)| *start <= offset);
        let origin = known.checked_sub(1).and_then(|at| self.origins.get(at));
        origin.map_or(self.lines.start(), |(_, line)| *line)
    }

    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|(flag, _)| flag == name).and_then(|(_, value)| value.as_deref())
    }

    pub fn has_flag(&self, name: &str) -> bool {
        self.flags.iter().any(|(flag, _)| flag == name)
    }

    /// The words of the exec form `["a", "b"]`; `None` for the shell form.
    pub fn exec_form(&self) -> Option<Vec<String>> {
        let text = self.arguments.trim();
        if !text.starts_with('[') {
            return None;
        }
        serde_json::from_str(text).ok()
    }

    /// The pieces of shell text that this instruction runs or names, with the line each starts on.
    pub fn scripts(&self) -> Vec<Script<'_>> {
        if self.exec_form().is_some() {
            return Vec::new();
        }
        let mut scripts = vec![Script { text: &self.arguments, place: Place::Arguments(self) }];
        scripts.extend(
            self.heredocs
                .iter()
                .map(|heredoc| Script { text: &heredoc.text, place: Place::Heredoc(heredoc) }),
        );
        scripts
    }

    /// The words of the arguments, quotes removed, with their offsets in `arguments`.
    pub fn words(&self) -> Vec<(usize, String)> {
        words(&self.arguments)
    }

    /// `NAME=value` pairs of `ENV` and `ARG` (also the old `ENV NAME value`), with the offset of
    /// each. The value is `None` for `ARG NAME`.
    pub fn assignments(&self) -> Vec<Assignment> {
        let words = self.words();
        let old_form =
            self.keyword == "ENV" && words.first().is_some_and(|(_, first)| !first.contains('='));
        if old_form {
            let Some((offset, name)) = words.first() else { return Vec::new() };
            let value = self.arguments.get(offset + name.len()..).unwrap_or("").trim();
            return vec![Assignment {
                name: name.clone(),
                value: Some(value.to_owned()),
                offset: *offset,
            }];
        }
        words
            .into_iter()
            .map(|(offset, word)| match word.split_once('=') {
                Some((name, value)) => {
                    Assignment { name: name.to_owned(), value: Some(value.to_owned()), offset }
                }
                None => Assignment { name: word, value: None, offset },
            })
            .collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    pub name: String,
    pub value: Option<String>,
    /// Byte offset in the instruction's `arguments`.
    pub offset: usize,
}

/// Shell text inside an instruction.
#[derive(Debug, Clone, Copy)]
pub struct Script<'a> {
    pub text: &'a str,
    place: Place<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    Arguments(&'a Instruction),
    Heredoc(&'a Heredoc),
}

impl Script<'_> {
    /// The line of a byte of `text`.
    pub fn line_of(&self, offset: usize) -> u32 {
        match self.place {
            Place::Arguments(instruction) => instruction.line_of(offset),
            Place::Heredoc(heredoc) => {
                let before = self.text.get(..offset).unwrap_or(self.text);
                let breaks = before.bytes().filter(|byte| *byte == b'\n').count();
                heredoc.first_line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX))
            }
        }
    }
}

impl Dockerfile {
    pub fn parse(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let escape = escape_directive(&lines);
        let mut instructions = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            at = match read_instruction(&lines, at, escape) {
                Some((instruction, next)) => {
                    instructions.push(instruction);
                    next
                }
                None => at + 1,
            };
        }
        let stages = stages_of(&instructions);
        Self { instructions, stages }
    }

    pub fn last_stage(&self) -> Option<&Stage> {
        self.stages.last()
    }

    /// The instructions of a stage, `FROM` first.
    pub fn of_stage(&self, stage: &Stage) -> &[Instruction] {
        self.instructions.get(stage.first..stage.end).unwrap_or(&[])
    }

    /// Instructions with the stage that they stand in (`None` before the first `FROM`).
    pub fn with_stages(&self) -> impl Iterator<Item = (Option<usize>, &Instruction)> {
        self.instructions.iter().enumerate().map(|(at, instruction)| {
            let stage = self.stages.iter().position(|s| (s.first..s.end).contains(&at));
            (stage, instruction)
        })
    }

    /// The stage and those that it is built on, nearest first.
    pub fn ancestry(&self, stage: usize) -> Vec<usize> {
        let next = |at: &usize| self.stages.get(*at).and_then(|stage| stage.parent);
        std::iter::successors(Some(stage), next).take(MAX_STAGE_CHAIN).collect()
    }

    /// `text` with the `ARG`s before the first `FROM` put in by their defaults; `None` if one has
    /// no default.
    pub fn expand_global(&self, text: &str) -> Option<String> {
        let globals = self.instructions.iter().take_while(|i| i.keyword != "FROM");
        let known: Vec<Assignment> =
            globals.filter(|i| i.keyword == "ARG").flat_map(Instruction::assignments).collect();
        expand(text, &|name| {
            known.iter().rev().find(|arg| arg.name == name).and_then(|arg| arg.value.clone())
        })
    }
}

/// Replaces `$NAME`, `${NAME}` and `${NAME:-default}`; `None` if a name has no value.
fn expand(text: &str, value_of: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(inner) = rest.strip_prefix('{') {
            let (inner, after) = inner.split_once('}')?;
            let (name, default) = match inner.split_once(":-") {
                Some((name, default)) => (name, Some(default.to_owned())),
                None => (inner, None),
            };
            out.push_str(&value_of(name).filter(|value| !value.is_empty()).or(default)?);
            rest = after;
        } else {
            let length =
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            out.push_str(&value_of(&rest[..length])?);
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    Some(out)
}

/// The escape character set by a parser directive in the leading comments.
fn escape_directive(lines: &[&str]) -> char {
    for line in lines {
        let Some((key, value)) = line.trim().strip_prefix('#').and_then(|l| l.split_once('='))
        else {
            break;
        };
        if key.trim().eq_ignore_ascii_case("escape") {
            return if value.trim() == "`" { '`' } else { '\\' };
        }
    }
    '\\'
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn line_number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// The instruction that starts at `lines[at]` and the index after it; `None` for a blank line or a
/// comment.
fn read_instruction(lines: &[&str], at: usize, escape: char) -> Option<(Instruction, usize)> {
    let first = lines.get(at)?;
    if first.trim().is_empty() || is_comment(first) {
        return None;
    }
    let (logical, origins, mut next) = join_continuations(lines, at, escape);
    let mut onbuild = false;
    let (mut keyword, mut start) = take_word(&logical, 0);
    if keyword.eq_ignore_ascii_case("ONBUILD") {
        onbuild = true;
        (keyword, start) = take_word(&logical, start);
    }
    let keyword = keyword.to_ascii_uppercase();
    let (flags, start) = take_flags(&logical, start);
    let start = logical.len() - logical.get(start..).unwrap_or("").trim_start().len();
    let arguments = logical.get(start..).unwrap_or("").trim_end().to_owned();
    let mut heredocs = Vec::new();
    if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") {
        for marker in heredoc_markers(&arguments) {
            let (heredoc, after) = read_heredoc(lines, next, &marker);
            heredocs.push(heredoc);
            next = after;
        }
    }
    let origins = shift(&origins, start);
    let lines = LineRange::new(line_number(at), line_number(next.saturating_sub(1)))
        .unwrap_or(LineRange::line(line_number(at)));
    Some((Instruction { keyword, onbuild, flags, arguments, heredocs, lines, origins }, next))
}

/// The logical line that starts at `lines[at]`, where its parts come from, and the index after it.
fn join_continuations(
    lines: &[&str],
    at: usize,
    escape: char,
) -> (String, Vec<(usize, u32)>, usize) {
    let mut logical = String::new();
    let mut origins = Vec::new();
    let mut next = at;
    while let Some(line) = lines.get(next) {
        let inside = next > at;
        next += 1;
        if inside && (line.trim().is_empty() || is_comment(line)) {
            continue;
        }
        let text = line.trim();
        origins.push((logical.len(), line_number(next - 1)));
        match text.strip_suffix(escape) {
            Some(part) => {
                logical.push_str(part.trim_end());
                logical.push(' ');
            }
            None => {
                logical.push_str(text);
                break;
            }
        }
    }
    (logical, origins, next)
}

/// Moves offsets into a text to offsets into the part of it that begins at `start`.
fn shift(origins: &[(usize, u32)], start: usize) -> Vec<(usize, u32)> {
    let mut moved: Vec<(usize, u32)> = Vec::with_capacity(origins.len());
    for (offset, line) in origins {
        let offset = offset.saturating_sub(start);
        if offset == 0 {
            moved.clear();
        }
        moved.push((offset, *line));
    }
    moved
}

/// The word at or after `from` and the offset after it.
fn take_word(text: &str, from: usize) -> (&str, usize) {
    let rest = text.get(from..).unwrap_or("");
    let start = from + (rest.len() - rest.trim_start().len());
    let rest = text.get(start..).unwrap_or("");
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    (rest.get(..length).unwrap_or(""), start + length)
}

type Flags = Vec<(String, Option<String>)>;

fn take_flags(text: &str, mut at: usize) -> (Flags, usize) {
    let mut flags = Vec::new();
    loop {
        let (word, after) = take_word(text, at);
        let Some(flag) = word.strip_prefix("--").filter(|flag| !flag.is_empty()) else {
            return (flags, at);
        };
        flags.push(match flag.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (flag.to_owned(), None),
        });
        at = after;
    }
}

struct Marker {
    word: String,
    strip_tabs: bool,
}

/// `<<EOF`, `<<-EOF`, `<<"EOF"` outside of quotes.
fn heredoc_markers(arguments: &str) -> Vec<Marker> {
    let mut markers = Vec::new();
    let mut quote = None;
    let bytes = arguments.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'<')
                if bytes.get(at + 1) == Some(&b'<') && bytes.get(at + 2) != Some(&b'<') =>
            {
                let rest = arguments.get(at + 2..).unwrap_or("");
                let strip_tabs = rest.starts_with('-');
                let rest = rest.trim_start_matches('-').trim_start_matches(['"', '\'']);
                let length = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                let word = rest.get(..length).unwrap_or("");
                if word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                    markers.push(Marker { word: word.to_owned(), strip_tabs });
                }
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    markers
}

fn read_heredoc(lines: &[&str], start: usize, marker: &Marker) -> (Heredoc, usize) {
    let ends = |line: &str| {
        let line = if marker.strip_tabs { line.trim_start_matches('\t') } else { line };
        line == marker.word
    };
    let rest = lines.get(start..).unwrap_or(&[]);
    let length = rest.iter().position(|line| ends(line)).unwrap_or(rest.len());
    let text = rest.get(..length).unwrap_or(&[]).join("\n");
    let next = (start + length + 1).min(lines.len());
    (Heredoc { text, first_line: line_number(start) }, next)
}

fn stages_of(instructions: &[Instruction]) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for (at, instruction) in instructions.iter().enumerate() {
        if instruction.keyword != "FROM" || instruction.onbuild {
            continue;
        }
        if let Some(last) = stages.last_mut() {
            last.end = at;
        }
        let words: Vec<String> = instruction.words().into_iter().map(|(_, word)| word).collect();
        let image = words.first().cloned().unwrap_or_default();
        let name = match words.get(1..3) {
            Some([as_word, name]) if as_word.eq_ignore_ascii_case("as") => Some(name.clone()),
            _ => None,
        };
        let parent = stages.iter().rposition(|stage| {
            stage.name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(&image))
        });
        stages.push(Stage { image, name, parent, first: at, end: instructions.len() });
    }
    stages
}

/// Splits at white space outside of quotes; quotes and escapes are removed.
fn words(text: &str) -> Vec<(usize, String)> {
    let mut words = Vec::new();
    let mut current: Option<(usize, String)> = None;
    let mut quote = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => words.extend(current.take()),
            (None, '"' | '\'') => {
                quote = Some(c);
                current.get_or_insert_with(|| (at, String::new()));
            }
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => {
                let next = chars.next().map_or('\\', |(_, next)| next);
                current.get_or_insert_with(|| (at, String::new())).1.push(next);
            }
            (_, c) => current.get_or_insert_with(|| (at, String::new())).1.push(c),
        }
    }
    words.extend(current);
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keywords(file: &Dockerfile) -> Vec<(&str, String)> {
        file.instructions.iter().map(|i| (i.keyword.as_str(), i.lines.to_string())).collect()
    }

    #[test]
    fn continuations_keep_the_line_of_each_part() {
        let file =
            Dockerfile::parse("FROM a\nRUN apt-get update && \\\n  # why\n\n  sudo x\nCMD y");
        assert_eq!(
            keywords(&file),
            [("FROM", "1".into()), ("RUN", "2-5".into()), ("CMD", "6".into())]
        );
        let run = &file.instructions[1];
        assert_eq!(run.arguments, "apt-get update && sudo x");
        assert_eq!(run.line_of(0), 2);
        assert_eq!(run.line_of(run.arguments.find("sudo").unwrap()), 5);
    }

    #[test]
    fn the_escape_directive_is_honoured() {
        let file = Dockerfile::parse("# escape=`\nFROM a\nRUN dir `\n  c:\\\nCMD x");
        assert_eq!(file.instructions[1].arguments, "dir c:\\");
        assert_eq!(file.instructions.len(), 3);
    }

    #[test]
    fn here_documents_belong_to_their_instruction() {
        let file = Dockerfile::parse("FROM a\nRUN <<EOF bash\nset -e\nsudo ls\nEOF\nUSER app\n");
        assert_eq!(file.instructions[1].lines.to_string(), "2-5");
        let script = file.instructions[1].scripts()[1];
        assert_eq!(script.line_of(script.text.find("sudo").unwrap()), 4);
        assert_eq!(file.instructions[2].keyword, "USER");
    }

    #[test]
    fn stages_flags_and_defaults() {
        let text = "ARG V=3\nFROM --platform=linux/amd64 alpine:${V} AS base\nFROM base\nCOPY --from=base a b\n";
        let file = Dockerfile::parse(text);
        assert_eq!(file.stages[1].parent, Some(0));
        assert_eq!(file.ancestry(1), [1, 0]);
        assert_eq!(file.expand_global(&file.stages[0].image).as_deref(), Some("alpine:3"));
        assert_eq!(file.expand_global("x:$W"), None);
        assert_eq!(file.instructions[3].flag("from"), Some("base"));
    }

    #[test]
    fn assignments_of_both_forms() {
        let file = Dockerfile::parse("FROM a\nENV A=1 B=\"x y\"\nENV TOKEN some text\nARG C\n");
        let of = |at: usize| file.instructions[at].assignments();
        assert_eq!(of(1)[1].value.as_deref(), Some("x y"));
        assert_eq!(of(2)[0].value.as_deref(), Some("some text"));
        assert_eq!(of(3)[0].value, None);
    }

    #[test]
    fn names_of_dockerfiles() {
        let is = |path: &str| is_dockerfile(&RepoPath::new(path).unwrap());
        for yes in ["Dockerfile", "a/Dockerfile.prod", "api.Dockerfile", "x/Containerfile"] {
            assert!(is(yes), "{yes}");
        }
        for no in
            ["Dockerfile.md", "Dockerfile.dockerignore", "dockerfile_test.go", "Dockerfile.j2"]
        {
            assert!(!is(no), "{no}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_and_lines_stay_inside(text in "(FROM|RUN|COPY|ENV|#|<<EOF|EOF|\\\\|\n| |\"|=|é|--a=b){0,60}") {
            let file = Dockerfile::parse(&text);
            let count = u32::try_from(text.lines().count()).unwrap();
            for instruction in &file.instructions {
                prop_assert!(instruction.lines.end() <= count);
                for (offset, _) in instruction.words() {
                    let line = instruction.line_of(offset);
                    prop_assert!(instruction.lines.contains(line));
                }
                instruction.assignments();
            }
        }
    }
}

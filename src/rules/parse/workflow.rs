//! GitHub Actions: workflows, composite actions, and the expressions in them.

use std::ops::Range;

use super::tree::{Node, Tree};
use crate::domain::path::RepoPath;

/// Whether the path is that of a workflow.
pub fn is_workflow(path: &RepoPath) -> bool {
    let yaml = matches!(path.extension().as_deref(), Some("yml" | "yaml"));
    yaml && path.directory() == ".github/workflows"
}

/// Whether the path is that of an action's metadata.
pub fn is_action(path: &RepoPath) -> bool {
    matches!(path.file_name(), "action.yml" | "action.yaml")
}

/// A job of a workflow.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    pub id: &'a str,
    pub node: &'a Node,
}

/// A step of a job, or of a composite action (then without a job).
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    pub job: Option<Job<'a>>,
    pub node: &'a Node,
}

/// A workflow or an action.
#[derive(Debug, Clone, Copy)]
pub struct Workflow<'a> {
    pub root: &'a Node,
}

impl<'a> Workflow<'a> {
    /// The file's only document, if the whole file could be read and is one.
    pub fn of(tree: &'a Tree) -> Option<Self> {
        let root = tree.documents.first().filter(|_| tree.error.is_none())?;
        let known = root.get("jobs").is_some() || root.get("runs").is_some();
        known.then_some(Self { root })
    }

    /// Names of the events that start it.
    pub fn triggers(&self) -> Vec<&'a str> {
        // YAML 1.1 readers see `on` as true; as text it is `on` here.
        let Some(on) = self.root.get("on").or_else(|| self.root.get("true")) else {
            return Vec::new();
        };
        match on.as_str() {
            Some(one) => vec![one],
            None if on.is_sequence() => on.items().iter().filter_map(Node::as_str).collect(),
            None => on.entries().iter().filter_map(|entry| entry.key.as_str()).collect(),
        }
    }

    pub fn jobs(&self) -> Vec<Job<'a>> {
        let jobs = self.root.get("jobs").map_or(&[][..], Node::entries);
        jobs.iter()
            .filter(|entry| entry.value.is_mapping())
            .filter_map(|entry| Some(Job { id: entry.key.as_str()?, node: &entry.value }))
            .collect()
    }

    /// The steps of all jobs, or those of a composite action.
    pub fn steps(&self) -> Vec<Step<'a>> {
        let own = self.root.path(&["runs", "steps"]).map_or(&[][..], Node::items);
        let mut steps: Vec<Step<'a>> = own.iter().map(|node| Step { job: None, node }).collect();
        for job in self.jobs() {
            steps.extend(job.steps());
        }
        steps
    }
}

impl<'a> Job<'a> {
    pub fn steps(&self) -> Vec<Step<'a>> {
        let steps = self.node.get("steps").map_or(&[][..], Node::items);
        // A step may be a group that runs side by side.
        let flat = steps.iter().flat_map(|step| match step.get("parallel") {
            Some(group) => group.items().iter().collect(),
            None => vec![step],
        });
        flat.map(|node| Step { job: Some(*self), node }).collect()
    }
}

impl Step<'_> {
    /// A name for people and identity: id, name, or what it uses.
    pub fn symbol(&self) -> String {
        let of = |key| self.node.get(key).and_then(Node::as_str);
        let own = of("id").or_else(|| of("name")).or_else(|| of("uses"));
        let own = own.or_else(|| of("run").and_then(|run| run.lines().next())).unwrap_or("");
        match self.job {
            Some(job) => format!("{} / {}", job.id, own.chars().take(60).collect::<String>()),
            None => own.chars().take(60).collect(),
        }
    }
}

/// An expression `${{ … }}` in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression<'a> {
    /// Between the braces, trimmed.
    pub text: &'a str,
    /// Bytes of all of it.
    pub range: Range<usize>,
}

/// The expressions of a text, in order.
pub fn expressions(text: &str) -> Vec<Expression<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find("${{")).map(|at| from + at) {
        let Some(length) = closing(text.get(start + 3..).unwrap_or("")) else { break };
        let end = start + 3 + length;
        let inner = text.get(start + 3..end).unwrap_or("").trim();
        found.push(Expression { text: inner, range: start..end + 2 });
        from = end + 2;
    }
    found
}

/// Where `}}` stands outside of string literals.
fn closing(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\'' => quoted = !quoted,
            b'}' if !quoted && bytes.peek().is_some_and(|(_, next)| *next == b'}') => {
                return Some(at);
            }
            _ => {}
        }
    }
    None
}

/// The contexts (`github.event.issue.title`) whose text an expression can put out: not those that
/// are only compared or tested. In lower case, index brackets written as dots.
pub fn printed_contexts(expression: &str) -> Vec<String> {
    let mut reader =
        ContextReader { text: expression, at: 0, calls: Vec::new(), found: Vec::new() };
    reader.run();
    reader.found
}

struct ContextReader<'a> {
    text: &'a str,
    at: usize,
    /// Whether each open parenthesis belongs to a function that gives only true, false or a hash.
    calls: Vec<bool>,
    found: Vec<String>,
}

impl ContextReader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn run(&mut self) {
        while let Some(c) = self.rest().chars().next() {
            match c {
                '\'' => self.skip_string(),
                '(' => {
                    self.calls.push(false);
                    self.at += 1;
                }
                ')' => {
                    self.calls.pop();
                    self.at += 1;
                }
                c if c.is_ascii_alphabetic() || c == '_' => self.name(),
                c => self.at += c.len_utf8(),
            }
        }
    }

    fn skip_string(&mut self) {
        let rest = self.rest().get(1..).unwrap_or("");
        self.at += 1 + rest.find('\'').map_or(rest.len(), |at| at + 1);
    }

    fn name(&mut self) {
        let start = self.at;
        let mut name = String::new();
        while let Some(c) = self.rest().chars().next() {
            match c {
                c if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '*') => {
                    name.push(c.to_ascii_lowercase());
                    self.at += 1;
                }
                '[' => {
                    let Some(close) = self.rest().find(']') else { break };
                    let inner = self.rest().get(1..close).unwrap_or("").trim().trim_matches('\'');
                    name.push('.');
                    name.push_str(if inner.bytes().all(|b| b.is_ascii_digit()) {
                        "*"
                    } else {
                        inner
                    });
                    self.at += close + 1;
                }
                _ => break,
            }
        }
        if self.rest().trim_start().starts_with('(') {
            let tests =
                ["contains", "startswith", "endswith", "hashfiles", "success", "failure", "always"];
            self.at = self.text.len() - self.rest().trim_start().len() + 1;
            self.calls.push(tests.contains(&name.as_str()));
        } else if !self.calls.contains(&true) && !self.is_compared(start) {
            self.found.push(name.to_ascii_lowercase());
        }
    }

    /// Whether the name from `start` to here is an operand of a comparison or negation.
    fn is_compared(&self, start: usize) -> bool {
        let after = self.rest().trim_start();
        let before = self.text.get(..start).unwrap_or("").trim_end();
        after.starts_with("==")
            || after.starts_with("!=")
            || after.starts_with(['<', '>'])
            || before.ends_with(['=', '<', '>', '!'])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::yaml;
    use super::*;

    #[test]
    fn parts_of_a_workflow() {
        let tree = yaml::parse(
            "on: [push, pull_request_target]\njobs:\n  a:\n    steps:\n    - run: x\n    - uses: b/c@v1\n",
        );
        let workflow = Workflow::of(&tree).unwrap();
        assert_eq!(workflow.triggers(), ["push", "pull_request_target"]);
        let steps = workflow.steps();
        assert_eq!(steps[1].symbol(), "a / b/c@v1");
        assert!(Workflow::of(&yaml::parse("a: 1\n")).is_none());
    }

    #[test]
    fn expressions_and_what_they_print() {
        let found = expressions("a ${{ github.ref }} ${{ format('}}{0}', x) }} ${{ open");
        assert_eq!(
            found.iter().map(|e| e.text).collect::<Vec<_>>(),
            ["github.ref", "format('}}{0}', x)"]
        );
        assert_eq!(
            printed_contexts("github.event.commits[0].message"),
            ["github.event.commits.*.message"]
        );
        assert_eq!(printed_contexts("github['head_ref'] || 'x'"), ["github.head_ref"]);
        assert_eq!(printed_contexts("format('{0}', github.head_ref)"), ["github.head_ref"]);
        for silent in
            ["contains(github.head_ref, 'x')", "github.head_ref == 'x'", "'github.head_ref'"]
        {
            assert_eq!(printed_contexts(silent), [""; 0], "{silent}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(\\$\\{\\{|\\}\\}|github\\.a|\\[|\\]|'|\\(|\\)|==| |é|contains){0,30}") {
            for expression in expressions(&text) {
                prop_assert!(text.get(expression.range.clone()).is_some());
                printed_contexts(expression.text);
            }
            printed_contexts(&text);
        }
    }
}

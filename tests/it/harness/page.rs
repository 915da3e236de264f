//! Reads a rule's fixture page: documentation for people, and the rule's test.
//!
//! Under `## Flagged` and `## Not flagged`, each `###` heading starts a case: one change. Without
//! a `###` heading every code block is a case of its own. A code block's info string says what it
//! is:
//!
//! - `path=P` the file at head; `at=base` the file before the change; `at=unchanged` a file of
//!   the repository that the change does not touch.
//! - `lines=3,7-9` where the rule must report, in this file at this side; `lines=file` for a
//!   finding on the whole file. Cases under `## Flagged` must give the exact set.
//! - `fixed` the file as it must be after the rule's fix (with `path=P`).
//! - `policy` the repository's policy (TOML); `body` the pull request's text.

use std::collections::{BTreeMap, BTreeSet};

use backend_team::config::policy::{POLICY_PATH, PathSet, Policy};
use backend_team::domain::assemble;
use backend_team::domain::change::{Change, SourceFile, Text};
use backend_team::domain::diff::Side;
use backend_team::domain::finding::Finding;
use backend_team::domain::path::RepoPath;
use backend_team::domain::text::Untrusted;
use backend_team::ports::source::Need;
use backend_team::rules::{Check, Gathered, Memo, Rule, run_rule};

#[derive(Debug, Default, Clone)]
pub struct Case {
    pub name: String,
    pub flagged: bool,
    base: BTreeMap<String, String>,
    head: BTreeMap<String, String>,
    unchanged: BTreeMap<String, String>,
    pub fixed: BTreeMap<String, String>,
    policy: String,
    body: String,
    /// (path, side, lines)
    pub expected: BTreeSet<(String, Side, String)>,
}

pub struct Page {
    pub code: String,
    pub headings: Vec<String>,
    pub cases: Vec<Case>,
}

impl Page {
    pub fn parse(text: &str) -> Self {
        let mut page = Self { code: String::new(), headings: Vec::new(), cases: Vec::new() };
        let (mut section, mut title) = (String::new(), None::<String>);
        let mut lines = text.lines().enumerate();
        while let Some((at, line)) = lines.next() {
            if let Some(code) = line.strip_prefix("# ") {
                page.code = code.trim().to_owned();
            } else if let Some(heading) = line.strip_prefix("## ") {
                section = heading.trim().to_owned();
                page.headings.push(section.clone());
                title = None;
            } else if let Some(heading) = line.strip_prefix("### ") {
                title = Some(heading.trim().to_owned());
                if section == "Flagged" || section == "Not flagged" {
                    page.cases.push(Case {
                        name: heading.trim().to_owned(),
                        flagged: section == "Flagged",
                        ..Case::default()
                    });
                }
            } else if line.starts_with("```") {
                let fence: String = line.chars().take_while(|c| *c == '`').collect();
                let info = line.trim_start_matches('`').to_owned();
                let mut content = String::new();
                for (_, line) in lines.by_ref() {
                    if line.trim_end() == fence {
                        break;
                    }
                    content.push_str(line);
                    content.push('\n');
                }
                if section != "Flagged" && section != "Not flagged" {
                    continue;
                }
                if title.is_none() {
                    page.cases.push(Case {
                        name: format!("line {}", at + 1),
                        flagged: section == "Flagged",
                        ..Case::default()
                    });
                }
                let case = page.cases.last_mut().expect("a case was started");
                case.block(&info, content);
            }
        }
        page
    }
}

impl Case {
    fn block(&mut self, info: &str, content: String) {
        let mut path = None;
        let (mut at, mut lines, mut kind) = ("head", None, "file");
        for word in info.split_whitespace().skip(1) {
            match word.split_once('=') {
                Some(("path", value)) => path = Some(value.to_owned()),
                Some(("at", value)) => at = value,
                Some(("lines", value)) => lines = Some(value.to_owned()),
                None if matches!(word, "policy" | "body" | "fixed") => kind = word,
                _ => panic!("{}: unknown word `{word}` in a code block's info string", self.name),
            }
        }
        match kind {
            "policy" => return self.policy = content,
            "body" => return self.body = content,
            _ => {}
        }
        let path = path.unwrap_or_else(|| panic!("{}: code block without path=", self.name));
        if kind == "fixed" {
            self.fixed.insert(path, content);
            return;
        }
        let side = if at == "base" { Side::Base } else { Side::Head };
        for range in lines.iter().flat_map(|lines| lines.split(',')) {
            self.expected.insert((path.clone(), side, range.to_owned()));
        }
        match at {
            "head" => self.head.insert(path, content),
            "base" => self.base.insert(path, content),
            "unchanged" => self.unchanged.insert(path, content),
            other => panic!("{}: at={other} is not head, base or unchanged", self.name),
        };
    }

    /// A change that writes these files in a repository of those.
    pub fn of(repository: &[(String, String)], written: &[(String, String)]) -> Self {
        let mut case = Self { name: "written".to_owned(), ..Self::default() };
        case.head = written.iter().cloned().collect();
        for (path, text) in repository {
            let into =
                if case.head.contains_key(path) { &mut case.base } else { &mut case.unchanged };
            into.insert(path.clone(), text.clone());
        }
        case
    }

    pub fn change(&self) -> Change {
        let paths: BTreeSet<&String> = self.base.keys().chain(self.head.keys()).collect();
        let files = paths
            .into_iter()
            .map(|path| {
                let text = |map: &BTreeMap<String, String>| map.get(path).cloned();
                let repo_path = RepoPath::new(path).expect("a sound path");
                assemble::file_change(
                    repo_path,
                    text(&self.base).as_deref(),
                    text(&self.head).as_deref(),
                )
            })
            .collect();
        let mut change = assemble::change(files);
        change.body = Untrusted::new(self.body.clone());
        change
    }

    pub fn policy(&self) -> Policy {
        let path = RepoPath::new(POLICY_PATH).expect("a sound path");
        let (policy, problems) = Policy::parse(&self.policy, &path, |_| true);
        assert_eq!(problems, vec![], "{}: policy block", self.name);
        policy
    }

    fn tree(&self, side: Side) -> BTreeMap<&str, &str> {
        let own = if side == Side::Base { &self.base } else { &self.head };
        own.iter().chain(&self.unchanged).map(|(p, t)| (p.as_str(), t.as_str())).collect()
    }

    fn resolve(&self, need: &Need) -> Vec<SourceFile> {
        let file = |side, path: &str, text: &str| SourceFile {
            path: RepoPath::new(path).expect("a sound path"),
            side,
            text: Text::new(text),
        };
        let (side, limit) = match need {
            Need::File { side, .. } => (*side, 1),
            Need::Glob { side, limit, .. } | Need::Search { side, limit, .. } => (*side, *limit),
        };
        let globs = match need {
            Need::File { .. } => PathSet::new::<&str>(&[]),
            Need::Glob { globs, .. } | Need::Search { globs, .. } => PathSet::new(globs),
        };
        let matches = |path: &str| globs.matches(&RepoPath::new(path).expect("a sound path"));
        let wanted = |path: &str, text: &str| match need {
            Need::File { path: wanted, .. } => wanted.as_str() == path,
            Need::Glob { .. } => matches(path),
            Need::Search { words, globs, .. } => {
                (globs.is_empty() || matches(path)) && words.iter().any(|word| has_word(text, word))
            }
        };
        self.tree(side)
            .into_iter()
            .filter(|(path, text)| wanted(path, text))
            .take(limit)
            .map(|(path, text)| file(side, path, text))
            .collect()
    }

    /// Runs the rule as the product does.
    pub fn run(&self, rule: &Rule) -> (Vec<Finding>, usize) {
        self.run_with(rule, &Memo::default())
    }

    /// The same, with what other rules have made of the change.
    pub fn run_with(&self, rule: &Rule, memo: &Memo) -> (Vec<Finding>, usize) {
        let change = self.change();
        let applies = match rule.check {
            Check::File { applies, .. } => change.files.iter().any(applies),
            Check::Change { applies, .. } => applies(&change),
        };
        if !applies {
            return (Vec::new(), 0);
        }
        let needs = match rule.check {
            Check::Change { needs, .. } => needs(&change),
            Check::File { .. } => Vec::new(),
        };
        let gathered: Gathered =
            needs.into_iter().map(|need| (need.clone(), self.resolve(&need))).collect();
        let run = run_rule(rule, &change, &self.policy(), &gathered, memo);
        (run.findings, run.dropped)
    }

    /// The same case with one head file replaced.
    pub fn with_head(&self, path: &str, content: String) -> Self {
        let mut case = self.clone();
        case.head.insert(path.to_owned(), content);
        case
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(part)
            && !text[at + word.len()..].chars().next().is_some_and(part)
    })
}

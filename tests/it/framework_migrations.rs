//! Realistic migrations of frameworks, one change at a time: `fixtures/frameworks/*.md`.
//!
//! Code blocks before the first `##` are files of the repository that no case touches, unless it
//! names them. A case is the changes of its blocks; `at=base` gives a file as it was before. `says`
//! lists all findings of the family `migration` as `code:lines`, `file` for the whole file.

use backend_team::rules::{self, Memo};

use crate::harness::page::Case;

/// A code block: what its info string says, and its text.
struct Block {
    path: String,
    base: bool,
    says: Vec<String>,
    text: String,
}

/// A document: the repository, and cases by title.
type Document = (Vec<Block>, Vec<(String, Vec<Block>)>);

fn parse(text: &str) -> Document {
    let (mut repository, mut cases) = (Vec::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            cases.push((title.to_owned(), Vec::new()));
        } else if let Some(info) = line.strip_prefix("```") {
            let body = lines.by_ref().take_while(|line| *line != "```");
            let mut block = Block {
                path: String::new(),
                base: false,
                says: Vec::new(),
                text: body.flat_map(|line| [line, "\n"]).collect(),
            };
            for (key, value) in info.split_whitespace().filter_map(|word| word.split_once('=')) {
                match key {
                    "path" => value.clone_into(&mut block.path),
                    "at" => block.base = value == "base",
                    "says" => block.says = value.split(',').map(str::to_owned).collect(),
                    other => panic!("{other}: unknown"),
                }
            }
            match cases.last_mut() {
                Some((_, own)) => own.push(block),
                None => repository.push(block),
            }
        }
    }
    (repository, cases)
}

fn check(name: &str, text: &str, least: usize) {
    let (repository, cases) = parse(text);
    assert!(cases.len() >= least, "{name}: {} cases", cases.len());
    let mut problems = Vec::new();
    for (title, blocks) in &cases {
        let files = |wanted: bool, all: &[Block]| -> Vec<(String, String)> {
            let own = all.iter().filter(|block| block.base == wanted);
            own.map(|block| (block.path.clone(), block.text.clone())).collect()
        };
        let mut before = files(false, &repository);
        before.extend(files(true, blocks));
        let case = Case::of(&before, &files(false, blocks));
        let memo = Memo::default();
        let mut said: Vec<String> = Vec::new();
        for rule in rules::all().filter(|rule| rule.code.starts_with("migration/")) {
            let (findings, dropped) = case.run_with(rule, &memo);
            assert_eq!(dropped, 0, "{title}: {}", rule.code);
            said.extend(findings.iter().map(|finding| {
                let lines = finding.anchor.lines().map_or("file".to_owned(), |l| l.to_string());
                format!("{}:{lines}", rule.code.trim_start_matches("migration/"))
            }));
        }
        let mut expected: Vec<String> =
            blocks.iter().flat_map(|block| block.says.iter().cloned()).collect();
        said.sort();
        expected.sort();
        if said != expected {
            problems.push(format!("{title}\n  expected {expected:?}\n  said     {said:?}"));
        }
    }
    assert!(problems.is_empty(), "{name}:\n{}", problems.join("\n"));
}

#[test]
fn ecto() {
    check("Ecto", include_str!("../../fixtures/frameworks/ecto.md"), 30);
}

#[test]
fn ef_core() {
    check("EF Core", include_str!("../../fixtures/frameworks/ef_core.md"), 25);
}

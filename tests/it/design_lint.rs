//! The rules on the design of APIs against the labelled changes in `fixtures/design-lint`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use backend_team::config::policy::{POLICY_PATH, Policy};
use backend_team::domain::assemble;
use backend_team::domain::path::RepoPath;
use backend_team::rules::parse::tree::Node;
use backend_team::rules::parse::yaml;
use backend_team::rules::{self, Gathered, Memo, run_rule};

const RULES: [&str; 5] = [
    "error-shape-differs",
    "idempotency-key-missing",
    "list-without-pagination",
    "security-scheme-unknown",
    "security-undeclared",
];

fn text<'n>(node: &'n Node, key: &str) -> &'n str {
    node.get(key).and_then(Node::as_str).unwrap_or("")
}

/// The description with what a case adds to it.
fn head(base: &str, case: &Node) -> String {
    let mut head = base.to_owned();
    for change in case.get("replace").map(Node::items).unwrap_or_default() {
        let (from, to) = (text(change, "from").trim_end(), text(change, "to").trim_end());
        assert_eq!(head.matches(from).count(), 1, "{}: {from}", text(case, "name"));
        head = head.replace(from, to);
    }
    for (key, indent) in [("paths", "  "), ("schemas", "    ")] {
        let added: String =
            text(case, key).lines().map(|line| format!("{indent}{line}\n")).collect();
        let marker = format!("{indent}# {key}\n");
        assert!(added.is_empty() || head.contains(&marker), "{}: {key}", text(case, "name"));
        head = head.replace(&marker, &format!("{added}{marker}"));
    }
    head
}

fn run(api: &str, case: &Node) -> BTreeSet<String> {
    let (path, policy_path) =
        (RepoPath::new("api/openapi.yaml").unwrap(), RepoPath::new(POLICY_PATH).unwrap());
    let (policy, problems) = Policy::parse(text(case, "policy"), &policy_path, |_| true);
    assert_eq!(problems, vec![], "{}", text(case, "name"));
    let head = head(api, case);
    for (side, text) in [("base", api), ("head", head.as_str())] {
        assert_eq!(yaml::parse(text).error, None, "{side}:\n{text}");
    }
    let is_new = case.get("new").and_then(Node::as_bool) == Some(true);
    let file = assemble::file_change(path, (!is_new).then_some(api), Some(&head));
    let change = assemble::change(vec![file]);
    let memo = Memo::default();
    let mut said = BTreeSet::new();
    for name in RULES {
        let rule = rules::by_code(&format!("openapi/{name}")).unwrap();
        let ran = run_rule(rule, &change, &policy, &Gathered::default(), &memo);
        assert_eq!(ran.dropped, 0, "{}", text(case, "name"));
        for finding in ran.findings {
            said.insert(format!("{name} {}", finding.symbol.unwrap()));
        }
    }
    said
}

#[test]
fn labelled_changes_are_judged_as_labelled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/design-lint");
    let mut scores: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let (mut wrong, mut cases) = (Vec::new(), 0);
    for file in ["errors", "idempotency", "pagination", "security"] {
        let source = std::fs::read_to_string(folder.join(format!("{file}.yaml"))).unwrap();
        let tree = yaml::parse(&source);
        assert_eq!(tree.error, None, "{file}");
        let root = &tree.documents[0];
        for case in root.get("cases").unwrap().items() {
            cases += 1;
            let api = root.path(&["apis", text(case, "api")]).and_then(Node::as_str).unwrap();
            let said = run(api, case);
            let expected: BTreeSet<String> = case
                .get("expect")
                .unwrap()
                .items()
                .iter()
                .filter_map(Node::as_str)
                .map(str::to_owned)
                .collect();
            for label in said.union(&expected) {
                let family = RULES.into_iter().find(|name| label.starts_with(name)).unwrap();
                let score = scores.entry(family).or_default();
                match (said.contains(label), expected.contains(label)) {
                    (true, true) => score[0] += 1,
                    (true, false) => score[1] += 1,
                    _ => score[2] += 1,
                }
            }
            if said != expected {
                let name = text(case, "name");
                wrong.push(format!("{file} / {name}: expected {expected:?}, said {said:?}"));
            }
        }
    }
    for (family, [right, false_alarms, missed]) in &scores {
        let share = |other: &usize| *right as f64 / (right + other).max(1) as f64;
        eprintln!(
            "{family}: right {right} wrong {false_alarms} missed {missed}: precision {:.2} recall {:.2}",
            share(false_alarms),
            share(missed)
        );
    }
    eprintln!("labelled changes: {cases}");
    assert!(cases >= 100 && wrong.is_empty(), "{}", wrong.join("\n"));
}

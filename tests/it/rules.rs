//! Every rule against its fixture page.

use std::collections::BTreeSet;

use backend_team::domain::diff::Side;
use backend_team::domain::finding::{Finding, Fix};
use backend_team::rules;

use crate::harness::page::{Case, Page};

fn places(findings: &[Finding]) -> BTreeSet<(String, Side, String)> {
    findings
        .iter()
        .map(|finding| {
            let lines = finding.anchor.lines().map_or("file".to_owned(), |l| l.to_string());
            (finding.anchor.path().to_string(), finding.anchor.side(), lines)
        })
        .collect()
}

#[test]
fn codes_are_unique_and_well_formed() {
    let mut seen = BTreeSet::new();
    for rule in rules::all() {
        assert!(seen.insert(rule.code), "{} twice", rule.code);
        let (family, name) = rule.code.split_once('/').expect("family/name");
        for part in [family, name] {
            let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(!part.is_empty() && part.chars().all(sound), "{}", rule.code);
        }
        assert!(rule.title.len() <= 80 && !rule.title.ends_with('.'), "{}: title", rule.code);
    }
}

#[test]
fn every_page_has_its_parts() {
    for rule in rules::all() {
        let page = Page::parse(rule.page);
        assert_eq!(page.code, rule.code, "the page's first heading is the rule's code");
        for wanted in ["Why", "Flagged", "Not flagged", "How to fix", "Source"] {
            assert!(page.headings.iter().any(|h| h == wanted), "{}: no `## {wanted}`", rule.code);
        }
        assert!(page.cases.iter().any(|case| case.flagged), "{}: no flagged case", rule.code);
        assert!(page.cases.iter().any(|case| !case.flagged), "{}: no silent case", rule.code);
    }
}

#[test]
fn every_rule_does_what_its_page_shows() {
    let mut problems = Vec::new();
    for rule in rules::all() {
        for case in Page::parse(rule.page).cases {
            let (findings, dropped) = case.run(rule);
            let said = places(&findings);
            if said != case.expected || (case.flagged && said.is_empty()) || dropped > 0 {
                problems.push(format!(
                    "{} / {}: expected {:?}, said {:?}, dropped {dropped}",
                    rule.code, case.name, case.expected, said
                ));
            }
            problems.extend(findings.iter().filter_map(|f| wording(rule.code, &case, f)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn wording(code: &str, case: &Case, finding: &Finding) -> Option<String> {
    let texts = [&finding.title, &finding.evidence, &finding.recommendation];
    let empty = texts.iter().any(|text| text.trim().is_empty());
    let ticks = texts.iter().any(|text| text.matches('`').count() % 2 == 1);
    (empty || ticks || finding.title.chars().count() > 120)
        .then(|| format!("{code} / {}: empty text, odd code marks or long title", case.name))
}

#[test]
fn a_fixed_text_is_clean() {
    for rule in rules::all() {
        for case in Page::parse(rule.page).cases {
            for finding in case.run(rule).0 {
                if let Some(Fix::NewFile { path, content }) = &finding.fix {
                    let before = case.run(rule).0.len();
                    let after = case.with_head(path.as_str(), content.clone()).run(rule).0.len();
                    let name = &case.name;
                    assert!(after < before, "{} / {name}: still flagged:\n{content}", rule.code);
                    if let Some(expected) = case.fixed.get(path.as_str()) {
                        assert_eq!(content, expected, "{} / {name}: new file", rule.code);
                    }
                }
                let Some(Fix::Replace { lines, replacement }) = &finding.fix else { continue };
                let path = finding.anchor.head_path().as_str().to_owned();
                let change = case.change();
                let file = change.file(finding.anchor.head_path()).expect("a changed file");
                let text = file.head_text().expect("text at head");
                let mut fixed: Vec<String> = Vec::new();
                for (number, line) in text.lines() {
                    if number == lines.start() && !replacement.is_empty() {
                        fixed.push(replacement.clone());
                    }
                    if !lines.contains(number) {
                        fixed.push(line.to_owned());
                    }
                }
                let fixed = fixed.join("\n") + "\n";
                if let Some(expected) = case.fixed.get(&path) {
                    assert_eq!(&fixed, expected, "{} / {}: fix", rule.code, case.name);
                }
                let before = case.run(rule).0.len();
                let after = case.with_head(&path, fixed.clone()).run(rule).0.len();
                assert!(after < before, "{} / {}: still flagged:\n{fixed}", rule.code, case.name);
            }
        }
    }
}

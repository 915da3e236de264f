use proptest::prelude::*;

use super::*;
use crate::report::samples;

fn said(report: &Report) -> String {
    let context = CommentContext {
        web_url: WebUrl::parse("https://github.com"),
        version: "1.2.3".to_owned(),
    };
    let body = summary(report, &Policy::default(), &context);
    assert!(body.starts_with("<!-- backend-team:review -->\n"));
    assert!(fits(&body), "{} characters", body.chars().count());
    body
}

/// Without the JSON, which has its own tests.
fn without_json(body: &str) -> String {
    let start = body.find("<details><summary>ReviewFindings JSON").unwrap_or(body.len());
    let end = body[start..].find("\n</details>").map_or(body.len(), |at| start + at + 11);
    format!("{}(JSON){}", &body[..start], &body[end..])
}

#[test]
fn clean() {
    insta::assert_snapshot!(without_json(&said(&samples::clean())));
}

#[test]
fn all_severities_unchanged_fixed_and_dismissed() {
    insta::assert_snapshot!(without_json(&said(&samples::busy())));
}

#[test]
fn a_new_file_and_a_member_without_work() {
    insta::assert_snapshot!("new_file", without_json(&said(&samples::with_new_file())));
    assert!(said(&samples::idle_member()).contains("| nothing to look at | 0 |"));
}

#[test]
fn nothing_to_review() {
    insta::assert_snapshot!(said(&samples::nothing_to_review()));
}

#[test]
fn partial() {
    insta::assert_snapshot!(without_json(&said(&samples::partial())));
}

#[test]
fn hostile() {
    let body = said(&samples::hostile());
    insta::assert_snapshot!(without_json(&body));
    assert_eq!(body.matches("<!-- backend-team:review -->").count(), 1);
    let outside = text_outside_code(&body);
    for forbidden in ["@octocat", "#1", "acme/shop#4", "GH-5", "evil.example"] {
        assert!(!outside.contains(forbidden), "{forbidden} in {outside}");
    }
}

fn text_outside_code(body: &str) -> String {
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
    let mut text = String::new();
    let mut code = false;
    for event in Parser::new_ext(body, Options::ENABLE_TABLES | Options::ENABLE_GFM) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Text(piece) if !code => text.push_str(&piece),
            Event::Html(html) | Event::InlineHtml(html) => {
                let ours =
                    ["<details>", "</details>", "<sub>", "</sub>", "<!-- backend-team:review"];
                assert!(ours.iter().any(|o| html.starts_with(o)), "foreign HTML {html}");
            }
            Event::Start(Tag::Image { .. }) => panic!("an image"),
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(dest_url.starts_with("https://github.com/acme/shop/blob/"), "{dest_url}");
            }
            _ => text.push('\n'),
        }
    }
    text
}

#[test]
fn over_long() {
    let body = said(&samples::many(100));
    assert!(body.contains("ReviewFindings JSON is left out"));
    for number in 1..=100 {
        assert!(body.contains(&format!("`t{number}`")), "t{number} is not named");
    }
    let head: String = body.lines().take(30).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(head);
}

#[test]
fn any_number_of_findings_fits_and_keeps_its_counts() {
    for count in [300, 2_000] {
        let body = said(&samples::many(count));
        assert!(body.contains("not listed"), "{count}");
        assert!(body.contains(&format!("{} critical", count / 4)));
    }
}

#[test]
fn what_was_not_checked_is_never_lost() {
    let mut report = samples::many(2_000);
    for number in 0..5_000 {
        report.not_checked.push(crate::domain::report::NotChecked {
            what: format!("a/{number}.go"),
            why: format!("reason {} {}", number % 700, "y".repeat(300)),
        });
    }
    let body = said(&report);
    assert!(body.contains("### Not checked (5000)"));
}

#[test]
fn a_carried_finding_keeps_blocking() {
    let mut report = samples::clean();
    let mut old = samples::remembered(
        "00000000000000aa",
        "Column is dropped",
        crate::domain::report::RememberedState::Open,
    );
    old.severity = Severity::Critical;
    report.carried.push(old);
    let policy = Policy::default();
    report.verdict = crate::report::verdict::verdict(&[], &report.carried, 2, &policy);
    let body = said(&report);
    assert!(body.contains("## Backend review: earlier findings still block"));
    assert!(body.contains("not looked at again"));
}

proptest! {
    /// Whatever a repository puts into any text, the comment has our HTML and our links only.
    #[test]
    fn nothing_foreign_gets_out(a in samples::hostile_text(), b in samples::hostile_text()) {
        let mut report = samples::busy();
        for reported in &mut report.findings {
            reported.finding.title.clone_from(&a);
            reported.finding.evidence.clone_from(&b);
            reported.finding.recommendation = format!("{a}{b}");
            reported.finding.quote = format!("{b}{a}");
            for other in &mut reported.finding.related {
                other.note.clone_from(&a);
            }
        }
        report.fixed[0].title.clone_from(&b);
        report.dismissed[0].reason.clone_from(&a);
        report.problems[0].message.clone_from(&b);
        report.answers[0].explanation.clone_from(&a);
        report.sections[0].agent.clone_from(&b);
        report.routing.assignments[0].reasons[0].text.clone_from(&a);
        report.not_checked.push(crate::domain::report::NotChecked {
            what: a.clone(),
            why: b.clone(),
        });
        let body = said(&report);
        prop_assert_eq!(body.matches("<!-- backend-team:").count(), 1);
        let text = text_outside_code(&body);
        let mention = regex::Regex::new(r"@[A-Za-z0-9]|#[0-9]|://").unwrap();
        prop_assert!(!mention.is_match(&text), "{}", text);
        prop_assert_eq!(body.matches("</details>").count() > 3, true);
    }
}

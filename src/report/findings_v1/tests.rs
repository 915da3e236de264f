use super::*;
use crate::report::samples;

const SCHEMA_PATH: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/review-findings-v1.schema.json");

/// The shape that agent files ask for, in other words.
const MINIMAL: &str = r#"{
  "tool": "backend-engineer", "version": "2025-01-01", "status": "ready",
  "findings": [{
    "type": "evidence", "category": "security", "severity": "major",
    "title": "DELETE /orders/{id} checks no permission",
    "where": {"path": "src/http/orders.ts", "lines": "10-31"},
    "evidence": "The handler deletes before it asks who is calling",
    "recommendation": "Ask the policy service first"
  }]
}"#;

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

#[test]
fn the_published_schema_is_current() {
    let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(SCHEMA_PATH, &now).unwrap();
    }
    let published = std::fs::read_to_string(SCHEMA_PATH).unwrap();
    assert_eq!(published, now, "run the tests with UPDATE_SCHEMAS=1");
    assert_eq!(schema()["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn what_is_written_is_valid_and_read_back() {
    for report in [
        samples::clean(),
        samples::busy(),
        samples::partial(),
        samples::hostile(),
        samples::with_new_file(),
    ] {
        let findings = ReviewFindings::of(&report, "1.2.3");
        let text = findings.to_json();
        let value: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> =
            validator().iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(ReviewFindings::parse(&text).unwrap(), (findings, vec![]));
        assert!(!text.contains('\u{202E}'));
    }
}

#[test]
fn missing_names_what_was_not_checked() {
    let findings = ReviewFindings::of(&samples::partial(), "1");
    insta::assert_snapshot!("missing", findings.missing.join("\n"));
    assert_eq!(ReviewFindings::of(&samples::clean(), "1").missing, Vec::<String>::new());
}

#[test]
fn a_new_file_is_written() {
    let findings = ReviewFindings::of(&samples::with_new_file(), "1");
    let file = findings.findings[0].new_file.as_ref().unwrap();
    assert_eq!(file.path, "db/migrations/0007_carts.down.sql");
    assert!(file.content.contains("CREATE TABLE carts"));
}

#[test]
fn busy_json() {
    insta::assert_snapshot!(ReviewFindings::of(&samples::busy(), "1.2.3").to_json());
}

#[test]
fn the_minimal_form_is_valid_and_read() {
    check_minimal(MINIMAL);
}

/// The example in the document that names the format, where it is at hand.
#[test]
fn the_example_of_the_seed_document_is_valid() {
    let Some(directory) = std::env::var_os("SEEDS_DIR") else { return };
    let mut checked = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let example = text
            .split("```json\n")
            .skip(1)
            .filter_map(|rest| rest.split("\n```").next())
            .filter(|block| block.contains("\"findings\""));
        for block in example {
            check_minimal(block);
            checked += 1;
        }
    }
    assert!(checked > 0, "no example in SEEDS_DIR");
}

fn check_minimal(text: &str) {
    let value: Value = serde_json::from_str(text).unwrap();
    assert!(validator().is_valid(&value));
    let (read, repaired) = ReviewFindings::parse(text).unwrap();
    assert_eq!(repaired, Vec::<String>::new());
    assert_eq!(read.status, Status::Ready);
    assert_eq!(read.findings[0].severity, Severity::Major);
    assert_eq!(read.findings[0].kind, KindName::Evidence);
}

#[test]
fn severities_are_read_leniently_and_nothing_else() {
    for (written, read, told) in [
        ("High", Severity::Major, 0),
        ("medium", Severity::Minor, 0),
        ("LOW", Severity::Info, 0),
        ("Critical", Severity::Critical, 0),
        ("blocker", Severity::Minor, 1),
    ] {
        let text = MINIMAL.replace("\"major\"", &format!("{written:?}"));
        let (findings, repaired) = ReviewFindings::parse(&text).unwrap();
        assert_eq!((findings.findings[0].severity, repaired.len()), (read, told), "{written}");
    }
    for (from, to) in [
        ("\"type\": \"evidence\"", "\"type\": \"opinion\""),
        ("\"category\": \"security\"", "\"category\": \"style\""),
        ("\"status\": \"ready\"", "\"status\": \"fine\""),
        ("\"tool\": \"backend-engineer\", ", ""),
    ] {
        let text = MINIMAL.replace(from, to);
        assert_ne!(text, MINIMAL);
        assert!(ReviewFindings::parse(&text).is_err(), "{to}");
        assert!(!validator().is_valid(&serde_json::from_str(&text).unwrap()), "{to}");
    }
    assert!(ReviewFindings::parse("{").is_err());
}

#[test]
fn secrets_are_not_quoted() {
    let change = samples::backend_change();
    let mut secret = samples::finding(&change, "secrets/private-key", "Dockerfile", 1, 1);
    secret.title = "A private key".to_owned();
    let written = |finding: &crate::domain::finding::Finding| {
        let settled = samples::settled(&change, vec![finding.clone()], &[]);
        ReviewFindings::of(&samples::report(settled), "1").findings[0].quote.clone()
    };
    assert_eq!(written(&secret), None);
    secret.quote = "FROM ****".to_owned();
    secret.quote_redacted = true;
    assert_eq!(written(&secret).as_deref(), Some("FROM ****"));
}

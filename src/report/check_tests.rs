use super::*;
use crate::config::policy::BlockOn;
use crate::report::samples;
use crate::report::verdict::verdict;

fn reviewers() -> Vec<Reviewer> {
    let reviewer = |lane: Lane| Reviewer { lane, agent: lane.default_agent().to_owned() };
    vec![reviewer(Lane::Data), reviewer(Lane::Infra), reviewer(Lane::Security)]
}

fn conclusions(runs: &[CheckRun]) -> Vec<(&str, Option<Conclusion>)> {
    runs.iter().map(|run| (run.name.as_str(), run.conclusion)).collect()
}

fn checked(report: &Report, policy: &Policy) -> Vec<CheckRun> {
    checks(report, policy, &reviewers(), &[])
}

#[test]
fn clean_passes_and_names_every_agent() {
    let runs = checked(&samples::clean(), &Policy::default());
    let success = Some(Conclusion::Success);
    assert_eq!(
        conclusions(&runs),
        [
            ("backend-team / data-gatekeeper", success),
            ("backend-team / infra-engineer", success),
            ("backend-team", success)
        ]
    );
    assert_eq!(runs[2].title, "No findings");
}

/// Called, but no rule of it applies: that is no success.
#[test]
fn a_called_agent_with_nothing_to_look_at_is_skipped() {
    let mut report = samples::idle_member();
    let runs = checked(&report, &Policy::default());
    assert_eq!(runs[0].conclusion, Some(Conclusion::Skipped));
    assert_eq!(runs[0].title, "Nothing to look at");
    assert!(runs[0].summary.contains("Called because"), "{}", runs[0].summary);
    assert_eq!(runs[1].conclusion, Some(Conclusion::Success));
    assert_eq!(runs[2].conclusion, Some(Conclusion::Success));
    assert!(runs[2].summary.contains("data-gatekeeper: nothing to look at"));
    report.not_checked = samples::partial().not_checked;
    assert_eq!(checked(&report, &Policy::default())[0].conclusion, Some(Conclusion::Neutral));
    report.not_checked.clear();
    report.sections[1].rules_run.clear();
    let runs = checked(&report, &Policy::default());
    assert_eq!(runs[2].conclusion, Some(Conclusion::Skipped), "nobody looked at anything");
    assert_eq!(runs[2].title, "No rule had anything to look at");
}

#[test]
fn blocking_fails_and_advisory_is_neutral_unless_strict() {
    let mut policy = Policy::default();
    let runs = checked(&samples::busy(), &policy);
    assert_eq!(runs[0].conclusion, Some(Conclusion::Failure));
    assert_eq!(runs[1].conclusion, Some(Conclusion::Success), "its only finding is dismissed");
    assert_eq!(runs[2].conclusion, Some(Conclusion::Failure));
    policy.block_on = BlockOn::Never;
    let mut report = samples::busy();
    report.findings.iter_mut().for_each(|reported| reported.blocking = false);
    report.verdict = verdict(&report.findings, &[], 2, &policy);
    let last = |policy: &Policy| checked(&report, policy).pop().unwrap().conclusion;
    assert_eq!(last(&policy), Some(Conclusion::Neutral));
    policy.strict = true;
    assert_eq!(last(&policy), Some(Conclusion::Failure));
}

#[test]
fn what_was_not_checked_never_passes() {
    for run in checked(&samples::partial(), &Policy::default()) {
        assert_eq!(run.conclusion, Some(Conclusion::Neutral), "{}", run.name);
        assert!(run.title.contains("3 not checked"), "{}", run.title);
        assert!(run.text.unwrap().contains("ran out of time"));
    }
}

#[test]
fn a_gate_asks_for_a_person() {
    let change = samples::backend_change();
    let mut gate = samples::finding(&change, "process/schema-gate", "Dockerfile", 1, 1);
    gate.kind = FindingKind::Gate;
    gate.severity = Severity::Critical;
    let report = samples::report(samples::settled(&change, vec![gate], &[]));
    let runs = checked(&report, &Policy::default());
    assert_eq!(runs[0].conclusion, Some(Conclusion::ActionRequired));
    assert_eq!(runs[2].conclusion, Some(Conclusion::ActionRequired));
}

#[test]
fn agents_without_work_are_skipped_where_asked_for() {
    let mut policy = Policy::default();
    let runs = checks(&samples::clean(), &policy, &reviewers(), &[Lane::Security]);
    assert_eq!(runs[2].name, "backend-team / security-reviewer");
    assert_eq!(runs[2].conclusion, Some(Conclusion::Skipped));
    policy.checks.all = true;
    let runs = checked(&samples::nothing_to_review(), &policy);
    assert_eq!(runs.len(), 4);
    assert!(runs.iter().all(|run| run.conclusion == Some(Conclusion::Skipped)));
}

#[test]
fn ids_change_with_content_only() {
    let policy = Policy::default();
    let ids = |report: &Report| -> Vec<String> {
        checked(report, &policy).into_iter().map(|run| run.external_id).collect()
    };
    assert_eq!(ids(&samples::busy()), ids(&samples::busy()));
    assert_ne!(ids(&samples::busy()), ids(&samples::clean()));
}

#[test]
fn limits_hold() {
    let mut report = samples::many(900);
    report.sections[0].agent = "x".repeat(5_000);
    for run in checked(&report, &Policy::default()) {
        assert!(run.title.chars().count() <= 255);
        assert!(run.summary.encode_utf16().count() <= MAX_CHECK_TEXT_CHARS);
        assert!(run.text.unwrap_or_default().encode_utf16().count() <= MAX_CHECK_TEXT_CHARS);
        assert!(run.actions.len() <= 3);
        for action in &run.actions {
            assert!(action.label.len() <= 20 && action.description.len() <= 40);
            assert!(action.identifier.len() <= 20);
        }
        for annotation in &run.annotations {
            assert!(annotation.title.chars().count() <= 255 && annotation.message.len() < 64_000);
        }
    }
}

#[test]
fn other_ends() {
    let (head, newer, policy) = (samples::sha('a'), samples::sha('c'), Policy::default());
    let conclusion = |runs: Vec<CheckRun>| runs.last().unwrap().conclusion;
    assert_eq!(conclusion(in_progress(&head, &policy, &reviewers())), None);
    let cancelled = Some(Conclusion::Cancelled);
    assert_eq!(conclusion(superseded(&head, &newer, &policy, &reviewers())), cancelled);
    let runs = troubled(&head, "GitHub is rate limiting; see id 12", &policy, &reviewers());
    assert_eq!(runs.last().unwrap().conclusion, Some(Conclusion::Neutral));
    insta::assert_snapshot!(runs.last().unwrap().summary);
}

#[test]
fn texts() {
    let runs = checked(&samples::busy(), &Policy::default());
    let said: Vec<String> = runs
        .iter()
        .map(|run| {
            let annotations: Vec<String> = run
                .annotations
                .iter()
                .map(|a| format!("{:?} {}:{} {}\n{}", a.level, a.path, a.lines, a.title, a.message))
                .collect();
            format!(
                "# {} {:?}\n{}\n---\n{}\n---\n{}\n---\n{}",
                run.name,
                run.conclusion,
                run.title,
                run.summary,
                run.text.as_deref().unwrap_or_default(),
                annotations.join("\n")
            )
        })
        .collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

use super::*;
use crate::domain::finding::{Fix, Severity};
use crate::domain::ids::Login;
use crate::report::samples::{self, SQL, change_of, finding, sha};

const PATH: &str = "db/1.sql";

fn change(source: &str) -> Change {
    change_of(&[(PATH, None, Some(source))])
}

fn drop_table(change: &Change, line: u32) -> Finding {
    finding(change, "migration/drop-table", PATH, line, line)
}

fn settle(change: &Change, findings: Vec<Finding>, memory: &[RememberedFinding]) -> Settled {
    samples::settled(change, findings, memory)
}

fn states(settled: &Settled) -> Vec<FindingState> {
    settled.findings.iter().map(|reported| reported.state).collect()
}

#[test]
fn identity_survives_moved_lines_and_renames() {
    let before = change("DROP TABLE users;\n");
    let after = change("-- a\n-- b\n  DROP  TABLE users;\n");
    let print = |change: &Change, line| fingerprints(&[drop_table(change, line)], change);
    assert_eq!(print(&before, 1), print(&after, 3));
    let mut renamed =
        change_of(&[("db/2.sql", Some("DROP TABLE users;\n"), Some("DROP TABLE users;\n"))]);
    renamed.files[0].kind =
        crate::domain::change::ChangeKind::Renamed { from: RepoPath::new(PATH).unwrap() };
    let moved = finding(&renamed, "migration/drop-table", "db/2.sql", 1, 1);
    assert_eq!(fingerprints(&[moved], &renamed), print(&before, 1));
}

#[test]
fn alike_findings_differ_by_their_position_and_others_by_what_they_are() {
    let source = change("DROP TABLE users;\nDROP TABLE users;\nDROP TABLE carts;\n");
    let all: Vec<Finding> = (1..=3).map(|line| drop_table(&source, line)).collect();
    let prints = fingerprints(&all, &source);
    let different: HashSet<&Fingerprint> = prints.iter().collect();
    assert_eq!(different.len(), 3);
    assert!(prints.iter().all(|print| print.0.len() == 16));
    let mut reversed: Vec<Finding> = all.into_iter().rev().collect();
    let mut again = fingerprints(&reversed, &source);
    again.reverse();
    assert_eq!(again, prints, "the order given does not matter");
    reversed.iter_mut().for_each(|finding| finding.symbol = Some("t".to_owned()));
    assert_ne!(fingerprints(&reversed, &source)[2], prints[0]);
}

#[test]
fn a_drop_is_said_once_where_code_still_uses_it() {
    let source = change("ALTER TABLE users DROP COLUMN name;\nDROP TABLE b;\n");
    let with = |rule: &str, line| {
        let mut found = finding(&source, rule, PATH, line, line);
        found.severity = Severity::Major;
        found.title = format!("What {rule} says");
        found
    };
    let mut used = with("cross/dropped-column-still-used", 1);
    used.covers = &["migration/column-dropped", "migration/table-dropped"];
    let same = with("migration/column-dropped", 1);
    let other = with("migration/table-dropped", 2);
    let settled = settle(&source, vec![same, other, used], &[]);
    let said: Vec<&str> = settled.findings.iter().map(|f| f.finding.rule.0.as_str()).collect();
    assert_eq!(said, ["cross/dropped-column-still-used", "migration/table-dropped"]);
    let evidence = &settled.findings[0].finding.evidence;
    assert!(evidence.ends_with(" Also: What migration/column-dropped says."), "{evidence}");
}

#[test]
fn a_note_becomes_a_sentence_of_the_graver_finding_at_its_place() {
    let source = change("CREATE UNIQUE INDEX a ON b (c);\nDROP TABLE users;\n");
    let with = |rule: &str, severity, line| {
        let mut found = finding(&source, rule, PATH, line, line);
        found.severity = severity;
        found.title = format!("What {rule} says");
        found
    };
    let grave = with("migration/index-not-concurrent", Severity::Major, 1);
    let note = with("migration/unique-on-existing-rows", Severity::Info, 1);
    let elsewhere = with("migration/unique-on-existing-rows", Severity::Info, 2);
    let foreign = with("process/new-dependency", Severity::Info, 1);
    let settled = settle(&source, vec![note, elsewhere, foreign, grave], &[]);
    let said: Vec<&str> = settled.findings.iter().map(|f| f.finding.rule.0.as_str()).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    let evidence = &settled.findings[0].finding.evidence;
    assert!(
        evidence.ends_with(" Also: What migration/unique-on-existing-rows says."),
        "{evidence}"
    );
}

#[test]
fn new_then_unchanged_then_fixed_then_reopened() {
    let mut source = change("DROP TABLE users;\n");
    let first = settle(&source, vec![drop_table(&source, 1)], &[]);
    assert_eq!(states(&first), [FindingState::New]);
    let again = settle(&source, vec![drop_table(&source, 1)], &first.memory);
    assert_eq!(states(&again), [FindingState::New], "the same head says the same");
    assert_eq!(again.memory, first.memory);

    source.head = sha('c');
    let second = settle(&source, vec![drop_table(&source, 1)], &again.memory);
    assert_eq!(states(&second), [FindingState::Unchanged]);

    source.head = sha('d');
    let third = settle(&source, vec![], &second.memory);
    assert_eq!(third.findings, vec![]);
    assert_eq!(third.fixed.len(), 1);
    assert_eq!(third.fixed[0].state, RememberedState::Fixed { head: sha('d') });
    source.head = sha('e');
    let later = settle(&source, vec![], &third.memory);
    assert_eq!(later.fixed[0].state, RememberedState::Fixed { head: sha('d') }, "it stays listed");

    source.head = sha('f');
    let fourth = settle(&source, vec![drop_table(&source, 1)], &later.memory);
    assert_eq!(states(&fourth), [FindingState::Reopened]);
    assert_eq!(fourth.fixed, vec![]);
    let again = settle(&source, vec![drop_table(&source, 1)], &fourth.memory);
    assert_eq!(states(&again), [FindingState::Reopened]);
    source.head = sha('1');
    let fifth = settle(&source, vec![drop_table(&source, 1)], &again.memory);
    assert_eq!(states(&fifth), [FindingState::Unchanged]);
}

#[test]
fn what_did_not_look_neither_fixes_nor_forgets() {
    let mut source = change("DROP TABLE users;\n");
    let first = settle(&source, vec![drop_table(&source, 1)], &[]);
    source.head = sha('c');
    let policy = Policy::default();
    let settle_with = |looked: &dyn Fn(&RuleCode, &RepoPath) -> bool| {
        Settling {
            change: &source,
            policy: &policy,
            memory: &first.memory,
            looked,
            equivalents: &|_| Vec::new(),
        }
        .settle(vec![])
    };
    for settled in [
        settle_with(&|rule, _| rule.0 != "migration/drop-table"),
        settle_with(&|_, path| path.as_str() != PATH),
    ] {
        assert_eq!(settled.fixed, vec![]);
        assert_eq!(settled.carried, first.memory);
        assert_eq!(settled.memory, first.memory);
    }
    assert_eq!(settle_with(&|_, path| path.as_str() == PATH).fixed.len(), 1);
}

#[test]
fn dismissed_stays_dismissed_also_after_it_was_gone() {
    let mut source = change("DROP TABLE users;\n");
    let mut memory = settle(&source, vec![drop_table(&source, 1)], &[]).memory;
    let by = Login("octocat".to_owned());
    memory[0].state = RememberedState::Dismissed { by: by.clone(), reason: "unused".to_owned() };
    for (head, findings) in [('c', 1), ('d', 0), ('e', 1)] {
        source.head = sha(head);
        let settled = settle(&source, vec![drop_table(&source, 1); findings], &memory);
        assert_eq!((settled.findings.len(), settled.dismissed.len()), (0, findings));
        assert_eq!(settled.fixed, vec![]);
        memory = settled.memory;
    }
    assert_eq!(memory.len(), 1);
}

#[test]
fn a_file_renamed_by_a_later_push_keeps_its_findings() {
    let source = change("DROP TABLE users;\n");
    let first = settle(&source, vec![drop_table(&source, 1)], &[]);
    let mut moved = change_of(&[("db/2.sql", None, Some("DROP TABLE users;\n"))]);
    moved.head = sha('c');
    let again = finding(&moved, "migration/drop-table", "db/2.sql", 1, 1);
    let second = settle(&moved, vec![again], &first.memory);
    assert_eq!(states(&second), [FindingState::Unchanged]);
    assert_eq!(second.findings[0].fingerprint, first.findings[0].fingerprint);
    assert_eq!(second.fixed, vec![]);
}

#[test]
fn two_lanes_that_mean_the_same_say_it_once() {
    let source = change("DROP TABLE users;\nDROP TABLE users;\n");
    let data = drop_table(&source, 1);
    let mut infra = finding(&source, "infra/drop", PATH, 1, 2);
    infra.lane = crate::domain::team::Lane::Infra;
    infra.severity = Severity::Minor;
    let other = finding(&source, "migration/other", PATH, 1, 1);
    let policy = Policy::default();
    let settled = Settling {
        change: &source,
        policy: &policy,
        memory: &[],
        looked: &|_, _| true,
        equivalents: &|rule| match rule.0.as_str() {
            "migration/other" => vec!["squawk:other".to_owned()],
            _ => vec!["squawk:ban-drop-table".to_owned()],
        },
    }
    .settle(vec![infra, data.clone(), data, other]);
    let rules: Vec<&str> =
        settled.findings.iter().map(|reported| reported.finding.rule.0.as_str()).collect();
    assert_eq!(rules, ["migration/drop-table", "migration/other"]);
}

#[test]
fn what_has_no_evidence_is_dropped_and_counted() {
    let source = change(SQL);
    let mut invented = drop_table(&source, 4);
    invented.quote = "DROP TABLE nothing;".to_owned();
    let mut cut = drop_table(&source, 4);
    cut.quote = "DROP TABLE ca…".to_owned();
    let elsewhere = finding(&change_of(&[("x.sql", None, Some("a\n"))]), "a/b", "x.sql", 1, 1);
    let mut believed = elsewhere.clone();
    believed.origin = Origin::Model { agent: "lead".to_owned() };
    let gone = finding(&change_of(&[(PATH, None, Some(&"a\n".repeat(9)))]), "a/b", PATH, 9, 9);
    let mut masked = drop_table(&source, 2);
    masked.quote = "ALTER TABLE ****".to_owned();
    masked.quote_redacted = true;
    let mut claimed = masked.clone();
    claimed.origin = Origin::Model { agent: "lead".to_owned() };
    let all = vec![invented, cut, elsewhere, believed, gone, masked, claimed];
    let settled = settle(&source, all, &[]);
    assert_eq!(settled.findings.len(), 3);
    assert_eq!(settled.dropped, 4);
}

#[test]
fn comments_silence_with_a_reason_only() {
    let comment = "-- backend-team: ignore migration/drop-table";
    let source = change(&format!("{comment} never used\nDROP TABLE users;\n"));
    let settled = settle(&source, vec![drop_table(&source, 2)], &[]);
    assert_eq!((settled.findings.len(), settled.ignored.len()), (0, 1));
    assert_eq!(settled.ignored[0].reason, "never used");
    let source = change(&format!("{comment}\nDROP TABLE users;\n"));
    let settled = settle(&source, vec![drop_table(&source, 2)], &[]);
    assert_eq!((settled.findings.len(), settled.ignored.len()), (1, 0));
    assert_eq!(settled.problems[0].line, Some(1));
}

#[test]
fn the_order_of_attention() {
    let change = samples::backend_change();
    let mut all = samples::all_severities(&change);
    all.reverse();
    let settled = settle(&change, all, &[]);
    let severities: Vec<Severity> =
        settled.findings.iter().map(|reported| reported.finding.severity).collect();
    assert_eq!(severities, Severity::ALL);
    let blocking: Vec<bool> = settled.findings.iter().map(|reported| reported.blocking).collect();
    assert_eq!(blocking, [true, true, false, false]);
    assert!(matches!(settled.findings[1].finding.fix, Some(Fix::Replace { .. })));
}

#[test]
fn notes_stay_inside_of_one_hunk() {
    let base = "a\n".repeat(40);
    let head = format!("x\n{}y\n", "a\n".repeat(39));
    let change = change_of(&[(PATH, Some(&base), Some(&head))]);
    let lines = |start, end| note_lines(&change, &finding(&change, "a/b", PATH, start, end));
    assert_eq!(lines(1, 40).map(|lines| lines.to_string()).as_deref(), Some("1-4"));
    assert_eq!(lines(20, 20), None);
    assert_eq!(lines(39, 40).map(|lines| lines.to_string()).as_deref(), Some("39-40"));
}

#[test]
fn memory_has_a_limit_that_open_findings_do_not_feel() {
    let old = |number: u32, state| samples::remembered(&format!("{number:016x}"), "x", state);
    let mut memory: Vec<RememberedFinding> =
        (0..400).map(|n| old(n, RememberedState::Fixed { head: sha('1') })).collect();
    memory.extend((400..900).map(|n| old(n, RememberedState::Open)));
    forget_oldest(&mut memory);
    assert_eq!(memory.len(), 300 + 500);
}

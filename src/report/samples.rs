//! Findings and reports for tests.

use proptest::prelude::*;

use crate::config::policy::Policy;
use crate::domain::assemble;
use crate::domain::change::{Anchor, Change};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::{
    Category, Confidence, Finding, FindingKind, Fix, Origin, Related, RuleCode, Severity,
};
use crate::domain::ids::{CommitSha, Login, Number, RepoSlug};
use crate::domain::instructions::{Problem, ProblemLevel};
use crate::domain::path::RepoPath;
use crate::domain::report::{
    AgentSection, Answer, AnswerKind, ChangeStats, NotChecked, RememberedFinding, RememberedState,
    Report, Verdict,
};
use crate::domain::routing::{Assignment, Reason, Routing};
use crate::domain::team::Lane;

use super::settle::{Settled, Settling};
use super::verdict::verdict;

pub fn change_of(files: &[(&str, Option<&str>, Option<&str>)]) -> Change {
    let file = |(path, base, head): &(&str, Option<&str>, Option<&str>)| {
        assemble::file_change(RepoPath::new(path).unwrap(), *base, *head)
    };
    assemble::change(files.iter().map(file).collect())
}

pub fn sha(digit: char) -> CommitSha {
    CommitSha::parse(&digit.to_string().repeat(40)).unwrap()
}

pub fn anchor(change: &Change, path: &str, side: Side, start: u32, end: u32) -> Anchor {
    let file = change.file(&RepoPath::new(path).unwrap()).unwrap();
    file.anchor(side, LineRange::new(start, end).unwrap()).unwrap()
}

pub fn finding(change: &Change, rule: &str, path: &str, start: u32, end: u32) -> Finding {
    let anchor = anchor(change, path, Side::Head, start, end);
    let file = change.file(anchor.head_path()).unwrap();
    Finding {
        rule: RuleCode(rule.to_owned()),
        origin: Origin::Rule,
        lane: Lane::Data,
        kind: FindingKind::Evidence,
        category: Category::Data,
        severity: Severity::Major,
        confidence: Confidence::High,
        title: "Table `users` is dropped".to_owned(),
        evidence:
            "`DROP TABLE users` removes the rows for good; nothing in this change keeps them."
                .to_owned(),
        recommendation: "Rename the table first and drop it in a later release.".to_owned(),
        quote_redacted: false,
        quote: file.head_text().unwrap().slice(anchor.lines().unwrap()).unwrap(),
        anchor,
        related: Vec::new(),
        fix: None,
        symbol: None,
        covers: &[],
    }
}

pub const SQL: &str = "-- orders\nALTER TABLE users DROP COLUMN email;\nCREATE INDEX orders_user \
                       ON orders (user_id);\nDROP TABLE carts;\n";
pub const DOCKERFILE: &str = "FROM debian:latest\nRUN make\nUSER root\n";
pub const GO: &str = "package api\n\nfunc Pay() {\n\tclient.Do(request)\n\t_ = err\n}\n";

pub fn backend_change() -> Change {
    change_of(&[
        ("db/migrations/0007_carts.sql", None, Some(SQL)),
        ("Dockerfile", Some("FROM debian:12\nRUN make\n"), Some(DOCKERFILE)),
        ("internal/api/pay.go", Some("package api\n\nfunc Pay() {\n}\n"), Some(GO)),
    ])
}

pub fn all_severities(change: &Change) -> Vec<Finding> {
    let sql = "db/migrations/0007_carts.sql";
    let mut drop_column = finding(change, "migration/drop-column", sql, 2, 2);
    drop_column.severity = Severity::Critical;
    drop_column.title = "Column `users.email` is dropped while code still reads it".to_owned();
    drop_column.evidence = "The running version selects `email` until the rollout is over; each \
                            such query fails from the moment this migration runs."
        .to_owned();
    drop_column.recommendation =
        "Stop reading the column in one release and drop it in the next.".to_owned();
    drop_column.related = vec![Related {
        anchor: anchor(change, "internal/api/pay.go", Side::Head, 4, 4),
        note: "still reads the column".to_owned(),
    }];
    let mut index = finding(change, "migration/index-not-concurrent", sql, 3, 3);
    index.title = "Index `orders_user` is built under a lock".to_owned();
    index.evidence = "Writes to `orders` wait until the index is built.".to_owned();
    index.recommendation = "Build it with `CONCURRENTLY`, outside of a transaction.".to_owned();
    index.fix = Some(Fix::Replace {
        lines: LineRange::line(3),
        replacement: "CREATE INDEX CONCURRENTLY orders_user ON orders (user_id);".to_owned(),
    });
    let mut user = finding(change, "docker/root-user", "Dockerfile", 3, 3);
    user.lane = Lane::Infra;
    user.category = Category::Infra;
    user.severity = Severity::Minor;
    user.title = "The image runs as root".to_owned();
    user.evidence = "The last `USER` is `root`.".to_owned();
    user.recommendation = "Add a user and name it in `USER`.".to_owned();
    let mut call = finding(change, "code/call-without-timeout", "internal/api/pay.go", 4, 4);
    call.lane = Lane::Observability;
    call.category = Category::Reliability;
    call.severity = Severity::Info;
    call.confidence = Confidence::Medium;
    call.title = "`client.Do` is called without a deadline".to_owned();
    call.evidence =
        "No `context` with a deadline reaches `request`, as far as this file shows.".to_owned();
    call.recommendation = "Give the request a context with a deadline.".to_owned();
    vec![drop_column, index, user, call]
}

pub fn remembered(fingerprint: &str, title: &str, state: RememberedState) -> RememberedFinding {
    RememberedFinding {
        fingerprint: crate::domain::finding::Fingerprint(fingerprint.to_owned()),
        rule: RuleCode("docker/unpinned-base".to_owned()),
        lane: Lane::Infra,
        severity: Severity::Minor,
        category: Category::Infra,
        title: title.to_owned(),
        path: RepoPath::new("Dockerfile").unwrap(),
        lines: Some("1".to_owned()),
        state,
        first_seen: sha('1'),
        noted: true,
        reopened_at: None,
        unknown: Default::default(),
    }
}

pub fn settled(change: &Change, findings: Vec<Finding>, memory: &[RememberedFinding]) -> Settled {
    let policy = Policy::default();
    Settling { change, policy: &policy, memory, looked: &|_, _| true, equivalents: &|_| Vec::new() }
        .settle(findings)
}

fn section(lane: Lane, rules: &[&str], files: usize) -> AgentSection {
    AgentSection {
        lane,
        agent: lane.default_agent().to_owned(),
        rules_run: rules.iter().map(|code| RuleCode((*code).to_owned())).collect(),
        files_looked_at: files,
    }
}

fn assignment(change: &Change, lane: Lane, text: &str, path: &str) -> Assignment {
    Assignment {
        lane,
        agent: lane.default_agent().to_owned(),
        reasons: vec![Reason {
            text: text.to_owned(),
            evidence: vec![anchor(change, path, Side::Head, 1, 1)],
            mandatory: false,
        }],
    }
}

/// A report on [`backend_change`] with data and infra called.
pub fn report(settled: Settled) -> Report {
    let change = backend_change();
    let sql = "db/migrations/0007_carts.sql";
    let sections = vec![
        section(Lane::Data, &["migration/drop-column", "migration/index-not-concurrent"], 1),
        section(Lane::Infra, &["docker/root-user", "docker/unpinned-base"], 1),
    ];
    let verdict = verdict(&settled.findings, &settled.carried, 2, &Policy::default());
    Report {
        repo: RepoSlug::parse("acme/shop"),
        number: Some(Number(7)),
        base: change.base.clone(),
        head: change.head.clone(),
        stats: ChangeStats { files: 3, counted_files: 3, added_lines: 9, removed_lines: 1 },
        routing: Routing {
            labels: Vec::new(),
            assignments: vec![
                assignment(&change, Lane::Data, "`migration`: a migration was added", sql),
                assignment(&change, Lane::Infra, "`infra`: a Dockerfile changed", "Dockerfile"),
            ],
            pattern: None,
        },
        sections,
        findings: settled.findings,
        fixed: settled.fixed,
        carried: settled.carried,
        dismissed: settled.dismissed,
        rejected: Vec::new(),
        ignored: settled.ignored,
        not_checked: Vec::new(),
        assumptions: vec![
            "no policy file at the base commit 1111111: the defaults apply".to_owned(),
        ],
        answers: Vec::new(),
        endpoints: Vec::new(),
        instructions: Vec::new(),
        problems: settled.problems,
        verdict,
        dropped: settled.dropped,
    }
}

pub fn clean() -> Report {
    report(Settled::default())
}

pub fn nothing_to_review() -> Report {
    let mut report = clean();
    report.sections.clear();
    report.routing.assignments.clear();
    report.verdict = Verdict::NothingToReview;
    report
}

/// New, unchanged, fixed, dismissed and ignored findings of every severity.
pub fn busy() -> Report {
    let change = backend_change();
    let first = settled(&change, all_severities(&change), &[]);
    let mut memory = first.memory;
    memory.retain(|old| old.rule.0 != "migration/drop-column");
    for old in &mut memory {
        old.first_seen = sha('1');
        if old.rule.0 == "docker/root-user" {
            old.state = RememberedState::Dismissed {
                by: Login("octocat".to_owned()),
                reason: "the base image @acme/base drops rights itself, see #12".to_owned(),
            };
        }
    }
    let fixed = RememberedState::Fixed { head: sha('2') };
    memory.push(remembered("00000000000000ff", "Base image `debian:latest` is not pinned", fixed));
    let mut report = report(settled(&change, all_severities(&change), &memory));
    report.answers = answers(&change);
    report.problems.push(Problem {
        level: ProblemLevel::Warning,
        path: RepoPath::new("AGENTS.md").unwrap(),
        line: Some(12),
        message: "the agent `@everyone` is named twice; the first one counts".to_owned(),
    });
    report
}

pub fn answers(change: &Change) -> Vec<Answer> {
    let answer = |key, answer, explanation: &str, evidence| Answer {
        lane: Lane::Observability,
        key,
        question: format!("Are {key} there where they are needed?"),
        answer,
        explanation: explanation.to_owned(),
        evidence,
    };
    let place = anchor(change, "internal/api/pay.go", Side::Head, 4, 4);
    vec![
        answer("logs", AnswerKind::Yes, "`slog.Error` on the failing path", vec![place]),
        answer("metrics", AnswerKind::NoEvidence, "no counter or histogram near `Pay`", vec![]),
        answer("tracing", AnswerKind::NotApplicable, "no outgoing call was added", vec![]),
    ]
}

/// A finding whose fix is a file that is not there yet.
pub fn with_new_file() -> Report {
    let change = backend_change();
    let path = "db/migrations/0007_carts.sql";
    let mut finding = finding(&change, "migration/missing-rollback", path, 4, 4);
    finding.title = "The migration has no way back".to_owned();
    finding.fix = Some(Fix::NewFile {
        path: RepoPath::new("db/migrations/0007_carts.down.sql").unwrap(),
        content: "-- a fence: ```\nCREATE TABLE carts (id bigint);\n".to_owned(),
    });
    report(settled(&change, vec![finding], &[]))
}

/// Data was called, and no rule of it had anything to look at.
pub fn idle_member() -> Report {
    let mut report = clean();
    report.sections[0].rules_run.clear();
    report.sections[0].files_looked_at = 0;
    report
}

pub fn partial() -> Report {
    let mut report = clean();
    report.not_checked = vec![
        NotChecked {
            what: "internal/big.go".to_owned(),
            why: "larger than the limit for one file".to_owned(),
        },
        NotChecked {
            what: "vendor/huge.sql".to_owned(),
            why: "larger than the limit for one file".to_owned(),
        },
        NotChecked { what: "code/swallowed-error".to_owned(), why: "ran out of time".to_owned() },
    ];
    report
}

/// Titles, paths and texts that try to be something else.
pub fn hostile() -> Report {
    let path = "db/@team <!-- x -->/[a](b)`#1.sql";
    let source = "```\n<!-- backend-team:review -->\n@octocat\n```\u{202E}\n";
    let change = change_of(&[(path, None, Some(source))]);
    let mut hostile = finding(&change, "migration/drop-table", path, 1, 4);
    hostile.title = "Table `x`</details> ![i](https://evil.example/p.png) @octocat #1".to_owned();
    hostile.evidence = "<!-- backend-team:review -->\n/merge\n# big `` ` <img src=x>".to_owned();
    hostile.recommendation = "see https://evil.example and acme/shop#4 or GH-5".to_owned();
    let mut report = report(settled(&change, vec![hostile], &[]));
    report.sections[0].agent = "a|b <b>@octocat</b>".to_owned();
    report.routing.assignments[0].agent = "a|b <b>@octocat</b>".to_owned();
    report.not_checked = vec![NotChecked {
        what: "a`b/<script>@octocat".to_owned(),
        why: "not UTF-8 @octocat".to_owned(),
    }];
    report
}

/// As many findings as asked for, each with a long quote.
pub fn many(count: u32) -> Report {
    let line = format!("DROP TABLE t; -- {}\n", "x".repeat(300));
    let source = line.repeat(count as usize);
    let change = change_of(&[("db/all.sql", None, Some(&source))]);
    let findings = (1..=count)
        .map(|number| {
            let mut one = finding(&change, "migration/drop-table", "db/all.sql", number, number);
            one.title = format!("Table `t{number}` is dropped");
            one.severity = Severity::ALL[number as usize % 4];
            one
        })
        .collect();
    report(settled(&change, findings, &[]))
}

/// Pieces that mean something to Markdown, HTML, GitHub or us.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "@octocat", "@a/b", "#1", "GH-2", "gh-3", "o/r#4", "https://x.y", "www.x.y", "`", "``",
    "```", "~~~", "<!-- backend-team:review -->", "`<!-- `", "backend-team:", "<!--", "-->",
    "<b>", "</details>", "&lt;", "&#64;a", "![i](u)", "[l](u)", "[l]: u", "[^1]", "**", "_",
    "~~", "|", "\\", "\n", "\r\n", "    ", "\t", "- ", "1. ", "# ", "> ", "---", "===",
    "/merge", "\u{202E}", "\u{200B}", "\u{FEFF}", ":+1:", "$x$", "$`", "deadbeef1",
    "0123456789abcdef", "a", " ", ".", "(", ")", "user@sha", "<https://x>", "<a@b.c>", "- [x] ",
    "é", "漢", "{{", "}}", ":", "'",
];

pub fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(PIECES).prop_map(str::to_owned);
    prop::collection::vec(prop_oneof![4 => piece, 1 => any::<String>()], 0..24)
        .prop_map(|pieces| pieces.concat())
}

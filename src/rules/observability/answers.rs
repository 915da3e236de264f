//! The three questions about what a change lets people see in production, answered from its added
//! lines.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::change::{Anchor, Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::domain::report::{Answer, AnswerKind};
use crate::domain::team::Lane;

/// Most places given as evidence for one answer.
const MAX_EVIDENCE: usize = 5;

/// Added lines of code in a file from which on it counts as a new flow without a new function.
const MIN_ADDED_LINES: usize = 10;

/// What a line of code looks like that logs, measures or traces, for the files of a language.
struct Signals {
    extensions: &'static [&'static str],
    function: &'static str,
    logs: &'static str,
    metrics: &'static str,
    tracing: &'static str,
}

#[rustfmt::skip]
const LANGUAGES: &[Signals] = &[
    Signals {
        extensions: &["go"],
        function: r"^\s*func\b",
        logs: r"\b(?:log|slog|logger|logrus|zap|glog|klog|zerolog)\b(?:\.\w+\([^)]*\))*\.(?:Trace|Debug|Info|Warn|Warning|Error|Fatal|Panic|Print|Log)\w*\(|\.(?:Debug|Info|Warn|Error)Context\(",
        metrics: r"\bpromauto\.|\bprometheus\.(?:New|MustRegister)|\.WithLabelValues\(|\.Observe\(|\.Inc\(\)|\b[mM]eter\.(?:Int64|Float64)\w+\(|\bstatsd\.",
        tracing: r"\b[tT]racer\.Start\(|\botel\.Tracer\(|\btrace\.SpanFromContext\(|\bspan\.(?:SetAttributes|AddEvent|RecordError|SetStatus|End)\(|\botel(?:http|grpc|sql)\.",
    },
    Signals {
        extensions: &["rs"],
        function: r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:const\s+|async\s+|unsafe\s+)*fn\b",
        logs: r"\b(?:trace|debug|info|warn|error|event)!\s*\(",
        metrics: r"\b(?:counter|gauge|histogram)!\s*\(|\bmetrics::|\bregister_(?:int_)?(?:counter|gauge|histogram)\w*!|\.(?:u64|f64|i64)_(?:counter|histogram|gauge)\(|\.with_label_values\(",
        tracing: r"#\[(?:tracing::)?instrument|\b(?:(?:info|debug|error|warn|trace)_)?span!\s*\(|\.instrument\(|\bSpan::current\(",
    },
    Signals {
        extensions: &["ts", "js", "mts", "mjs", "cts", "cjs"],
        function: r"\bfunction\b|=>|^\s*(?:(?:public|private|protected|static|async)\s+)*\w+\([^)]*\)\s*(?::\s*[^{]+)?\{",
        logs: r"\b(?:console|log|logger|winston|pino)\.(?:trace|debug|verbose|info|log|warn|error|fatal)\(",
        metrics: r"\bnew\s+(?:\w+\.)?(?:Counter|Gauge|Histogram|Summary)\s*[(<]|\.create(?:Counter|Histogram|UpDownCounter|ObservableGauge)\(|\.startTimer\(|\.(?:inc|observe)\(|\bstatsd\.|\.increment\(",
        tracing: r"\.start(?:Active)?Span\(|\btrace\.getTracer\(|\btrace\.getActiveSpan\(|\bspan\??\.(?:setAttributes?|addEvent|recordException|setStatus|end)\(",
    },
    Signals {
        extensions: &["py"],
        function: r"^\s*(?:async\s+)?def\b",
        logs: r"\b(?:_?log|_?logger|logging|LOG|LOGGER|structlog)\.(?:debug|info|warning|warn|error|exception|critical|log)\(",
        metrics: r#"\b(?:Counter|Gauge|Histogram|Summary)\(\s*["']|\.labels\(|\.inc\(|\.observe\(|\.create_(?:counter|histogram|up_down_counter|gauge)\(|\bstatsd\."#,
        tracing: r"\.start_as_current_span\(|\.start_span\(|\bget_tracer\(|\bget_current_span\(|\bspan\.(?:set_attribute|add_event|record_exception|set_status)",
    },
    Signals {
        extensions: &["java", "kt"],
        function: r"^\s*(?:(?:public|private|protected|static|final|suspend|override|fun)\s+)+[\w<>\[\], ?]*\w+\s*\(",
        logs: r"\b(?:log|logger|LOG|LOGGER)\.(?:trace|debug|info|warn|error|at\w+)\s*[({]",
        metrics: r"\b(?:Counter|Timer|Gauge|DistributionSummary)\.(?:builder|start)\(|\b(?:\w*[rR]egistry)\.(?:counter|timer|gauge|summary)\(|@Timed\b|@Counted\b|\.increment\(",
        tracing: r"@WithSpan\b|@NewSpan\b|@Observed\b|\.spanBuilder\(|\bSpan\.current\(|\bObservation\.|\b[tT]racer\.",
    },
];

/// The patterns of a language, compiled.
struct Compiled {
    extensions: &'static [&'static str],
    function: Regex,
    /// Logs, metrics, tracing, in the order of [`QUESTIONS`].
    signals: [Regex; 3],
}

static COMPILED: LazyLock<Vec<Compiled>> = LazyLock::new(|| {
    let compile = |language: &Signals| {
        let pattern = |text: &str| Regex::new(text).ok();
        Some(Compiled {
            extensions: language.extensions,
            function: pattern(language.function)?,
            signals: [
                pattern(language.logs)?,
                pattern(language.metrics)?,
                pattern(language.tracing)?,
            ],
        })
    };
    LANGUAGES.iter().filter_map(compile).collect()
});

/// Key, question, and what is looked for.
const QUESTIONS: [(&str, &str, &str); 3] = [
    ("logs", "Are there useful logs?", "a logging call"),
    ("metrics", "Are there metrics on critical paths?", "a metric"),
    ("tracing", "Is there tracing in core workflows?", "a span"),
];

/// A line that was added and is no comment.
struct Added<'a> {
    file: &'a FileChange,
    number: u32,
    text: &'a str,
    language: &'static Compiled,
}

/// Answers to the three questions about logs, metrics and traces.
pub fn answers(change: &Change) -> Vec<Answer> {
    let flows: Vec<Added<'_>> = change.files.iter().flat_map(new_flow).collect();
    QUESTIONS.iter().enumerate().map(|(index, question)| answer(index, *question, &flows)).collect()
}

fn answer(
    index: usize,
    (key, question, sought): (&'static str, &str, &str),
    flows: &[Added<'_>],
) -> Answer {
    let hits: Vec<&Added<'_>> = flows
        .iter()
        .filter(|line| line.language.signals.get(index).is_some_and(|s| s.is_match(line.text)))
        .collect();
    let evidence: Vec<Anchor> = hits
        .iter()
        .filter_map(|line| line.file.anchor(Side::Head, LineRange::line(line.number)))
        .take(MAX_EVIDENCE)
        .collect();
    let (answer, explanation) = if flows.is_empty() {
        (AnswerKind::NotApplicable, "no code with new flows changed".to_owned())
    } else if evidence.is_empty() {
        let text = format!("{sought} was looked for in the added lines");
        (AnswerKind::NoEvidence, text)
    } else {
        let count = match hits.len() {
            1 => "1 added line has".to_owned(),
            count => format!("{count} added lines have"),
        };
        (AnswerKind::Yes, format!("{count} {sought}"))
    };
    Answer {
        lane: Lane::Observability,
        key,
        question: question.to_owned(),
        answer,
        explanation,
        evidence,
    }
}

/// The added lines of a file that brings in a new flow: a function, or enough code.
fn new_flow(file: &FileChange) -> Vec<Added<'_>> {
    let extension = file.path.extension().unwrap_or_default();
    let language = COMPILED.iter().find(|l| l.extensions.contains(&extension.as_str()));
    let is_code =
        !file.derived && !file.is_deleted() && !crate::rules::process::is_test(&file.path);
    let (Some(language), Some(text)) = (language.filter(|_| is_code), file.head_text()) else {
        return Vec::new();
    };
    let lines: Vec<Added<'_>> = file
        .added_lines()
        .filter_map(|number| Some(Added { file, number, text: text.line(number)?, language }))
        .filter(|line| {
            let text = line.text.trim();
            let comment = ["//", "/*", "* "].iter().any(|mark| text.starts_with(mark))
                || (text.starts_with('#') && !text.starts_with("#["));
            !text.is_empty() && !comment
        })
        .collect();
    let starts = lines.iter().any(|line| language.function.is_match(line.text));
    if starts || lines.len() >= MIN_ADDED_LINES { lines } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::assemble;
    use crate::domain::path::RepoPath;

    fn kinds(path: &str, text: &str) -> Vec<AnswerKind> {
        let file = assemble::file_change(RepoPath::new(path).unwrap(), None, Some(text));
        answers(&assemble::change(vec![file])).into_iter().map(|answer| answer.answer).collect()
    }

    #[test]
    fn every_language_compiles() {
        assert_eq!(COMPILED.len(), LANGUAGES.len());
    }

    #[test]
    fn each_language_has_its_signals() {
        use AnswerKind::{NoEvidence, Yes};
        let all = [Yes, Yes, Yes];
        for (path, text) in [
            (
                "a.go",
                "func f() {\n\tslog.Info(\"x\")\n\tc.WithLabelValues(\"a\").Inc()\n\tctx, span := tracer.Start(ctx, \"f\")\n}\n",
            ),
            (
                "a.rs",
                "#[instrument]\nfn f() {\n    info!(\"x\");\n    counter!(\"a\").increment(1);\n}\n",
            ),
            (
                "a.ts",
                "function f() {\n  this.logger.info('x');\n  orders.inc();\n  tracer.startActiveSpan('f', g);\n}\n",
            ),
            (
                "a.py",
                "def f():\n    logger.info('x')\n    orders.labels('a').inc()\n    with tracer.start_as_current_span('f'):\n        pass\n",
            ),
            (
                "A.java",
                "@WithSpan\npublic void f() {\n  log.info(\"x\");\n  registry.counter(\"a\").increment();\n}\n",
            ),
        ] {
            assert_eq!(kinds(path, text), all, "{path}");
        }
        assert_eq!(
            kinds("a.py", "def f():\n    # logger.info('x')\n    return 1\n"),
            [NoEvidence; 3]
        );
    }

    #[test]
    fn without_new_flows_the_questions_do_not_apply() {
        for (path, text) in [
            ("a.md", "def f():\n"),
            ("a.py", "X = 1\n"),
            ("tests/test_a.py", "def f():\n    pass\n"),
        ] {
            assert_eq!(kinds(path, text), [AnswerKind::NotApplicable; 3], "{path}");
        }
    }

    #[test]
    fn evidence_is_the_line() {
        let file = assemble::file_change(
            RepoPath::new("a.py").unwrap(),
            None,
            Some("def f():\n    logger.info('x')\n"),
        );
        let answer = answers(&assemble::change(vec![file])).remove(0);
        assert_eq!(answer.evidence[0].lines().unwrap().to_string(), "2");
        assert_eq!(answer.explanation, "1 added line has a logging call");
    }
}

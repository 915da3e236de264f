//! Questions about running software, and about what is meant at all.

use super::{ENVIRONMENT, Open, REPRODUCTION, SIGNALS, SUBJECT, TARGET};
use crate::domain::plan::{Pattern, Risk, WorkKind};
use crate::plan::facts::Facts;

pub(super) fn target(facts: &Facts<'_>) -> Option<Open> {
    if facts.nature.pattern != Some(Pattern::Performance) {
        return None;
    }
    let texts = std::iter::once(facts.brief.title.as_str())
        .chain(facts.brief.wanted().map(|block| block.text.as_str()));
    let unit = |text: &str| {
        text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | ';' | ')' | '(')).any(
            |word| {
                let digits = word.chars().take_while(char::is_ascii_digit).count();
                let rest = word.get(digits..).unwrap_or_default();
                digits > 0 && matches!(rest, "ms" | "s" | "rps" | "%" | "x")
            },
        ) || crate::plan::words::Words::of(text).any(&["milliseconds", "seconds", "second"])
    };
    let stated = { texts }.any(unit) || facts.repository.documents.input("PerfTargets").is_some();
    (!stated).then(|| Open {
        topic: TARGET,
        text: "How fast is fast enough, at which load?".to_owned(),
        options: vec![
            "No target yet: measure, take the largest single cost out, and decide with the numbers"
                .to_owned(),
            "A target, for example `95th percentile below 300 ms at 50 requests a second`"
                .to_owned(),
        ],
        assumption: "The largest single cost is taken out, then the numbers decide".to_owned(),
        needed: false,
    })
}

pub(super) fn reproduction(facts: &Facts<'_>) -> Option<Open> {
    use crate::plan::issue::Section;
    let bug = facts.nature.pattern == Some(Pattern::BugFix);
    let observed = facts.brief.blocks.iter().any(|block| block.section == Section::Observed)
        || !facts.brief.fences.is_empty()
        || facts.brief.wanted().count() > 1;
    (bug && !observed).then(|| Open {
        topic: REPRODUCTION,
        text:
            "How can it be reproduced: which request or job, with which data, since which version?"
                .to_owned(),
        options: vec![
            "Not known: the first step looks for it in logs and traces".to_owned(),
            "Steps, or an id of a failing request".to_owned(),
        ],
        assumption: "The first step looks for a way to reproduce it".to_owned(),
        needed: facts.nature.risk != Some(Risk::Low),
    })
}

pub(super) fn environment(facts: &Facts<'_>) -> Option<Open> {
    let deploys = matches!(facts.nature.pattern, Some(Pattern::Deployment | Pattern::NewService));
    let shown = !facts.repository.deployment.is_empty();
    let fixes_pipeline =
        facts.nature.kind == Some(WorkKind::Bug) && !facts.repository.pipelines.is_empty();
    (deploys && !shown && !fixes_pipeline).then(|| Open {
        topic: ENVIRONMENT,
        text: "Where does the service run? The repository shows no image, manifest or infrastructure code."
            .to_owned(),
        options: vec![
            "A container image only; whoever runs it decides where".to_owned(),
            "A platform (name it)".to_owned(),
        ],
        assumption: "A container image is enough".to_owned(),
        needed: true,
    })
}

pub(super) fn incident(facts: &Facts<'_>) -> Option<Open> {
    use crate::plan::issue::Section;
    let told = facts.brief.blocks.iter().any(|block| block.section == Section::Observed);
    (facts.nature.pattern == Some(Pattern::Incident) && !told).then(|| Open {
        topic: SIGNALS,
        text: "When did it begin and end, who was affected, and where are its logs or graphs?"
            .to_owned(),
        options: vec![
            "Not known: the first step collects it from what is recorded".to_owned(),
            "A timeline or links".to_owned(),
        ],
        assumption: "The first step collects the timeline".to_owned(),
        needed: true,
    })
}

pub(super) fn subject(facts: &Facts<'_>) -> Open {
    let text = if facts.signals.slow {
        "What should be faster: which endpoint, query or job?"
    } else if facts.signals.failure {
        "What fails: which endpoint, job or command, and what was expected?"
    } else {
        "What should change in the backend: which endpoint, table, job or file?"
    };
    let first = if facts.signals.slow {
        "Not known: collect the slowest endpoints and queries of the last week first; nothing changes before that"
    } else {
        "Nothing yet: leave the issue open until it names one"
    };
    Open {
        topic: SUBJECT,
        text: text.to_owned(),
        options: vec![
            first.to_owned(),
            "Name it, for example `GET /orders` or `src/orders.rs`".to_owned(),
        ],
        assumption: first.to_owned(),
        needed: true,
    }
}

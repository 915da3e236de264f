//! Rules of the `asyncapi` family: changes of AsyncAPI 2 and 3 documents that break those who read
//! what the application sends, or who send what it receives.

mod model;

use std::sync::Arc;

use self::model::{Message, Operation, is_asyncapi, operations};
use super::openapi::diff::{self, Difference, Direction, Used};
use super::openapi::resolve::Documents;
use super::openapi::{Level, document};
use super::{Check, Draft, Findings, Rule, RuleContext, contracts};
use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Severity::{self, Critical, Major};

const fn rule(
    code: &'static str,
    title: &'static str,
    severity: Severity,
    page: &'static str,
    check: fn(&RuleContext<'_>, &FileChange, &mut Findings<'_>),
) -> Rule {
    contracts::rule(code, title, severity, &[], page, Check::File { applies, check })
}

fn applies(file: &FileChange) -> bool {
    matches!(file.path.extension().as_deref(), Some("json" | "yaml" | "yml"))
        && file.base_text().is_some_and(|text| text.as_str().contains("asyncapi"))
        && file.head_text().is_some_and(|text| text.as_str().contains("asyncapi"))
        && contracts::is_public(&file.path)
}

/// What became of a document, found once for all rules.
#[derive(Default)]
struct Review {
    gone: Vec<Gone>,
    differences: Vec<(Direction, Difference)>,
}

struct Gone {
    /// A whole operation, and not one of its messages.
    whole: bool,
    title: String,
    lines: LineRange,
    symbol: String,
    direction: Direction,
}

/// Both sides, which every rule of the family would compare anew.
fn review(context: &RuleContext<'_>, file: &FileChange) -> Arc<Review> {
    let make = |_: &str| compare(context, file).unwrap_or_default();
    context.parsed(file, Side::Head, make).unwrap_or_default()
}

fn compare(context: &RuleContext<'_>, file: &FileChange) -> Option<Review> {
    let base = document::tree(context, file, Side::Base)?;
    let head = document::tree(context, file, Side::Head)?;
    let sound = base.error.is_none() && head.error.is_none();
    let (old, new) = (base.documents.first()?, head.documents.first()?);
    if !sound || !is_asyncapi(old) || !is_asyncapi(new) {
        return None;
    }
    let old = Documents::new(vec![(file.path_on(Side::Base).clone(), old)]);
    let new = Documents::new(vec![(file.path.clone(), new)]);
    let now = operations(&new);
    let (mut gone, mut used) = (Vec::new(), Vec::new());
    for before in operations(&old) {
        let same =
            |one: &&Operation<'_>| one.key == before.key && one.direction == before.direction;
        let after: Vec<&Operation<'_>> = now.iter().filter(same).collect();
        if after.is_empty() {
            gone.push(operation_gone(&before));
            continue;
        }
        let messages: Vec<&Message<'_>> = after.iter().flat_map(|one| &one.messages).collect();
        let only = before.messages.len() == 1 && messages.len() == 1;
        for one in &before.messages {
            let found = messages.iter().find(|other| other.name == one.name);
            // A single message stays the same one under another name.
            let found = found.or_else(|| messages.first().filter(|_| only));
            match found {
                Some(other) => used.extend(pairs(&before, one, other)),
                None if one.name.is_empty() || messages.iter().any(|m| m.name.is_empty()) => {}
                None => gone.push(message_gone(&before, one)),
            }
        }
    }
    let mut differences = Vec::new();
    for direction in [Direction::Request, Direction::Response] {
        let mine: Vec<Used<'_>> =
            used.iter().filter(|one: &&Used<'_>| one.direction == direction).map(copy).collect();
        let found = diff::schemas(&old, &new, &mine);
        let errors = found.into_iter().filter(|one| one.level == Level::Error);
        differences.extend(errors.map(|one| (direction, one)));
    }
    Some(Review { gone, differences })
}

fn copy<'t>(one: &Used<'t>) -> Used<'t> {
    Used { owner: one.owner.clone(), place: one.place.clone(), ..*one }
}

fn code(text: &str) -> String {
    text.replace(['`', '\n', '\r'], "'")
}

fn pairs<'t>(operation: &Operation<'t>, old: &Message<'t>, new: &Message<'t>) -> Vec<Used<'t>> {
    let used = |(key, base): &(&'static str, _)| {
        let (_, head) = new.schemas.iter().find(|(other, _)| other == key)?;
        let what = if *key == "payload" { "The payload" } else { "The headers object" };
        Some(Used {
            base: *base,
            head: *head,
            direction: operation.direction,
            owner: format!("{what} of `{}`", code(&old.name)),
            place: format!("{} `{}`", operation.verb(), code(operation.address)),
        })
    };
    old.schemas.iter().filter_map(used).collect()
}

fn operation_gone(one: &Operation<'_>) -> Gone {
    let address = code(one.address);
    let title = if one.direction == Direction::Response {
        format!("Nothing is sent to `{address}` any more")
    } else {
        format!("Nothing is received from `{address}` any more")
    };
    Gone { whole: true, title, lines: one.line, symbol: address, direction: one.direction }
}

fn message_gone(operation: &Operation<'_>, one: &Message<'_>) -> Gone {
    let (name, address) = (code(&one.name), code(operation.address));
    let title = format!("`{name}` is no longer {} `{address}`", operation.verb());
    let symbol = format!("{address} {name}");
    Gone { whole: false, title, lines: one.line, symbol, direction: operation.direction }
}

fn say_gone(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
    whole: bool,
    instead: &str,
) {
    for one in review(context, file).gone.iter().filter(|one| one.whole == whole) {
        let evidence = if one.direction == Direction::Response {
            "Receivers wait for messages that do not come any more; nothing fails, data is just missing."
        } else {
            "Senders go on sending; their messages are not read, or are refused."
        };
        let draft = Draft {
            title: one.title.clone(),
            evidence: evidence.to_owned(),
            recommendation: instead.to_owned(),
            symbol: Some(one.symbol.clone()),
            ..Draft::default()
        };
        findings.at(file, Side::Base, one.lines, draft);
    }
}

fn say_differences(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
    wanted: Direction,
    (why, instead): (&str, &str),
) {
    let mut said = Vec::new();
    let reviewed = review(context, file);
    let all = reviewed.differences.iter().filter(|(direction, _)| *direction == wanted);
    for (_, one) in all.filter(|(_, one)| file.text(one.side).is_some()) {
        if said.contains(&(one.side, one.lines)) {
            continue;
        }
        said.push((one.side, one.lines));
        let draft = Draft {
            title: one.title.clone(),
            evidence: format!("It is {}. {why}", one.path),
            recommendation: instead.to_owned(),
            symbol: Some(one.path.clone()),
            ..Draft::default()
        };
        findings.at(file, one.side, one.lines, draft);
    }
}

const OPERATION_REMOVED: Rule = rule(
    "asyncapi/operation-removed",
    "An application no longer sends to or receives from a channel",
    Critical,
    include_str!("../../../fixtures/rules/asyncapi/operation-removed.md"),
    |context, file, findings| {
        let instead = "Keep the channel until nobody uses it, or serve the old and the new one together for a while.";
        say_gone(context, file, findings, true, instead);
    },
);

const MESSAGE_REMOVED: Rule = rule(
    "asyncapi/message-removed",
    "A message is no longer sent or received on its channel",
    Major,
    include_str!("../../../fixtures/rules/asyncapi/message-removed.md"),
    |context, file, findings| {
        let instead =
            "Keep the message until its receivers or senders have moved to what replaces it.";
        say_gone(context, file, findings, false, instead);
    },
);

const SENT_BREAKS: Rule = rule(
    "asyncapi/sent-message-changed",
    "A message that is sent changes in a way that breaks its receivers",
    Major,
    include_str!("../../../fixtures/rules/asyncapi/sent-message-changed.md"),
    |context, file, findings| {
        let texts = (
            "Receivers were written for what was promised before and may fail on what comes now.",
            "Keep what was promised, or send the new form as another message.",
        );
        say_differences(context, file, findings, Direction::Response, texts);
    },
);

const RECEIVED_REFUSED: Rule = rule(
    "asyncapi/received-message-refused",
    "A message that was accepted may be refused",
    Major,
    include_str!("../../../fixtures/rules/asyncapi/received-message-refused.md"),
    |context, file, findings| {
        let texts = (
            "Senders that have not moved still send the old form, and messages that wait in the channel have it.",
            "Go on accepting what was valid, and fill in what is missing.",
        );
        say_differences(context, file, findings, Direction::Request, texts);
    },
);

pub(super) const RULES: &[Rule] =
    &[OPERATION_REMOVED, MESSAGE_REMOVED, SENT_BREAKS, RECEIVED_REFUSED];

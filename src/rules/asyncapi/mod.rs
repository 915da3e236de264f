//! Rules of the `asyncapi` family: changes of AsyncAPI 2 and 3 documents that break those who read
//! what the application sends, or who send what it receives.

mod model;

use std::collections::BTreeSet;
use std::sync::Arc;

use self::model::{Message, Operation, is_asyncapi, operations};
use super::openapi::Level;
use super::openapi::diff::{self, Difference, Direction, Used};
use super::openapi::resolve::Documents;
use super::spread::{self, Files, Spread, Unread, refers_to_files, texts};
use super::{Check, Draft, Findings, Memo, Rule, RuleContext, contracts};
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Severity::{self, Critical, Major};
use crate::domain::path::RepoPath;
use crate::ports::source::Need;

const fn rule(
    code: &'static str,
    title: &'static str,
    severity: Severity,
    page: &'static str,
    check: fn(&RuleContext<'_>, &mut Findings<'_>),
) -> Rule {
    contracts::rule(code, title, severity, &[], page, Check::Change { applies, needs, check })
}

/// Folders in which parts of documents lie.
const FOLDERS: [&str; 9] = [
    "asyncapi",
    "channels",
    "components",
    "contracts",
    "events",
    "messages",
    "operations",
    "schemas",
    "specs",
];

fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| may_be_document(file) || may_be_part(file))
}

fn may_be_document(file: &FileChange) -> bool {
    spread::is_readable(&file.path)
        && file.base_text().is_some_and(|text| text.as_str().contains("asyncapi"))
        && file.head_text().is_some_and(|text| text.as_str().contains("asyncapi"))
        && contracts::is_public(&file.path)
}

/// A file of channels, messages or schemas that a document may refer to.
fn may_be_part(file: &FileChange) -> bool {
    let in_place = FOLDERS.iter().any(|folder| file.path.has_directory(folder));
    in_place
        && spread::is_readable(&file.path)
        && contracts::is_public(&file.path)
        && !may_be_document(file)
        && texts(file).any(|text| ["$ref", "type", "payload"].iter().any(|it| text.contains(it)))
}

fn needs(change: &Change) -> Vec<Need> {
    spread::needs_near(change, may_be_part, may_be_document, Some("asyncapi"))
}

/// What became of the documents of a change, found once for all rules.
#[derive(Default)]
struct Reviewed {
    documents: Vec<Review>,
    unread: Vec<Unread>,
}

/// What became of a document.
struct Review {
    path: RepoPath,
    gone: Vec<Gone>,
    differences: Vec<(Direction, Difference)>,
}

struct Gone {
    /// A whole operation, and not one of its messages.
    whole: bool,
    title: String,
    /// Of the base.
    file: RepoPath,
    lines: LineRange,
    symbol: String,
    direction: Direction,
}

/// Documents of which parts could not be compared, as far as rules compared documents in the
/// review that the memory belongs to.
pub(super) fn unread(memo: &Memo) -> Vec<Unread> {
    memo.known::<Reviewed>().map(|reviewed| reviewed.unread.clone()).unwrap_or_default()
}

/// Both sides, which every rule of the family would compare anew.
fn review(context: &RuleContext<'_>) -> Arc<Reviewed> {
    context.shared(|| make(context)).unwrap_or_default()
}

fn make(context: &RuleContext<'_>) -> Reviewed {
    let needs = needs(context.change);
    let whole = needs.iter().all(|need| context.gathered_whole(need).is_some());
    let mut base = Files::new(context, Side::Base, &needs);
    let mut head = Files::new(context, Side::Head, &needs);
    let named = |path: &RepoPath, text: &str| {
        contracts::is_public(path) && text.contains("asyncapi") && refers_to_files(text)
    };
    let mut reviewed = Reviewed::default();
    for (before, after) in spread::roots(context, &base, may_be_document, named) {
        let (Some(old), Some(new)) =
            (base.load(&before, is_asyncapi), head.load(&after, is_asyncapi))
        else {
            continue;
        };
        if old.is_touched(context.change) || new.is_touched(context.change) {
            reviewed.unread.extend(spread::unread(&old, &new, whole));
            reviewed.documents.extend(compare(&old, &new));
        }
    }
    reviewed
}

fn compare(old: &Spread, new: &Spread) -> Option<Review> {
    let path = new.files.first()?.0.clone();
    let (old, new) = (old.documents(), new.documents());
    let now = operations(&new);
    let (mut gone, mut used) = (Vec::new(), Vec::new());
    for before in operations(&old) {
        let same =
            |one: &&Operation<'_>| one.key == before.key && one.direction == before.direction;
        let after: Vec<&Operation<'_>> = now.iter().filter(same).collect();
        if after.is_empty() {
            gone.extend(operation_gone(&old, &before));
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
                None => gone.extend(message_gone(&old, &before, one)),
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
    Some(Review { path, gone, differences })
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

fn operation_gone(documents: &Documents<'_>, one: &Operation<'_>) -> Option<Gone> {
    let file = documents.path(one.file)?.clone();
    let address = code(one.address);
    let title = if one.direction == Direction::Response {
        format!("Nothing is sent to `{address}` any more")
    } else {
        format!("Nothing is received from `{address}` any more")
    };
    let (lines, direction) = (one.line, one.direction);
    Some(Gone { whole: true, title, file, lines, symbol: address, direction })
}

fn message_gone(
    documents: &Documents<'_>,
    operation: &Operation<'_>,
    one: &Message<'_>,
) -> Option<Gone> {
    let file = documents.path(one.file)?.clone();
    let (name, address) = (code(&one.name), code(operation.address));
    let title = format!("`{name}` is no longer {} `{address}`", operation.verb());
    let symbol = format!("{address} {name}");
    let direction = operation.direction;
    Some(Gone { whole: false, title, file, lines: one.line, symbol, direction })
}

fn say_gone(context: &RuleContext<'_>, findings: &mut Findings<'_>, whole: bool, instead: &str) {
    let reviewed = review(context);
    let all = reviewed.documents.iter().flat_map(|document| &document.gone);
    for one in all.filter(|one| one.whole == whole) {
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
        if let Some(file) = spread::changed(context, Side::Base, &one.file) {
            findings.at(file, Side::Base, one.lines, draft);
        }
    }
}

fn say_differences(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    wanted: Direction,
    (why, instead): (&str, &str),
) {
    let mut said = BTreeSet::new();
    let reviewed = review(context);
    for document in &reviewed.documents {
        for (_, one) in document.differences.iter().filter(|(direction, _)| *direction == wanted) {
            let Some(file) = spread::changed(context, one.side, &one.file) else { continue };
            if !said.insert((one.side, one.file.clone(), one.lines)) {
                continue;
            }
            // The channel may stand in another file than the schema.
            let place = match document.path == file.path {
                true => one.path.clone(),
                false => format!("{} by `{}`", one.path, document.path),
            };
            let draft = Draft {
                title: one.title.clone(),
                evidence: format!("It is {place}. {why}"),
                recommendation: instead.to_owned(),
                symbol: Some(one.path.clone()),
                ..Draft::default()
            };
            findings.at(file, one.side, one.lines, draft);
        }
    }
}

const OPERATION_REMOVED: Rule = rule(
    "asyncapi/operation-removed",
    "An application no longer sends to or receives from a channel",
    Critical,
    include_str!("../../../fixtures/rules/asyncapi/operation-removed.md"),
    |context, findings| {
        let instead = "Keep the channel until nobody uses it, or serve the old and the new one together for a while.";
        say_gone(context, findings, true, instead);
    },
);

const MESSAGE_REMOVED: Rule = rule(
    "asyncapi/message-removed",
    "A message is no longer sent or received on its channel",
    Major,
    include_str!("../../../fixtures/rules/asyncapi/message-removed.md"),
    |context, findings| {
        let instead =
            "Keep the message until its receivers or senders have moved to what replaces it.";
        say_gone(context, findings, false, instead);
    },
);

const SENT_BREAKS: Rule = rule(
    "asyncapi/sent-message-changed",
    "A message that is sent changes in a way that breaks its receivers",
    Major,
    include_str!("../../../fixtures/rules/asyncapi/sent-message-changed.md"),
    |context, findings| {
        let texts = (
            "Receivers were written for what was promised before and may fail on what comes now.",
            "Keep what was promised, or send the new form as another message.",
        );
        say_differences(context, findings, Direction::Response, texts);
    },
);

const RECEIVED_REFUSED: Rule = rule(
    "asyncapi/received-message-refused",
    "A message that was accepted may be refused",
    Major,
    include_str!("../../../fixtures/rules/asyncapi/received-message-refused.md"),
    |context, findings| {
        let texts = (
            "Senders that have not moved still send the old form, and messages that wait in the channel have it.",
            "Go on accepting what was valid, and fill in what is missing.",
        );
        say_differences(context, findings, Direction::Request, texts);
    },
);

pub(super) const RULES: &[Rule] =
    &[OPERATION_REMOVED, MESSAGE_REMOVED, SENT_BREAKS, RECEIVED_REFUSED];

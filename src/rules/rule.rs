//! What a rule is, and the list of all of them.

use super::{Findings, RuleContext};
use crate::domain::change::{Change, FileChange};
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;
use crate::ports::source::Need;

/// A deterministic analyser of one pattern.
pub struct Rule {
    /// `family/name`: names the pattern that is flagged and reads well after "allow". Never
    /// changed once released.
    pub code: &'static str,
    /// What is flagged, in a few words, for lists.
    pub title: &'static str,
    pub lane: Lane,
    pub kind: FindingKind,
    pub category: Category,
    pub severity: Severity,
    pub confidence: Confidence,
    /// Ids of the same check in other tools, `tool:id` (`squawk:ban-drop-column`,
    /// `hadolint:DL3006`).
    pub equivalents: &'static [&'static str],
    /// The page in `fixtures/rules`: documentation for people, and the rule's test.
    pub page: &'static str,
    pub check: Check,
}

/// How a rule looks at a change.
pub enum Check {
    /// Called once for each changed file that it applies to.
    File {
        applies: fn(&FileChange) -> bool,
        check: fn(&RuleContext<'_>, &FileChange, &mut Findings<'_>),
    },
    /// Called once, if it applies to the change at all.
    Change {
        applies: fn(&Change) -> bool,
        /// Files beyond the changed ones that it wants to see. Read at bounded cost before the
        /// check runs.
        needs: fn(&Change) -> Vec<Need>,
        check: fn(&RuleContext<'_>, &mut Findings<'_>),
    },
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rule({})", self.code)
    }
}

/// The families. Adding a rule to a family is one line in the family's `RULES`; adding a family is
/// one line here.
const FAMILIES: &[&[Rule]] = &[
    super::migrations::RULES,
    super::openapi::RULES,
    super::graphql::RULES,
    super::protobuf::RULES,
    super::avro::RULES,
    super::asyncapi::RULES,
    super::json_schema::RULES,
    super::cross::RULES,
    super::secrets::RULES,
    super::code::RULES,
    super::docker::RULES,
    super::kubernetes::RULES,
    super::actions::RULES,
    super::observability::RULES,
    super::process::RULES,
];

/// Every rule, in the order of its family and its place there.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The rule with that code, or the only one that has it as an equivalent (`hadolint:DL3006`, or
/// just `DL3006`).
pub fn by_code(code: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code == code).or_else(|| {
        let mut equal = all().filter(|rule| {
            rule.equivalents.iter().any(|id| {
                id.eq_ignore_ascii_case(code)
                    || id.split_once(':').is_some_and(|(_, id)| id.eq_ignore_ascii_case(code))
            })
        });
        equal.next().filter(|_| equal.next().is_none())
    })
}

/// Whether a policy may name it: a rule code or a family glob `family/*`.
pub fn known(code: &str) -> bool {
    match code.strip_suffix("/*") {
        Some(family) => all().any(|rule| rule.code.split('/').next() == Some(family)),
        None => all().any(|rule| rule.code == code),
    }
}

/// The code that a mistyped one was probably meant to be.
pub fn nearest(code: &str) -> Option<&'static str> {
    let name = |code: &str| code.rsplit('/').next().unwrap_or_default().to_owned();
    let likeness = |rule: &Rule| {
        let whole = similarity(rule.code, code);
        whole.max(similarity(&name(rule.code), &name(code)))
    };
    let scored = all().map(|rule| (likeness(rule), rule.code));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 >= 0.6).then_some(best.1)
}

/// From 0 (nothing in common) to 1 (equal).
fn similarity(one: &str, other: &str) -> f32 {
    similar::TextDiff::from_chars(one, other).ratio()
}

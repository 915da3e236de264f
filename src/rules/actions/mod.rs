//! Rules of the `actions` family: GitHub workflows and composite actions.

mod injection;
mod permissions;
mod supply;

use std::collections::BTreeSet;

use super::parse::workflow::{Workflow, is_action, is_workflow};
use super::parse::yaml;
use super::{Check, Draft, Findings, Rule, RuleContext};
use crate::domain::change::{FileChange, Text};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;

fn applies(file: &FileChange) -> bool {
    file.head_text().is_some() && (is_workflow(&file.path) || is_action(&file.path))
}

/// Something to report, with an identity by which it is known whether the base had it already.
struct Problem {
    key: String,
    lines: LineRange,
    draft: Draft,
}

/// What a check sees of one side of a file.
struct View<'a> {
    workflow: Workflow<'a>,
    text: &'a Text,
    is_action: bool,
    /// The file is new in this change.
    is_new: bool,
    /// `owner/name` of the repository, if known.
    repository: Option<String>,
}

/// Reports what `find` sees at head and did not see at base, each line once.
fn report(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
    find: impl Fn(&View<'_>) -> Vec<Problem>,
) {
    let before: BTreeSet<String> =
        problems(context, file, Side::Base, &find).into_iter().map(|problem| problem.key).collect();
    let mut said = BTreeSet::new();
    for problem in problems(context, file, Side::Head, &find) {
        if !before.contains(&problem.key) && said.insert(problem.lines) {
            findings.at_head(file, problem.lines, problem.draft);
        }
    }
}

fn problems(
    context: &RuleContext<'_>,
    file: &FileChange,
    side: Side,
    find: &impl Fn(&View<'_>) -> Vec<Problem>,
) -> Vec<Problem> {
    let Some(text) = file.text(side) else { return Vec::new() };
    let Some(tree) = context.parsed(file, side, yaml::parse) else { return Vec::new() };
    let Some(workflow) = Workflow::of(&tree) else { return Vec::new() };
    let repository = context.change.repo.as_ref().map(|(_, slug)| slug.to_string());
    let is_action = is_action(&file.path);
    find(&View { workflow, text, is_action, is_new: file.is_added(), repository })
}

/// What the rules of this family have in common.
const COMMON: Rule = Rule {
    code: "",
    title: "",
    lane: Lane::Infra,
    kind: FindingKind::Evidence,
    category: Category::Security,
    severity: Severity::Minor,
    confidence: Confidence::High,
    equivalents: &[],
    page: "",
    check: Check::File { applies, check: |_, _, _| {} },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "actions/unpinned-action",
        title: "Third-party action not pinned to a commit",
        equivalents: &["zizmor:unpinned-uses", "scorecard:Pinned-Dependencies"],
        page: include_str!("../../../fixtures/rules/actions/unpinned-action.md"),
        check: Check::File { applies, check: supply::unpinned },
        ..COMMON
    },
    Rule {
        code: "actions/excessive-permissions",
        title: "Workflow token with more rights than needed",
        equivalents: &["zizmor:excessive-permissions", "scorecard:Token-Permissions"],
        page: include_str!("../../../fixtures/rules/actions/excessive-permissions.md"),
        check: Check::File { applies, check: permissions::excessive },
        ..COMMON
    },
    Rule {
        code: "actions/script-injection",
        title: "Text from outsiders put into a script",
        severity: Severity::Major,
        equivalents: &["zizmor:template-injection", "actionlint:expression"],
        page: include_str!("../../../fixtures/rules/actions/script-injection.md"),
        check: Check::File { applies, check: injection::script },
        ..COMMON
    },
    Rule {
        code: "actions/dangerous-checkout",
        title: "Code of a fork checked out with the repository's rights",
        severity: Severity::Critical,
        equivalents: &["scorecard:Dangerous-Workflow", "codeql:actions/untrusted-checkout"],
        page: include_str!("../../../fixtures/rules/actions/dangerous-checkout.md"),
        check: Check::File { applies, check: injection::checkout },
        ..COMMON
    },
    Rule {
        code: "actions/hardcoded-secret",
        title: "Literal password or token in a workflow",
        severity: Severity::Major,
        equivalents: &["zizmor:hardcoded-container-credentials", "actionlint:credentials"],
        page: include_str!("../../../fixtures/rules/actions/hardcoded-secret.md"),
        check: Check::File { applies, check: permissions::hardcoded },
        ..COMMON
    },
    Rule {
        code: "actions/secrets-inherit",
        title: "All secrets handed to another repository's workflow",
        equivalents: &["zizmor:secrets-inherit"],
        page: include_str!("../../../fixtures/rules/actions/secrets-inherit.md"),
        check: Check::File { applies, check: permissions::inherit },
        ..COMMON
    },
    Rule {
        code: "actions/insecure-commands",
        title: "Workflow commands that were switched off",
        equivalents: &["zizmor:insecure-commands", "actionlint:deprecated-commands"],
        page: include_str!("../../../fixtures/rules/actions/insecure-commands.md"),
        check: Check::File { applies, check: supply::commands },
        ..COMMON
    },
];

//! Rules of the `process` family: the change as a whole.

mod lockfile;
mod new_dependency;
mod size;
mod split;
mod tests_missing;

use super::{Check, Rule};
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;

pub use split::{SplitPart, propose_split};
pub(super) use tests_missing::is_test;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "process/too-many-files",
        title: "More files than one change may have",
        lane: Lane::Lead,
        kind: FindingKind::Evidence,
        category: Category::Process,
        severity: Severity::Major,
        confidence: Confidence::High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/process/too-many-files.md"),
        check: Check::Change {
            applies: size::has_files,
            needs: |_| Vec::new(),
            check: size::too_many,
        },
    },
    Rule {
        code: "process/policy-changed",
        title: "Policy or instructions changed",
        lane: Lane::Lead,
        kind: FindingKind::Policy,
        category: Category::Process,
        severity: Severity::Info,
        confidence: Confidence::High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/process/policy-changed.md"),
        check: Check::Change {
            applies: size::touches_policy,
            needs: |_| Vec::new(),
            check: size::policy_changed,
        },
    },
    Rule {
        code: "process/code-without-tests",
        title: "Tested code changed without its tests",
        lane: Lane::Qa,
        kind: FindingKind::MissingEvidence,
        category: Category::Testing,
        severity: Severity::Minor,
        confidence: Confidence::Medium,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/process/code-without-tests.md"),
        check: Check::Change {
            applies: tests_missing::applies,
            needs: tests_missing::needs,
            check: tests_missing::check,
        },
    },
    Rule {
        code: "process/lockfile-missing",
        title: "Dependency added without the lock file",
        lane: Lane::Lead,
        kind: FindingKind::MissingEvidence,
        category: Category::Process,
        severity: Severity::Minor,
        confidence: Confidence::High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/process/lockfile-missing.md"),
        check: Check::Change {
            applies: lockfile::applies,
            needs: lockfile::needs,
            check: lockfile::check,
        },
    },
    Rule {
        code: "process/new-dependency",
        title: "A new dependency, datastore or framework",
        lane: Lane::Lead,
        kind: FindingKind::Gate,
        category: Category::Architecture,
        severity: Severity::Info,
        confidence: Confidence::High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/process/new-dependency.md"),
        check: Check::Change {
            applies: new_dependency::applies,
            needs: new_dependency::needs,
            check: new_dependency::check,
        },
    },
];

//! What the families that compare contracts have in common.

use super::{Check, Rule};
use crate::domain::finding::Confidence::High;
use crate::domain::finding::{Category, FindingKind, Severity};
use crate::domain::path::RepoPath;
use crate::domain::team::Lane;

/// Folders whose contracts nobody's clients depend on, or that belong to others.
const ASIDE: [&str; 10] = [
    "__tests__",
    "examples",
    "fixtures",
    "mocks",
    "node_modules",
    "test",
    "testdata",
    "tests",
    "third_party",
    "vendor",
];

/// Whether a contract at this path is one that clients depend on.
pub fn is_public(path: &RepoPath) -> bool {
    !ASIDE.iter().any(|folder| path.has_directory(folder))
}

/// A rule about what clients of a contract see.
pub const fn rule(
    code: &'static str,
    title: &'static str,
    severity: Severity,
    equivalents: &'static [&'static str],
    page: &'static str,
    check: Check,
) -> Rule {
    Rule {
        code,
        title,
        lane: Lane::Lead,
        kind: FindingKind::Evidence,
        category: Category::Api,
        severity,
        confidence: High,
        equivalents,
        page,
        check,
    }
}

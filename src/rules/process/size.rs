//! `process/too-many-files` and `process/policy-changed`.

use super::split::propose_split;
use crate::config::policy::POLICY_PATH;
use crate::domain::change::{Change, FileChange};
use crate::domain::finding::Severity;
use crate::domain::path::RepoPath;
use crate::rules::{Draft, Findings, RuleContext};

/// Most parts and files that are spelled out in the proposal.
const MAX_PARTS_SHOWN: usize = 8;
const MAX_FILES_SHOWN: usize = 4;

pub(super) fn has_files(change: &Change) -> bool {
    change.files.iter().any(|file| !file.derived)
}

pub(super) fn too_many(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let limit = context.policy.max_files;
    let counted: Vec<&FileChange> =
        context.change.files.iter().filter(|file| !file.derived).collect();
    let Some(first) = counted.first().filter(|_| counted.len() > limit) else { return };
    let others = context.change.files.len() - counted.len();
    let uncounted = match others {
        0 => String::new(),
        _ => format!(" ({others} generated, vendored or lock files are not counted)"),
    };
    let draft = Draft {
        title: format!("{} files changed, more than the {limit} allowed at once", counted.len()),
        evidence: format!(
            "The policy allows {limit} files in one change{uncounted}. Beyond that, reviewers skim, \
             and a revert takes everything with it."
        ),
        recommendation: proposal(context.change, limit),
        symbol: Some("change".to_owned()),
        severity: counted.iter().all(|file| is_prose(&file.path)).then_some(Severity::Minor),
        ..Draft::default()
    };
    findings.on_file(first, draft);
}

/// Text for people: many pages at once are tedious to read, but nothing breaks by them.
fn is_prose(path: &RepoPath) -> bool {
    let extension = path.extension().unwrap_or_default();
    matches!(extension.as_str(), "md" | "mdx" | "rst" | "adoc" | "txt")
}

fn proposal(change: &Change, limit: usize) -> String {
    let parts = propose_split(change, limit);
    let shown = parts.iter().take(MAX_PARTS_SHOWN).enumerate().map(|(at, part)| {
        let named: Vec<String> =
            part.files.iter().take(MAX_FILES_SHOWN).map(|path| code(path.as_str())).collect();
        let rest = part.files.len() - named.len();
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let count = match part.files.len() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        format!("({}) {}, {count}: {}{more}", at + 1, code(&part.title), named.join(", "))
    });
    let list = shown.collect::<Vec<_>>().join("; ");
    let rest = parts.len().saturating_sub(MAX_PARTS_SHOWN);
    let more = if rest > 0 { format!("; and {rest} smaller parts") } else { String::new() };
    format!("Split it, for example into {} changes: {list}{more}.", parts.len())
}

/// A name between code marks, which it cannot close itself.
fn code(name: &str) -> String {
    format!("`{}`", name.replace('`', "'"))
}

/// What kind of policy a file is, if it is one.
fn policy_kind(path: &RepoPath) -> Option<&'static str> {
    let text = path.as_str();
    let name = path.file_name();
    let below = |directory: &str| text.starts_with(directory);
    if text == POLICY_PATH {
        return Some("the review policy");
    }
    let owners = matches!(path.directory(), "" | ".github" | "docs" | ".gitlab");
    if name == "CODEOWNERS" && owners {
        return Some("the owners who must approve");
    }
    let instructions = matches!(
        name,
        "AGENTS.md"
            | "AGENTS.override.md"
            | "CLAUDE.md"
            | "GEMINI.md"
            | ".cursorrules"
            | ".windsurfrules"
    ) || text == ".github/copilot-instructions.md"
        || [
            ".github/instructions/",
            ".github/agents/",
            ".github/chatmodes/",
            ".github/prompts/",
            ".claude/",
            ".cursor/rules/",
            ".opencode/",
            ".gemini/",
        ]
        .iter()
        .any(|directory| below(directory));
    if instructions {
        return Some("instructions to agents");
    }
    let settings = matches!(text, ".github/settings.yml" | ".github/settings.yaml")
        || matches!(text, ".github/zizmor.yml" | ".github/actionlint.yaml" | ".gitleaks.toml")
        || below(".github/rulesets/");
    settings.then_some("rules of the repository")
}

pub(super) fn touches_policy(change: &Change) -> bool {
    change.files.iter().any(|file| kind_of(file).is_some())
}

fn kind_of(file: &FileChange) -> Option<&'static str> {
    let before = file.path_on(crate::domain::diff::Side::Base);
    policy_kind(&file.path).or_else(|| policy_kind(before))
}

pub(super) fn policy_changed(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    for file in &context.change.files {
        let Some(kind) = kind_of(file) else { continue };
        let draft = Draft {
            title: format!("{} changes {kind}", code(file.path.as_str())),
            evidence:
                "This review went by the version at the base commit: a change cannot set the \
                       rules for its own review. It takes effect after merge."
                    .to_owned(),
            recommendation: "Have it read by somebody who answers for these rules.".to_owned(),
            symbol: Some(kind.to_owned()),
            ..Draft::default()
        };
        findings.on_file(file, draft);
    }
}

//! `code/tls-verification-off`.

use super::view::{CodeView, is_kind};
use crate::domain::change::FileChange;
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;
use crate::rules::parse::code::{
    Language, Syntax, enclosing_function, in_error, in_inline_test, is_production_code, lines_of,
};
use crate::rules::{Check, Draft, Findings, Rule, RuleContext};

pub(super) const RULE: Rule = Rule {
    code: "code/tls-verification-off",
    title: "certificates of the other side are not verified",
    lane: Lane::Security,
    kind: FindingKind::Evidence,
    category: Category::Security,
    severity: Severity::Major,
    confidence: Confidence::High,
    equivalents: &["bandit:B501", "ruff:S501", "gosec:G402"],
    page: include_str!("../../../fixtures/rules/code/tls-verification-off.md"),
    check: Check::File { applies: is_production_code, check },
};

fn check(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    let Some(view) = CodeView::of(context, file) else { return };
    for node in view.code.nodes() {
        let Some(switch) = switched_off(&node, view.language) else { continue };
        let lines = lines_of(&view.text, &node);
        if !file.adds_any(lines) || in_error(&node) || in_inline_test(&node) {
            continue;
        }
        findings.at_head(
            file,
            lines,
            Draft {
                title: format!("`{switch}` turns certificate verification off"),
                evidence: "Anyone on the network path can pretend to be the other side, read \
                           what is sent (tokens included) and change the answers."
                    .to_owned(),
                recommendation: "Keep verification on. For a private authority, add its \
                                 certificate to the client's roots."
                    .to_owned(),
                symbol: enclosing_function(&node),
                ..Draft::default()
            },
        );
    }
}

/// The setting that switches verification off, if this node is one.
fn switched_off(node: &Syntax<'_>, language: Language) -> Option<&'static str> {
    match language {
        Language::Go => {
            let off = is_pair(node, &["keyed_element"], "InsecureSkipVerify", "true");
            off.then_some("InsecureSkipVerify: true")
        }
        Language::Python => {
            let off = node.kind() == "keyword_argument"
                && field(node, "name") == "verify"
                && field(node, "value") == "False"
                && calls_http_client(node);
            off.then_some("verify=False")
        }
        Language::JavaScript | Language::TypeScript => {
            let off = is_pair(node, &["pair"], "rejectUnauthorized", "false");
            off.then_some("rejectUnauthorized: false")
        }
        Language::Rust => {
            let off = node.kind() == "call_expression"
                && field(node, "function").ends_with(".danger_accept_invalid_certs")
                && field(node, "arguments") == "(true)";
            // The whole chain is one call expression; its last link is enough to point at.
            off.then_some("danger_accept_invalid_certs(true)")
        }
        Language::Java => None,
    }
}

fn field(node: &Syntax<'_>, name: &str) -> String {
    node.field(name).map(|child| child.text().into_owned()).unwrap_or_default()
}

fn is_pair(node: &Syntax<'_>, kinds: &[&str], key: &str, value: &str) -> bool {
    let mut parts = node.named_children();
    is_kind(node, kinds)
        && parts.next().is_some_and(|part| part.text() == key)
        && parts.next().is_some_and(|part| part.text() == value)
}

/// `verify` is an argument of many functions; only those of HTTP clients are meant.
fn calls_http_client(argument: &Syntax<'_>) -> bool {
    let call = argument.ancestors().find(|outer| outer.kind() == "call");
    call.is_some_and(|call| {
        let callee = field(&call, "function");
        let module = callee.split('.').next().unwrap_or_default();
        ["requests", "httpx", "session", "client", "http"].contains(&module)
    })
}

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
        if !file.adds_any(lines)
            || in_error(&node)
            || in_inline_test(&node)
            || is_for_developers(&node)
        {
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

/// Whether it stands below a condition on where the program runs.
fn is_for_developers(node: &Syntax<'_>) -> bool {
    const CONDITIONAL: [&str; 8] = [
        "if_statement",
        "preproc_if",
        "conditional_expression",
        "if",
        "unless",
        "if_modifier",
        "unless_modifier",
        "conditional",
    ];
    const PLACES: [&str; 5] = ["development", "debug", "local", "production", "environment"];
    let mut around = node.ancestors().filter(|outer| is_kind(outer, &CONDITIONAL));
    around.any(|outer| {
        let condition = field(&outer, "condition").to_ascii_lowercase();
        PLACES.iter().any(|place| condition.contains(place))
    })
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
        Language::CSharp => sharp(node),
        Language::Php => php(node),
        Language::Ruby => {
            let off = node.kind() == "scope_resolution"
                && node.text() == "OpenSSL::SSL::VERIFY_NONE"
                && node.parent().is_some_and(|outer| is_kind(&outer, &["assignment", "pair"]));
            off.then_some("OpenSSL::SSL::VERIFY_NONE")
        }
        Language::Java | Language::Kotlin => None,
    }
}

/// The callback that is asked about certificates: one that accepts any, or always says yes.
fn sharp(node: &Syntax<'_>) -> Option<&'static str> {
    if node.kind() != "assignment_expression" {
        return None;
    }
    let asked = field(node, "left");
    let asked = asked.rsplit('.').next().unwrap_or_default();
    let callback = matches!(
        asked,
        "ServerCertificateCustomValidationCallback" | "ServerCertificateValidationCallback"
    );
    let right = node.field("right").filter(|_| callback)?;
    let always = right.kind() == "lambda_expression" && field(&right, "body") == "true";
    let any = right.text().ends_with(".DangerousAcceptAnyServerCertificateValidator");
    (always || any).then_some("ServerCertificateCustomValidationCallback")
}

/// `curl_setopt(…, CURLOPT_SSL_VERIFYPEER, false)`, `Http::withoutVerifying()`.
fn php(node: &Syntax<'_>) -> Option<&'static str> {
    let off = |text: &str| matches!(text.to_ascii_lowercase().as_str(), "false" | "0");
    let peer = |text: &str| text.trim_start_matches('\\') == "CURLOPT_SSL_VERIFYPEER";
    match node.kind().as_ref() {
        "function_call_expression" if field(node, "function") == "curl_setopt" => {
            let list: Vec<String> = node
                .field("arguments")?
                .named_children()
                .map(|argument| argument.text().into_owned())
                .collect();
            let [_, option, value] = list.as_slice() else { return None };
            (peer(option) && off(value)).then_some("CURLOPT_SSL_VERIFYPEER")
        }
        "array_element_initializer" => {
            let parts: Vec<Syntax<'_>> = node.named_children().collect();
            let [key, value] = parts.as_slice() else { return None };
            (peer(&key.text()) && off(&value.text())).then_some("CURLOPT_SSL_VERIFYPEER")
        }
        "scoped_call_expression" | "member_call_expression" => {
            (field(node, "name") == "withoutVerifying").then_some("withoutVerifying()")
        }
        _ => None,
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

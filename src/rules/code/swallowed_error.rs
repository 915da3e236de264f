//! `code/swallowed-error`.

use super::view::{CodeView, is_comment, is_kind, is_silently_empty, statements};
use crate::domain::change::FileChange;
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;
use crate::rules::parse::code::{
    Language, Syntax, enclosing_function, in_error, in_inline_test, is_production_code, lines_of,
};
use crate::rules::{Check, Draft, Findings, Rule, RuleContext};

pub(super) const RULE: Rule = Rule {
    code: "code/swallowed-error",
    title: "an error is caught and nothing is done about it",
    lane: Lane::Observability,
    kind: FindingKind::Evidence,
    category: Category::Reliability,
    severity: Severity::Minor,
    confidence: Confidence::High,
    equivalents: &["ruff:S110", "eslint:no-empty", "pmd:EmptyCatchBlock"],
    page: include_str!("../../../fixtures/rules/code/swallowed-error.md"),
    check: Check::File { applies: is_production_code, check },
};

fn check(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    let Some(view) = CodeView::of(context, file) else { return };
    for node in view.code.nodes() {
        let Some(what) = swallowed(&node, view.language) else { continue };
        let lines = lines_of(&view.text, &node);
        if !file.adds_any(lines) || in_error(&node) || in_inline_test(&node) {
            continue;
        }
        let function = enclosing_function(&node);
        let place = function.as_ref().map(|name| format!(" in `{name}`")).unwrap_or_default();
        findings.at_head(
            file,
            lines,
            Draft {
                title: format!("{what} ignores the error{place}"),
                evidence: "Nothing is done with the error and no comment says why: when this \
                           fails, no log line, metric or answer will show it."
                    .to_owned(),
                recommendation: "Return the error, or log it with what was being done. If it may \
                                 really be ignored, say why in a comment there."
                    .to_owned(),
                symbol: function,
                ..Draft::default()
            },
        );
    }
}

/// What handles an error by doing nothing, in words, if this node is such a thing.
fn swallowed(node: &Syntax<'_>, language: Language) -> Option<&'static str> {
    match language {
        Language::CSharp => sharp(node),
        Language::Go => go(node),
        Language::Java => java(node),
        Language::JavaScript | Language::TypeScript => javascript(node),
        Language::Kotlin => kotlin(node),
        Language::Php => php(node),
        Language::Python => python(node),
        Language::Ruby => ruby(node),
        Language::Rust => rust(node),
    }
}

/// `if err != nil {}`.
fn go(node: &Syntax<'_>) -> Option<&'static str> {
    if node.kind() != "if_statement" || node.field("alternative").is_some() {
        return None;
    }
    let condition = node.field("condition")?;
    let sides = (condition.field("left")?, condition.field("right")?);
    let about_error = condition.field("operator")?.text() == "!="
        && sides.1.text() == "nil"
        && is_error_name(&sides.0.text());
    (about_error && is_silently_empty(&node.field("consequence")?)).then_some("An empty `if`")
}

fn is_error_name(name: &str) -> bool {
    name == "err" || name.ends_with("Err") || name.ends_with("Error")
}

/// `catch (E e) {}`, unless the variable's name says that it is expected.
fn java(node: &Syntax<'_>) -> Option<&'static str> {
    if node.kind() != "catch_clause" || !is_silently_empty(&node.field("body")?) {
        return None;
    }
    let parameter = node.children().find(|child| child.kind() == "catch_formal_parameter")?;
    let name = parameter.field("name").map(|name| name.text().to_lowercase()).unwrap_or_default();
    let expected = name == "_" || name.starts_with("ignore") || name.starts_with("expected");
    (!expected).then_some("An empty `catch`")
}

/// `catch {}` and `catch (Exception) {}`. One kind of exception that is passed over is ordinary.
fn sharp(node: &Syntax<'_>) -> Option<&'static str> {
    if node.kind() != "catch_clause" || !is_silently_empty(&node.field("body")?) {
        return None;
    }
    let filtered = node.children().any(|child| child.kind() == "catch_filter_clause");
    let declared = node.children().find(|child| child.kind() == "catch_declaration");
    let broad = declared.is_none_or(|declared| {
        let kind = declared.field("type").map(|kind| kind.text().into_owned());
        let name = declared.field("name").map(|name| name.text().into_owned());
        kind.is_some_and(|kind| matches!(kind.as_str(), "Exception" | "System.Exception"))
            && !name.is_some_and(|name| is_expected(&name))
    });
    (broad && !filtered && !is_commented(node)).then_some("An empty `catch`")
}

fn is_expected(name: &str) -> bool {
    let name = name.trim_start_matches('$').to_lowercase();
    name == "_" || name.starts_with("ignore") || name.starts_with("expected")
}

/// Whether a comment stands in a clause or on its last line.
fn is_commented(node: &Syntax<'_>) -> bool {
    let behind = node.next().is_some_and(|next| {
        is_comment(&next) && next.start_pos().line() <= node.end_pos().line() + 1
    });
    behind || node.dfs().any(|inner| is_comment(&inner))
}

/// `catch (e: Exception) {}`.
fn kotlin(node: &Syntax<'_>) -> Option<&'static str> {
    if node.kind() != "catch_block" || is_commented(node) {
        return None;
    }
    let parts: Vec<Syntax<'_>> = node.named_children().collect();
    let nothing = !parts.iter().any(|part| part.kind() == "statements");
    let name = parts.iter().find(|part| part.kind() == "simple_identifier")?.text();
    let kind = parts.iter().find(|part| part.kind() == "user_type")?.text();
    let broad = matches!(kind.as_ref(), "Exception" | "Throwable" | "RuntimeException");
    (nothing && broad && !is_expected(&name)).then_some("An empty `catch`")
}

/// `catch (\Throwable $e) {}`.
fn php(node: &Syntax<'_>) -> Option<&'static str> {
    if node.kind() != "catch_clause" || is_commented(node) {
        return None;
    }
    let broad = node.field("type").is_some_and(|types| {
        types.text().split('|').any(|one| {
            matches!(one.trim().trim_start_matches('\\'), "Exception" | "Throwable" | "Error")
        })
    });
    let expected = node.field("name").is_some_and(|name| is_expected(&name.text()));
    (broad && !expected && is_silently_empty(&node.field("body")?)).then_some("An empty `catch`")
}

/// `rescue => e` with nothing below. `rescue => e; nil` says what comes instead.
fn ruby(node: &Syntax<'_>) -> Option<&'static str> {
    // The keyword is a node of that kind too.
    let clause = node.kind() == "rescue" && node.is_named();
    if !clause || node.field("body").is_some() || is_commented(node) {
        return None;
    }
    let caught: Vec<String> = node
        .field("exceptions")
        .map(|list| list.named_children().map(|one| one.text().into_owned()).collect())
        .unwrap_or_default();
    let broad = caught.is_empty()
        || caught.iter().any(|one| matches!(one.as_str(), "StandardError" | "Exception"));
    let name = node.field("variable").map(|name| name.text().into_owned());
    let name = name.as_deref().map(|name| name.trim_start_matches("=>").trim());
    let expected = name.is_some_and(|name| name.starts_with('_') || is_expected(name));
    (broad && !expected).then_some("A `rescue` with nothing in it")
}

/// `catch {}` and `.catch(() => {})`.
fn javascript(node: &Syntax<'_>) -> Option<&'static str> {
    if node.kind() == "catch_clause" {
        return is_silently_empty(&node.field("body")?).then_some("An empty `catch`");
    }
    if node.kind() != "call_expression" {
        return None;
    }
    let function = node.field("function")?;
    if function.kind() != "member_expression" || function.field("property")?.text() != "catch" {
        return None;
    }
    let arguments = statements(&node.field("arguments")?);
    let [handler] = arguments.as_slice() else { return None };
    let empty = is_kind(handler, &["arrow_function", "function_expression"])
        && handler
            .field("body")
            .is_some_and(|body| body.kind() == "statement_block" && is_silently_empty(&body));
    empty.then_some("An empty `.catch()` handler")
}

/// `except:` or `except Exception:` with nothing but `pass`. A named, narrow exception that is
/// passed over is ordinary Python.
fn python(node: &Syntax<'_>) -> Option<&'static str> {
    if node.kind() != "except_clause" || node.dfs().any(|inner| is_comment(&inner)) {
        return None;
    }
    let parts = statements(node);
    let (body, caught) = parts.split_last()?;
    let broad = caught.iter().all(|what| {
        let text = what.text();
        let name = text.split(" as ").next().unwrap_or_default().trim().to_owned();
        matches!(name.as_str(), "Exception" | "BaseException")
    });
    let body = statements(body);
    let nothing = !body.is_empty()
        && body.iter().all(|statement| {
            statement.kind() == "pass_statement" || statement.text().trim() == "..."
        });
    (broad && nothing).then_some("a broad `except` with only `pass`")
}

/// `Err(_) => {}` and `if let Err(_) = … {}`.
fn rust(node: &Syntax<'_>) -> Option<&'static str> {
    if node.kind() == "match_arm" {
        let pattern = node.field("pattern")?;
        let value = node.field("value")?;
        let nothing = value.kind() == "unit_expression"
            || (value.kind() == "block" && is_silently_empty(&value));
        let commented = node.next().is_some_and(|next| {
            is_comment(&next) && next.start_pos().line() == node.end_pos().line()
        });
        return (any_error(&pattern.text()) && nothing && !commented && !goes_on(node))
            .then_some("An empty `Err` arm");
    }
    if node.kind() != "if_expression" || node.field("alternative").is_some() {
        return None;
    }
    let condition = node.field("condition")?;
    let about_error =
        condition.kind() == "let_condition" && any_error(&condition.field("pattern")?.text());
    (about_error && is_silently_empty(&node.field("consequence")?)).then_some("An empty `if let`")
}

/// Whether the `match` is one attempt of several: success leaves, or another arm keeps the error.
fn goes_on(arm: &Syntax<'_>) -> bool {
    let Some(block) = arm.parent() else { return false };
    block.named_children().filter(|other| other.range() != arm.range()).any(|other| {
        let pattern = other.field("pattern").map(|pattern| pattern.text().into_owned());
        let pattern = pattern.unwrap_or_default();
        let leaves = other.field("value").is_some_and(|value| {
            const LEAVING: [&str; 3] =
                ["return_expression", "break_expression", "continue_expression"];
            let inner = value.named_children().find(|child| child.kind() == "expression_statement");
            let statement = inner.as_ref().and_then(|inner| inner.named_children().next());
            is_kind(&value, &LEAVING) || statement.is_some_and(|it| is_kind(&it, &LEAVING))
        });
        pattern.starts_with("Err(") || pattern.starts_with("Ok(") && leaves
    })
}

/// `Err(_)` or `Err(name)`: every error, not one certain kind.
fn any_error(pattern: &str) -> bool {
    let inner = pattern.trim().strip_prefix("Err(").and_then(|rest| rest.strip_suffix(')'));
    inner.is_some_and(|inner| {
        let inner = inner.trim();
        inner == ".."
            || (!inner.is_empty()
                && !matches!(inner, "true" | "false")
                && inner.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
    })
}

//! `code/outbound-call-without-timeout`.

use super::view::{CodeView, is_kind, statements};
use crate::domain::change::FileChange;
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;
use crate::rules::parse::code::{
    Language, Syntax, enclosing_function, in_error, in_inline_test, is_production_code, lines_of,
};
use crate::rules::{Check, Draft, Findings, Rule, RuleContext};

pub(super) const RULE: Rule = Rule {
    code: "code/outbound-call-without-timeout",
    title: "an outbound HTTP call can wait for ever",
    lane: Lane::Lead,
    kind: FindingKind::MissingEvidence,
    category: Category::Reliability,
    severity: Severity::Major,
    confidence: Confidence::High,
    equivalents: &["bandit:B113", "ruff:S113", "gosec:G107"],
    page: include_str!("../../../fixtures/rules/code/outbound-call-without-timeout.md"),
    check: Check::File { applies: is_production_code, check },
};

/// An outbound call that nothing bounds.
struct Unbounded {
    /// The call as people write it, for the title.
    call: String,
    why: &'static str,
    instead: &'static str,
}

fn check(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    let Some(view) = CodeView::of(context, file) else { return };
    for node in view.code.nodes() {
        let Some(found) = unbounded(&node, &view) else { continue };
        let lines = lines_of(&view.text, &node);
        if !file.adds_any(lines) || in_error(&node) || in_inline_test(&node) {
            continue;
        }
        let symbol = enclosing_function(&node);
        findings.at_head(
            file,
            lines,
            Draft {
                title: format!("`{}` has no timeout", found.call),
                evidence: format!(
                    "{} When the other side hangs, this call never returns: its connection, and \
                     the request or job that waits for it, are held until the process ends.",
                    found.why
                ),
                recommendation: found.instead.to_owned(),
                symbol,
                ..Draft::default()
            },
        );
    }
}

fn unbounded(node: &Syntax<'_>, view: &CodeView) -> Option<Unbounded> {
    match view.language {
        Language::Go => go(node, view.source()),
        Language::Java => java(node, view.source()),
        Language::JavaScript | Language::TypeScript => javascript(node, view.source()),
        Language::Kotlin => kotlin(node, view.source()),
        Language::Php => php(node, view.source()),
        Language::Python => python(node, view.source()),
        Language::Rust => rust(node, view.source()),
        // .NET's client waits 100 seconds, and Ruby's 60, unless told otherwise.
        Language::CSharp | Language::Ruby => None,
    }
}

/// The called thing and its arguments.
fn call<'a>(node: &Syntax<'a>) -> Option<(String, Vec<Syntax<'a>>)> {
    if !is_kind(node, &["call_expression", "call", "method_invocation"]) {
        return None;
    }
    let callee = node.field("function")?.text().into_owned();
    Some((callee, statements(&node.field("arguments")?)))
}

/// Package-level calls of net/http use the default client, which has no timeout; a client built
/// without one has none either, unless requests carry a context.
fn go(node: &Syntax<'_>, source: &str) -> Option<Unbounded> {
    if !source.contains("\"net/http\"") {
        return None;
    }
    let with_context = source.contains("NewRequestWithContext");
    let instead = "Use an `http.Client` with `Timeout` set, or a request made with \
                   `http.NewRequestWithContext` and a context that has a deadline.";
    if let Some((callee, _)) = call(node) {
        let direct = ["http.Get", "http.Post", "http.Head", "http.PostForm"];
        let default_client = callee.starts_with("http.DefaultClient.")
            && (callee != "http.DefaultClient.Do" || !with_context);
        return (direct.contains(&callee.as_str()) || default_client).then_some(Unbounded {
            call: callee,
            why: "It uses the default client, which waits without limit.",
            instead,
        });
    }
    let literal = node.kind() == "composite_literal"
        && node.field("type").is_some_and(|kind| kind.text() == "http.Client");
    let bounded = with_context || sets_later(source, ".Timeout =");
    if !literal || bounded || names_field(node, "Timeout") {
        return None;
    }
    Some(Unbounded {
        call: "http.Client".to_owned(),
        why: "A client without `Timeout` waits without limit.",
        instead,
    })
}

fn names_field(literal: &Syntax<'_>, field: &str) -> bool {
    literal.dfs().any(|inner| {
        inner.kind() == "keyed_element"
            && inner.named_children().next().is_some_and(|key| key.text() == field)
    })
}

fn sets_later(source: &str, assignment: &str) -> bool {
    source.contains(assignment)
}

/// `requests` and `urlopen` wait without limit unless told otherwise; httpx only when told to.
fn python(node: &Syntax<'_>, source: &str) -> Option<Unbounded> {
    let (callee, arguments) = call(node)?;
    let keyword = |name: &str| {
        arguments.iter().find(|argument| {
            argument.kind() == "keyword_argument"
                && argument.field("name").is_some_and(|key| key.text() == name)
        })
    };
    let forwarded = arguments.iter().any(|argument| argument.kind() == "dictionary_splat");
    let timeout = keyword("timeout").and_then(|timeout| timeout.field("value"));
    let none = timeout.as_ref().is_some_and(|value| value.text() == "None");
    let verbs = ["get", "post", "put", "patch", "delete", "head", "options", "request"];
    let of = |module: &str| {
        callee
            .strip_prefix(module)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|verb| verbs.contains(&verb))
    };
    let imported = |module: &str| {
        source.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some("import") && words.any(|word| word.trim_end_matches(',') == module)
        })
    };
    let requests = of("requests") && imported("requests") && (timeout.is_none() || none);
    let urlopen = callee == "urllib.request.urlopen" && timeout.is_none() && arguments.len() < 3;
    let httpx = of("httpx") && none;
    let unbounded = (!forwarded && (requests || urlopen)) || httpx;
    unbounded.then_some(Unbounded {
        call: callee,
        why: "Without a timeout it waits without limit.",
        instead: "Pass `timeout=` in seconds, e.g. `timeout=(3.05, 10)` for connecting and reading.",
    })
}

/// axios has no timeout by default. `fetch` is left alone: servers and browsers bound it in ways
/// that the code does not show.
fn javascript(node: &Syntax<'_>, source: &str) -> Option<Unbounded> {
    let (callee, arguments) = call(node)?;
    let imports_axios = source.contains("'axios'") || source.contains("\"axios\"");
    let verbs = [
        "axios.get",
        "axios.post",
        "axios.put",
        "axios.patch",
        "axios.delete",
        "axios.request",
        "axios",
    ];
    let create = callee == "axios.create";
    if !imports_axios || !(create || verbs.contains(&callee.as_str())) {
        return None;
    }
    // A timeout, a signal, or options made elsewhere.
    let bounded = source.contains("axios.defaults.timeout")
        || arguments.iter().any(|argument| {
            let text = argument.text();
            argument.kind() == "object"
                && (text.contains("timeout") || text.contains("signal") || text.contains("..."))
        });
    let options_elsewhere = arguments.last().is_some_and(|last| {
        let position_of_options = match callee.as_str() {
            "axios.create" | "axios.request" => 1,
            "axios" | "axios.get" | "axios.delete" => 2,
            _ => 3,
        };
        arguments.len() >= position_of_options && last.kind() != "object" && !is_url(last)
    });
    (!bounded && !options_elsewhere).then_some(Unbounded {
        call: callee,
        why: "axios waits without limit by default.",
        instead: "Set `timeout` in milliseconds, best once in `axios.create({ timeout: 10_000 })`.",
    })
}

fn is_url(node: &Syntax<'_>) -> bool {
    is_kind(node, &["string", "template_string"])
}

/// reqwest's async client has no timeout by default.
fn rust(node: &Syntax<'_>, source: &str) -> Option<Unbounded> {
    let (callee, _) = call(node)?;
    let instead = "Build one client with `reqwest::Client::builder().timeout(…)` and reuse it.";
    let why = "reqwest's client waits without limit by default.";
    if callee == "reqwest::get" {
        return Some(Unbounded { call: callee, why, instead });
    }
    let bounded = source.contains("timeout(");
    let short = callee == "Client::new" && source.contains("use reqwest::Client;");
    let built = callee.ends_with(".build")
        && (callee.contains("reqwest::Client::builder()")
            || callee.contains("reqwest::ClientBuilder::new()"));
    let created = callee == "reqwest::Client::new" || short;
    (!bounded && (created || built)).then(|| Unbounded {
        call: if built { "reqwest::Client::builder".to_owned() } else { callee },
        why,
        instead,
    })
}

/// java.net.http, RestTemplate.
fn java(node: &Syntax<'_>, source: &str) -> Option<Unbounded> {
    if node.kind() == "object_creation_expression"
        && node.field("type").is_some_and(|kind| kind.text() == "RestTemplate")
        && node.field("arguments").is_some_and(|arguments| statements(&arguments).is_empty())
    {
        let bounded = ["setReadTimeout", "setConnectTimeout", "setRequestFactory"];
        return (!bounded.iter().any(|word| source.contains(word))).then(|| Unbounded {
            call: "new RestTemplate()".to_owned(),
            why: "Its default request factory waits without limit.",
            instead: "Build it with `RestTemplateBuilder` and set connect and read timeouts.",
        });
    }
    if node.kind() != "method_invocation" || !source.contains("java.net.http") {
        return None;
    }
    let starts = node.field("object").is_some_and(|object| object.text() == "HttpRequest")
        && node.field("name").is_some_and(|name| name.text() == "newBuilder");
    (starts && !source.contains(".timeout(")).then(|| Unbounded {
        call: "HttpRequest.newBuilder".to_owned(),
        why: "A request without `timeout` waits without limit for its answer.",
        instead: "Add `.timeout(Duration.ofSeconds(10))` to the request.",
    })
}

/// What Java's clients do, in Kotlin.
fn kotlin(node: &Syntax<'_>, source: &str) -> Option<Unbounded> {
    if node.kind() != "call_expression" {
        return None;
    }
    let callee = node.named_children().next()?.text().into_owned();
    let empty = node.text().ends_with("()");
    let request = callee == "HttpRequest.newBuilder"
        && source.contains("java.net.http")
        && !source.contains(".timeout(");
    let bounded = ["ReadTimeout", "ConnectTimeout", "equestFactory"];
    let template =
        callee == "RestTemplate" && empty && !bounded.iter().any(|word| source.contains(word));
    match (request, template) {
        (true, _) => Some(Unbounded {
            call: callee,
            why: "A request without `timeout` waits without limit for its answer.",
            instead: "Add `.timeout(Duration.ofSeconds(10))` to the request.",
        }),
        (_, true) => Some(Unbounded {
            call: "RestTemplate()".to_owned(),
            why: "Its default request factory waits without limit.",
            instead: "Build it with `RestTemplateBuilder` and set connect and read timeouts.",
        }),
        _ => None,
    }
}

/// Guzzle and curl have no timeout by default. A file that speaks of timeouts at all is left alone.
fn php(node: &Syntax<'_>, source: &str) -> Option<Unbounded> {
    let bounded = || source.to_ascii_lowercase().contains("timeout");
    match node.kind().as_ref() {
        "object_creation_expression" => {
            let class = node.named_children().next()?.text().into_owned();
            let guzzle = class.trim_start_matches('\\') == "GuzzleHttp\\Client"
                || (class == "Client" && source.contains("use GuzzleHttp\\Client;"));
            let given = node.named_children().find(|part| part.kind() == "arguments");
            let given = given.map(|list| statements(&list)).unwrap_or_default();
            // Options that are made elsewhere may have one.
            let plain =
                given.iter().all(|one| one.text().starts_with('[') && !one.text().contains("..."));
            (guzzle && plain && !bounded()).then(|| Unbounded {
                call: "new Client".to_owned(),
                why: "Guzzle waits without limit by default.",
                instead: "Set `timeout` and `connect_timeout` in seconds when the client is made.",
            })
        }
        "function_call_expression" => {
            let call = node.field("function")?.text() == "curl_exec";
            // Options that are set as a list may be made elsewhere.
            let shown = source.contains("curl_init(") && !source.contains("curl_setopt_array(");
            (call && shown && !bounded()).then(|| Unbounded {
                call: "curl_exec".to_owned(),
                why: "curl waits without limit for an answer by default.",
                instead: "Set `CURLOPT_CONNECTTIMEOUT` and `CURLOPT_TIMEOUT` before.",
            })
        }
        _ => None,
    }
}

//! Secrets and rights in manifests: `kubernetes/secret-in-manifest`, `kubernetes/wildcard-role`,
//! `kubernetes/cluster-admin-binding`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::manifest::{Object, Problem, entry_lines, report};
use crate::domain::change::FileChange;
use crate::domain::diff::LineRange;
use crate::domain::finding::Severity;
use crate::rules::parse::tree::{Entry, Node};
use crate::rules::secrets::shape;
use crate::rules::{Draft, Findings, RuleContext};

pub(super) fn secrets(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    if shape::is_example_path(&file.path) {
        return;
    }
    report(context, file, findings, |objects| {
        let mut problems = Vec::new();
        for object in objects {
            if object.kind == "Secret" {
                problems.extend(secret_object(object));
            }
            for container in object.containers() {
                let variables = container.node.get("env").map_or(&[][..], Node::items);
                problems.extend(variables.iter().filter_map(|v| literal_variable(object, v)));
            }
        }
        problems
    });
}

/// One problem for a whole Secret, at its first value that is one.
fn secret_object(object: &Object<'_>) -> Option<Problem> {
    // SOPS keeps the values encrypted.
    if object.node.get("sops").is_some() {
        return None;
    }
    let part = |key: &str| object.node.get(key).map_or(&[][..], Node::entries);
    let encoded = part("data").iter().filter_map(|entry| Some((entry, decoded(entry)?)));
    let plain = part("stringData")
        .iter()
        .filter_map(|entry| Some((entry, entry.value.as_str()?.to_owned())));
    let (entry, plain_value) =
        encoded.chain(plain).find(|(entry, value)| is_secret(entry.name(), value))?;
    let written = entry.value.as_str().unwrap_or("").to_owned();
    let mut redact: Vec<String> = written.lines().map(str::to_owned).collect();
    redact.push(plain_value);
    redact.retain(|value| !value.trim().is_empty());
    Some(Problem {
        key: object.label(),
        lines: entry_lines(entry),
        draft: Draft {
            title: format!("Secret `{}` is committed with its values", object.name),
            evidence: format!(
                "`{}` has a value here. Base64 is no encryption: everybody with a clone can read \
                 it.",
                entry.name()
            ),
            recommendation: "Replace the values where they are in use, and commit a reference \
                             instead (External Secrets, Sealed Secrets, SOPS)."
                .to_owned(),
            symbol: Some(object.label()),
            redact,
            ..Draft::default()
        },
    })
}

fn decoded(entry: &Entry) -> Option<String> {
    let compact: String = entry.value.as_str()?.split_whitespace().collect();
    String::from_utf8(STANDARD.decode(compact).ok()?).ok()
}

fn is_secret(key: &str, value: &str) -> bool {
    let value = value.trim();
    let private = value.contains("PRIVATE KEY-----") && value.len() > 200;
    let named = shape::names_secret(key) && !shape::is_stand_in(value);
    let encrypted = value.starts_with("ENC[") || value.starts_with("ref+");
    let random = value.len() >= 20
        && !shape::is_stand_in(value)
        && value.chars().any(|c| c.is_ascii_digit())
        && !value.contains(['.', '/', ':', ' '])
        && shape::entropy(value) >= 3.8;
    !encrypted && (private || named || random)
}

fn literal_variable(object: &Object<'_>, variable: &Node) -> Option<Problem> {
    let name = variable.get("name").and_then(Node::as_str)?;
    let entry = variable.entry("value")?;
    let value = entry.value.as_str()?;
    if !shape::names_secret(name) || shape::is_stand_in(value) || value.contains("$(") {
        return None;
    }
    let symbol = format!("{} {name}", object.label());
    Some(Problem {
        key: symbol.clone(),
        lines: entry_lines(entry),
        draft: Draft {
            title: format!("`{name}` has a literal value in the manifest"),
            evidence: format!(
                "Everybody who may read the repository or `{}` in the cluster sees it.",
                object.label()
            ),
            recommendation: "Replace the value where it is in use, and take it from a Secret with \
                             `valueFrom.secretKeyRef`."
                .to_owned(),
            symbol: Some(symbol),
            redact: vec![value.to_owned()],
            ..Draft::default()
        },
    })
}

pub(super) fn wildcard(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |objects| {
        let roles = objects.iter().filter(|o| matches!(o.kind, "Role" | "ClusterRole"));
        roles
            .flat_map(|role| {
                let rules = role.node.get("rules").map_or(&[][..], Node::items);
                rules.iter().filter_map(move |rule| too_much(role, rule))
            })
            .collect()
    });
}

fn too_much(role: &Object<'_>, rule: &Node) -> Option<Problem> {
    let has = |key: &str| {
        let items = rule.get(key).map_or(&[][..], Node::items);
        items.iter().any(|item| item.as_str() == Some("*"))
    };
    match (has("verbs"), has("resources")) {
        (true, true) => Some(everything(role, rule)),
        (true, false) => Some(every_verb(role, rule)),
        _ => None,
    }
}

fn every_verb(role: &Object<'_>, rule: &Node) -> Problem {
    let resources = rule.get("resources").map_or(&[][..], Node::items);
    let names: Vec<&str> = resources.iter().filter_map(Node::as_str).take(3).collect();
    let named = names.join(", ");
    Problem {
        key: format!("{} every verb {named}", role.label()),
        lines: LineRange::line(rule.line()),
        draft: Draft {
            title: format!("`{}` may do everything with `{named}`", role.label()),
            evidence: "`verbs: [\"*\"]` includes deleting whole collections, and verbs that later \
                       versions and other controllers add."
                .to_owned(),
            recommendation: "List the verbs that are used.".to_owned(),
            symbol: Some(role.label()),
            severity: Some(Severity::Minor),
            ..Draft::default()
        },
    }
}

fn everything(role: &Object<'_>, rule: &Node) -> Problem {
    let groups: Vec<&str> = rule
        .get("apiGroups")
        .map_or(&[][..], Node::items)
        .iter()
        .filter_map(Node::as_str)
        .collect();
    let everywhere = groups.is_empty() || groups.iter().any(|group| matches!(*group, "" | "*"));
    let (which, evidence) = if everywhere {
        let powers = "That includes reading all Secrets, starting pods under any account, and giving \
                      itself more rights.";
        (String::new(), powers.to_owned())
    } else {
        let named = groups.join("`, `");
        let later = "That includes deleting whole collections, and resources and verbs that are added \
                     later.";
        (format!(" of `{named}`"), later.to_owned())
    };
    Problem {
        key: format!("{} {}", role.label(), groups.join(",")),
        lines: LineRange::line(rule.line()),
        draft: Draft {
            title: format!("`{}` allows every verb on every resource{which}", role.label()),
            evidence,
            recommendation: "List the verbs and resources that the account is known to use."
                .to_owned(),
            symbol: Some(role.label()),
            ..Draft::default()
        },
    }
}

pub(super) fn cluster_admin(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    report(context, file, findings, |objects| {
        let bindings =
            objects.iter().filter(|o| matches!(o.kind, "ClusterRoleBinding" | "RoleBinding"));
        bindings
            .filter_map(|binding| {
                let role = binding.node.get("roleRef")?;
                let entry =
                    role.entry("name").filter(|e| e.value.as_str() == Some("cluster-admin"))?;
                let subjects = binding.node.get("subjects").map_or(&[][..], Node::items);
                let account = subjects.iter().find(|subject| {
                    subject.get("kind").and_then(Node::as_str) == Some("ServiceAccount")
                })?;
                let name = account.get("name").and_then(Node::as_str).unwrap_or("");
                Some(Problem {
                    key: format!("{} {name}", binding.label()),
                    lines: entry_lines(entry),
                    draft: Draft {
                        title: format!("Service account `{name}` becomes `cluster-admin`"),
                        evidence: "Every pod that runs under the account carries a token that may \
                                   do everything."
                            .to_owned(),
                        recommendation: "Bind a role that lists what the account needs.".to_owned(),
                        symbol: Some(binding.label()),
                        ..Draft::default()
                    },
                })
            })
            .collect()
    });
}

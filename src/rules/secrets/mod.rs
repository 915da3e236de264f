//! Rules of the `secrets` family: what must not be in a repository. Only added lines count, and
//! nothing found is ever repeated: quotes and texts are masked.

mod literals;
pub(super) mod shape;
mod tokens;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::collect::mask;
use super::{Check, Draft, Findings, Rule, RuleContext};
use crate::domain::change::{FileChange, Text};
use crate::domain::diff::LineRange;
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;
use tokens::Kind;

/// Longest line that is looked into, in bytes; longer ones are data, not writing.
const MAX_LINE: usize = 20_000;

const COMMON: Rule = Rule {
    code: "",
    title: "",
    lane: Lane::Security,
    kind: FindingKind::Evidence,
    category: Category::Security,
    severity: Severity::Critical,
    confidence: Confidence::High,
    equivalents: &[],
    page: "",
    check: Check::File { applies, check: |_, _, _| {} },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "secrets/private-key",
        title: "Private key in the repository",
        equivalents: &["gitleaks:private-key", "checkov:CKV_SECRET_13"],
        page: include_str!("../../../fixtures/rules/secrets/private-key.md"),
        check: Check::File { applies: applies_to_documents_too, check: private_key },
        ..COMMON
    },
    Rule {
        code: "secrets/cloud-token",
        title: "Cloud or infrastructure token in the repository",
        equivalents: CLOUD_EQUIVALENTS,
        page: include_str!("../../../fixtures/rules/secrets/cloud-token.md"),
        check: Check::File { applies: applies_to_documents_too, check: cloud_token },
        ..COMMON
    },
    Rule {
        code: "secrets/service-token",
        title: "Token of a service in the repository",
        equivalents: SERVICE_EQUIVALENTS,
        page: include_str!("../../../fixtures/rules/secrets/service-token.md"),
        check: Check::File { applies: applies_to_documents_too, check: service_token },
        ..COMMON
    },
    Rule {
        code: "secrets/password-in-url",
        title: "Password in an address",
        severity: Severity::Major,
        equivalents: &["checkov:CKV_SECRET_4"],
        page: include_str!("../../../fixtures/rules/secrets/password-in-url.md"),
        check: Check::File { applies, check: password_in_url },
        ..COMMON
    },
    Rule {
        code: "secrets/hardcoded-secret",
        title: "Literal under the name of a secret",
        severity: Severity::Major,
        confidence: Confidence::Medium,
        equivalents: &["gitleaks:generic-api-key", "checkov:CKV_SECRET_6"],
        page: include_str!("../../../fixtures/rules/secrets/hardcoded-secret.md"),
        check: Check::File { applies, check: hardcoded_secret },
        ..COMMON
    },
];

#[rustfmt::skip]
const CLOUD_EQUIVALENTS: &[&str] = &[
    "checkov:CKV_SECRET_2", "checkov:CKV_SECRET_3",
    "gitleaks:aws-access-token", "gitleaks:aws-amazon-bedrock-api-key-long-lived",
    "gitleaks:aws-amazon-bedrock-api-key-short-lived", "gitleaks:gcp-api-key",
    "gitleaks:azure-ad-client-secret", "gitleaks:alibaba-access-key-id",
    "gitleaks:digitalocean-access-token", "gitleaks:digitalocean-pat",
    "gitleaks:digitalocean-refresh-token", "gitleaks:databricks-api-token",
    "gitleaks:cloudflare-origin-ca-key", "gitleaks:heroku-api-key-v2", "gitleaks:flyio-access-token",
    "gitleaks:vault-service-token", "gitleaks:vault-batch-token", "gitleaks:hashicorp-tf-api-token",
    "gitleaks:pulumi-api-token", "gitleaks:yandex-api-key", "gitleaks:planetscale-api-token",
    "gitleaks:planetscale-oauth-token", "gitleaks:planetscale-password",
    "gitleaks:openshift-user-token", "gitleaks:doppler-api-token", "gitleaks:scalingo-api-token",
    "gitleaks:defined-networking-api-token", "gitleaks:age-secret-key",
    "gitleaks:clickhouse-cloud-api-secret-key", "gitleaks:infracost-api-token",
    "gitleaks:prefect-api-token", "gitleaks:harness-api-key",
    "gitleaks:settlemint-application-access-token", "gitleaks:settlemint-personal-access-token",
    "gitleaks:settlemint-service-access-token", "gitleaks:dynatrace-api-token",
    "gitleaks:grafana-api-key", "gitleaks:grafana-cloud-api-token",
    "gitleaks:grafana-service-account-token",
];

#[rustfmt::skip]
const SERVICE_EQUIVALENTS: &[&str] = &[
    "gitleaks:github-pat", "gitleaks:github-oauth", "gitleaks:github-app-token",
    "gitleaks:github-refresh-token", "gitleaks:github-fine-grained-pat", "gitleaks:gitlab-pat",
    "gitleaks:gitlab-pat-routable", "gitleaks:gitlab-deploy-token", "gitleaks:gitlab-ptt",
    "gitleaks:gitlab-rrt", "gitleaks:gitlab-runner-authentication-token",
    "gitleaks:gitlab-runner-authentication-token-routable", "gitleaks:gitlab-cicd-job-token",
    "gitleaks:gitlab-feature-flag-client-token", "gitleaks:gitlab-feed-token",
    "gitleaks:gitlab-incoming-mail-token", "gitleaks:gitlab-kubernetes-agent-token",
    "gitleaks:gitlab-oauth-app-secret", "gitleaks:gitlab-scim-token",
    "gitleaks:gitlab-session-cookie", "gitleaks:slack-bot-token", "gitleaks:slack-user-token",
    "gitleaks:slack-app-token", "gitleaks:slack-config-access-token",
    "gitleaks:slack-config-refresh-token", "gitleaks:slack-legacy-bot-token",
    "gitleaks:slack-legacy-token", "gitleaks:slack-legacy-workspace-token",
    "gitleaks:slack-webhook-url", "gitleaks:stripe-access-token", "gitleaks:npm-access-token",
    "gitleaks:pypi-upload-token", "gitleaks:rubygems-api-token", "gitleaks:clojars-api-token",
    "gitleaks:twilio-api-key", "gitleaks:sendgrid-api-token", "gitleaks:sendinblue-api-token",
    "gitleaks:openai-api-key", "gitleaks:anthropic-api-key", "gitleaks:anthropic-admin-api-key",
    "gitleaks:huggingface-access-token", "gitleaks:huggingface-organization-api-token",
    "gitleaks:perplexity-api-key", "gitleaks:shopify-access-token",
    "gitleaks:shopify-custom-access-token", "gitleaks:shopify-private-app-access-token",
    "gitleaks:shopify-shared-secret", "gitleaks:square-access-token", "gitleaks:linear-api-key",
    "gitleaks:postman-api-token", "gitleaks:new-relic-user-api-key", "gitleaks:sentry-org-token",
    "gitleaks:sentry-user-token", "gitleaks:sonar-api-token",
    "gitleaks:airtable-personnal-access-token", "gitleaks:typeform-api-token",
    "gitleaks:duffel-api-token", "gitleaks:easypost-api-token", "gitleaks:easypost-test-api-token", "gitleaks:frameio-api-token",
    "gitleaks:readme-api-token", "gitleaks:shippo-api-token", "gitleaks:artifactory-api-key",
    "gitleaks:artifactory-reference-token", "gitleaks:facebook-page-access-token",
    "gitleaks:maxmind-license-key", "gitleaks:1password-secret-key",
    "gitleaks:1password-service-account-token", "gitleaks:telegram-bot-api-token",
    "gitleaks:octopus-deploy-api-key",
];

fn applies(file: &FileChange) -> bool {
    file.head_text().is_some() && !file.derived && !shape::is_example_path(&file.path)
}

/// What has the form of a key, with the randomness of one, is one in a manual too. Names and
/// addresses are made up there.
fn applies_to_documents_too(file: &FileChange) -> bool {
    file.head_text().is_some() && !file.derived && !shape::is_trial_path(&file.path)
}

/// The added lines that are short enough to have been written by somebody, without the unit tests
/// and documentation inside Rust files.
fn added_lines(file: &FileChange) -> impl Iterator<Item = (u32, &str)> {
    let rust = file.path.extension().as_deref() == Some("rs");
    let text = file.head_text().filter(|_| rust);
    let mut lines = text.into_iter().flat_map(|text| text.lines());
    let tests = lines.find(|(_, line)| line.trim() == "#[cfg(test)]").map(|(number, _)| number);
    let is_shown = move |number: u32, line: &str| {
        let line = line.trim_start();
        rust && (line.starts_with("///")
            || line.starts_with("//!")
            || tests.is_some_and(|start| number > start))
    };
    let line = |number| Some((number, file.head_text()?.line(number)?));
    file.added_lines()
        .filter_map(line)
        .filter(move |(number, text)| text.len() <= MAX_LINE && !is_shown(*number, text))
}

const REVOKE: &str = "Revoke it now: removing the line does not remove it from the history. Then \
                      read it from the environment or a secret store.";

fn private_key(_: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    let Some(text) = file.head_text() else { return };
    for (number, _) in added_lines(file) {
        let Some(key) = literals::private_key(text, number) else { continue };
        // By sound: an RSA, EC, OpenSSH or encrypted key.
        let article = if key.kind.starts_with(['R', 'E', 'O']) { "An" } else { "A" };
        let named = if key.kind.is_empty() { String::new() } else { format!("{} ", key.kind) };
        let protection = if key.encrypted {
            "It is encrypted, so everything hangs on its passphrase."
        } else {
            "Whoever reads the repository can act as its owner."
        };
        let draft = Draft {
            title: format!("{article} {named}private key is added to the repository"),
            evidence: format!("The file holds the key itself, not only its name. {protection}"),
            recommendation: "Replace the key pair: removing the file does not remove it from the \
                             history. Keep the new key in a secret store."
                .to_owned(),
            severity: key.encrypted.then_some(Severity::Major),
            redact: vec![key.on_line],
            ..Draft::default()
        };
        findings.at_head(file, LineRange::line(number), draft);
    }
}

fn cloud_token(_: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report_tokens(Kind::Cloud, file, findings);
}

fn service_token(_: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report_tokens(Kind::Service, file, findings);
}

fn report_tokens(kind: Kind, file: &FileChange, findings: &mut Findings<'_>) {
    for (number, line) in added_lines(file) {
        for hit in tokens::find(line).into_iter().filter(|hit| hit.form.kind == kind) {
            let name = hit.form.name;
            if name == "Google API key" && is_public_web_key(file) {
                continue;
            }
            let Some(secret) = line.get(hit.range) else { continue };
            let article = if name.starts_with(['A', 'E', 'I', 'O', 'a']) { "An" } else { "A" };
            let draft = Draft {
                title: format!("{article} {name} is added to the repository"),
                evidence: format!(
                    "The line has a value of exactly the form of this token, with the randomness \
                     of a real one (`{}`).",
                    mask(secret)
                ),
                recommendation: REVOKE.to_owned(),
                symbol: Some(name.to_owned()),
                severity: hit.form.is_for_tests().then_some(Severity::Minor),
                redact: vec![secret.to_owned()],
                ..Draft::default()
            };
            findings.at_head(file, LineRange::line(number), draft);
        }
    }
}

/// Keys of Firebase web and mobile clients are public by design.
fn is_public_web_key(file: &FileChange) -> bool {
    let name = file.path.file_name().to_ascii_lowercase();
    let text = file.head_text().map_or("", |text| text.as_str());
    name.contains("firebase")
        || name.contains("google-services")
        || name.contains("googleservice-info")
        || text.contains("authDomain")
        || text.contains("firebaseapp.com")
}

/// The added lines without what stands in a docstring of Python: an example, as in documents.
fn lines_of_code(file: &FileChange) -> impl Iterator<Item = (u32, &str)> {
    let python = file.path.extension().as_deref() == Some("py");
    // Inside of a text over several lines: whether it is a description.
    let mut inside: Option<bool> = None;
    let mut told: HashSet<u32> = HashSet::new();
    for (number, line) in file.head_text().filter(|_| python).into_iter().flat_map(Text::lines) {
        let marks = line.matches("\"\"\"").count() + line.matches("'''").count();
        if inside == Some(true) && marks == 0 {
            told.insert(number);
        }
        if marks % 2 == 1 {
            // A text that is assigned or handed on is a value.
            let bare = line.trim_start().starts_with(['"', '\'', 'r']);
            inside = if inside.is_some() { None } else { Some(bare) };
        }
    }
    added_lines(file).filter(move |(number, _)| !told.contains(number))
}

fn password_in_url(_: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    for (number, line) in lines_of_code(file) {
        for found in literals::url_passwords(line) {
            if is_for_local_work(file, &found.host) {
                continue;
            }
            let Some(secret) = line.get(found.range) else { continue };
            let draft = Draft {
                title: format!("A password for `{}` is written into its address", found.host),
                evidence: format!(
                    "The `{}` address carries a user and a literal password; addresses also end \
                     up in logs and error messages.",
                    found.scheme
                ),
                recommendation: "Change the password, which stays in the history, and put the \
                                 address together from the environment or a secret store."
                    .to_owned(),
                symbol: Some(found.host),
                redact: vec![secret.to_owned()],
                ..Draft::default()
            };
            findings.at_head(file, LineRange::line(number), draft);
        }
    }
}

/// Whether a Compose file gives an address of a service that it starts itself, to whoever works
/// on the product. A file for production says so in its name.
fn is_for_local_work(file: &FileChange, host: &str) -> bool {
    let name = file.path.file_name().to_ascii_lowercase();
    let compose = name.contains("compose") && (name.ends_with(".yml") || name.ends_with(".yaml"));
    let own = |(_, line): (u32, &str)| line.trim().strip_suffix(':') == Some(host);
    compose && !name.contains("prod") && file.head_text().is_some_and(|text| text.lines().any(own))
}

fn hardcoded_secret(_: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    let extension = file.path.extension().unwrap_or_default();
    let plain = ["env", "properties", "ini", "conf", "cfg", "yml", "yaml", "toml"];
    let environment = file.path.file_name().starts_with(".env");
    let unquoted = environment || plain.contains(&extension.as_str());
    // Sealed Secrets holds its values encrypted.
    if file.head_text().is_some_and(|text| text.as_str().contains("kind: SealedSecret")) {
        return;
    }
    for (number, line) in lines_of_code(file) {
        // Said already, with more certainty.
        if !tokens::find(line).is_empty() || !literals::url_passwords(line).is_empty() {
            continue;
        }
        for found in literals::assigned(line, unquoted) {
            let Some(secret) = line.get(found.range) else { continue };
            let draft = Draft {
                title: format!("`{}` has a literal value", found.name),
                evidence: "The name is that of a secret and the value looks made to be one, not \
                           like a setting or a stand-in."
                    .to_owned(),
                recommendation:
                    "If it is real, replace it where it is used, since it stays in the \
                                 history, and read it from the environment or a secret store."
                        .to_owned(),
                symbol: Some(found.name),
                redact: vec![secret.to_owned()],
                ..Draft::default()
            };
            findings.at_head(file, LineRange::line(number), draft);
        }
    }
}

/// `text` with everything masked that has the form of a token, private key or password in an
/// address: for whatever leaves the process.
pub fn redact_secrets(text: &str) -> Cow<'_, str> {
    let mut ranges: Vec<Range<usize>> =
        tokens::find(text).into_iter().map(|hit| hit.range).collect();
    ranges.extend(literals::url_passwords(text).into_iter().map(|found| found.range));
    ranges.extend(key_blocks(text));
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for range in ranges {
        if range.start < at {
            continue;
        }
        out.push_str(text.get(at..range.start).unwrap_or(""));
        out.push_str(&mask(text.get(range.clone()).unwrap_or("")));
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    Cow::Owned(out)
}

/// What stands between the header of a private key and its end.
fn key_blocks(text: &str) -> Vec<Range<usize>> {
    const HEADER: &str = "PRIVATE KEY";
    let mut blocks = Vec::new();
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find("-----BEGIN ")) {
        let begin = from + found + "-----BEGIN ".len();
        from = begin;
        let Some(header) = text.get(begin..).and_then(|rest| rest.find("-----")) else { break };
        if !text.get(begin..begin + header).is_some_and(|title| title.contains(HEADER)) {
            continue;
        }
        let body = begin + header + "-----".len();
        let rest = text.get(body..).unwrap_or("");
        let length = rest.find("-----END").unwrap_or(rest.len());
        blocks.push(body..body + length);
        from = body + length;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_of_a_secret_leaves() {
        let token = format!("ghp_{}", "R4nd0mQ8xZt5Lw0Pv7BkJ3m9HsYc2NfU6GdE");
        let text = format!(
            "a {token} b postgres://u:Zutt-93kq@db.corp.io/x\n-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----"
        );
        let redacted = redact_secrets(&text);
        for gone in [&token[6..], "Zutt-93kq", "MIIabc"] {
            assert!(!redacted.contains(gone), "{redacted}");
        }
        assert!(redacted.starts_with("a ghp_[redacted] b postgres://u:[redacted]@db.corp.io/x\n"));
    }

    proptest! {
        #[test]
        fn text_without_secrets_stays(text in "[a-z éñ\n:/@-]{0,80}") {
            prop_assert!(matches!(redact_secrets(&text), Cow::Borrowed(_)) || text.contains("://"));
        }
    }
}

//! Forms of tokens that say themselves what they are, as their issuers document them.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::shape::{entropy, is_example_token};

/// Who would have to revoke the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Infrastructure: compute, storage, clusters, deployment.
    Cloud,
    /// A service: code hosting, registries, chat, mail, payment, models.
    Service,
}

/// A token's form. If the pattern has a group, the group is the secret.
pub(super) struct Form {
    pub name: &'static str,
    pub kind: Kind,
    pattern: &'static str,
    /// Least entropy of a real one, in bits per character.
    entropy: f64,
}

const fn cloud(name: &'static str, pattern: &'static str, entropy: f64) -> Form {
    Form { name, kind: Kind::Cloud, pattern, entropy }
}

const fn service(name: &'static str, pattern: &'static str, entropy: f64) -> Form {
    Form { name, kind: Kind::Service, pattern, entropy }
}

#[rustfmt::skip]
const FORMS: &[Form] = &[
    cloud("AWS access key id", r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}", 3.0),
    cloud("AWS secret access key", r#"(?i:aws_?secret_?(?:access_?)?key|secret_?access_?key)["']?\s*(?:=>|:=|[:=])\s*["']?([A-Za-z0-9/+]{40})"#, 3.8),
    cloud("Amazon Bedrock API key", r"ABSK[A-Za-z0-9+/]{109,269}={0,2}", 3.0),
    cloud("Amazon Bedrock API key", r"bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t[A-Za-z0-9+/=]*", 3.0),
    cloud("Google API key", r"AIza[A-Za-z0-9_-]{35}", 3.6),
    cloud("Google OAuth client secret", r"GOCSPX-[A-Za-z0-9_-]{28}", 3.0),
    cloud("Azure storage account key", r"AccountKey=([A-Za-z0-9+/]{86}==)", 4.0),
    cloud("Azure AD client secret", r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}", 3.0),
    cloud("Alibaba Cloud access key id", r"LTAI[A-Za-z0-9]{20}", 3.0),
    cloud("DigitalOcean token", r"do[opr]_v1_[a-f0-9]{64}", 3.0),
    cloud("Databricks token", r"dapi[a-f0-9]{32}(?:-[0-9])?", 3.0),
    cloud("Cloudflare origin CA key", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}", 2.0),
    cloud("Heroku API key", r"HRKU-AA[A-Za-z0-9_-]{58}", 4.0),
    cloud("Fly.io token", r"fo1_[A-Za-z0-9_-]{43}", 3.5),
    cloud("Fly.io token", r"fm(?:1[ar]|2)_[A-Za-z0-9+/]{100,}={0,3}", 4.0),
    cloud("Vault service token", r"hvs\.[A-Za-z0-9_-]{90,120}", 3.5),
    cloud("Vault service token", r"(?i:vault)[^\n]{0,40}?(s\.[A-Za-z0-9]{24})", 3.5),
    cloud("Vault batch token", r"hvb\.[A-Za-z0-9_-]{138,300}", 4.0),
    cloud("HCP Terraform token", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9=_-]{60,70}", 3.5),
    cloud("Pulumi token", r"pul-[a-f0-9]{40}", 2.0),
    cloud("Yandex Cloud API key", r"AQVN[A-Za-z0-9_-]{35,38}", 3.0),
    cloud("PlanetScale token", r"pscale_(?:tkn|oauth|pw)_[A-Za-z0-9=._-]{32,64}", 3.0),
    cloud("OpenShift token", r"sha256~[A-Za-z0-9_-]{43}", 3.5),
    cloud("Doppler token", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,64}", 2.0),
    cloud("Scalingo token", r"tk-us-[A-Za-z0-9_-]{48}", 2.0),
    cloud("Defined Networking token", r"dnkey-[a-z0-9=_-]{26}-[a-z0-9=_-]{52}", 3.0),
    cloud("age secret key", r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}", 3.0),
    cloud("ClickHouse Cloud secret", r"4b1d[A-Za-z0-9]{38}", 3.5),
    cloud("Infracost API key", r"ico-[A-Za-z0-9]{32}", 3.0),
    cloud("Prefect API key", r"pnu_[A-Za-z0-9]{36}", 2.0),
    cloud("Harness token", r"(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}", 3.0),
    cloud("SettleMint token", r"sm_(?:aat|pat|sat)_[A-Za-z0-9]{16}", 3.0),
    cloud("Dynatrace token", r"dt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}", 4.0),
    cloud("Grafana Cloud token", r"glc_[A-Za-z0-9+/]{32,400}={0,3}", 3.0),
    cloud("Grafana service account token", r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}", 3.0),
    cloud("Grafana API key", r"eyJrIjoi[A-Za-z0-9]{70,400}={0,3}", 3.0),
    cloud("Supabase token", r"sbp_[a-f0-9]{40}", 3.0),
    cloud("Tailscale key", r"tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{10,24}-[A-Za-z0-9]{24,40}", 3.0),
    service("GitHub installation token", r"ghs_[0-9]{1,12}_eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}", 3.5),
    service("GitHub token", r"gh[pousr]_[A-Za-z0-9]{36}", 3.0),
    service("GitHub fine-grained token", r"github_pat_[A-Za-z0-9_]{82}", 3.0),
    service("GitLab token", r"gl(?:pat|dt|rt|oat|soat|imt|ffct|ft)-[A-Za-z0-9_-]{20,300}(?:\.[a-z0-9]{2}[A-Za-z0-9]{7})?", 3.0),
    service("GitLab runner token", r"glrt-t[0-9]_[A-Za-z0-9_-]{20,300}(?:\.[a-z0-9]{2}[A-Za-z0-9]{7})?", 3.0),
    service("GitLab pipeline trigger token", r"glptt-[a-f0-9]{40}", 3.0),
    service("GitLab runner registration token", r"GR1348941[A-Za-z0-9_-]{20}", 3.0),
    service("GitLab CI job token", r"glcbt-[A-Za-z0-9]{1,5}_[A-Za-z0-9_-]{20}", 3.0),
    service("GitLab agent token", r"glagent-[A-Za-z0-9_-]{50}", 3.0),
    service("GitLab OAuth secret", r"gloas-[A-Za-z0-9_-]{64}", 3.0),
    service("GitLab session", r"_gitlab_session=([a-z0-9]{32})", 3.0),
    service("Slack token", r"xoxb-[0-9]{10,13}-[0-9]{10,13}[A-Za-z0-9-]*", 3.0),
    service("Slack token", r"xox[pe](?:-[0-9]{10,13}){3}-[A-Za-z0-9-]{28,34}", 2.0),
    service("Slack token", r"xoxb-[0-9]{8,14}-[A-Za-z0-9]{18,26}", 2.0),
    service("Slack token", r"xox[os]-[0-9]+-[0-9]+-[0-9]+-[A-Fa-f0-9]+", 2.0),
    service("Slack token", r"xox[ar]-(?:[0-9]-)?[A-Za-z0-9]{8,48}", 2.0),
    service("Slack app token", r"xapp-[0-9]-[A-Z0-9]+-[0-9]+-[A-Za-z0-9]+", 2.0),
    service("Slack configuration token", r"xoxe(?:\.xox[bp])?-[0-9]-[A-Za-z0-9]{140,170}", 2.0),
    service("Slack webhook", r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{43,80}", 3.0),
    service("Stripe live key", r"(?:sk|rk)_(?:live|prod)_[A-Za-z0-9]{10,99}", 3.0),
    service("Stripe test key", r"(?:sk|rk)_test_[A-Za-z0-9]{10,99}", 3.0),
    service("npm token", r"npm_[A-Za-z0-9]{36}", 2.0),
    service("PyPI token", r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,1000}", 3.0),
    service("RubyGems key", r"rubygems_[a-f0-9]{48}", 2.0),
    service("Clojars token", r"CLOJARS_[A-Za-z0-9]{60}", 2.0),
    service("crates.io token", r"cio[A-Za-z0-9]{32}", 3.5),
    service("NuGet key", r"oy2[a-z0-9]{43}", 3.5),
    service("Docker Hub token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,32}", 3.0),
    service("Twilio key", r"SK[a-f0-9]{32}", 3.0),
    service("SendGrid key", r"SG\.[A-Za-z0-9=_-]{16,32}\.[A-Za-z0-9=_-]{32,64}", 3.0),
    service("SendGrid key", r"SG\.[A-Za-z0-9=_.-]{66}", 2.0),
    service("Brevo key", r"xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}", 2.0),
    service("OpenAI key", r"sk-(?:(?:proj|svcacct|admin)-)?[A-Za-z0-9_-]{20,74}T3BlbkFJ[A-Za-z0-9_-]{20,74}", 3.0),
    service("Anthropic key", r"sk-ant-(?:api03|admin01|oat01)-[A-Za-z0-9_-]{93}AA", 3.0),
    service("Hugging Face token", r"(?:hf|api_org)_[A-Za-z]{34}", 2.0),
    service("Perplexity key", r"pplx-[A-Za-z0-9]{48}", 4.0),
    service("Groq key", r"gsk_[A-Za-z0-9]{52}", 3.5),
    service("Shopify token", r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}", 2.0),
    service("Square token", r"(?:sq0atp-[A-Za-z0-9_-]{22}|sq0csp-[A-Za-z0-9_-]{43})", 3.0),
    service("Square token", r"(?i:square)[^\n]{0,40}?(EAAA[A-Za-z0-9_-]{22,60})", 3.0),
    service("Atlassian token", r"ATATT3[A-Za-z0-9=_-]{186}", 3.5),
    service("Linear key", r"lin_api_[A-Za-z0-9]{40}", 2.0),
    service("Postman key", r"PMAK-[A-Za-z0-9]{24}-[A-Za-z0-9]{34}", 3.0),
    service("New Relic key", r"(?:NRAK-[A-Za-z0-9]{27}|NRII-[A-Za-z0-9-]{32})", 3.0),
    service("Sentry token", r"sntrys_eyJpYXQiO[A-Za-z0-9+/]{10,300}={0,2}_[A-Za-z0-9+/]{43}", 4.0),
    service("Sentry token", r"sntryu_[a-f0-9]{64}", 3.0),
    service("Sonar token", r"sq[upa]_[A-Za-z0-9]{40}", 3.5),
    service("Airtable token", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}", 3.0),
    service("Typeform token", r"tfp_[A-Za-z0-9=._-]{59}", 3.0),
    service("Duffel token", r"duffel_live_[A-Za-z0-9=_-]{43}", 2.0),
    service("Duffel test token", r"duffel_test_[A-Za-z0-9=_-]{43}", 2.0),
    service("Shippo test token", r"shippo_test_[A-Fa-f0-9]{40}", 2.0),
    service("EasyPost test key", r"EZTK[A-Za-z0-9]{54}", 2.0),
    service("EasyPost key", r"EZAK[A-Za-z0-9]{54}", 2.0),
    service("Frame.io token", r"fio-u-[A-Za-z0-9=_-]{64}", 3.0),
    service("Flutterwave key", r"FLWSECK-[A-Za-z0-9]{32}-X", 2.0),
    service("ReadMe key", r"rdme_[a-z0-9]{70}", 2.0),
    service("Shippo token", r"shippo_live_[A-Fa-f0-9]{40}", 2.0),
    service("Adobe client secret", r"p8e-[A-Za-z0-9]{32}", 2.0),
    service("Artifactory key", r"AKCp[A-Za-z0-9]{69}", 4.5),
    service("Artifactory reference token", r"cmVmd[A-Za-z0-9]{59}", 4.5),
    service("Facebook page token", r"EAA[MC][A-Za-z0-9]{100,}", 4.0),
    service("MaxMind licence key", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk", 3.5),
    service("Mapbox secret token", r"sk\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}", 3.0),
    service("1Password service account token", r"ops_eyJ[A-Za-z0-9+/]{250,}={0,3}", 4.0),
    service("1Password secret key", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}", 3.6),
    service("Notion token", r"ntn_[0-9]{11}[A-Za-z0-9]{32,40}", 3.0),
    service("Telegram bot token", r"(?i:telegr|/bot|bot_?token)[^\n]{0,40}?([0-9]{5,16}:A[A-Za-z0-9_-]{34})", 3.0),
    service("Octopus Deploy key", r"API-[A-Z0-9]{26}", 3.3),
    service("Plaid token", r"access-(?:production|development)-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}", 3.0),
];

static SET: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new(FORMS.iter().map(|form| form.pattern)).unwrap_or_else(|_| RegexSet::empty())
});

static PATTERNS: LazyLock<Vec<Option<Regex>>> =
    LazyLock::new(|| FORMS.iter().map(|form| Regex::new(form.pattern).ok()).collect());

impl Form {
    /// Tokens of a test mode, which moves no money and reaches no customer.
    pub fn is_for_tests(&self) -> bool {
        self.name.contains(" test ")
    }
}

/// A token in a text.
pub(super) struct Hit {
    pub form: &'static Form,
    /// Bytes of the secret.
    pub range: Range<usize>,
}

/// The tokens in a text, in the order of their place, none overlapping another.
pub(super) fn find(text: &str) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    for index in SET.matches(text) {
        let (Some(form), Some(Some(pattern))) = (FORMS.get(index), PATTERNS.get(index)) else {
            continue;
        };
        for captures in pattern.captures_iter(text) {
            let Some(found) = captures.get(1).or_else(|| captures.get(0)) else { continue };
            let range = found.range();
            let overlaps = |hit: &Hit| hit.range.start < range.end && range.start < hit.range.end;
            if stands_alone(text, &range)
                && is_real(form, found.as_str())
                && !hits.iter().any(overlaps)
            {
                hits.push(Hit { form, range });
            }
        }
    }
    hits.sort_by_key(|hit| hit.range.start);
    hits
}

/// Whether the token is not a part of a longer word.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).and_then(|text| text.chars().next_back());
    let after = text.get(range.end..).and_then(|text| text.chars().next());
    let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    // An escape such as `\n` in a string is no letter of the token.
    let escaped = text.get(..range.start).is_some_and(|t| t.ends_with("\\n") || t.ends_with("\\t"));
    (!part(before) || escaped) && !part(after)
}

/// The key of the storage emulator, printed in Azure's documentation.
const AZURE_EMULATOR_KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq";

fn is_real(form: &Form, token: &str) -> bool {
    let known = token.starts_with(AZURE_EMULATOR_KEY);
    !known && entropy(token) >= form.entropy && !is_example_token(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(SET.len(), FORMS.len());
        assert!(PATTERNS.iter().all(Option::is_some));
    }

    #[test]
    fn tokens_stand_alone_and_are_no_examples() {
        let key = format!("AKIA{}", "QR4TWXJ2MN5ZB6KD");
        assert_eq!(find(&format!("id = \"{key}\"")).len(), 1);
        assert_eq!(find(&format!("x{key}")).len(), 0);
        assert_eq!(find(&format!("AKIA{}", "IOSFODNN7EXAMPLE")).len(), 0);
        assert_eq!(find("ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").len(), 0);
    }
}

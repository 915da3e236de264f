//! The identity of findings over time. No line number goes into it.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::domain::change::Change;
use crate::domain::diff::Side;
use crate::domain::finding::{Finding, Fingerprint};

/// One fingerprint per finding, in the same order. Built from the rule, the path before the change
/// (so that a rename keeps it), the enclosing symbol or else the normalised quote, and the
/// position among findings that are alike in all of these.
pub fn fingerprints(findings: &[Finding], change: &Change) -> Vec<Fingerprint> {
    let keys: Vec<String> = findings.iter().map(|finding| key(finding, change)).collect();
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by_key(|&index| {
        let anchor = &findings[index].anchor;
        (anchor.side(), anchor.lines().map_or(0, |lines| lines.start()), index)
    });
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut made = vec![Fingerprint(String::new()); findings.len()];
    for index in order {
        let occurrence = seen.entry(&keys[index]).or_default();
        made[index] = Fingerprint(digest(&[&keys[index], &occurrence.to_string()]));
        *occurrence += 1;
    }
    made
}

fn key(finding: &Finding, change: &Change) -> String {
    let path = change
        .file(finding.anchor.head_path())
        .map_or_else(|| finding.anchor.path(), |file| file.path_on(Side::Base));
    let what = match &finding.symbol {
        Some(symbol) => format!("symbol:{symbol}"),
        None => format!("quote:{}", normalised(&finding.quote)),
    };
    digest(&[&finding.rule.0, path.as_str(), &what])
}

/// White space does not count.
fn normalised(quote: &str) -> String {
    quote.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// 16 hexadecimal digits over parts, each with its length, so that parts cannot run together.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

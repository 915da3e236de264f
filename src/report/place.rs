//! Places as people read them: text, or a link to the lines on the forge.

use super::markdown::{code_span, cut};
use crate::domain::change::Anchor;
use crate::domain::diff::Side;
use crate::domain::ids::{CommitSha, RepoSlug};
use crate::domain::report::Report;

/// Longest path shown in full, in characters.
const MAX_SHOWN_PATH: usize = 160;

/// Address of the forge's web pages, e.g. `https://github.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl(String);

impl WebUrl {
    /// `None` unless it is an `http` or `https` address of plain URL characters.
    pub fn parse(url: &str) -> Option<Self> {
        let url = url.trim_end_matches('/');
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
        let sound = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]%".contains(&b);
        (!host.is_empty() && host.bytes().all(sound)).then(|| Self(url.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The page of a file's lines at a commit.
    pub fn lines(&self, repo: &RepoSlug, commit: &CommitSha, anchor: &Anchor) -> String {
        let path = percent_encoded(anchor.path().as_str());
        let fragment = match anchor.lines() {
            None => String::new(),
            Some(lines) if lines.start() == lines.end() => format!("#L{}", lines.start()),
            Some(lines) => format!("#L{}-L{}", lines.start(), lines.end()),
        };
        format!("{}/{repo}/blob/{commit}/{path}{fragment}", self.0)
    }

    /// The page of a file at a commit; `lines` as `12` or `12-20`, anything else is left out.
    pub fn file(
        &self,
        repo: &RepoSlug,
        commit: &CommitSha,
        path: &str,
        lines: Option<&str>,
    ) -> String {
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let fragment = lines.and_then(|lines| match lines.split_once('-') {
            None => Some(format!("#L{}", number(lines)?)),
            Some((start, end)) => Some(format!("#L{}-L{}", number(start)?, number(end)?)),
        });
        let (path, fragment) = (percent_encoded(path), fragment.unwrap_or_default());
        format!("{}/{repo}/blob/{commit}/{path}{fragment}", self.0)
    }
}

/// A path as part of a URL: everything but unreserved characters and `/` is percent-encoded.
pub(super) fn percent_encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// `path:12-14`, `path`, with "(base)" where the lines count before the change.
pub(super) fn place_text(anchor: &Anchor) -> String {
    let lines = anchor.lines().map_or(String::new(), |lines| format!(":{lines}"));
    format!("{}{lines}", cut(anchor.path().as_str(), MAX_SHOWN_PATH))
}

/// The place in Markdown, linked if the forge's address is known. A place before the change is
/// not linked: the report does not know the merge base, whose lines it counts.
pub(super) fn place(report: &Report, web: Option<&WebUrl>, anchor: &Anchor) -> String {
    let shown = code_span(&place_text(anchor));
    match (anchor.side(), web, &report.repo) {
        (Side::Base, ..) => format!("{shown} before this change"),
        (Side::Head, Some(web), Some(repo)) => {
            format!("[{shown}]({})", web.lines(repo, &report.head, anchor))
        }
        _ => shown,
    }
}

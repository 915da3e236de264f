//! The git program as transport, and nothing else: it fetches objects into a bare cache.
//!
//! It runs with an environment of our own, without system, user or repository configuration,
//! hooks, credential helpers or prompts, and may use only the protocols named here. The token goes
//! through the environment, so it is in no argument list, file or address.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::redact::redact;
use crate::ports::source::{Remote, SourceError};

/// Variables of the operator that decide how the network is reached.
const PASSED_ON: [&str; 11] = [
    "PATH",
    "HTTPS_PROXY",
    "https_proxy",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
];
/// Bytes of error output that are kept.
const MAX_ERROR_BYTES: u64 = 64 * 1024;
/// How often the size of a running download is looked at.
const SIZE_CHECK: Duration = Duration::from_millis(500);

/// Where to fetch from, checked.
pub(super) struct Access {
    url: String,
    token: Option<SecretString>,
}

impl Access {
    /// Refuses everything but plain `https` addresses (`http` too, but with a token only on this
    /// machine itself; `file` if allowed).
    pub fn new(remote: &Remote, allow_file: bool) -> Result<Self, SourceError> {
        let refuse = |why: &str| {
            Err(SourceError::Internal(format!("refusing to fetch {}: {why}", remote.slug)))
        };
        let url = remote.url.as_str();
        if url.chars().any(|c| c.is_control() || c.is_whitespace() || "\\?#\"".contains(c)) {
            return refuse("its address has characters that do not belong there");
        }
        let rest = match url.split_once("://") {
            Some(("https" | "http", rest)) => rest,
            Some(("file", _)) if allow_file => "localhost/",
            _ => return refuse("its address is not https"),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.is_empty() || authority.contains('@') {
            return refuse("its address has no host or carries credentials");
        }
        if path.is_empty() && !url.starts_with("file:") {
            return refuse("its address names no repository");
        }
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        if remote.token.is_some() && url.starts_with("http://") && !here {
            return refuse("a token would travel over plain http");
        }
        let token = remote.token.as_ref().map(|t| SecretString::from(t.expose_secret()));
        Ok(Self { url: url.to_owned(), token })
    }

    /// The value of the `Authorization` header.
    fn authorization(&self) -> Option<String> {
        let token = self.token.as_ref()?.expose_secret();
        Some(format!("Basic {}", STANDARD.encode(format!("x-access-token:{token}"))))
    }

    fn secrets(&self) -> Vec<String> {
        let token = self.token.as_ref().map(|token| token.expose_secret().to_owned());
        let header = self.authorization().map(|value| value.replacen("Basic ", "", 1));
        token.into_iter().chain(header).collect()
    }
}

/// Why a run of the git program failed. The texts are free of secrets.
#[derive(Debug)]
pub(super) enum Failure {
    /// The remote does not give out one of the objects or references.
    Refused(String),
    /// More would have been downloaded than allowed.
    TooLarge,
    /// Nothing that points at the network or the remote: the cache may be broken.
    Unclear(String),
    Source(SourceError),
}

/// One `git fetch`.
pub(super) struct FetchCall<'a> {
    pub git_dir: &'a Path,
    pub access: &'a Access,
    /// Object ids or full reference names, given on standard input.
    pub wanted: &'a [String],
    pub history: History,
    /// Ask for a clone without blobs.
    pub partial: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    /// So many commits below each wanted one.
    Depth(u32),
    /// Everything.
    Unshallow,
    /// What is missing to a history that is complete already.
    Complete,
    /// Only the wanted objects themselves, which are blobs.
    Blobs,
}

/// Runs git programs.
pub(super) struct Transport {
    /// An empty directory, so that nothing is found at home.
    pub home: std::path::PathBuf,
    pub timeout: Duration,
    pub max_bytes: u64,
    pub allow_file: bool,
}

impl Transport {
    pub async fn fetch(&self, call: &FetchCall<'_>) -> Result<(), Failure> {
        let mut command = self.command(call);
        let mut child = command.spawn().map_err(|error| {
            let text = match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "the git program is not on PATH; it is needed to fetch".to_owned()
                }
                _ => format!("cannot start the git program: {error}"),
            };
            Failure::Source(SourceError::Internal(text))
        })?;
        let mut input = call.wanted.join("\n");
        input.push('\n');
        let outcome = tokio::select! {
            done = tokio::time::timeout(self.timeout, talk(&mut child, &input)) => match done {
                Ok(Ok((true, _))) => Ok(()),
                Ok(Ok((false, text))) => Err(classify(&redact(&text, &call.access.secrets()))),
                Ok(Err(error)) => Err(Failure::Source(SourceError::Internal(format!(
                    "cannot talk to the git program: {error}"
                )))),
                Err(_) => Err(Failure::Source(SourceError::Transient(format!(
                    "git fetch took longer than {} s",
                    self.timeout.as_secs()
                )))),
            },
            () = outgrown(call.git_dir, self.max_bytes) => Err(Failure::TooLarge),
        };
        if outcome.is_err() {
            // It may have ended by itself; then there is nothing to kill.
            let _ = child.kill().await;
        }
        outcome
    }

    fn command(&self, call: &FetchCall<'_>) -> Command {
        let mut command = Command::new("git");
        command.args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]);
        command.args(["--no-auto-maintenance", "--recurse-submodules=no", "--stdin"]);
        match call.history {
            History::Depth(depth) => {
                command.arg(format!("--depth={depth}"));
            }
            History::Unshallow => {
                command.arg("--unshallow");
            }
            History::Complete | History::Blobs => {}
        }
        if call.partial {
            command.arg("--filter=blob:none");
        }
        command.arg("upstream");
        command.env_clear();
        command.envs(PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.envs(self.environment(call));
        command.envs(configuration(call));
        command.current_dir(call.git_dir);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        command
    }

    fn environment(&self, call: &FetchCall<'_>) -> Vec<(&'static str, OsString)> {
        let protocols = if self.allow_file { "https:http:file" } else { "https:http" };
        vec![
            ("HOME", self.home.clone().into()),
            ("XDG_CONFIG_HOME", self.home.clone().into()),
            ("LC_ALL", "C".into()),
            ("GIT_DIR", call.git_dir.into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_ATTR_NOSYSTEM", "1".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_NO_LAZY_FETCH", "1".into()),
            ("GIT_ALLOW_PROTOCOL", protocols.into()),
        ]
    }
}

/// Configuration, all of it, as `GIT_CONFIG_*` variables: an argument list is public on a machine.
fn configuration(call: &FetchCall<'_>) -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = [
        ("core.hooksPath", "/dev/null"),
        ("core.askPass", ""),
        ("credential.helper", ""),
        ("protocol.version", "2"),
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
        ("fetch.unpackLimit", "1"),
        ("fetch.writeCommitGraph", "false"),
        ("transfer.bundleURI", "false"),
        // An extra header would follow a redirect to another host, so none is followed.
        ("http.followRedirects", "false"),
        ("http.lowSpeedLimit", "1000"),
        ("http.lowSpeedTime", "30"),
        ("remote.upstream.url", call.access.url.as_str()),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let mut set = |key: &str, value: &str| values.push((key.to_owned(), value.to_owned()));
    if call.partial {
        set("remote.upstream.promisor", "true");
        set("remote.upstream.partialclonefilter", "blob:none");
    }
    if call.history == History::Blobs {
        set("fetch.negotiationAlgorithm", "noop");
    }
    if let Some(value) = call.access.authorization() {
        set(&format!("http.{}.extraHeader", call.access.url), &format!("Authorization: {value}"));
    }
    let count = ("GIT_CONFIG_COUNT".to_owned(), values.len().to_string());
    let pairs = values.into_iter().enumerate().flat_map(|(index, (key, value))| {
        [(format!("GIT_CONFIG_KEY_{index}"), key), (format!("GIT_CONFIG_VALUE_{index}"), value)]
    });
    std::iter::once(count).chain(pairs).collect()
}

/// Feeds the input, collects the error output, waits. `true` for success.
async fn talk(child: &mut Child, input: &str) -> std::io::Result<(bool, String)> {
    let stdin = child.stdin.take();
    let stderr = child.stderr.take();
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A program that ended early says why on its error output.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    };
    let collect = async move {
        let mut kept = Vec::new();
        if let Some(mut stderr) = stderr {
            (&mut stderr).take(MAX_ERROR_BYTES).read_to_end(&mut kept).await?;
            tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
        }
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&kept).into_owned())
    };
    let ((), text) = tokio::join!(feed, collect);
    Ok((child.wait().await?.success(), text?))
}

/// Returns once the pack that is being received has more than `limit` bytes.
async fn outgrown(git_dir: &Path, limit: u64) {
    let packs = git_dir.join("objects").join("pack");
    loop {
        tokio::time::sleep(SIZE_CHECK).await;
        let mut size = 0;
        if let Ok(mut entries) = tokio::fs::read_dir(&packs).await {
            while let Ok(Some(entry)) = entries.next_entry().await {
                if entry.file_name().to_string_lossy().starts_with("tmp_") {
                    size += entry.metadata().await.map_or(0, |metadata| metadata.len());
                }
            }
        }
        if size > limit {
            return;
        }
    }
}

/// What git's error output means. Lines that the remote wrote are left aside, except where GitHub
/// says that a repository is not there.
fn classify(text: &str) -> Failure {
    let ours: String =
        text.lines().filter(|line| !line.starts_with("remote:")).collect::<Vec<_>>().join("; ");
    let has = |needles: &[&str]| needles.iter().any(|needle| ours.contains(needle));
    let summary: String = ours.chars().take(400).collect();
    let source = |error: fn(String) -> SourceError| Failure::Source(error(summary.clone()));
    if has(&["not our ref", "unadvertised object", "couldn't find remote ref"]) {
        Failure::Refused(summary)
    } else if has(&["Authentication failed", "could not read Username", "error: 401", "error: 403"])
    {
        source(SourceError::Forbidden)
    } else if has(&["No space left on device", "Disk quota exceeded"]) {
        source(SourceError::Internal)
    } else if has(&["error: 301", "error: 302", "error: 307", "error: 308"]) {
        Failure::Source(SourceError::NotFound(format!("redirected (renamed?): {summary}")))
    } else if has(&["error: 404", "error: 410", "not found", "does not appear to be a git repos"]) {
        source(SourceError::NotFound)
    } else if has(&[
        "unable to access",
        "RPC failed",
        "early EOF",
        "hung up",
        "unexpected disconnect",
        "Connection",
        "timed out",
        "curl",
    ]) {
        source(SourceError::Transient)
    } else {
        Failure::Unclear(summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{RepoId, RepoSlug};

    fn access(url: &str, token: bool) -> Result<Access, SourceError> {
        let remote = Remote {
            id: RepoId(1),
            slug: RepoSlug::parse("acme/widgets").unwrap(),
            url: url.to_owned(),
            token: token.then(|| SecretString::from("ghs_secret")),
        };
        Access::new(&remote, false)
    }

    #[test]
    fn only_web_addresses_without_credentials() {
        assert!(access("https://github.com/acme/widgets.git", true).is_ok());
        assert!(access("http://127.0.0.1:80/acme/widgets.git", true).is_ok());
        for bad in [
            "file:///etc",
            "ssh://git@github.com/a/b",
            "git@github.com:a/b",
            "ext::sh -c id",
            "--upload-pack=id",
            "https://user:pw@github.com/a/b",
            "https:///a/b",
            "https://github.com",
            "https://github.com/a b",
            "https://github.com/a\nb",
            "HTTPS://github.com/a",
        ] {
            let error = access(bad, false).err().map(|error| error.to_string());
            assert!(error.is_some_and(|text| !text.contains("pw@")), "{bad}");
        }
        assert!(access("http://example.com/a/b", true).is_err());
        assert!(access("http://example.com/a/b", false).is_ok());
    }

    #[test]
    fn errors_are_told_apart() {
        let source = |text: &str| match classify(text) {
            Failure::Source(error) => error,
            other => panic!("{other:?}"),
        };
        let at = "fatal: unable to access 'https://h/a/b/': ";
        assert!(matches!(
            source(&format!("{at}The requested URL returned error: 503")),
            SourceError::Transient(_)
        ));
        assert!(matches!(
            source(&format!("{at}The requested URL returned error: 403")),
            SourceError::Forbidden(_)
        ));
        assert!(matches!(
            source(&format!("{at}Could not resolve host: h")),
            SourceError::Transient(_)
        ));
        assert!(matches!(
            source("remote: Repository not found.\nfatal: repository 'https://h/a/' not found"),
            SourceError::NotFound(_)
        ));
        assert!(matches!(
            classify("fatal: remote error: upload-pack: not our ref 11"),
            Failure::Refused(_)
        ));
        assert!(matches!(
            classify("remote: 404 not found\nfatal: bad object"),
            Failure::Unclear(_)
        ));
    }
}

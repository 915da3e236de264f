//! The operator's settings: a TOML file, overridden by environment variables, overridden by
//! flags. A repository cannot widen any of them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::domain::registration::StoredApp;

/// GitHub's public API.
pub const DEFAULT_GITHUB_URL: &str = "https://api.github.com";

/// The settings file as written. Unknown keys are errors: an operator's typing mistake must not
/// turn a limit off.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SettingsFile {
    /// Address to listen on, `host:port`. Default `127.0.0.1:3000`.
    #[serde(alias = "listen")]
    pub listen: Option<String>,
    /// Directory for the database, repository caches, the key and review results. Default
    /// `./backend-team-data`.
    pub data_dir: Option<PathBuf>,
    /// `postgres://…` for several replicas. Default: an SQLite file in the data directory.
    pub database_url: Option<String>,
    /// Base URL of GitHub's REST API. Enterprise Server: `https://HOST/api/v3`.
    pub github_url: Option<String>,
    /// Numeric id of the GitHub App.
    pub app_id: Option<u64>,
    /// PEM file with the App's private key.
    pub private_key_file: Option<PathBuf>,
    /// Shared secret of the webhook.
    pub webhook_secret: Option<String>,
    /// The secret before the present one, accepted too while it is being changed.
    pub webhook_secret_previous: Option<String>,
    /// Public URL of this server, for `/setup` and for links.
    pub public_url: Option<String>,
    /// Jobs worked on at the same time. Default 4.
    pub workers: Option<usize>,
    /// Most bytes of disk for repository caches. Default 5 GiB.
    pub disk_cap_bytes: Option<u64>,
    /// Days that deliveries and dead jobs are kept. Default 14.
    pub retention_days: Option<u32>,
    /// Seconds between looks at all open pull requests for what webhooks did not bring. Default
    /// 600; deliveries that failed just now are looked for every 120. 0 turns both off.
    pub resync_seconds: Option<u64>,
    /// Seconds that one request to GitHub may take. Default 20.
    pub github_timeout_seconds: Option<f64>,
    /// Seconds between two writes to one installation. Default 1, which GitHub asks for; an
    /// Enterprise Server without rate limits can do with 0.
    pub write_pause_seconds: Option<f64>,
    /// Accounts that are bots but may give commands.
    pub trusted_bots: Vec<String>,
    /// Whether a repository without a policy file uses the one of its owner's `.github`
    /// repository. Default false: it costs two calls per owner every ten minutes.
    pub owner_policy: Option<bool>,
}

/// What the server runs with.
#[derive(Debug, Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    pub database_url: Option<SecretString>,
    pub github_url: String,
    pub public_url: Option<String>,
    pub credentials: Option<Credentials>,
    pub workers: usize,
    pub disk_cap_bytes: u64,
    pub retention: Duration,
    /// `None`: never.
    pub resync: Option<Duration>,
    /// Longest time that one request to GitHub may take.
    pub github_timeout: Duration,
    /// Least time between two writes to one installation.
    pub write_pause: Duration,
    pub trusted_bots: Vec<String>,
    pub owner_policy: bool,
}

/// What makes this process a certain GitHub App.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub app_id: u64,
    /// The App's name in URLs, if it is known; otherwise GitHub is asked.
    pub app_slug: Option<String>,
    pub private_key: SecretString,
    /// The present secret and, during rotation, the one before.
    pub webhook_secrets: Vec<SecretString>,
}

/// A setting that cannot be used: which one, why, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(pub String);

impl SettingsFile {
    /// Reads a TOML file.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| SettingsError(format!("cannot read {}: {error}", path.display())))?;
        toml::from_str(&text)
            .map_err(|error| SettingsError(format!("{} is not usable: {error}", path.display())))
    }

    /// `self` where it says something, else `below`.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let trusted_bots =
            if self.trusted_bots.is_empty() { below.trusted_bots } else { self.trusted_bots };
        Self {
            listen: self.listen.or(below.listen),
            data_dir: self.data_dir.or(below.data_dir),
            database_url: self.database_url.or(below.database_url),
            github_url: self.github_url.or(below.github_url),
            app_id: self.app_id.or(below.app_id),
            private_key_file: self.private_key_file.or(below.private_key_file),
            webhook_secret: self.webhook_secret.or(below.webhook_secret),
            webhook_secret_previous: self.webhook_secret_previous.or(below.webhook_secret_previous),
            public_url: self.public_url.or(below.public_url),
            workers: self.workers.or(below.workers),
            disk_cap_bytes: self.disk_cap_bytes.or(below.disk_cap_bytes),
            retention_days: self.retention_days.or(below.retention_days),
            resync_seconds: self.resync_seconds.or(below.resync_seconds),
            owner_policy: self.owner_policy.or(below.owner_policy),
            github_timeout_seconds: self.github_timeout_seconds.or(below.github_timeout_seconds),
            write_pause_seconds: self.write_pause_seconds.or(below.write_pause_seconds),
            trusted_bots,
        }
    }

    /// Checks everything and reads the key. Without an App id, key or secret the result has no
    /// credentials (the server then offers `/setup`); with only some of them it is an error.
    pub fn resolve(self) -> Result<Settings, SettingsError> {
        let listen = self.listen.clone().unwrap_or_else(|| "127.0.0.1:3000".to_owned());
        let listen = listen.parse().map_err(|error| {
            SettingsError(format!("listen address `{listen}` is not host:port ({error})"))
        })?;
        let data_dir = self.data_dir.clone().unwrap_or_else(|| "backend-team-data".into());
        let github_url = self.github_url.clone().unwrap_or_else(|| DEFAULT_GITHUB_URL.to_owned());
        if !github_url.starts_with("http://") && !github_url.starts_with("https://") {
            let message = format!("GitHub URL `{github_url}` must start with https:// or http://");
            return Err(SettingsError(message));
        }
        let workers = self.workers.unwrap_or(4);
        if workers == 0 {
            return Err(SettingsError("`workers` must be at least 1".to_owned()));
        }
        let credentials = self.credentials(&data_dir)?;
        let github_timeout = seconds("github-timeout-seconds", self.github_timeout_seconds, 20.0)?;
        if github_timeout.is_zero() {
            return Err(SettingsError("`github-timeout-seconds` must be above 0".to_owned()));
        }
        let days = u64::from(self.retention_days.unwrap_or(14));
        let resync = self.resync_seconds.unwrap_or(600);
        Ok(Settings {
            listen,
            data_dir,
            database_url: self.database_url.map(SecretString::from),
            github_url: github_url.trim_end_matches('/').to_owned(),
            public_url: self.public_url.map(|url| url.trim_end_matches('/').to_owned()),
            credentials,
            workers,
            disk_cap_bytes: self.disk_cap_bytes.unwrap_or(5 * 1024 * 1024 * 1024),
            retention: Duration::from_secs(days * 24 * 60 * 60),
            resync: (resync > 0).then(|| Duration::from_secs(resync)),
            github_timeout,
            write_pause: seconds("write-pause-seconds", self.write_pause_seconds, 1.0)?,
            trusted_bots: self.trusted_bots,
            owner_policy: self.owner_policy.unwrap_or(false),
        })
    }

    fn credentials(&self, data_dir: &Path) -> Result<Option<Credentials>, SettingsError> {
        match (self.app_id, &self.private_key_file, &self.webhook_secret) {
            (None, None, None) => stored_credentials(data_dir),
            (Some(app_id), Some(file), Some(secret)) => {
                let mut secrets = vec![secret.clone()];
                secrets.extend(self.webhook_secret_previous.clone());
                if secrets.iter().any(|secret| secret.trim().is_empty()) {
                    let message = "the webhook secret is empty: deliveries could be forged";
                    return Err(SettingsError(message.to_owned()));
                }
                Ok(Some(Credentials {
                    app_id,
                    app_slug: None,
                    private_key: read_key(file)?,
                    webhook_secrets: secrets.into_iter().map(SecretString::from).collect(),
                }))
            }
            (app_id, key, secret) => {
                let missing: Vec<&str> = [
                    (app_id.is_none(), "BACKEND_TEAM_APP_ID"),
                    (key.is_none(), "BACKEND_TEAM_PRIVATE_KEY_FILE"),
                    (secret.is_none(), "BACKEND_TEAM_WEBHOOK_SECRET"),
                ]
                .into_iter()
                .filter_map(|(missing, name)| missing.then_some(name))
                .collect();
                Err(SettingsError(format!(
                    "the App is only partly configured: {} must be set too",
                    missing.join(" and ")
                )))
            }
        }
    }
}

/// A number of seconds up to an hour.
fn seconds(name: &str, given: Option<f64>, default: f64) -> Result<Duration, SettingsError> {
    Duration::try_from_secs_f64(given.unwrap_or(default))
        .ok()
        .filter(|duration| *duration <= Duration::from_secs(3600))
        .ok_or_else(|| SettingsError(format!("`{name}` must be a number from 0 to 3600")))
}

fn read_key(path: &Path) -> Result<SecretString, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        SettingsError(format!("cannot read the private key {}: {error}", path.display()))
    })?;
    if !text.contains("PRIVATE KEY-----") {
        let message = format!("{} is not a PEM private key", path.display());
        return Err(SettingsError(message));
    }
    Ok(SecretString::from(text))
}

/// The file in the data directory that holds a [`StoredApp`], mode 0600.
pub const STORED_APP_FILE: &str = "github-app.json";

fn stored_credentials(data_dir: &Path) -> Result<Option<Credentials>, SettingsError> {
    let path = data_dir.join(STORED_APP_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(SettingsError(format!("cannot read {}: {error}", path.display())));
        }
    };
    let app: StoredApp = serde_json::from_str(&text).map_err(|error| {
        SettingsError(format!(
            "{} is damaged ({error}); delete it and run /setup again, or set the \
             BACKEND_TEAM_APP_ID, _PRIVATE_KEY_FILE and _WEBHOOK_SECRET variables",
            path.display()
        ))
    })?;
    Ok(Some(Credentials {
        app_id: app.app_id,
        app_slug: Some(app.slug).filter(|slug| !slug.is_empty()),
        private_key: SecretString::from(app.private_key),
        webhook_secrets: vec![SecretString::from(app.webhook_secret)],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partly_configured_names_what_is_missing() {
        let file = SettingsFile { app_id: Some(1), ..SettingsFile::default() };
        let error = file.resolve().unwrap_err().to_string();
        assert!(error.contains("PRIVATE_KEY_FILE") && error.contains("WEBHOOK_SECRET"), "{error}");
        assert!(!error.contains("APP_ID must"));
    }

    #[test]
    fn unknown_keys_are_refused() {
        let error = toml::from_str::<SettingsFile>("listenn = \"x\"").unwrap_err().to_string();
        assert!(error.contains("listenn"), "{error}");
    }

    #[test]
    fn times_are_sensible() {
        let settings = SettingsFile::default().resolve().unwrap();
        assert_eq!(settings.write_pause, Duration::from_secs(1));
        assert_eq!(settings.github_timeout, Duration::from_secs(20));
        for bad in [-1.0, f64::NAN, f64::INFINITY, 1e9] {
            let file = SettingsFile { write_pause_seconds: Some(bad), ..SettingsFile::default() };
            assert!(file.resolve().unwrap_err().to_string().contains("write-pause-seconds"));
        }
        let file = SettingsFile { github_timeout_seconds: Some(0.0), ..SettingsFile::default() };
        assert!(file.resolve().is_err());
    }

    #[test]
    fn upper_layers_win() {
        let above = SettingsFile { workers: Some(2), ..SettingsFile::default() };
        let below =
            SettingsFile { workers: Some(9), retention_days: Some(1), ..SettingsFile::default() };
        let merged = above.over(below);
        assert_eq!((merged.workers, merged.retention_days), (Some(2), Some(1)));
    }
}

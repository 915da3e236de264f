//! Answers, with only the fields in use. Everything that GitHub may leave out or add is optional.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::domain::event::Actor;
use crate::domain::ids::{CheckRunId, CommentId, CommitSha, Login, Number, RepoSlug};
use crate::domain::issue::Issue;
use crate::domain::publication::Conclusion;
use crate::domain::text::Untrusted;
use crate::ports::forge::{ExistingCheckRun, ForgeError, Permission, Pull, PullState};

/// One page of a listing: an array, or an object around one.
pub(super) trait Listing: DeserializeOwned {
    type Item;
    fn items(self) -> Vec<Self::Item>;
}

impl<T: DeserializeOwned> Listing for Vec<T> {
    type Item = T;
    fn items(self) -> Vec<T> {
        self
    }
}

#[derive(Deserialize)]
pub(super) struct CheckRuns {
    check_runs: Vec<CheckRun>,
}

impl Listing for CheckRuns {
    type Item = CheckRun;
    fn items(self) -> Vec<CheckRun> {
        self.check_runs
    }
}

#[derive(Deserialize)]
pub(super) struct Repositories {
    repositories: Vec<Repository>,
}

impl Listing for Repositories {
    type Item = Repository;
    fn items(self) -> Vec<Repository> {
        self.repositories
    }
}

#[derive(Deserialize)]
pub(super) struct Minted {
    pub token: String,
    pub expires_at: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct App {
    pub id: Option<u64>,
    pub slug: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Installation {
    pub id: u64,
    pub suspended_at: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Repository {
    pub id: u64,
    pub full_name: String,
    /// Nothing can be written to an archived repository.
    #[serde(default)]
    pub archived: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Account {
    pub login: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// The author of something; GitHub says null for deleted accounts and shows them as `ghost`.
pub(super) fn actor(account: Option<&Account>) -> Actor {
    match account {
        Some(account) => Actor {
            login: Login(account.login.clone()),
            is_bot: account.kind.as_deref() == Some("Bot"),
        },
        None => Actor { login: Login("ghost".to_owned()), is_bot: false },
    }
}

#[derive(Deserialize)]
pub(super) struct PullRequest {
    pub number: u64,
    pub state: String,
    pub merged_at: Option<String>,
    pub draft: Option<bool>,
    pub title: Option<String>,
    pub body: Option<String>,
    pub user: Option<Account>,
    pub head: End,
    pub base: End,
    pub labels: Option<Vec<Label>>,
}

#[derive(Deserialize)]
pub(super) struct End {
    pub sha: CommitSha,
    #[serde(rename = "ref")]
    pub name: String,
    /// Null when the fork was deleted.
    pub repo: Option<EndRepository>,
}

#[derive(Deserialize)]
pub(super) struct EndRepository {
    pub id: u64,
    pub full_name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Label {
    pub name: Option<String>,
}

impl PullRequest {
    /// `known` names the repository if the answer does not.
    pub fn into_pull(self, known: &RepoSlug) -> Pull {
        let base = self.base.repo.as_ref();
        let from_fork = match (&self.head.repo, base) {
            (Some(head), Some(base)) => head.id != base.id,
            _ => true,
        };
        let state = match (self.state.as_str(), self.merged_at.is_some()) {
            (_, true) => PullState::Merged,
            ("open", _) => PullState::Open,
            _ => PullState::Closed,
        };
        let slug = base
            .and_then(|base| RepoSlug::parse(base.full_name.as_deref()?))
            .unwrap_or_else(|| known.clone());
        Pull {
            number: Number(self.number),
            slug,
            state,
            draft: self.draft.unwrap_or(false),
            title: Untrusted::new(self.title.unwrap_or_default()),
            body: Untrusted::new(self.body.unwrap_or_default()),
            author: actor(self.user.as_ref()),
            head: self.head.sha,
            base: self.base.sha,
            base_ref: self.base.name,
            head_ref: self.head.name,
            from_fork,
            labels: self.labels.into_iter().flatten().filter_map(|label| label.name).collect(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct IssueAnswer {
    pub number: u64,
    pub state: String,
    pub title: Option<String>,
    pub body: Option<String>,
    pub user: Option<Account>,
    pub labels: Option<Vec<IssueLabel>>,
    /// Set where the number is a pull request's.
    pub pull_request: Option<serde::de::IgnoredAny>,
    /// `…/repos/OWNER/NAME`, with the repository's present name.
    pub repository_url: Option<String>,
}

/// GitHub's description allows a bare name.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum IssueLabel {
    Name(String),
    Label(Label),
}

impl IssueAnswer {
    /// `known` names the repository if the answer does not.
    pub fn into_issue(self, known: &RepoSlug) -> Issue {
        let named = self.repository_url.as_deref().and_then(|url| {
            let (_, slug) = url.split_once("/repos/")?;
            RepoSlug::parse(slug)
        });
        let label = |label| match label {
            IssueLabel::Name(name) => Some(name),
            IssueLabel::Label(label) => label.name,
        };
        Issue {
            number: Number(self.number),
            slug: Some(named.unwrap_or_else(|| known.clone())),
            open: self.state == "open",
            title: Untrusted::new(self.title.unwrap_or_default()),
            body: Untrusted::new(self.body.unwrap_or_default()),
            author: actor(self.user.as_ref()),
            labels: self.labels.into_iter().flatten().filter_map(label).collect(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RepositoryAnswer {
    pub default_branch: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Reference {
    pub object: Object,
}

#[derive(Deserialize)]
pub(super) struct Object {
    pub sha: CommitSha,
}

#[derive(Deserialize)]
pub(super) struct CommitAnswer {
    pub tree: TreeAnswer,
}

#[derive(Deserialize)]
pub(super) struct TreeAnswer {
    pub sha: String,
}

#[derive(Deserialize)]
pub(super) struct Membership {
    pub state: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CreatedPull {
    pub number: u64,
}

/// A comment on an issue, a pull request or a line.
#[derive(Deserialize)]
pub(super) struct Comment {
    pub id: u64,
    pub user: Option<Account>,
    pub body: Option<String>,
    pub in_reply_to_id: Option<u64>,
    pub performed_via_github_app: Option<ViaApp>,
}

#[derive(Deserialize)]
pub(super) struct ViaApp {
    pub id: Option<u64>,
}

/// What was created. Only its id matters.
#[derive(Deserialize)]
pub(super) struct Created {
    pub id: u64,
}

impl Created {
    pub fn comment(self) -> CommentId {
        CommentId(self.id)
    }

    pub fn check_run(self) -> CheckRunId {
        CheckRunId(self.id)
    }
}

#[derive(Deserialize)]
pub(super) struct CheckRun {
    pub id: u64,
    pub name: String,
    pub external_id: Option<String>,
    pub status: Option<String>,
    pub conclusion: Option<String>,
    pub output: Option<CheckOutput>,
    pub app: Option<ViaApp>,
}

#[derive(Deserialize)]
pub(super) struct CheckOutput {
    pub annotations_count: Option<usize>,
}

impl CheckRun {
    pub fn is_of(&self, app_id: u64) -> bool {
        self.app.as_ref().and_then(|app| app.id) == Some(app_id)
    }

    pub fn into_existing(self) -> ExistingCheckRun {
        ExistingCheckRun {
            id: CheckRunId(self.id),
            name: self.name,
            external_id: self.external_id.unwrap_or_default(),
            completed: self.status.as_deref() == Some("completed"),
            conclusion: self.conclusion.as_deref().and_then(conclusion),
            annotations: self.output.and_then(|output| output.annotations_count).unwrap_or(0),
        }
    }
}

/// `None` for conclusions that only GitHub or others set (`stale`, `timed_out`).
fn conclusion(name: &str) -> Option<Conclusion> {
    Some(match name {
        "success" => Conclusion::Success,
        "failure" => Conclusion::Failure,
        "neutral" => Conclusion::Neutral,
        "skipped" => Conclusion::Skipped,
        "cancelled" => Conclusion::Cancelled,
        "action_required" => Conclusion::ActionRequired,
        _ => return None,
    })
}

#[derive(Deserialize)]
pub(super) struct Collaborator {
    pub permission: Option<String>,
    /// Knows `triage` and `maintain`, and names custom roles, which `permission` maps.
    pub role_name: Option<String>,
}

impl Collaborator {
    pub fn permission(&self) -> Permission {
        let known = |name: &str| {
            Some(match name {
                "admin" => Permission::Admin,
                "maintain" => Permission::Maintain,
                "write" | "push" => Permission::Write,
                "triage" => Permission::Triage,
                "read" | "pull" => Permission::Read,
                "none" => Permission::None,
                _ => return None,
            })
        };
        let role = self.role_name.as_deref().and_then(known);
        role.or_else(|| self.permission.as_deref().and_then(known)).unwrap_or(Permission::None)
    }
}

/// The contents endpoint: a file is an object, a directory an array.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Contents {
    File(FileContents),
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
pub(super) struct FileContents {
    #[serde(rename = "type")]
    pub kind: String,
    pub encoding: Option<String>,
    pub content: Option<String>,
}

impl FileContents {
    /// The file's text. Bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> Result<String, ForgeError> {
        use base64::Engine as _;
        let content = self.content.as_deref().unwrap_or_default();
        if self.encoding.as_deref() != Some("base64") {
            // GitHub leaves the content out above 1 MB.
            return Err(ForgeError::Invalid("the file is too large".to_owned()));
        }
        let digits: String = content.split_ascii_whitespace().collect();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(digits)
            .map_err(|_| ForgeError::Transient("the file's content is not base64".to_owned()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[derive(Deserialize)]
pub(super) struct Delivery {
    pub id: u64,
    pub guid: String,
    pub delivered_at: Option<String>,
    pub status: Option<String>,
    pub status_code: Option<i64>,
}

/// An RFC 3339 time in milliseconds since the epoch.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    let format = &time::format_description::well_known::Rfc3339;
    let time = time::OffsetDateTime::parse(text, format).ok()?;
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}

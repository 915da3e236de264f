//! Repositories.

use serde_json::{Map, Value, json};

use super::{encode_segment, node_id, timestamp};
use crate::standin::world::{Repository, World};

/// Links below the repository's own API address; the texts in braces are URI templates.
const LINKS: &[(&str, &str)] = &[
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

const FLAGS: &[(&str, bool)] = &[
    ("has_issues", true),
    ("has_projects", true),
    ("has_wiki", false),
    ("has_pages", false),
    ("has_downloads", true),
    ("has_discussions", false),
    ("archived", false),
    ("disabled", false),
    ("allow_forking", true),
    ("is_template", false),
    ("web_commit_signoff_required", false),
];

impl World {
    pub(in crate::standin) fn repository_api(&self, repository: &Repository) -> String {
        format!(
            "{}/repos/{}/{}",
            self.api,
            encode_segment(&repository.owner),
            encode_segment(&repository.name)
        )
    }

    pub(in crate::standin) fn repository_page(&self, repository: &Repository) -> String {
        format!("{}/{}", self.root, repository.slug())
    }

    /// What commit and check objects carry.
    pub(in crate::standin) fn minimal_repository_json(&self, repository: &Repository) -> Value {
        Value::Object(self.minimal(repository))
    }

    /// What listings and pull requests carry.
    pub(in crate::standin) fn repository_json(&self, repository: &Repository) -> Value {
        Value::Object(self.simple(repository))
    }

    /// What the repository's own address answers.
    pub(in crate::standin) fn full_repository_json(&self, repository: &Repository) -> Value {
        let mut object = self.simple(repository);
        object.insert("subscribers_count".into(), json!(0));
        object.insert("network_count".into(), json!(0));
        if let Some(parent) = repository.parent.and_then(|id| self.repositories.get(&id)) {
            object.insert("parent".into(), self.repository_json(parent));
            object.insert("source".into(), self.repository_json(parent));
        }
        Value::Object(object)
    }

    fn minimal(&self, repository: &Repository) -> Map<String, Value> {
        let api = self.repository_api(repository);
        let mut object = Map::new();
        object.insert("id".into(), json!(repository.id));
        object.insert("node_id".into(), json!(node_id("R", repository.id)));
        object.insert("name".into(), json!(repository.name));
        object.insert("full_name".into(), json!(repository.slug()));
        object.insert("private".into(), json!(repository.private));
        object.insert("owner".into(), self.user_json(&repository.owner));
        object.insert("html_url".into(), json!(self.repository_page(repository)));
        object.insert("description".into(), Value::Null);
        object.insert("fork".into(), json!(repository.parent.is_some()));
        object.insert("url".into(), json!(api));
        for (key, suffix) in LINKS {
            object.insert((*key).into(), json!(format!("{api}{suffix}")));
        }
        object
    }

    fn simple(&self, repository: &Repository) -> Map<String, Value> {
        let mut object = self.minimal(repository);
        let page = self.repository_page(repository);
        let host = self.root.split_once("://").map_or("", |(_, host)| host);
        let slug = repository.slug();
        let open = repository.issues.values().filter(|issue| issue.open).count();
        let moment = timestamp(repository.created_at);
        object.insert("git_url".into(), json!(format!("git://{host}/{slug}.git")));
        object.insert("ssh_url".into(), json!(format!("git@{host}:{slug}.git")));
        object.insert("clone_url".into(), json!(format!("{page}.git")));
        object.insert("svn_url".into(), json!(page));
        for key in ["mirror_url", "homepage", "language", "license"] {
            object.insert(key.into(), Value::Null);
        }
        for key in ["forks_count", "forks", "stargazers_count", "watchers_count", "watchers"] {
            object.insert(key.into(), json!(0));
        }
        for key in ["open_issues_count", "open_issues"] {
            object.insert(key.into(), json!(open));
        }
        for (key, value) in FLAGS {
            object.insert((*key).into(), json!(value));
        }
        for key in ["pushed_at", "created_at", "updated_at"] {
            object.insert(key.into(), json!(moment));
        }
        let visibility = if repository.private { "private" } else { "public" };
        object.insert("size".into(), json!(1));
        object.insert("topics".into(), json!([]));
        object.insert("visibility".into(), json!(visibility));
        object.insert("default_branch".into(), json!(repository.default_branch));
        object
    }
}

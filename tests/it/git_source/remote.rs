//! Fetching into caches.

use std::path::{Path, PathBuf};
use std::time::Duration;

use backend_team::domain::diff::Side;
use backend_team::domain::ids::RepoId;
use backend_team::git::{GitOptions, GitSource, Limits};
use backend_team::ports::source::{Need, Source as _, SourceError};
use git2::Oid;

use super::fixture::{Repo, about, file, path};
use super::server::{Behaviour, Server, request};

const TOKEN: &str = "ghs_0123456789abcdefghijKLMN.secret-part_x";

struct Setup {
    upstream: Repo,
    server: Server,
    data: tempfile::TempDir,
    base: Oid,
    head: Oid,
}

impl Setup {
    /// A repository whose base and head are `apart` commits from their merge base.
    async fn new(apart: usize) -> Self {
        let upstream = Repo::new();
        let fork = upstream.chain(None, 80, "main");
        let base = upstream.chain(Some(fork), apart, "base");
        let before = upstream.chain(Some(fork), apart.saturating_sub(1), "head");
        let before = if apart <= 1 { fork } else { before };
        let tree = upstream.files(&[
            ("n", "head\n"),
            ("new.rs", "fn new() {}\n"),
            ("AGENTS.md", "rules\n"),
            ("src/used.rs", "call(new_name)\n"),
        ]);
        let head = upstream.commit(tree, &[before]);
        upstream.branch("main", base);
        upstream.git.reference("refs/pull/7/head", head, true, "test").unwrap();
        let mut config = upstream.git.config().unwrap();
        config.set_bool("uploadpack.allowFilter", true).unwrap();
        let server = Server::start(upstream.path()).await;
        Self { upstream, server, data: tempfile::tempdir().unwrap(), base, head }
    }

    fn options(&self) -> GitOptions {
        GitOptions { timeout: Duration::from_secs(60), ..GitOptions::new(self.data.path()) }
    }

    fn source(&self) -> GitSource {
        GitSource::new(self.options()).unwrap()
    }

    fn cache(&self, id: u64) -> PathBuf {
        self.data.path().join("repos").join(format!("{id}.git"))
    }

    async fn check(&self, source: &GitSource, id: u64) {
        let wanted = request(self.base, self.head);
        let fetched = source.fetch(&self.server.remote(id), &wanted).await.unwrap();
        let expected = self.upstream.git.merge_base(self.base, self.head).unwrap();
        assert_eq!(fetched.merge_base.as_ref().unwrap().as_str(), expected.to_string());
        let change = source.change(&fetched, about()).await.unwrap();
        assert_eq!(change.files.len(), 4);
        assert!(change.omissions.is_empty(), "{:?}", change.omissions);
        assert_eq!(file(&change, "new.rs").head_text().unwrap().as_str(), "fn new() {}\n");
    }
}

#[tokio::test]
async fn fetches_little_and_then_nothing() {
    let setup = Setup::new(3).await;
    let source = setup.source();
    setup.check(&source, 1).await;
    let cache = git2::Repository::open_bare(setup.cache(1)).unwrap();
    assert!(cache.is_shallow());
    // The first commit's blob is of no use for this change.
    assert!(cache.find_blob(setup.upstream.blob("main 0\n")).is_err());
    let requests = setup.server.requests();
    setup.check(&source, 1).await;
    setup.check(&setup.source(), 1).await;
    assert_eq!(setup.server.requests(), requests);
}

#[tokio::test]
async fn deepens_until_the_merge_base_is_known() {
    let setup = Setup::new(70).await;
    let limits = Limits { initial_depth: 3, ..Limits::default() };
    let deepening = GitSource::new(GitOptions { limits, ..setup.options() }).unwrap();
    setup.check(&deepening, 1).await;
    let limits = Limits { initial_depth: 2, deepen_rounds: 1, ..Limits::default() };
    let complete = GitSource::new(GitOptions { limits, ..setup.options() }).unwrap();
    setup.check(&complete, 2).await;
    assert!(!setup.cache(2).join("shallow").exists());
}

#[tokio::test]
async fn a_new_push_reuses_the_cache() {
    let mut setup = Setup::new(3).await;
    let source = setup.source();
    setup.check(&source, 1).await;
    let upstream = &setup.upstream;
    let tree = upstream.git.find_commit(setup.head).unwrap().tree_id();
    setup.head = upstream.commit(tree, &[setup.head]);
    upstream.git.reference("refs/pull/7/head", setup.head, true, "test").unwrap();
    setup.check(&source, 1).await;
}

#[tokio::test]
async fn servers_without_filters_or_object_ids() {
    let setup = Setup::new(3).await;
    setup.upstream.git.config().unwrap().set_bool("uploadpack.allowFilter", false).unwrap();
    setup.check(&setup.source(), 1).await;
    setup.server.set(Behaviour { old_protocol: true, ..Behaviour::default() });
    setup.check(&setup.source(), 2).await;
    // Offers partial clones, but then gives out no blobs.
    setup.upstream.git.config().unwrap().set_bool("uploadpack.allowFilter", true).unwrap();
    setup.check(&setup.source(), 3).await;
}

#[tokio::test]
async fn commits_that_are_gone() {
    let setup = Setup::new(3).await;
    let gone = Oid::from_str(&"12".repeat(20)).unwrap();
    for old_protocol in [false, true] {
        setup.server.set(Behaviour { old_protocol, ..Behaviour::default() });
        let source = setup.source();
        let wanted = request(setup.base, gone);
        let error = source.fetch(&setup.server.remote(1), &wanted).await.unwrap_err();
        assert!(matches!(error, SourceError::NotFound(_)), "{error}");
        assert!(error.to_string().contains("12121212"), "{error}");
    }
}

#[tokio::test]
async fn blobs_beyond_the_change_come_when_asked_for() {
    let setup = Setup::new(3).await;
    let source = setup.source();
    let wanted = request(setup.base, setup.base);
    let fetched = source.fetch(&setup.server.remote(1), &wanted).await.unwrap();
    let read = source.read(&fetched, &fetched.head, &path("n"), 100).await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"base 2\n"[..]));
    let wanted = request(setup.base, setup.head);
    let fetched = source.fetch(&setup.server.remote(1), &wanted).await.unwrap();
    let need = |side| Need::Search {
        side,
        words: vec!["new_name".to_owned(), "main".to_owned()],
        globs: Vec::new(),
        limit: 9,
    };
    let gathered = source.gather(&fetched, &[need(Side::Head), need(Side::Base)]).await.unwrap();
    assert_eq!(gathered.results[0].files[0].path, path("src/used.rs"));
    assert_eq!(gathered.results[1].files[0].text, "main 79\n");
    assert!(gathered.results.iter().all(|result| result.incomplete.is_none()));
    let requests = setup.server.requests();
    source.gather(&fetched, &[need(Side::Head)]).await.unwrap();
    assert_eq!(setup.server.requests(), requests);
}

#[tokio::test]
async fn sources_beside_one_another() {
    let setup = Setup::new(3).await;
    let sources: Vec<_> = (0..4).map(|_| setup.source()).collect();
    let [a, b, c, d] = &sources[..] else { panic!("four sources") };
    tokio::join!(setup.check(a, 1), setup.check(b, 1), setup.check(c, 1), setup.check(d, 1));
}

#[tokio::test]
async fn broken_caches_are_rebuilt() {
    let setup = Setup::new(3).await;
    let source = setup.source();
    setup.check(&source, 1).await;
    for entry in std::fs::read_dir(setup.cache(1).join("objects/pack")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "pack") {
            make_writable(&file);
            std::fs::write(file, "PACK no more").unwrap();
        }
    }
    setup.check(&source, 1).await;
    std::fs::remove_file(setup.cache(1).join("HEAD")).unwrap();
    setup.check(&source, 1).await;
}

fn make_writable(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
}

#[tokio::test]
async fn a_cache_that_breaks_after_the_fetch_is_transient() {
    let setup = Setup::new(3).await;
    let source = setup.source();
    let wanted = request(setup.base, setup.head);
    let fetched = source.fetch(&setup.server.remote(1), &wanted).await.unwrap();
    std::fs::remove_dir_all(setup.cache(1).join("objects")).unwrap();
    for _ in 0..2 {
        let error = source.change(&fetched, about()).await.unwrap_err();
        assert!(matches!(error, SourceError::Transient(_)), "{error}");
    }
    setup.check(&source, 1).await;
}

#[tokio::test]
async fn eviction_takes_the_least_recently_used() {
    let setup = Setup::new(3).await;
    let limits = Limits { evict_idle: Duration::ZERO, ..Limits::default() };
    let options = GitOptions { limits, disk_cap_bytes: 1, ..setup.options() };
    let roomy = setup.source();
    setup.check(&roomy, 1).await;
    setup.check(&roomy, 2).await;
    assert!(setup.cache(1).exists() && setup.cache(2).exists());
    let tight = GitSource::new(options).unwrap();
    let in_use = std::fs::File::open(setup.data.path().join("repos/2.use")).unwrap();
    in_use.lock_shared().unwrap();
    setup.check(&tight, 3).await;
    assert!(!setup.cache(1).exists());
    assert!(setup.cache(2).exists(), "somebody uses it");
    assert!(setup.cache(3).exists(), "it was just fetched");
}

#[tokio::test]
async fn forgetting_deletes_the_cache() {
    let setup = Setup::new(3).await;
    let source = setup.source();
    source.forget(RepoId(1)).await.unwrap();
    assert!(!setup.data.path().join("repos").exists());
    setup.check(&source, 1).await;
    source.forget(RepoId(1)).await.unwrap();
    assert!(!setup.cache(1).exists());
    setup.check(&source, 1).await;
}

#[tokio::test]
async fn the_token_stays_in_memory() {
    let setup = Setup::new(3).await;
    let source = setup.source();
    let remote = setup.server.remote_with(1, TOKEN);
    let wanted = request(setup.base, setup.head);
    let fetched = source.fetch(&remote, &wanted).await.unwrap();
    let seen = setup.server.shared.requests.lock().unwrap().clone();
    assert!(seen.iter().all(|(_, _, header)| header.is_some()), "{seen:?}");
    let header = seen[0].2.clone().unwrap();
    let encoded = header.strip_prefix("Basic ").unwrap().to_owned();

    let mut texts = Vec::new();
    for status in [401, 403, 404, 500] {
        setup.server.set(Behaviour { status: Some(status), ..Behaviour::default() });
        let remote = setup.server.remote_with(2, TOKEN);
        let error = source.fetch(&remote, &wanted).await.unwrap_err();
        let kind = matches!(
            (status, &error),
            (401 | 403, SourceError::Forbidden(_))
                | (404, SourceError::NotFound(_))
                | (500, SourceError::Transient(_))
        );
        assert!(kind, "{status}: {error}");
        texts.push(error.to_string());
    }
    texts.push(format!("{fetched:?}"));
    for text in texts {
        assert!(!text.contains("secret-part") && !text.contains(&encoded), "{text}");
    }
    for (file, data) in all_files(setup.data.path()) {
        for secret in ["secret-part", &encoded] {
            let found = data.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{}", file.display());
        }
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let setup = Setup::new(3).await;
    let elsewhere = Server::start(setup.upstream.path()).await;
    let target = elsewhere.url.trim_end_matches("/acme/widgets.git").to_owned();
    setup.server.set(Behaviour { redirect: Some(target), ..Behaviour::default() });
    let remote = setup.server.remote_with(1, TOKEN);
    let wanted = request(setup.base, setup.head);
    let error = setup.source().fetch(&remote, &wanted).await.unwrap_err();
    assert!(matches!(error, SourceError::NotFound(_)), "{error}");
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn a_remote_that_hangs_times_out() {
    let setup = Setup::new(3).await;
    // Accepts connections into its backlog and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/acme/widgets.git", silent.local_addr().unwrap());
    let options = GitOptions { timeout: Duration::from_millis(300), ..setup.options() };
    let source = GitSource::new(options).unwrap();
    let mut remote = setup.server.remote(1);
    remote.url = url;
    let wanted = request(setup.base, setup.head);
    let error = source.fetch(&remote, &wanted).await.unwrap_err();
    assert!(matches!(error, SourceError::Transient(_)), "{error}");
}

fn all_files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all_files(&path));
        } else {
            let data = std::fs::read(&path).unwrap();
            found.push((path, data));
        }
    }
    found
}

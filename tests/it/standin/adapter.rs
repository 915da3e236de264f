//! The production adapter, all of it, against the stand-in.

use std::sync::Arc;

use backend_team::domain::diff::{LineRange, Side};
use backend_team::domain::event::RepoRef;
use backend_team::domain::ids::{CommentId, CommitSha, InstallationId, Number, RepoId, RepoSlug};
use backend_team::domain::job::Timestamp;
use backend_team::domain::path::RepoPath;
use backend_team::domain::publication::{CheckAction, Conclusion, Reaction};
use backend_team::github::{GitHub, GitHubConfig, Timeouts};
use backend_team::ports::clock::SystemClock;
use backend_team::ports::forge::{
    CheckRunWrite, ForgeError, ForgeRead, ForgeWrite, Permission, ReviewNote,
};
use backend_team::standin::{FileEdit, StandinOptions};
use secrecy::ExposeSecret;

use super::fixture::{Fixture, REPO, receiver};

pub fn connect(fixture: &Fixture) -> (GitHub, RepoRef) {
    let github = GitHub::new(GitHubConfig {
        api_url: fixture.github.api_url(),
        app_id: fixture.github.app_id(),
        app_slug: None,
        private_key: fixture.github.private_key_pem().into(),
        user_agent: "backend-team/test".to_owned(),
        timeouts: Timeouts::default(),
        write_pause: std::time::Duration::ZERO,
        clock: Arc::new(SystemClock),
    });
    let repo = RepoRef {
        installation: InstallationId(fixture.github.installation()),
        id: RepoId(fixture.github.repository_id(REPO).unwrap()),
        slug: RepoSlug::parse(REPO).unwrap(),
    };
    (github.unwrap(), repo)
}

fn note(line: u32) -> ReviewNote {
    ReviewNote {
        path: RepoPath::from_bytes(b"a.txt").unwrap(),
        side: Side::Head,
        lines: LineRange::line(line),
        body: "Look".to_owned(),
    }
}

#[tokio::test]
async fn reading() {
    let fixture = Fixture::with(StandinOptions::default(), true).await;
    let (github, repo) = connect(&fixture);
    let number = Number(fixture.number);
    let pull = github.pull(&repo, number).await.unwrap();
    assert_eq!(pull.head.as_str(), fixture.head);
    assert_eq!(github.open_pulls(&repo, 10).await.unwrap().len(), 1);
    let head = CommitSha::parse(&fixture.head).unwrap();
    assert_eq!(github.pulls_of_commit(&repo, &head).await.unwrap().len(), 1);
    fixture.github.set_permission(REPO, "bob", "maintain").unwrap();
    assert_eq!(github.permission(&repo, "bob").await.unwrap(), Permission::Maintain);
    assert_eq!(github.installations().await.unwrap(), [repo.installation]);
    let reached = github.installation_repositories(repo.installation).await.unwrap();
    assert_eq!(reached, std::slice::from_ref(&repo));
    let token = github.git_token(&repo).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = fixture.clone_url();
    let refs = fixture.git(folder.path(), token.expose_secret(), &["ls-remote", &url]).await;
    assert!(refs.unwrap().contains("refs/pull/1/head"));
    let policy = [FileEdit::write("policy.toml", "a = 1\n")];
    fixture.github.create_repository("acme/.github", true, &policy).unwrap();
    let slug = RepoSlug::parse("acme/.github").unwrap();
    let file = async |path| github.default_branch_file(repo.installation, &slug, path).await;
    assert_eq!(file("policy.toml").await.unwrap().as_deref(), Some("a = 1\n"));
    assert_eq!(file("other.toml").await.unwrap(), None);
    let (address, received) = receiver(200).await;
    fixture.github.set_webhook(&address);
    fixture.github.lose_deliveries(1);
    fixture.github.comment(REPO, fixture.number, "bob", "lost").unwrap();
    let failed = github.failed_deliveries(Timestamp(0)).await.unwrap();
    assert_eq!(failed.len(), 1);
    github.redeliver(failed[0].id).await.unwrap();
    fixture.github.deliveries_settled().await;
    assert_eq!(received.lock().unwrap().len(), 1);
    assert!(github.failed_deliveries(Timestamp(0)).await.unwrap().is_empty());
}

#[tokio::test]
async fn talking() {
    let fixture = Fixture::new().await;
    let (github, repo) = connect(&fixture);
    let number = Number(fixture.number);
    let comment = github.create_comment(&repo, number, "Hello").await.unwrap();
    github.update_comment(&repo, comment, "Better").await.unwrap();
    for _ in 0..2 {
        github.add_reaction(&repo, comment, Reaction::Eyes).await.unwrap();
        github.add_label(&repo, number, "in review").await.unwrap();
    }
    let comments = github.comments(&repo, number).await.unwrap();
    assert!(comments.len() == 1 && comments[0].ours);
    let shown = fixture.github.comments(REPO, fixture.number).unwrap();
    assert_eq!((shown[0].body.as_str(), shown[0].reactions.len()), ("Better", 1));
    assert_eq!(fixture.github.labels(REPO, fixture.number).unwrap(), ["in review"]);
    github.remove_label(&repo, number, "in review").await.unwrap();
    let head = CommitSha::parse(&fixture.head).unwrap();
    let refused = github.create_review(&repo, number, &head, None, &[note(20), note(40)]).await;
    assert!(matches!(refused, Err(ForgeError::Invalid(_))), "{refused:?}");
    let notes = [note(19), note(20)];
    github.create_review(&repo, number, &head, Some("Notes"), &notes).await.unwrap();
    let made = github.review_comments(&repo, number).await.unwrap();
    assert!(made.len() == 2 && made[0].ours);
    github.update_review_comment(&repo, made[0].id, "Changed").await.unwrap();
    let threads: Vec<CommentId> = vec![made[1].id];
    github.resolve_threads(&repo, number, &threads).await.unwrap();
    github.resolve_threads(&repo, number, &threads).await.unwrap();
    let shown = fixture.github.review_comments(REPO, fixture.number).unwrap();
    assert_eq!(shown[0].body, "Changed");
    assert!(!shown[0].resolved && shown[1].resolved);
}

#[tokio::test]
async fn checking_also_after_a_rename() {
    let fixture = Fixture::new().await;
    let (github, repo) = connect(&fixture);
    let head = CommitSha::parse(&fixture.head).unwrap();
    let mut run = CheckRunWrite {
        name: "backend".to_owned(),
        head: head.clone(),
        external_id: "x1".to_owned(),
        conclusion: None,
        title: "Reviewing".to_owned(),
        summary: "Wait".to_owned(),
        text: None,
        annotations: Vec::new(),
        actions: Vec::new(),
    };
    let id = github.create_check_run(&repo, &run).await.unwrap();
    fixture.github.rename_repository(REPO, "gadgets").unwrap();
    run.conclusion = Some(Conclusion::Neutral);
    run.actions = vec![CheckAction {
        label: "Fix".to_owned(),
        description: "Fix it".to_owned(),
        identifier: "fix".to_owned(),
    }];
    github.update_check_run(&repo, id, &run).await.unwrap();
    let runs = github.check_runs(&repo, &head).await.unwrap();
    assert_eq!((runs.len(), runs[0].conclusion), (1, Some(Conclusion::Neutral)));
    let shown = fixture.github.check_runs("acme/gadgets", &fixture.head).unwrap();
    assert_eq!((shown[0].id, shown[0].actions.len()), (id.0, 1));
    let pull = github.pull(&repo, Number(fixture.number)).await.unwrap();
    assert_eq!(pull.slug.to_string(), "acme/gadgets");
}

//! Issues, teams, and branches written as objects: the production adapter against the stand-in.

use backend_team::domain::ids::{CommitSha, Number};
use backend_team::domain::job::Timestamp;
use backend_team::domain::path::RepoPath;
use backend_team::ports::forge::{
    ForgeError, ForgeRead, ForgeWrite, NewCommit, NewPull, PullState, TreeFile,
};
use backend_team::standin::StandinOptions;

use super::adapter::connect;
use super::fixture::{Fixture, REPO};

/// An installation that granted what writing branches needs.
fn granted() -> StandinOptions {
    let mut options = StandinOptions::default();
    for (name, level) in [("contents", "write"), ("members", "read")] {
        options.permissions.insert(name.to_owned(), level.to_owned());
    }
    options
}

fn file(path: &str, text: Option<&str>) -> TreeFile {
    TreeFile {
        path: RepoPath::new(path).unwrap(),
        text: text.map(str::to_owned),
        executable: false,
    }
}

#[tokio::test]
async fn an_issue_and_the_default_branch() {
    let fixture = Fixture::with(StandinOptions::default(), true).await;
    let (github, repo) = connect(&fixture);
    let number = fixture.github.open_issue(REPO, "alice", "A wish", "Please").unwrap();
    fixture.github.label(REPO, number, "backend-team", "bob").unwrap();
    let issue = github.issue(&repo, Number(number)).await.unwrap();
    assert!(issue.open);
    assert_eq!(issue.title.expose(), "A wish");
    assert_eq!((issue.author.login.0.as_str(), issue.author.is_bot), ("alice", false));
    assert_eq!(issue.labels, ["backend-team"]);
    assert_eq!(issue.slug, Some(repo.slug.clone()));
    fixture.github.close_issue(REPO, number, "alice").unwrap();
    assert!(!github.issue(&repo, Number(number)).await.unwrap().open);
    let pull = github.issue(&repo, Number(fixture.number)).await;
    assert!(matches!(pull, Err(ForgeError::NotFound(_))), "{pull:?}");
    let branch = github.default_branch(&repo).await.unwrap();
    assert_eq!(branch.name, "main");
    let tip = fixture.github.branch(REPO, "main").unwrap().unwrap();
    assert_eq!(branch.head.as_str(), tip);
    assert_eq!(github.branch_head(&repo, "no/such").await.unwrap(), None);
}

#[tokio::test]
async fn a_branch_is_written_object_by_object_and_again_with_the_same_ids() {
    let fixture = Fixture::with(granted(), true).await;
    let (github, repo) = connect(&fixture);
    let base = github.default_branch(&repo).await.unwrap().head;
    let tree = github.commit_tree(&repo, &base).await.unwrap();
    let files = [file("db/1.sql", Some("SELECT 1;\n")), file("README.md", None)];
    let mut heads = Vec::new();
    for _ in 0..2 {
        let tree = github.create_tree(&repo, &tree, &files).await.unwrap();
        let commit = NewCommit {
            tree,
            parent: base.clone(),
            message: "Add a query".to_owned(),
            at: Timestamp(1_767_225_600_123),
        };
        heads.push(github.create_commit(&repo, &commit).await.unwrap());
    }
    assert_eq!(heads[0], heads[1]);
    github.create_branch(&repo, "backend-team/1-x", &heads[0]).await.unwrap();
    let head = github.branch_head(&repo, "backend-team/1-x").await.unwrap();
    assert_eq!(head.as_ref(), Some(&heads[0]));
    let again = github.create_branch(&repo, "backend-team/1-x", &heads[0]).await;
    assert!(matches!(again, Err(ForgeError::Invalid(_))), "{again:?}");
    let text = fixture.github.file(REPO, "backend-team/1-x", "db/1.sql").unwrap();
    assert_eq!(text.as_deref(), Some("SELECT 1;\n"));
    assert_eq!(fixture.github.file(REPO, "backend-team/1-x", "README.md").unwrap(), None);
    let commits = fixture.github.commits(REPO, "main", "backend-team/1-x").unwrap();
    assert_eq!((commits.len(), commits[0].author.as_str()), (1, "backend-team[bot]"));

    assert_eq!(github.pulls_of_branch(&repo, "backend-team/1-x").await.unwrap().len(), 0);
    let pull = NewPull {
        title: "A query".to_owned(),
        body: "Text".to_owned(),
        head: "backend-team/1-x".to_owned(),
        base: "main".to_owned(),
    };
    let number = github.create_draft_pull(&repo, &pull).await.unwrap();
    assert!(matches!(github.create_draft_pull(&repo, &pull).await, Err(ForgeError::Invalid(_))));
    let found = github.pulls_of_branch(&repo, "backend-team/1-x").await.unwrap();
    assert_eq!((found.len(), found[0].number, found[0].draft), (1, number, true));
    assert_eq!(found[0].state, PullState::Open);
    github.update_pull(&repo, number, "Another", "Other text").await.unwrap();
    let view = fixture.github.pull(REPO, number.0).unwrap();
    assert_eq!((view.title.as_str(), view.body.as_str()), ("Another", "Other text"));
}

#[tokio::test]
async fn what_was_not_granted_is_forbidden() {
    let fixture = Fixture::with(StandinOptions::default(), true).await;
    let (github, repo) = connect(&fixture);
    let base = github.default_branch(&repo).await.unwrap().head;
    let refused = github.create_branch(&repo, "backend-team/1-x", &base).await;
    assert!(matches!(refused, Err(ForgeError::Forbidden(_))), "{refused:?}");
    let refused = github.is_team_member(&repo, "acme", "owners", "ann").await;
    assert!(matches!(refused, Err(ForgeError::Forbidden(_))), "{refused:?}");
    // Other calls go on.
    assert!(github.default_branch(&repo).await.is_ok());
}

#[tokio::test]
async fn a_protected_branch_and_a_missing_commit_are_refused() {
    let fixture = Fixture::with(granted(), true).await;
    let (github, repo) = connect(&fixture);
    let base = github.default_branch(&repo).await.unwrap().head;
    fixture.github.protect_branches(REPO, "backend-team/").unwrap();
    let refused = github.create_branch(&repo, "backend-team/1-x", &base).await;
    let Err(ForgeError::Invalid(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("rule violations"), "{why}");
    let missing = CommitSha::parse(&"1".repeat(40)).unwrap();
    let refused = github.create_branch(&repo, "other", &missing).await;
    assert!(matches!(refused, Err(ForgeError::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn members_of_a_team() {
    let fixture = Fixture::with(granted(), true).await;
    let (github, repo) = connect(&fixture);
    fixture.github.set_team("acme/owners", &["Ann"]);
    assert!(github.is_team_member(&repo, "acme", "owners", "ann").await.unwrap());
    assert!(!github.is_team_member(&repo, "acme", "owners", "bob").await.unwrap());
    assert!(!github.is_team_member(&repo, "acme", "others", "ann").await.unwrap());
}

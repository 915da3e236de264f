//! Repositories and issues for the flows of plans, and what happens to every plan.

use backend_team::domain::run::Phase;
use backend_team::standin::{FileEdit, StandinOptions};

use crate::harness::bot::{REPO, World, run_test_with};

pub const LABEL: &str = "backend-team";
pub const NEEDS_INPUT: &str = "backend-team: needs-input";

/// An installation that granted what branches and teams need.
pub fn granted() -> StandinOptions {
    let mut options = StandinOptions::default();
    for (name, level) in [("contents", "write"), ("members", "read")] {
        options.permissions.insert(name.to_owned(), level.to_owned());
    }
    options
}

/// A test in a world where everything is granted.
pub async fn run(test: impl AsyncFnOnce(&mut World)) {
    run_test_with(granted(), test).await;
}

/// A service with migrations, and `owner` who maintains it.
pub fn service(world: &World) {
    service_with(world, &[]);
}

pub fn service_with(world: &World, more: &[FileEdit]) {
    let mut files = vec![
        FileEdit::write("go.mod", "module example.com/orders\n\ngo 1.24\n"),
        FileEdit::write(
            "db/migrations/000001_users.up.sql",
            "CREATE TABLE users (\n  id bigint PRIMARY KEY,\n  email text NOT NULL\n);\n",
        ),
        FileEdit::write("db/migrations/000001_users.down.sql", "DROP TABLE users;\n"),
    ];
    files.extend_from_slice(more);
    world.repository(&files);
    world.github.set_permission(REPO, "owner", "maintain").unwrap();
}

/// An issue that says everything.
pub fn clear(world: &World) -> u64 {
    let body = "People want to be greeted.\n\n- Add a nullable text column `nickname` to `users`\n";
    world.github.open_issue(REPO, "alice", "Add a nickname to users", body).unwrap()
}

/// An issue that leaves open what a person must say.
pub fn unclear(world: &World) -> u64 {
    let body = "We need a new table `invoices` in the database.";
    world.github.open_issue(REPO, "alice", "Add an invoices table", body).unwrap()
}

/// The issue is labelled and planned, and waits for approval. Returns its number.
pub async fn awaiting(world: &mut World) -> u64 {
    service(world);
    let issue = clear(world);
    planned(world, issue).await;
    issue
}

/// The trigger label brings the plan of an issue that says everything.
pub async fn planned(world: &mut World, issue: u64) -> String {
    world.github.label(REPO, issue, LABEL, "bob").unwrap();
    world.settle().await;
    let plan = world.expect_comment(issue);
    assert!(plan.starts_with("<!-- backend-team:plan -->"), "{plan}");
    assert_eq!(world.run(issue).await.phase, Phase::AwaitingApproval, "{plan}");
    plan
}

/// Somebody says something that is accepted.
pub async fn says(world: &mut World, issue: u64, login: &str, body: &str) {
    world.tick();
    let comment = world.github.comment(REPO, issue, login, body).unwrap();
    world.settle().await;
    world.expect_reactions(comment, &["eyes", "+1"]);
}

/// Somebody says something that is refused. Returns the answer.
pub async fn refused(world: &mut World, issue: u64, login: &str, body: &str) -> String {
    world.tick();
    let comment = world.github.comment(REPO, issue, login, body).unwrap();
    world.settle().await;
    world.expect_reactions(comment, &["eyes", "confused"]);
    world.expect_comment(issue)
}

/// The branch and its draft, after the last approval. Returns the pull request's number.
pub async fn delivered(world: &mut World, issue: u64) -> u64 {
    let run = world.run(issue).await;
    assert_eq!(run.phase, Phase::Delivered, "{run:#?}");
    let branch = world.expect_branch();
    let (head, _, _) = world.expect_draft();
    assert_eq!(head, branch);
    // Approved, under way, delivered.
    for _ in 0..2 {
        world.expect_comment_edit();
    }
    run.delivery.unwrap().pull.unwrap().0
}

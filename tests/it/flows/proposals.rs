//! `fix`, `split` and `remember`: what is proposed, and what is written.

use backend_team::standin::{FileEdit, StandinOptions};

use super::plan_setting::{granted, run};
use crate::harness::bot::{REPO, World, run_test_with};

const FIRST: &str = "-- +goose Up\nCREATE TABLE users (id bigint PRIMARY KEY, a text, b text);\n\
                     -- +goose Down\nDROP TABLE users;\n";
const SECOND: &str = "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX a_idx ON users (a);\n\
                      -- +goose Down\nDROP INDEX CONCURRENTLY a_idx;\n";

/// A reviewed pull request that builds an index under a lock.
async fn locking(world: &mut World) -> u64 {
    world.repository(&[FileEdit::write("db/migrations/1_users.sql", FIRST)]);
    let number = world.open(&[FileEdit::write("db/migrations/2_a.sql", SECOND)]);
    world.settle().await;
    world.expect_everything();
    number
}

/// Somebody with write permission gives a command. Returns the answer.
async fn answered(world: &mut World, number: u64, body: &str) -> String {
    world.tick();
    let comment = world.github.comment(REPO, number, "bob", body).unwrap();
    world.settle().await;
    world.expect_reactions(comment, &["eyes", "+1"]);
    world.expect_comment(number)
}

#[tokio::test]
async fn fixes_go_to_a_branch_with_a_draft_into_the_authors_branch() {
    run(async |world| {
        let number = locking(world).await;
        let said = answered(world, number, "/backend-team fix").await;
        assert!(said.contains("+CREATE INDEX CONCURRENTLY a_idx ON users (a);"), "{said}");
        let branch = world.expect_branch();
        assert_eq!(branch, format!("backend-team/{number}-fix"));
        assert!(said.contains(&format!("1 fix on `{branch}`")), "{said}");
        let (head, title, _) = world.expect_draft();
        assert_eq!((head, title.as_str()), (branch, "Fix 1 finding of the review"));
        let newest = *world.github.pulls(REPO).unwrap().iter().max().unwrap();
        assert_eq!(world.github.pull(REPO, newest).unwrap().base_ref, "topic");
        // Asked for what is fixed by no rule.
        let said = answered(world, number, "/backend-team split").await;
        assert!(said.contains("1 file of this change"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn without_the_permission_fixes_are_shown() {
    run_test_with(StandinOptions::default(), async |world| {
        let number = locking(world).await;
        let said = answered(world, number, "/backend-team fix all").await;
        assert!(said.contains("+CREATE INDEX CONCURRENTLY a_idx ON users (a);"), "{said}");
        assert!(said.contains("No branch was written"), "{said}");
        assert_eq!(world.github.branches(REPO).unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_rule_is_proposed_for_the_instruction_file() {
    run_test_with(granted(), async |world| {
        world.repository(&[FileEdit::write(
            "AGENTS.md",
            "# Team\n\n## Conventions\n\n- Use UTC.\n",
        )]);
        let issue = world.github.open_issue(REPO, "alice", "Money", "In cents?").unwrap();
        world.settle().await;
        let said = answered(world, issue, "/backend-team remember money is stored in cents").await;
        assert!(said.contains("+- money is stored in cents"), "{said}");
        assert!(said.contains("`AGENTS.md:6`"), "{said}");
        let branch = world.expect_branch();
        let (head, title, _) = world.expect_draft();
        assert_eq!((head, title.as_str()), (branch, "Add a rule to AGENTS.md"));
        world.tick();
        let comment =
            world.github.comment(REPO, issue, "bob", "/backend-team remember use UTC").unwrap();
        world.settle().await;
        world.expect_reactions(comment, &["eyes", "confused"]);
        let said = world.expect_comment(issue);
        assert!(said.contains("line 5 says so already"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn parts_of_a_split_get_branches() {
    run(async |world| {
        world.repository(&[FileEdit::write("README.md", "# Shop\n")]);
        let edits: Vec<FileEdit> = ["billing/alpha", "search/beta", "orders/gamma"]
            .iter()
            .flat_map(|module| (1..=7).map(move |n| format!("{module}/part{n}.py")))
            .map(|path| FileEdit::write(&path, "x = 1\n"))
            .collect();
        let number = world.open(&edits);
        world.settle().await;
        world.expect_everything();
        let said = answered(world, number, "/backend-team split").await;
        assert!(
            said.contains("21 files in 2 pull requests")
                || said.contains("21 files in 3 pull requests"),
            "{said}"
        );
        let said = answered(world, number, "/backend-team split --branches").await;
        assert!(said.contains(&format!("`backend-team/{number}-part-1`")), "{said}");
        let first = world.expect_branch();
        assert_eq!(first, format!("backend-team/{number}-part-1"));
        world.expect_everything();
    })
    .await;
}

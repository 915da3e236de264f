//! Code owners decide about the gates of plans.

use backend_team::domain::run::Phase;
use backend_team::standin::FileEdit;

use super::plan_setting::*;
use crate::harness::bot::{REPO, World};

const OWNERS: &str = "*  @frank\n/db/  @carol @acme/dba  # the schema\n";

/// A service whose database belongs to carol and a team, with a plan that waits for approval.
async fn owned(world: &mut World, more: &[FileEdit]) -> (u64, String) {
    let mut files = vec![FileEdit::write(".github/CODEOWNERS", OWNERS)];
    files.extend_from_slice(more);
    service_with(world, &files);
    world.github.set_team("acme/dba", &["Dora"]);
    for login in ["carol", "dora", "frank"] {
        world.github.set_permission(REPO, login, "write").unwrap();
    }
    let issue = clear(world);
    let plan = planned(world, issue).await;
    (issue, plan)
}

#[tokio::test]
async fn the_owner_of_the_files_approves() {
    run(async |world| {
        let (issue, plan) = owned(world, &[]).await;
        let who = "or a code owner of its files with write permission: `@carol`, `@acme/dba`";
        assert!(plan.contains(who), "{plan}");
        // Neither somebody who may write, nor the owner of other files.
        for login in ["bob", "frank"] {
            let answer = refused(world, issue, login, "/backend-team approve all").await;
            assert!(answer.contains("`schema` is decided by people with maintain"), "{answer}");
            assert!(answer.contains(who), "{answer}");
            assert!(!answer.contains(" @carol"), "nobody is called: {answer}");
        }
        assert_eq!(world.run(issue).await.approvals, []);
        says(world, issue, "carol", "/backend-team approve schema").await;
        delivered(world, issue).await;
    })
    .await;
}

#[tokio::test]
async fn a_team_owns_files_and_its_members_reject() {
    run(async |world| {
        let (issue, _) = owned(world, &[]).await;
        says(world, issue, "dora", "/backend-team reject schema Not before the audit").await;
        assert!(world.expect_comment_edit().contains("Not before the audit"));
        assert!(matches!(world.run(issue).await.phase, Phase::Rejected { .. }));
    })
    .await;
}

#[tokio::test]
async fn an_owner_without_write_permission_and_an_author_decide_nothing() {
    run(async |world| {
        let (issue, _) = owned(world, &[]).await;
        world.github.set_permission(REPO, "carol", "read").unwrap();
        let reader = refused(world, issue, "carol", "/backend-team approve all").await;
        assert!(reader.contains("with write permission"), "{reader}");
        world.github.set_permission(REPO, "alice", "write").unwrap();
        world.github.set_team("acme/dba", &["alice"]);
        let author = refused(world, issue, "alice", "/backend-team approve all").await;
        assert!(author.contains("author of the issue"), "{author}");
        assert_eq!(world.run(issue).await.approvals, []);
    })
    .await;
}

#[tokio::test]
async fn policy_can_leave_code_owners_out() {
    run(async |world| {
        let policy = "[gates]\napprovers = [\"@acme/product\"]\ncode-owners = false\n";
        let policy = FileEdit::write(".github/backend-team.toml", policy);
        let (issue, plan) = owned(world, &[policy]).await;
        assert!(plan.contains("**Who decides:** `@acme/product`; not the author"), "{plan}");
        let answer = refused(world, issue, "carol", "/backend-team approve all").await;
        assert!(answer.contains("`schema` is decided by `@acme/product`."), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn only_the_base_commits_first_file_counts_and_mail_addresses_name_nobody() {
    run(async |world| {
        let files = [
            FileEdit::write(".github/CODEOWNERS", "* carol@example.com\n"),
            FileEdit::write("CODEOWNERS", "* @carol\n"),
        ];
        let (issue, plan) = owned(world, &files).await;
        assert!(plan.contains("An e-mail address in CODEOWNERS"), "{plan}");
        let answer = refused(world, issue, "carol", "/backend-team approve all").await;
        assert!(answer.contains("does not tell which account it is"), "{answer}");
        // A new file on the default branch makes a new plan, with its owners.
        let file = [FileEdit::write(".github/CODEOWNERS", "* @carol\n")];
        world.github.push(REPO, "main", "Name the owner", &file).unwrap();
        world.settle().await;
        assert!(world.expect_comment_edit().contains("write permission: `@carol`;"));
        says(world, issue, "carol", "/backend-team approve all").await;
        delivered(world, issue).await;
    })
    .await;
}

//! Gates of a pull request: a new dependency waits for a person.

use backend_team::standin::{FileEdit, PullRequestSpec};

use crate::harness::bot::{CHECK, REPO, World, run_test};

const LEAD: &str = "backend-team / backend-lead";
const MANIFEST: &str = "api/package.json";
const WAITING: [(&str, &str); 2] = [(CHECK, "action_required"), (LEAD, "action_required")];
const DECIDED: [(&str, &str); 2] = [(CHECK, "success"), (LEAD, "success")];

fn manifest(packages: &[&str]) -> [FileEdit; 1] {
    let of = |name: &&str| format!("    \"{name}\": \"^1.0.0\"");
    let list: Vec<String> = packages.iter().map(of).collect();
    let text = format!("{{\n  \"dependencies\": {{\n{}\n  }}\n}}\n", list.join(",\n"));
    [FileEdit::write(MANIFEST, text)]
}

/// A pull request by alice that adds a package, and waits. Returns its number and the gate's id.
async fn waiting(world: &mut World, more: &[FileEdit]) -> (u64, String) {
    let mut files = manifest(&["left"]).to_vec();
    files.extend_from_slice(more);
    world.repository(&files);
    world.github.set_permission(REPO, "owner", "maintain").unwrap();
    let spec = PullRequestSpec::new("topic", "Add a package");
    let number = world.open_as("topic", &manifest(&["left", "right"]), &spec);
    world.settle().await;
    let body = world.expect_comment(number);
    assert!(body.contains("## Backend review: a person must decide"), "{body}");
    assert!(body.contains("### Decision needed"), "{body}");
    world.expect_checks(&WAITING);
    let id = world.findings(number)["findings"][0]["fingerprint"].as_str().unwrap()[..8].to_owned();
    assert!(body.contains(&format!("/backend-team approve {id}\n")), "{body}");
    assert!(body.contains(&format!("/backend-team reject {id} REASON\n")), "{body}");
    (number, id)
}

async fn says(world: &mut World, number: u64, login: &str, body: &str) {
    let comment = world.github.comment(REPO, number, login, body).unwrap();
    world.settle().await;
    world.expect_reactions(comment, &["eyes", "+1"]);
}

async fn refused(world: &mut World, number: u64, login: &str, body: &str) -> String {
    let comment = world.github.comment(REPO, number, login, body).unwrap();
    world.settle().await;
    world.expect_reactions(comment, &["eyes", "confused"]);
    world.expect_comment(number)
}

#[tokio::test]
async fn a_new_dependency_waits_for_somebody_with_the_right() {
    run_test(async |world| {
        let (number, id) = waiting(world, &[]).await;
        let approve = format!("/backend-team approve {id}");
        let writer = refused(world, number, "bob", &approve).await;
        assert!(writer.contains(&format!("`{id}` is decided by people with maintain")), "{writer}");
        world.github.set_permission(REPO, "alice", "admin").unwrap();
        let author = refused(world, number, "alice", &approve).await;
        assert!(author.contains("author of a pull request"), "{author}");
        let other = refused(world, number, "owner", "/backend-team approve 0123abcd").await;
        assert!(other.contains(&format!("The open gates are `{id}`")), "{other}");
        let stale = refused(world, number, "owner", &format!("{approve} 0123456789ab")).await;
        assert!(stale.contains("not the head that was reviewed"), "{stale}");
        world.expect_nothing();

        says(world, number, "owner", &format!("{approve} {}", world.head(number))).await;
        let body = world.expect_comment_edit();
        assert!(body.contains("## Backend review: no findings"), "{body}");
        assert!(body.contains("`owner`") && body.contains("approved for this commit"), "{body}");
        world.expect_checks(&DECIDED);

        // Another head is another decision.
        let edits = manifest(&["left", "right", "third"]);
        world.github.push(REPO, "topic", "Add another", &edits).unwrap();
        world.settle().await;
        let body = world.expect_comment_edit();
        assert!(body.contains("a person must decide"), "{body}");
        world.expect_checks(&WAITING);
        world.expect_everything();
    })
    .await;
}

#[tokio::test]
async fn a_rejection_is_shown_with_its_reason_and_can_be_taken_back() {
    run_test(async |world| {
        let (number, id) = waiting(world, &[]).await;
        let none = refused(world, number, "owner", &format!("/backend-team reject {id}")).await;
        assert!(none.contains("for a reason"), "{none}");
        let reason = "nobody here keeps it up to date, ask @everyone";
        let reject = format!("/backend-team reject {id} {reason}");
        let writer = refused(world, number, "bob", &reject).await;
        assert!(writer.contains("maintain or admin permission"), "{writer}");
        says(world, number, "owner", &reject).await;
        let body = world.expect_comment_edit();
        assert!(body.contains("**Rejected** by `owner`: nobody here keeps it"), "{body}");
        assert!(body.contains("`@everyone`"), "nobody is called: {body}");
        assert!(body.contains("a person must decide"), "{body}");

        says(world, number, "owner", "/backend-team approve dependency").await;
        let body = world.expect_comment_edit();
        assert!(!body.contains("Rejected") && body.contains("approved for this commit"), "{body}");
        world.expect_checks(&DECIDED);

        // Whoever may approve may take it back.
        says(world, number, "owner", &format!("/backend-team reject all {reason}")).await;
        assert!(world.expect_comment_edit().contains("**Rejected** by `owner`"));
        world.expect_checks(&WAITING);
        world.expect_everything();
    })
    .await;
}

#[tokio::test]
async fn the_base_branchs_owner_of_the_manifest_approves() {
    run_test(async |world| {
        let owners = FileEdit::write("docs/CODEOWNERS", "/api/ @carol\n/web/ @bob\n");
        let (number, id) = waiting(world, &[owners]).await;
        world.github.set_permission(REPO, "carol", "write").unwrap();
        let approve = format!("/backend-team approve {id}");
        // What the pull request says about its owners is nothing.
        let mut edits = manifest(&["left", "right"]).to_vec();
        edits.push(FileEdit::write(".github/CODEOWNERS", "* @bob\n"));
        world.github.push(REPO, "topic", "Own it", &edits).unwrap();
        world.settle().await;
        world.expect_everything();
        let writer = refused(world, number, "bob", &approve).await;
        assert!(writer.contains("write permission: `@carol`"), "{writer}");
        says(world, number, "carol", &approve).await;
        let body = world.expect_comment_edit();
        assert!(body.contains("approved for this commit"), "{body}");
        world.expect_everything();
    })
    .await;
}

#[tokio::test]
async fn a_merge_queue_does_not_ask_again() {
    run_test(async |world| {
        let (number, id) = waiting(world, &[]).await;
        says(world, number, "owner", &format!("/backend-team approve {id}")).await;
        world.expect_comment_edit();
        world.expect_checks(&DECIDED);
        let group = world.github.queue_merge(REPO, number, "bob").unwrap();
        world.settle().await;
        let aggregate = world.expect_check(CHECK);
        assert_eq!((aggregate.head.as_str(), aggregate.conclusion.as_str()), (&*group, "success"));
        assert_eq!(world.expect_check(LEAD).conclusion, "success");
    })
    .await;
}

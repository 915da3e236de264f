//! The policy and the instructions of the base branch, and of nobody else.

use backend_team::standin::FileEdit;

use crate::harness::bot::{CHECK, FAILED, INFRA, REPO, bad, good, run_test};

const LEAD: &str = "backend-team / backend-lead";
const KEEPER: &str = "backend-team / infra-crew";
const POLICY: &str = ".github/backend-team.toml";

#[tokio::test]
async fn the_policy_of_the_base_branch_counts() {
    run_test(async |world| {
        let policy = "\
[rules]
\"actions/excessive-permissions\" = \"minor\"

[review]
line-notes = false

[checks]
name = \"review\"
all = true

[labels]
state = true

[commands]
prefix = \"team\"
";
        world.repository(&[FileEdit::write(POLICY, policy)]);
        let number = world.open(&bad());
        world.settle().await;
        let body = world.expect_comment(number);
        assert!(body.contains("`/team help`"), "{body}");
        world.expect_label_added("backend-team: findings");
        world.expect_checks(&[
            ("review", "neutral"),
            ("review / data-gatekeeper", "skipped"),
            ("review / infra-engineer", "neutral"),
            ("review / backend-lead", "skipped"),
            ("review / observability-guardian", "skipped"),
            ("review / qa-specialist", "skipped"),
            ("review / security-reviewer", "skipped"),
        ]);
        let comment = world.github.comment(REPO, number, "bob", "/team status").unwrap();
        world.settle().await;
        world.expect_reactions(comment, &["eyes", "+1"]);
        assert!(world.expect_comment(number).contains("1 finding open"));
    })
    .await;
}

#[tokio::test]
async fn a_change_cannot_silence_its_own_review() {
    run_test(async |world| {
        world.repository(&[]);
        let policy = "block-on = \"never\"\nblockon = 1\n[rules]\n\"actions/*\" = \"off\"\n";
        let mut edits = bad().to_vec();
        edits.push(FileEdit::write(POLICY, policy));
        let number = world.open(&edits);
        world.settle().await;
        let body = world.expect_comment(number);
        assert!(body.contains("changes the review policy"), "{body}");
        assert!(body.contains("1 blocking finding, 2 open in all"), "{body}");
        world.expect_review(number);
        world.expect_checks(&[FAILED[0], FAILED[1], (LEAD, "neutral")]);
        assert!(body.contains("as this change leaves it"), "{body}");
        assert!(body.contains("blockon"), "{body}");
    })
    .await;
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_reported_before_it_is_merged() {
    run_test(async |world| {
        world.repository(&[]);
        let number = world.open(&[FileEdit::write(POLICY, "block-on = 7\n")]);
        world.settle().await;
        let problem = "- error: `.github/backend-team.toml:1`: as this change leaves it: ";
        let check = world.expect_check(CHECK);
        assert!(check.text.contains(problem), "{}", check.text);
        world.expect_checks(&[(LEAD, "neutral")]);
        let body = world.expect_comment(number);
        assert!(body.contains(problem), "{body}");
    })
    .await;
}

#[tokio::test]
async fn a_policy_change_on_the_base_branch_counts_at_the_next_look() {
    run_test(async |world| {
        let number = world.reviewed().await;
        let policy = [FileEdit::write(POLICY, "block-on = \"never\"\n")];
        world.github.push(REPO, "main", "Be lenient", &policy).unwrap();
        world.settle().await;
        world.expect_nothing();
        let edits = [FileEdit::write("a.txt", "a\n")];
        world.github.push(REPO, "topic", "More", &edits).unwrap();
        world.settle().await;
        assert!(world.expect_comment_edit().contains("none blocking"));
        world.expect_checks(&[(CHECK, "neutral"), (INFRA, "neutral")]);
        assert_eq!(world.comments(number).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn agents_have_the_names_that_the_base_branch_gives_them() {
    run_test(async |world| {
        let names = "\
# Working here

## Agents

### 1. `infra-crew`
- **Role:** Owns image, manifests and pipelines.
- **Use when:**
  - Something below `deploy/` or `.github/` changes.
";
        world.repository(&[FileEdit::write("AGENTS.md", names)]);
        let mut edits = good().to_vec();
        edits.push(FileEdit::write("AGENTS.md", "# Nobody here\n"));
        let number = world.open(&edits);
        world.settle().await;
        world.expect_checks(&[(CHECK, "neutral"), (LEAD, "neutral"), (KEEPER, "success")]);
        let body = world.expect_comment(number);
        assert!(body.contains("| infra-crew |"), "{body}");
    })
    .await;
}

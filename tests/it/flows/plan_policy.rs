//! Which policy plans follow, and which word commands start with before there is a plan.

use backend_team::domain::run::Phase;
use backend_team::standin::FileEdit;

use super::plan_setting::*;
use crate::harness::bot::{REPO, World};

const POLICY: &str = ".github/backend-team.toml";
const OWNERS: &str = "[gates]\napprovers = [\"carol\"]\n[commands]\nprefix = \"bt\"\n\
                      [labels]\ntrigger = \"plan-it\"\n";

fn owner_says(world: &mut World, policy: &str) {
    world.use_owner_policies();
    let files = [FileEdit::write(POLICY, policy)];
    world.github.create_repository("acme/.github", false, &files).unwrap();
}

/// Calls that read a policy file.
fn looked(world: &World, mark: u64) -> usize {
    world.calls_after(mark).iter().filter(|call| call.contains("/contents/")).count()
}

#[tokio::test]
async fn a_repository_without_a_policy_plans_by_its_owners() {
    run(async |world| {
        owner_says(world, OWNERS);
        service(world);
        let issue = clear(world);
        world.github.label(REPO, issue, LABEL, "bob").unwrap();
        world.settle().await;
        world.expect_nothing();
        world.github.label(REPO, issue, "plan-it", "bob").unwrap();
        world.settle().await;
        let plan = world.expect_comment(issue);
        assert!(plan.contains("/bt approve schema"), "{plan}");
        assert!(plan.contains("**Who decides:** `carol`"), "{plan}");
        let maintainer = refused(world, issue, "owner", "/bt approve all").await;
        assert!(maintainer.contains("`schema` is decided by `carol`"), "{maintainer}");
        says(world, issue, "carol", "/bt approve all").await;
        delivered(world, issue).await;
    })
    .await;
}

#[tokio::test]
async fn a_repositorys_own_policy_wins() {
    run(async |world| {
        owner_says(world, OWNERS);
        service_with(world, &[FileEdit::write(POLICY, "strict = true\n")]);
        let issue = clear(world);
        let plan = planned(world, issue).await;
        assert!(plan.contains("people with maintain or admin permission"), "{plan}");
        says(world, issue, "owner", "/backend-team approve all").await;
        delivered(world, issue).await;
    })
    .await;
}

#[tokio::test]
async fn a_repositorys_own_word_is_heard_from_the_first_comment_on() {
    run(async |world| {
        service_with(world, &[FileEdit::write(POLICY, "[commands]\nprefix = \"bt\"\n")]);
        let issue = clear(world);
        says(world, issue, "bob", "/bt plan").await;
        let plan = world.expect_comment(issue);
        assert!(plan.contains("`/bt help`"), "{plan}");
        assert_eq!(world.run(issue).await.phase, Phase::AwaitingApproval);
        let other = clear(world);
        let text = refused(world, other, "bob", "/bt approve all").await;
        assert!(text.contains("`/bt plan`"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn words_for_others_cost_one_look_at_the_policy() {
    run(async |world| {
        service(world);
        let (issue, other) = (clear(world), clear(world));
        let mut looks = Vec::new();
        for (on, body) in [
            (issue, "see a/b and /usr/bin"),
            (issue, "> /lgtm"),
            (issue, "/lgtm"),
            (issue, "/assign bob"),
            (other, "/lgtm"),
        ] {
            let mark = world.mark();
            world.github.comment(REPO, on, "bob", body).unwrap();
            world.settle().await;
            looks.push(looked(world, mark));
        }
        assert_eq!(looks, [0, 0, 1, 0, 0]);
        world.expect_nothing();
        // A push may have changed the policy.
        let policy = [FileEdit::write(POLICY, "[commands]\nprefix = \"bt\"\n")];
        world.github.push(REPO, "main", "Choose a word", &policy).unwrap();
        world.settle().await;
        says(world, other, "bob", "/bt plan").await;
        world.expect_comment(other);
    })
    .await;
}

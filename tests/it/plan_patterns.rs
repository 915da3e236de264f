//! The order of agents that a repository's own collaboration patterns ask for.

use backend_team::cli::issue_of;
use backend_team::config::policy::Policy;
use backend_team::domain::path::RepoPath;
use backend_team::domain::plan::Plan;
use backend_team::instructions::{self, RawFile};
use backend_team::plan;

use crate::plans::sample_survey;

const ENDPOINT: &str = "# Return the history of an order\n\n- `GET /orders/{id}/history` returns the \
                        status changes\n- An unknown order is answered with 404\n";
const COLUMN: &str = "# Show notes on orders\n\n- Add a nullable text column `note` to `orders`\n\
                      - `GET /orders` returns `note`\n";
const INCIDENT: &str = "---\nlabels: [incident]\n---\n# Incident: orders failed for an hour\n\n\
                        `GET /orders` answered 500 while the database was slow.\n\n- Time out and \
                        answer 503\n- Alert on the error rate\n";

fn planned(issue: &str, patterns: &str) -> Plan {
    let text = format!("# Working here\n\n## Collaboration patterns\n\n{patterns}\n");
    let file = RawFile {
        path: RepoPath::new("AGENTS.md").unwrap(),
        bytes: text.into_bytes(),
        symlink_target: None,
    };
    let team = instructions::read(vec![file], &[]).team;
    let plan = plan::draft(&issue_of(issue), &sample_survey(), &team, &Policy::default(), &[]);
    assert_eq!(plan::validate(&plan), vec![]);
    assert_eq!(plan.strategy, plan::strategy_of(&plan.tasks));
    plan
}

fn agents(plan: &Plan) -> Vec<&str> {
    let mut agents: Vec<&str> = plan.tasks.iter().map(|task| task.agent.as_str()).collect();
    agents.dedup();
    agents
}

/// What the plan shows of AGENTS.md, and what it says that it did not follow.
fn said(plan: &Plan) -> (Option<String>, bool) {
    let shown = plan.evidence.iter().find(|evidence| evidence.path == "AGENTS.md");
    let shown = shown.map(|e| format!("{}: {}", e.lines.clone().unwrap_or_default(), e.shows));
    (shown, plan.left_out.iter().any(|text| text.contains("AGENTS.md")))
}

const USUAL: [&str; 3] = ["backend-lead", "service-implementer", "observability-guardian"];

#[test]
fn a_pattern_of_the_repository_puts_the_agents_in_its_order() {
    let pattern =
        "- **API change**: `backend-lead` → `observability-guardian` → `service-implementer`";
    let plan = planned(ENDPOINT, pattern);
    assert_eq!(agents(&plan), ["backend-lead", "observability-guardian", "service-implementer"]);
    let (shown, refused) = said(&plan);
    let order = "`backend-lead`, then `observability-guardian`, then `service-implementer`";
    assert_eq!(shown, Some(format!("5: its pattern `API change` puts {order}")));
    assert!(!refused);
    // Each waits for the one before, and the tests still come before the code.
    for two in plan.tasks.windows(2) {
        assert_eq!(two[1].depends_on, [two[0].id.clone()]);
    }
    let follow_up = "1. **Incident follow-up**\n   1. `infra-engineer`: mitigate.\n   \
                     2. `observability-guardian`: gather.\n   3. `backend-lead`: propose.\n   \
                     4. `service-implementer`: correct.";
    let plan = planned(INCIDENT, follow_up);
    let order = ["infra-engineer", "observability-guardian", "backend-lead", "service-implementer"];
    assert_eq!(agents(&plan), order);
    assert_eq!(said(&plan).0.map(|shown| shown.starts_with("5: ")), Some(true));
}

#[test]
fn the_usual_order_stays_and_is_evidence() {
    let pattern = "- **API change**: `backend-lead` -> `service-implementer` -> `nobody-known`";
    let plan = planned(ENDPOINT, pattern);
    assert_eq!(agents(&plan), USUAL);
    let order = "`backend-lead`, then `service-implementer`";
    assert_eq!(said(&plan).0, Some(format!("5: its pattern `API change` has {order}")));
    let without = planned(ENDPOINT, "");
    assert_eq!(without.tasks, plan.tasks, "the tasks are the same");
    assert_eq!(said(&without), (None, false));
}

#[test]
fn what_is_not_definite_decides_nothing() {
    for patterns in [
        // For other requests.
        "- **New feature**: `observability-guardian` → `service-implementer`",
        // Two that fit.
        "- **API change**: `observability-guardian` → `service-implementer`\n\
         - **Changed endpoints**: `service-implementer` → `observability-guardian`",
        // For two kinds of requests.
        "- **API change or bug fix**: `observability-guardian` → `service-implementer`",
        // The same member twice.
        "- **API change**: `observability-guardian` → `backend-lead` → `observability-guardian`",
        // Under a condition.
        "- **API change**: (possibly `observability-guardian`) → `service-implementer`",
        // Nobody of the team.
        "- **API change**: `watchers` → `writers`",
    ] {
        let plan = planned(ENDPOINT, patterns);
        assert_eq!(agents(&plan), USUAL, "{patterns}");
        assert_eq!(said(&plan), (None, false), "{patterns}");
    }
}

#[test]
fn what_a_task_needs_comes_first_whatever_a_pattern_says() {
    let pattern = "- **API change**: `service-implementer` → `data-gatekeeper`";
    let plan = planned(COLUMN, pattern);
    let (code, data) = ("service-implementer", "data-gatekeeper");
    let place = |name: &str| agents(&plan).iter().position(|agent| *agent == name);
    assert!(place(data) < place(code), "{:?}", agents(&plan));
    assert_eq!(said(&plan), (None, true), "{:?}", plan.left_out);
    // A condition is no order: the pattern has nothing to say about the two.
    let pattern =
        "- **API change**: `backend-lead` → `service-implementer` → `data-gatekeeper` if needed";
    assert!(!said(&planned(COLUMN, pattern)).1);
}

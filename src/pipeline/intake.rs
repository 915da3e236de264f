//! From an event to the jobs it causes. Pure.

use crate::commands;
use crate::domain::event::{Actor, Event, IssueAction, PullAction, RepoRef};
use crate::domain::ids::{DeliveryId, Number};
use crate::domain::job::{JobKind, NewJob};
use crate::report::labels;

/// The phrase that calls the team in prose: "ask backend team review".
const ALIAS: &str = "ask backend team";

/// What an event asks for. Level-triggered: most events only say that something should be looked
/// at again, and the job reads what is true when it runs.
pub fn jobs_for(event: &Event, delivery: &DeliveryId, trusted_bots: &[String]) -> Vec<NewJob> {
    let job = |repo: &RepoRef, kind| NewJob {
        repo: repo.clone(),
        kind,
        delivery: Some(delivery.clone()),
    };
    match event {
        // A job that finds its pull request closed has nothing to do, so closing needs none.
        Event::Pull { action: PullAction::Closed, .. } => Vec::new(),
        // Our own state label says nothing new.
        Event::Pull { label: Some(label), .. } if labels::is_state(label) => Vec::new(),
        Event::Pull { repo, number, .. } => vec![job(repo, review(*number, false))],
        Event::Comment { repo, number, on_pull, comment, author, body } => {
            let listens = !author.is_bot || trusted(author, trusted_bots);
            let text = body.expose();
            let said = may_hold_command(text) || (!on_pull && commands::replies(text).is_some());
            if !listens || !said {
                return Vec::new();
            }
            let kind = JobKind::AnswerCommand {
                number: *number,
                on_pull: *on_pull,
                comment: *comment,
                author: author.clone(),
                body: body.clone(),
            };
            vec![job(repo, kind)]
        }
        Event::CheckRerequested { repo, head, pulls, .. }
        | Event::SuiteRerequested { repo, head, pulls, .. }
        | Event::CheckAction { repo, head, pulls, .. } => {
            if pulls.is_empty() {
                // A fork's checks do not name their pull requests.
                return vec![job(repo, JobKind::FindPulls { head: head.clone() })];
            }
            pulls.iter().map(|number| job(repo, review(*number, true))).collect()
        }
        Event::MergeGroup { repo, head, base, destroyed: false } => {
            let kind = JobKind::ReviewMergeGroup { head: head.clone(), base: base.clone() };
            vec![job(repo, kind)]
        }
        Event::RepositoriesRemoved { installation, repos } => repos
            .iter()
            .map(|(id, slug)| {
                let repo = RepoRef { installation: *installation, id: *id, slug: slug.clone() };
                job(&repo, JobKind::Forget)
            })
            .collect(),
        // Our own state label says nothing new.
        Event::Issue { label: Some(label), .. } if labels::is_state(label) => Vec::new(),
        Event::Issue { repo, number, action, label, .. } => {
            let label = label.clone().filter(|_| *action == IssueAction::Labeled);
            vec![job(repo, JobKind::PlanIssue { number: *number, label })]
        }
        Event::DefaultBranchPush { repo, .. } => vec![job(repo, JobKind::RefreshPlans)],
        Event::MergeGroup { .. }
        | Event::RepositoriesAdded { .. }
        | Event::Ping
        | Event::Ignored { .. } => Vec::new(),
    }
}

fn review(number: Number, requested: bool) -> JobKind {
    JobKind::ReviewPull { number, full: false, lanes: Vec::new(), requested }
}

fn trusted(author: &Actor, trusted_bots: &[String]) -> bool {
    trusted_bots.iter().any(|bot| author.login.0.eq_ignore_ascii_case(bot))
}

/// Whether a line could start a command. The real parser, with the repository's own prefix, runs
/// in the job; this only spares the queue ordinary conversation.
fn may_hold_command(body: &str) -> bool {
    body.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with('/')
            || line.get(..ALIAS.len()).is_some_and(|start| start.eq_ignore_ascii_case(ALIAS))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{CommentId, CommitSha, InstallationId, Login, RepoId, RepoSlug};
    use crate::domain::text::Untrusted;

    fn repo() -> RepoRef {
        RepoRef {
            installation: InstallationId(1),
            id: RepoId(2),
            slug: RepoSlug::parse("acme/widgets").unwrap(),
        }
    }

    fn comment(body: &str, is_bot: bool) -> Event {
        Event::Comment {
            repo: repo(),
            number: Number(7),
            on_pull: true,
            comment: CommentId(9),
            author: Actor { login: Login("alice".into()), is_bot },
            body: Untrusted::from(body),
        }
    }

    fn jobs(event: &Event) -> Vec<JobKind> {
        let delivery = DeliveryId("d".into());
        jobs_for(event, &delivery, &["Robo".into()]).into_iter().map(|job| job.kind).collect()
    }

    #[test]
    fn conversation_and_bots_cause_nothing() {
        assert!(jobs(&comment("looks good to me / fine", false)).is_empty());
        assert!(jobs(&comment("/backend-team review", true)).is_empty());
        assert_eq!(jobs(&comment("hello\n/backend-team review", false)).len(), 1);
        assert_eq!(jobs(&comment("Ask backend team review", false)).len(), 1);
        assert!(jobs(&comment("é", false)).is_empty());
    }

    #[test]
    fn issues_and_pushes_concern_plans() {
        let sender = Actor { login: Login("alice".into()), is_bot: false };
        let issue = |action, label: Option<&str>| Event::Issue {
            repo: repo(),
            number: Number(7),
            action,
            label: label.map(str::to_owned),
            sender: sender.clone(),
        };
        let plan = |label: Option<&str>| {
            vec![JobKind::PlanIssue { number: Number(7), label: label.map(str::to_owned) }]
        };
        let labelled = issue(IssueAction::Labeled, Some("backend-team"));
        assert_eq!(jobs(&labelled), plan(Some("backend-team")));
        assert_eq!(jobs(&issue(IssueAction::Unlabeled, Some("bug"))), plan(None));
        assert_eq!(jobs(&issue(IssueAction::Closed, None)), plan(None));
        let own = issue(IssueAction::Labeled, Some("backend-team: needs-input"));
        assert_eq!(jobs(&own), []);
        let head = CommitSha::parse(&"a".repeat(40)).unwrap();
        let push = Event::DefaultBranchPush { repo: repo(), head };
        assert_eq!(jobs(&push), [JobKind::RefreshPlans]);
        let Event::Comment { repo, number, comment, author, .. } = comment("", false) else {
            panic!("a comment is a comment")
        };
        let body = Untrusted::from("1: A");
        let reply = Event::Comment { repo, number, on_pull: false, comment, author, body };
        assert_eq!(jobs(&reply).len(), 1, "a plain reply may answer a question");
    }

    #[test]
    fn a_rerun_of_a_forks_check_is_looked_up_by_commit() {
        let head = CommitSha::parse(&"a".repeat(40)).unwrap();
        let sender = Actor { login: Login("alice".into()), is_bot: false };
        let event =
            Event::SuiteRerequested { repo: repo(), head: head.clone(), pulls: vec![], sender };
        assert_eq!(jobs(&event), vec![JobKind::FindPulls { head }]);
    }
}

//! The table of addresses. Templates are those of GitHub's OpenAPI description.

use std::collections::BTreeMap;

use super::answer::{Answer, Call};
use crate::standin::endpoints::{
    apps, checks, contents, git_data, graphql, issues, pulls, reactions, repositories, reviews,
    teams,
};
use crate::standin::world::World;

pub(in crate::standin) type Handler = fn(&mut World, &Call) -> Result<Answer, Answer>;

/// Who may ask.
#[derive(Clone, Copy)]
pub(super) enum Needs {
    Nothing,
    /// The App itself, by JSON Web Token.
    App,
    /// Any token.
    Token,
    /// A token that may read one of these.
    Read(&'static [&'static str]),
    /// A token that may write one of these.
    Write(&'static [&'static str]),
}

pub(super) struct Route {
    pub method: &'static str,
    pub template: &'static str,
    pub needs: Needs,
    pub handler: Handler,
}

const fn route(
    method: &'static str,
    template: &'static str,
    needs: Needs,
    handler: Handler,
) -> Route {
    Route { method, template, needs, handler }
}

const PULLS: &[&str] = &["pull_requests"];
const TALK: &[&str] = &["issues", "pull_requests"];
const CHECKS: &[&str] = &["checks"];
const CONTENTS: &[&str] = &["contents"];
const METADATA: &[&str] = &["metadata"];

use Needs::{App, Nothing, Read, Token, Write};

#[rustfmt::skip]
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/app", App, apps::app),
    route("GET", "/app/installations", App, apps::installations),
    route("GET", "/app/installations/{installation_id}", App, apps::installation),
    route("POST", "/app/installations/{installation_id}/access_tokens", App, apps::access_token),
    route("GET", "/installation/repositories", Token, apps::installation_repositories),
    route("POST", "/app-manifests/{code}/conversions", Nothing, apps::convert_manifest),
    route("GET", "/app/hook/deliveries", App, apps::deliveries),
    route("GET", "/app/hook/deliveries/{delivery_id}", App, apps::delivery),
    route("POST", "/app/hook/deliveries/{delivery_id}/attempts", App, apps::redeliver),
    route("GET", "/repos/{owner}/{repo}", Read(METADATA), repositories::get),
    route("GET", "/repos/{owner}/{repo}/installation", App, repositories::installation),
    route("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", Read(METADATA), repositories::permission),
    route("GET", "/repos/{owner}/{repo}/contents/{path}", Read(CONTENTS), contents::get),
    route("GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}", Token, teams::membership),
    route("GET", "/repos/{owner}/{repo}/git/ref/{ref}", Read(CONTENTS), git_data::reference),
    route("POST", "/repos/{owner}/{repo}/git/refs", Write(CONTENTS), git_data::create_reference),
    route("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", Read(CONTENTS), git_data::commit),
    route("POST", "/repos/{owner}/{repo}/git/commits", Write(CONTENTS), git_data::create_commit),
    route("POST", "/repos/{owner}/{repo}/git/trees", Write(CONTENTS), git_data::create_tree),
    route("GET", "/repos/{owner}/{repo}/pulls", Read(PULLS), pulls::list),
    route("POST", "/repos/{owner}/{repo}/pulls", Write(PULLS), pulls::create),
    route("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", Write(PULLS), pulls::update),
    route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", Read(PULLS), pulls::get),
    route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", Read(PULLS), pulls::files),
    route("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", Read(PULLS), pulls::of_commit),
    route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", Read(PULLS), reviews::list),
    route("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", Write(PULLS), reviews::create),
    route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/comments", Read(PULLS), reviews::comments),
    route("PATCH", "/repos/{owner}/{repo}/pulls/comments/{comment_id}", Write(PULLS), reviews::edit_comment),
    route("GET", "/repos/{owner}/{repo}/issues/{issue_number}", Read(TALK), issues::get),
    route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", Read(TALK), issues::comments),
    route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", Write(TALK), issues::create_comment),
    route("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", Read(TALK), issues::comment),
    route("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", Write(TALK), issues::edit_comment),
    route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/labels", Read(TALK), issues::labels),
    route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", Write(TALK), issues::add_labels),
    route("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", Write(TALK), issues::remove_label),
    route("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", Read(TALK), reactions::list),
    route("POST", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", Write(TALK), reactions::create),
    route("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions/{reaction_id}", Write(TALK), reactions::delete),
    route("POST", "/repos/{owner}/{repo}/check-runs", Write(CHECKS), checks::create),
    route("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", Read(CHECKS), checks::get),
    route("PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", Write(CHECKS), checks::update),
    route("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations", Read(CHECKS), checks::annotations),
    route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", Read(CHECKS), checks::list),
    route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-suites", Read(CHECKS), checks::suites),
    route("GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}", Read(CHECKS), checks::suite),
    route("POST", "/graphql", Token, graphql::post),
];

/// The route of a request and the parts of the path that its template names. Segments come
/// decoded. A parameter called `path` or `ref` at the end takes the rest, slashes included. GitHub takes POST for
/// PATCH, and some clients rely on it.
pub(super) fn find(
    method: &str,
    segments: &[String],
) -> Option<(&'static Route, BTreeMap<&'static str, String>)> {
    let find = |method: &str| {
        ROUTES
            .iter()
            .filter(|route| route.method == method)
            .find_map(|route| matched(route.template, segments).map(|args| (route, args)))
    };
    find(method).or_else(|| if method == "POST" { find("PATCH") } else { None })
}

fn matched(template: &'static str, segments: &[String]) -> Option<BTreeMap<&'static str, String>> {
    let mut args = BTreeMap::new();
    let mut rest = segments.iter();
    let mut parts = template.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        match part.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
            Some(name @ ("path" | "ref")) if parts.peek().is_none() => {
                let taken: Vec<&str> = rest.by_ref().map(String::as_str).collect();
                args.insert(name, taken.join("/"));
            }
            Some(name) => {
                args.insert(name, rest.next()?.clone());
            }
            None if rest.next()? == part => {}
            None => return None,
        }
    }
    rest.next().is_none().then_some(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Vec<String> {
        path.split('/').skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn every_route_is_found_by_its_own_template() {
        for route in ROUTES {
            let (found, _) = find(route.method, &segments(route.template)).unwrap();
            assert_eq!(found.template, route.template);
        }
    }

    #[test]
    fn a_file_path_keeps_its_slashes() {
        let (_, args) = find("GET", &segments("/repos/a/b/contents/x/y.txt")).unwrap();
        assert_eq!(args["path"], "x/y.txt");
        assert!(find("GET", &segments("/repos/a")).is_none());
        assert!(find("PUT", &segments("/repos/a/b")).is_none());
    }
}

//! Listings, caching, retries, redirects and reading lenient answers.

use backend_team::domain::ids::{CommitSha, InstallationId, Number, RepoSlug};
use backend_team::domain::job::Timestamp;
use backend_team::domain::publication::Conclusion;
use backend_team::ports::forge::{ForgeError, ForgeRead, Permission, PullState};
use serde_json::{Value, json};

use super::server::{Reply, Seen, Server, minted_token, not_found, ok, pull_json, repo};

const SHA: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn comments(from: u64, count: u64) -> Value {
    let comment = |id| {
        json!({
            "id": id,
            "user": { "login": "alice", "type": "User" },
            "body": "x",
            "performed_via_github_app": null,
        })
    };
    (from..from + count).map(comment).collect()
}

fn is_get(seen: &Seen, path: &str) -> bool {
    seen.method == "GET" && seen.target.split('?').next() == Some(path)
}

#[tokio::test]
async fn all_pages_are_read_with_the_token_below_a_path() {
    let server = Server::start(|seen| {
        if !is_get(seen, "/api/v3/repos/acme/orders/issues/12/comments") {
            return not_found();
        }
        // The links name another host and no base path: only their query is used.
        let next = |page: u64| {
            let url = format!("https://other.example/repos/x/y/comments?per_page=100&page={page}");
            vec![("link", format!("<{url}>; rel=\"next\", <{url}>; rel=\"last\""))]
        };
        match seen.target.split("page=").last() {
            Some("100") => Reply::Raw(200, next(2), comments(0, 100).to_string()),
            Some("2") => Reply::Raw(200, next(3), comments(100, 100).to_string()),
            _ => ok(comments(200, 5)),
        }
    })
    .await;
    let found = server.github("/api/v3").comments(&repo(), Number(12)).await.unwrap();
    let ids: Vec<u64> = found.iter().map(|comment| comment.id.0).collect();
    assert_eq!(ids, (0..205).collect::<Vec<_>>());
    let calls = server.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| call.token() == minted_token(0)));
    assert_eq!(server.mints()[0].target, "/api/v3/app/installations/51/access_tokens");
}

#[tokio::test]
async fn unchanged_answers_come_from_the_cache() {
    let server = Server::start(|seen| {
        if !is_get(seen, "/repos/acme/orders/pulls/12") {
            return not_found();
        }
        if seen.header("if-none-match") == Some("\"v1\"") && seen.before == 1 {
            return Reply::Raw(304, vec![], String::new());
        }
        let etag = format!("\"v{}\"", seen.before + 1);
        let head = if seen.before == 0 { SHA.to_owned() } else { "c".repeat(40) };
        Reply::Raw(200, vec![("etag", etag)], pull_json(12, &head).to_string())
    })
    .await;
    let github = server.github("");
    let first = github.pull(&repo(), Number(12)).await.unwrap();
    let second = github.pull(&repo(), Number(12)).await.unwrap();
    assert_eq!(first.head, second.head);
    let third = github.pull(&repo(), Number(12)).await.unwrap();
    assert_eq!(third.head.as_str(), "c".repeat(40));
    let asked: Vec<_> =
        server.calls().iter().map(|c| c.header("if-none-match").map(str::to_owned)).collect();
    assert_eq!(asked, [None, Some("\"v1\"".to_owned()), Some("\"v1\"".to_owned())]);
}

#[tokio::test]
async fn reads_are_tried_again_on_transient_failures() {
    for case in ["5xx", "cut", "drop", "garbage"] {
        let server = Server::start(move |seen| {
            if seen.method != "GET" {
                return not_found();
            }
            let etag = vec![("etag", "\"v1\"".to_owned())];
            match (seen.before, case) {
                (0 | 1, "5xx") => Reply::Raw(502, vec![], "<html>".to_owned()),
                (0 | 1, "cut") => Reply::Cut(200),
                (0 | 1, "drop") => Reply::Drop,
                (0 | 1, _) => Reply::Raw(200, etag, "{\"unexpected\":".to_owned()),
                _ => ok(pull_json(12, SHA)),
            }
        })
        .await;
        let pull = server.github("").pull(&repo(), Number(12)).await.unwrap();
        assert_eq!(pull.number, Number(12), "{case}");
        let calls = server.calls();
        assert_eq!(calls.len(), 3, "{case}");
        let conditional = calls.iter().any(|call| call.header("if-none-match").is_some());
        assert!(!conditional, "{case}: an unreadable answer is never cached");
    }
}

#[tokio::test]
async fn reads_give_up_after_three_attempts() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "GET" => Reply::Raw(503, vec![], String::new()),
        _ => not_found(),
    })
    .await;
    let error = server.github("").pull(&repo(), Number(12)).await.unwrap_err();
    assert!(matches!(error, ForgeError::Transient(_)), "{error}");
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn a_renamed_repository_is_followed_on_its_own_host_only() {
    let server = Server::start(|seen| {
        if is_get(seen, "/repos/acme/orders/pulls/12") {
            let there = "/repositories/7301/pulls/12".to_owned();
            return Reply::Raw(301, vec![("location", there)], String::new());
        }
        if is_get(seen, "/repos/acme/orders/pulls/13") {
            let there = "http://localhost:1/repositories/7301/pulls/13".to_owned();
            return Reply::Raw(301, vec![("location", there)], String::new());
        }
        if is_get(seen, "/repos/acme/orders/pulls/14") {
            let here = "/repos/acme/orders/pulls/14".to_owned();
            return Reply::Raw(302, vec![("location", here)], String::new());
        }
        if !is_get(seen, "/repositories/7301/pulls/12") {
            return not_found();
        }
        let mut pull = pull_json(12, SHA);
        pull["base"]["repo"]["full_name"] = "acme/purchases".into();
        ok(pull)
    })
    .await;
    let github = server.github("");
    let pull = github.pull(&repo(), Number(12)).await.unwrap();
    assert_eq!(pull.slug, RepoSlug::parse("acme/purchases").unwrap());
    assert!(server.calls().iter().all(|call| call.token() == minted_token(0)));
    for number in [13, 14] {
        let error = github.pull(&repo(), Number(number)).await.unwrap_err();
        assert!(matches!(error, ForgeError::Forbidden(_)), "{error}");
    }
}

#[tokio::test]
async fn pull_requests_of_deleted_forks_and_ghosts_are_read() {
    let server = Server::start(|seen| {
        let mut pull = pull_json(12, SHA);
        pull["head"]["repo"] = Value::Null;
        pull["user"] = Value::Null;
        pull["state"] = "closed".into();
        pull["merged_at"] = "2026-01-01T00:00:00Z".into();
        if seen.method == "GET" { ok(pull) } else { not_found() }
    })
    .await;
    let pull = server.github("").pull(&repo(), Number(12)).await.unwrap();
    assert!(pull.from_fork);
    assert_eq!(pull.state, PullState::Merged);
    assert_eq!(pull.author.login.0, "ghost");
    assert_eq!(pull.labels, ["db"]);
}

#[tokio::test]
async fn our_comments_are_told_by_app_or_bot_account() {
    let comment = |id: u64, user: Value, via: Value| json!({ "id": id, "user": user, "body": "b", "performed_via_github_app": via });
    let bot = |login: &str| json!({ "login": login, "type": "Bot" });
    let list = json!([
        comment(1, bot("team-app[bot]"), json!({ "id": 77 })),
        comment(2, bot("team-app[bot]"), Value::Null),
        comment(3, bot("other[bot]"), json!({ "id": 5 })),
        comment(4, bot("other[bot]"), Value::Null),
        comment(5, json!({ "login": "team-app[bot]", "type": "User" }), Value::Null),
        comment(6, Value::Null, Value::Null),
    ]);
    let server = Server::start(move |seen| match seen.target.split('?').next() {
        Some("/app") => ok(json!({ "id": 77, "slug": "team-app" })),
        Some("/repos/acme/orders/issues/12/comments") => ok(list.clone()),
        _ => not_found(),
    })
    .await;
    let github = server.github("");
    let found = github.comments(&repo(), Number(12)).await.unwrap();
    let ours: Vec<u64> = found.iter().filter(|c| c.ours).map(|c| c.id.0).collect();
    assert_eq!(ours, [1, 2]);
    github.comments(&repo(), Number(12)).await.unwrap();
    let asked = server.calls().iter().filter(|call| call.target == "/app").count();
    assert_eq!(asked, 1, "the slug is asked for once");
}

#[tokio::test]
async fn check_runs_of_other_apps_are_left_out() {
    let run = |id: u64, app: u64, status: &str, conclusion: Value| {
        json!({
            "id": id,
            "name": "backend-team",
            "external_id": null,
            "status": status,
            "conclusion": conclusion,
            "output": { "annotations_count": 3 },
            "app": { "id": app },
        })
    };
    let runs = json!({ "total_count": 4, "check_runs": [
        run(1, 77, "completed", "neutral".into()),
        run(2, 5, "completed", "success".into()),
        run(3, 77, "in_progress", Value::Null),
        run(4, 77, "completed", "stale".into()),
    ]});
    let server = Server::start(move |seen| match seen.method.as_str() {
        "GET" => ok(runs.clone()),
        _ => not_found(),
    })
    .await;
    let head = CommitSha::parse(SHA).unwrap();
    let found = server.github("").check_runs(&repo(), &head).await.unwrap();
    let summary: Vec<_> =
        found.iter().map(|run| (run.id.0, run.completed, run.conclusion)).collect();
    assert_eq!(summary, [(1, true, Some(Conclusion::Neutral)), (3, false, None), (4, true, None)]);
    assert_eq!(found[0].annotations, 3);
    let expected =
        format!("/repos/acme/orders/commits/{SHA}/check-runs?app_id=77&filter=latest&per_page=100");
    assert_eq!(server.calls()[0].target, expected);
}

#[tokio::test]
async fn pull_requests_of_a_forks_commit_are_searched() {
    let server = Server::start(|seen| {
        if is_get(seen, &format!("/repos/acme/orders/commits/{SHA}/pulls")) {
            return Reply::Json(422, json!({ "message": "No commit found for SHA" }));
        }
        if is_get(seen, "/repos/acme/orders/pulls") {
            return ok(json!([pull_json(3, SHA), pull_json(4, &"c".repeat(40))]));
        }
        not_found()
    })
    .await;
    let head = CommitSha::parse(SHA).unwrap();
    let pulls = server.github("").pulls_of_commit(&repo(), &head).await.unwrap();
    assert_eq!(pulls.iter().map(|pull| pull.number.0).collect::<Vec<_>>(), [3]);
}

#[tokio::test]
async fn permissions_take_the_role_where_it_is_known() {
    let server = Server::start(|seen| match seen.target.rsplit('/').nth(1) {
        Some("ann") => ok(json!({ "permission": "write", "role_name": "maintain" })),
        Some("bob") => ok(json!({ "permission": "read", "role_name": "custom-role" })),
        Some("dependabot%5Bbot%5D") => ok(json!({ "permission": "none" })),
        _ => not_found(),
    })
    .await;
    let github = server.github("");
    for (login, expected) in [
        ("ann", Permission::Maintain),
        ("bob", Permission::Read),
        ("dependabot[bot]", Permission::None),
        ("nobody", Permission::None),
    ] {
        assert_eq!(github.permission(&repo(), login).await.unwrap(), expected, "{login}");
    }
}

#[tokio::test]
async fn files_of_a_default_branch() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/repos/acme/.github/contents/a%20b/policy.toml" => ok(json!({
            "type": "file",
            "encoding": "base64",
            "content": "YmxvY2tfb24g\nPSAibWFqb3Ii\n",
        })),
        "/repos/acme/.github/contents/dir" => ok(json!([{ "type": "file", "name": "x" }])),
        _ => not_found(),
    })
    .await;
    let github = server.github("");
    let slug = RepoSlug::parse("acme/.github").unwrap();
    let read = async |path: &str| {
        github.default_branch_file(InstallationId(51), &slug, path).await.unwrap()
    };
    assert_eq!(read("a b/policy.toml").await.as_deref(), Some("block_on = \"major\""));
    assert_eq!(read("dir").await, None);
    assert_eq!(read("missing").await, None);
    let expected = json!({ "permissions": { "contents": "read", "metadata": "read" } });
    assert_eq!(server.mints()[0].body, expected);
}

#[tokio::test]
async fn installations_and_their_repositories() {
    let server = Server::start(|seen| match seen.target.split('?').next() {
        Some("/app/installations") => ok(json!([
            { "id": 51, "suspended_at": null },
            { "id": 52, "suspended_at": "2026-01-01T00:00:00Z" },
        ])),
        Some("/installation/repositories") => ok(json!({ "repositories": [
            { "id": 7301, "full_name": "acme/orders", "archived": false },
            { "id": 7302, "full_name": "acme/old", "archived": true },
        ]})),
        _ => not_found(),
    })
    .await;
    let github = server.github("");
    assert_eq!(github.installations().await.unwrap(), [InstallationId(51)]);
    let app_call = &server.calls()[0];
    assert!(app_call.token().starts_with("eyJ"), "the App's own token");
    let repositories = github.installation_repositories(InstallationId(51)).await.unwrap();
    assert_eq!(repositories, [repo()]);
}

#[tokio::test]
async fn failed_deliveries_are_those_never_received() {
    let server = Server::start(|seen| {
        let entry = |id: u64, guid: &str, status: &str, at: &str| {
            json!({ "id": id, "guid": guid, "status": status, "delivered_at": at })
        };
        match seen.target.as_str() {
            "/app/hook/deliveries?per_page=100" => Reply::Raw(
                200,
                vec![("link", "<http://x/y?per_page=100&cursor=v1_3>; rel=\"next\"".to_owned())],
                json!([
                    entry(5, "a", "OK", "2999-01-01T00:00:00Z"),
                    entry(4, "b", "timed out", "2999-01-01T00:00:00Z"),
                ])
                .to_string(),
            ),
            "/app/hook/deliveries?per_page=100&cursor=v1_3" => ok(json!([
                entry(3, "a", "timed out", "2999-01-01T00:00:00Z"),
                entry(2, "c", "timed out", "2020-01-01T00:00:00Z"),
            ])),
            _ => not_found(),
        }
    })
    .await;
    let failed = server.github("").failed_deliveries(Timestamp(1_700_000_000_000)).await.unwrap();
    assert_eq!(failed.iter().map(|f| (f.id, f.guid.as_str())).collect::<Vec<_>>(), [(4, "b")]);
}

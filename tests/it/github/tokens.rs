//! Tokens, limits and what is never said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backend_team::domain::ids::Number;
use backend_team::ports::clock::Clock;
use backend_team::ports::forge::{ForgeError, ForgeRead, ForgeWrite};
use secrecy::ExposeSecret;
use serde_json::json;

use super::server::{Reply, Server, minted_token, not_found, ok, pull_json, repo};

const SHA: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[tokio::test]
async fn parallel_first_calls_share_one_token() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "GET" => ok(pull_json(12, SHA)),
        _ => not_found(),
    })
    .await;
    let github = server.github("");
    let repo = repo();
    let calls = (0..20).map(|number| github.pull(&repo, Number(number)));
    for result in futures::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(server.calls().len(), 20);
    let mints = server.mints();
    assert_eq!(mints.len(), 1);
    assert_eq!(
        mints[0].body,
        json!({
            "repository_ids": [7301],
            "permissions": {
                "checks": "write",
                "issues": "write",
                "pull_requests": "write",
                "contents": "read",
                "metadata": "read",
            },
        })
    );
    let git = github.git_token(&repo).await.unwrap();
    assert_eq!(git.expose_secret(), minted_token(0), "git and the API share the token");
    for seen in server.seen() {
        assert_eq!(seen.headers.get_all("user-agent").iter().count(), 1);
        assert_eq!(seen.header("user-agent"), Some("backend-team/test"));
        assert_eq!(seen.header("accept"), Some("application/vnd.github+json"));
        assert_eq!(seen.header("x-github-api-version"), Some("2022-11-28"));
    }
}

#[tokio::test]
async fn parallel_callers_share_a_failure() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "POST" => Reply::Json(403, json!({ "message": "This installation has been suspended" })),
        _ => ok(pull_json(12, SHA)),
    })
    .await;
    let github = server.github("");
    let repo = repo();
    let calls = (0..20).map(|number| github.pull(&repo, Number(number)));
    for result in futures::future::join_all(calls).await {
        assert!(matches!(result, Err(ForgeError::Forbidden(_))), "{result:?}");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn tokens_are_replaced_before_they_expire() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "GET" => ok(pull_json(12, SHA)),
        _ => not_found(),
    })
    .await;
    let github = server.github("");
    github.pull(&repo(), Number(1)).await.unwrap();
    server.clock.advance_ms(47 * 60_000);
    github.pull(&repo(), Number(2)).await.unwrap();
    assert_eq!(server.mints().len(), 1);
    server.clock.advance_ms(2 * 60_000);
    github.pull(&repo(), Number(3)).await.unwrap();
    assert_eq!(server.mints().len(), 2);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let server = Server::start(|seen| {
        let revoked = seen.token() == minted_token(0);
        match seen.method.as_str() {
            "POST" if seen.target.ends_with("/access_tokens") => not_found(),
            _ if revoked => Reply::Json(401, json!({ "message": "Bad credentials" })),
            "POST" => Reply::Json(201, json!({ "id": 5 })),
            _ => not_found(),
        }
    })
    .await;
    let github = server.github("");
    let comment = github.create_comment(&repo(), Number(12), "hello").await.unwrap();
    assert_eq!(comment.0, 5);
    assert_eq!(server.mints().len(), 2);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "GET" => Reply::Json(401, json!({ "message": "Bad credentials" })),
        _ => not_found(),
    })
    .await;
    let error = server.github("").pull(&repo(), Number(1)).await.unwrap_err();
    assert!(matches!(error, ForgeError::Forbidden(_)), "{error}");
    assert_eq!(server.mints().len(), 2);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn an_installation_without_a_permission_gets_a_broader_token() {
    let server = Server::start(|seen| {
        if seen.target.ends_with("/access_tokens") && seen.body.get("permissions").is_some() {
            let message = "The permissions requested are not granted to this installation.";
            return Reply::Json(422, json!({ "message": message }));
        }
        if seen.method == "GET" { ok(pull_json(12, SHA)) } else { not_found() }
    })
    .await;
    let github = server.github("");
    github.pull(&repo(), Number(1)).await.unwrap();
    let bodies: Vec<_> = server.mints().into_iter().map(|mint| mint.body).collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[1], json!({ "repository_ids": [7301] }));
    // The installation is not asked for narrow permissions again.
    let other =
        backend_team::domain::event::RepoRef { id: backend_team::domain::ids::RepoId(9), ..repo() };
    github.pull(&other, Number(1)).await.unwrap();
    assert_eq!(server.mints().len(), 3);
}

#[tokio::test]
async fn limits_are_mapped_and_remembered() {
    let reset = |seconds: i64| (seconds / 1000 + 30).to_string();
    for case in ["secondary", "primary", "429", "text"] {
        let limited = Arc::new(AtomicBool::new(true));
        let switch = limited.clone();
        let now = backend_team::ports::clock::SystemClock.now().0;
        let reset_at = reset(now);
        let server = Server::start(move |seen| {
            if seen.method != "GET" {
                return not_found();
            }
            if !switch.load(Ordering::SeqCst) {
                return ok(pull_json(12, SHA));
            }
            let text = json!({ "message": "You have exceeded a secondary rate limit." });
            match case {
                "secondary" => {
                    Reply::Raw(403, vec![("retry-after", "7".to_owned())], "{}".to_owned())
                }
                "primary" => Reply::Raw(
                    403,
                    vec![
                        ("x-ratelimit-remaining", "0".to_owned()),
                        ("x-ratelimit-reset", reset_at.clone()),
                    ],
                    "{}".to_owned(),
                ),
                "429" => Reply::Json(429, json!({})),
                _ => Reply::Json(403, text),
            }
        })
        .await;
        let github = server.github("");
        let error = github.pull(&repo(), Number(1)).await.unwrap_err();
        let ForgeError::RateLimited { until, .. } = error else { panic!("{case}: {error}") };
        let wait = until.since(server.clock.now());
        match case {
            "secondary" => assert_eq!(wait, Duration::from_secs(7)),
            "primary" => assert_eq!(until.0 % 1000, 0),
            _ => assert_eq!(wait, Duration::from_secs(60)),
        }
        limited.store(false, Ordering::SeqCst);
        let sent = server.seen().len();
        let again = github.create_comment(&repo(), Number(1), "x").await.unwrap_err();
        let ForgeError::RateLimited { until: same, .. } = again else { panic!("{case}: {again}") };
        assert_eq!(same, until);
        assert_eq!(server.seen().len(), sent, "{case}: nothing goes out before the limit ends");
        server.clock.advance_ms(i64::try_from(wait.as_millis()).unwrap());
        github.pull(&repo(), Number(1)).await.unwrap();
    }
}

#[tokio::test]
async fn limits_hold_for_one_installation() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/repos/acme/orders/pulls/1" => Reply::Json(429, json!({})),
        target if target.contains("/pulls/") => ok(pull_json(2, SHA)),
        _ => not_found(),
    })
    .await;
    let github = server.github("");
    github.pull(&repo(), Number(1)).await.unwrap_err();
    let other = backend_team::domain::event::RepoRef {
        installation: backend_team::domain::ids::InstallationId(52),
        ..repo()
    };
    github.pull(&other, Number(2)).await.unwrap();
}

#[tokio::test]
async fn errors_hold_no_tokens() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "GET" => Reply::Json(422, json!({ "message": format!("odd: {}", seen.token()) })),
        _ => not_found(),
    })
    .await;
    let error = server.github("").pull(&repo(), Number(1)).await.unwrap_err();
    assert!(matches!(error, ForgeError::Invalid(_)));
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("[redacted]"), "{shown}");
    assert!(!shown.contains("payload-_"), "{shown}");
}

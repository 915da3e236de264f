use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use backend_team::standin::StandinOptions;
use serde_json::json;

use super::fixture::{Fixture, REPO};

#[tokio::test]
async fn the_app_proves_itself_with_a_signed_token() {
    let fixture = Fixture::new().await;
    let app = fixture.send("GET", "/app", &fixture.app_token(60), None, &[]).await;
    assert_eq!(app.json["id"], fixture.github.app_id());
    let too_long = fixture.send("GET", "/app", &fixture.app_token(3_600), None, &[]).await;
    assert_eq!(too_long.status, 401);
    let expired = fixture.send("GET", "/app", &fixture.app_token(-10), None, &[]).await;
    assert_eq!(expired.status, 401);
    assert_eq!(fixture.send("GET", "/app", &fixture.token, None, &[]).await.status, 401);
    let list = fixture.send("GET", "/app/installations", &fixture.app_token(60), None, &[]).await;
    assert_eq!(list.json[0]["id"], fixture.github.installation());
    let one = fixture.at("/installation");
    let one = fixture.send("GET", &one, &fixture.app_token(60), None, &[]).await;
    assert_eq!(one.json["account"]["login"], "acme");
}

#[tokio::test]
async fn tokens_expire_by_the_given_clock() {
    let now = Arc::new(AtomicI64::new(0));
    let start = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let start = i64::try_from(start.as_secs()).unwrap();
    let clock = {
        let now = Arc::clone(&now);
        Arc::new(move || start + now.load(Ordering::SeqCst))
    };
    let fixture = Fixture::with(StandinOptions { clock, ..StandinOptions::default() }, false).await;
    assert!(fixture.token.starts_with("ghs_") && fixture.token.len() > 500);
    assert_eq!(fixture.get(&fixture.at("")).await.status, 200);
    now.store(3_600, Ordering::SeqCst);
    assert_eq!(fixture.get(&fixture.at("")).await.status, 401);
}

#[tokio::test]
async fn a_narrowed_token_reaches_only_what_it_names() {
    let fixture = Fixture::new().await;
    fixture.github.create_repository("acme/other", true, &[]).unwrap();
    let id = fixture.github.repository_id(REPO).unwrap();
    let narrow = json!({ "repository_ids": [id], "permissions": { "contents": "read" } });
    let token = fixture.new_token(&narrow).await;
    let get = async |path: &str| fixture.send("GET", path, &token, None, &[]).await.status;
    assert_eq!(get("/repos/acme/widgets").await, 200);
    assert_eq!(get("/repos/acme/other").await, 404);
    assert_eq!(get("/repos/acme/widgets/pulls").await, 403);
    let all = fixture.send("GET", "/installation/repositories", &token, None, &[]).await;
    assert_eq!(all.json["total_count"], 1);
    assert_eq!(fixture.get("/installation/repositories").await.json["total_count"], 2);
    let path = format!("/app/installations/{}/access_tokens", fixture.github.installation());
    for refused in
        [json!({ "repository_ids": [1] }), json!({ "permissions": { "contents": "write" } })]
    {
        let reply = fixture.send("POST", &path, &fixture.app_token(60), Some(&refused), &[]).await;
        assert_eq!(reply.status, 422, "{refused}");
    }
}

#[tokio::test]
async fn a_public_repository_without_the_app_is_read_only() {
    let fixture = Fixture::new().await;
    let issue = fixture.github.open_issue(REPO, "alice", "Ours", "").unwrap();
    let fork = fixture.github.fork(REPO, "bob").unwrap();
    let other = fixture.github.open_issue(&fork, "bob", "Theirs", "").unwrap();
    assert_eq!(fixture.get(&format!("/repos/{fork}/issues/{other}")).await.status, 200);
    for (repo, number, status) in [(fork.as_str(), other, 403), (REPO, issue, 201)] {
        let path = format!("/repos/{repo}/issues/{number}/comments");
        assert_eq!(fixture.post(&path, json!({ "body": "x" })).await.status, status);
    }
}

#[tokio::test]
async fn a_suspended_or_removed_installation_gets_nothing() {
    let fixture = Fixture::new().await;
    let path = format!("/app/installations/{}/access_tokens", fixture.github.installation());
    fixture.github.set_suspended(true).unwrap();
    assert_eq!(fixture.get(&fixture.at("")).await.status, 403);
    let refused = fixture.send("POST", &path, &fixture.app_token(60), None, &[]).await;
    assert_eq!(refused.status, 403);
    fixture.github.set_suspended(false).unwrap();
    fixture.github.set_uninstalled(true).unwrap();
    assert_eq!(fixture.get(&fixture.at("")).await.status, 401);
    let refused = fixture.send("POST", &path, &fixture.app_token(60), None, &[]).await;
    assert_eq!(refused.status, 404);
}

#[tokio::test]
async fn requests_need_a_user_agent_a_token_and_a_known_address() {
    let fixture = Fixture::new().await;
    let path = fixture.at("");
    let silent = fixture.send("GET", &path, &fixture.token, None, &[("user-agent", "")]).await;
    assert_eq!(silent.status, 403);
    assert_eq!(fixture.send("GET", &path, "", None, &[]).await.status, 401);
    assert_eq!(fixture.send("GET", &path, "ghs_wrong", None, &[]).await.status, 401);
    assert_eq!(fixture.get("/nowhere").await.status, 404);
    let old = [("x-github-api-version", "2019-01-01")];
    assert_eq!(fixture.send("GET", &path, &fixture.token, None, &old).await.status, 400);
    let reply = fixture.get(&path).await;
    assert!(!reply.header("x-github-request-id").is_empty());
    assert_eq!(reply.header("x-ratelimit-limit"), "5000");
}

#[tokio::test]
async fn a_manifest_code_works_once() {
    let fixture = Fixture::new().await;
    fixture.github.offer_manifest("abc", json!({ "name": "Our reviewer" }));
    let app = fixture.send("POST", "/app-manifests/abc/conversions", "", None, &[]).await;
    assert_eq!((app.status, &app.json["name"]), (201, &json!("Our reviewer")));
    assert_eq!(app.json["pem"], fixture.github.private_key_pem());
    let again = fixture.send("POST", "/app-manifests/abc/conversions", "", None, &[]).await;
    assert_eq!(again.status, 404);
}

#[tokio::test]
async fn a_base_path_moves_rest_and_graphql() {
    let options = StandinOptions { base_path: "/api/v3".into(), ..StandinOptions::default() };
    let fixture = Fixture::with(options, false).await;
    let repository = fixture.get(&fixture.at("")).await;
    let url = format!("{}/api/v3/repos/{REPO}", fixture.github.url());
    assert_eq!(repository.json["url"], url);
    let outside = format!("{}/repos/{REPO}", fixture.github.url());
    assert_eq!(fixture.get(&outside).await.status, 404);
    let graphql = format!("{}/api/graphql", fixture.github.url());
    let query = json!({ "query": "{ repository(owner: \"acme\", name: \"widgets\") { id } }" });
    let reply = fixture.post(&graphql, query).await;
    assert!(reply.json["data"]["repository"]["id"].is_string(), "{}", reply.text);
}

#[tokio::test]
async fn a_strict_typed_client_reads_the_answers() {
    use octocrab::Octocrab;
    use octocrab::models::{AppId, InstallationId};
    use octocrab::params::repos::Commitish;

    let fixture = Fixture::new().await;
    let key = octocrab::EncodingKey::from_rsa_pem(fixture.github.private_key_pem().as_bytes());
    let app = Octocrab::builder()
        .base_uri(fixture.github.api_url())
        .unwrap()
        .app(AppId(fixture.github.app_id()), key.unwrap())
        .build()
        .unwrap();
    let installations = app.apps().installations().send().await.unwrap();
    assert_eq!(installations.items[0].id, InstallationId(fixture.github.installation()));
    let client = app.installation(installations.items[0].id).unwrap();
    let pulls = client.pulls("acme", "widgets");
    let pull = pulls.get(fixture.number).await.unwrap();
    assert_eq!(pull.head.sha, fixture.head);
    assert_eq!(pulls.list().send().await.unwrap().items.len(), 1);
    assert_eq!(pulls.list_files(fixture.number).await.unwrap().items.len(), 2);
    let issues = client.issues("acme", "widgets");
    let comment = issues.create_comment(fixture.number, "Hello").await.unwrap();
    issues.update_comment(comment.id, "Better").await.unwrap();
    let comments = issues.list_comments(fixture.number).send().await.unwrap();
    assert_eq!(comments.items[0].body.as_deref(), Some("Better"));
    issues.add_labels(fixture.number, &["data".to_owned()]).await.unwrap();
    let checks = client.checks("acme", "widgets");
    let run = checks.create_check_run("backend", fixture.head.clone()).send().await.unwrap();
    let listed = checks.list_check_runs_for_git_ref(Commitish(fixture.head.clone()));
    assert_eq!(listed.send().await.unwrap().check_runs[0].id, run.id);
    assert_eq!(client.repos("acme", "widgets").get().await.unwrap().name, "widgets");
}

use serde_json::{Value, json};

use super::fixture::{Fixture, REPO};

#[tokio::test]
async fn comments_are_written_edited_and_reacted_to() {
    let fixture = Fixture::new().await;
    let path = fixture.at(&format!("/issues/{}/comments", fixture.number));
    let comment = fixture.post(&path, json!({ "body": "Hello" })).await;
    assert_eq!(comment.status, 201);
    assert_eq!(comment.json["user"]["login"], fixture.github.bot_login());
    assert_eq!(comment.json["performed_via_github_app"]["id"], fixture.github.app_id());
    let one = fixture.at(&format!("/issues/comments/{}", comment.json["id"]));
    assert_eq!(fixture.patch(&one, json!({ "body": "Better" })).await.json["body"], "Better");
    assert_eq!(fixture.get(&one).await.json["body"], "Better");
    for (length, status) in [(65_536, 200), (65_537, 422)] {
        let reply = fixture.patch(&one, json!({ "body": "ü".repeat(length) })).await;
        assert_eq!(reply.status, status);
    }
    assert_eq!(fixture.post(&path, json!({ "body": " " })).await.status, 422);
    let reactions = format!("{one}/reactions");
    for status in [201, 200] {
        let reply = fixture.post(&reactions, json!({ "content": "eyes" })).await;
        assert_eq!(reply.status, status);
    }
    assert_eq!(fixture.post(&reactions, json!({ "content": "smile" })).await.status, 422);
    assert_eq!(fixture.get(&reactions).await.json.as_array().unwrap().len(), 1);
    assert_eq!(fixture.get(&one).await.json["reactions"]["eyes"], 1);
    let view = fixture.github.comments(REPO, fixture.number).unwrap();
    assert!(view[0].by_app && view[0].reactions[0].1 == "eyes");
    assert_eq!(fixture.get(&path).await.json.as_array().unwrap().len(), 1);
    let gone = fixture.post(&fixture.at("/issues/99/comments"), json!({ "body": "x" })).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn labels_come_and_go() {
    let fixture = Fixture::new().await;
    let path = fixture.at(&format!("/issues/{}/labels", fixture.number));
    let both = fixture.post(&path, json!({ "labels": ["in review", "data"] })).await;
    assert_eq!(both.json.as_array().unwrap().len(), 2);
    let one = format!("{path}/in%20review");
    let left = fixture.send("DELETE", &one, &fixture.token, None, &[]).await;
    assert_eq!(left.json[0]["name"], "data");
    assert_eq!(fixture.send("DELETE", &one, &fixture.token, None, &[]).await.status, 404);
    assert_eq!(fixture.get(&path).await.json.as_array().unwrap().len(), 1);
    assert_eq!(fixture.github.labels(REPO, fixture.number).unwrap(), ["data"]);
    let issue = fixture.get(&fixture.at(&format!("/issues/{}", fixture.number))).await;
    assert!(issue.json["pull_request"]["url"].is_string());
}

fn review(comments: Value) -> Value {
    json!({ "event": "COMMENT", "body": "Notes", "comments": comments })
}

#[tokio::test]
async fn review_comments_must_stand_on_lines_of_the_diff() {
    let fixture = Fixture::new().await;
    let path = fixture.at(&format!("/pulls/{}/reviews", fixture.number));
    let good = json!({ "path": "a.txt", "line": 20, "side": "RIGHT", "body": "here" });
    let refused = [
        // Outside of the hunk, which ends three lines below the change.
        json!({ "path": "a.txt", "line": 25, "side": "RIGHT", "body": "b" }),
        json!({ "path": "a.txt", "line": 24, "side": "LEFT", "body": "b" }),
        json!({ "path": "README.md", "line": 1, "body": "b" }),
        json!({ "path": "b.txt", "line": 1, "side": "LEFT", "body": "b" }),
        json!({ "path": "a.txt", "start_line": 20, "line": 20, "body": "b" }),
        json!({ "path": "a.txt", "start_line": 21, "line": 20, "body": "b" }),
        json!({ "path": "a.txt", "start_line": 2, "line": 20, "body": "b" }),
        json!({ "path": "a.txt", "body": "b" }),
        json!({ "path": "a.txt", "line": 20, "body": "" }),
    ];
    for bad in refused {
        let reply = fixture.post(&path, review(json!([good, bad]))).await;
        assert_eq!(reply.status, 422, "{bad}");
    }
    assert!(fixture.github.review_comments(REPO, fixture.number).unwrap().is_empty());
    assert_eq!(fixture.post(&path, json!({ "event": "COMMENT" })).await.status, 422);
    let many = json!([
        good,
        { "path": "a.txt", "line": 20, "side": "LEFT", "body": "before" },
        { "path": "a.txt", "start_line": 17, "line": 24, "body": "all of it" },
        { "path": "b.txt", "line": 1, "body": "new" },
        { "path": "b.txt", "subject_type": "file", "body": "the file" },
    ]);
    let made = fixture.post(&path, review(many)).await;
    assert_eq!((made.status, &made.json["state"]), (200, &json!("COMMENTED")), "{}", made.text);
    let listed = fixture.get(&fixture.at(&format!("/pulls/{}/comments", fixture.number))).await;
    assert_eq!(listed.json.as_array().unwrap().len(), 5);
    assert!(listed.json[0]["diff_hunk"].as_str().unwrap().starts_with("@@ -17,7 +17,8 @@"));
    let one = fixture.at(&format!("/pulls/comments/{}", listed.json[0]["id"]));
    let edited = fixture.patch(&one, json!({ "body": "changed" })).await;
    assert_eq!((edited.status, &edited.json["body"]), (200, &json!("changed")));
    assert_eq!(fixture.get(&path).await.json.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_review_without_an_event_stays_unseen() {
    let fixture = Fixture::new().await;
    let path = fixture.at(&format!("/pulls/{}/reviews", fixture.number));
    let comment = json!({ "path": "b.txt", "line": 1, "body": "new" });
    let made = fixture.post(&path, json!({ "comments": [comment] })).await;
    assert_eq!(made.json["state"], "PENDING");
    let listed = fixture.get(&fixture.at(&format!("/pulls/{}/comments", fixture.number))).await;
    assert_eq!(listed.json, json!([]));
}

const THREADS: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    reviewThreads(first: 2, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { id isResolved comments(first: 1) { nodes { databaseId } } } } } } }";

#[tokio::test]
async fn threads_are_listed_and_resolved_through_graphql() {
    let fixture = Fixture::new().await;
    let path = fixture.at(&format!("/pulls/{}/reviews", fixture.number));
    let lines = [18, 19, 20].map(|line| json!({ "path": "a.txt", "line": line, "body": "b" }));
    assert_eq!(fixture.post(&path, review(json!(lines))).await.status, 200);
    let comments = fixture.github.review_comments(REPO, fixture.number).unwrap();
    fixture.github.reply_in_thread(REPO, comments[0].id, "bob", "No").unwrap();
    let page = async |after: Value| {
        let variables = json!({
            "owner": "acme", "name": "widgets", "number": fixture.number, "after": after,
        });
        let body = json!({ "query": THREADS, "variables": variables });
        let reply = fixture.post("/graphql", body).await;
        reply.json["data"]["repository"]["pullRequest"]["reviewThreads"].clone()
    };
    let first = page(Value::Null).await;
    assert_eq!(first["nodes"].as_array().unwrap().len(), 2);
    let second = page(first["pageInfo"]["endCursor"].clone()).await;
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    let thread = &second["nodes"][0];
    assert_eq!(thread["comments"]["nodes"][0]["databaseId"], comments[2].id);
    let mutation = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }";
    let body = json!({ "query": mutation, "variables": { "id": thread["id"] } });
    let done = fixture.post("/graphql", body.clone()).await;
    assert_eq!(done.json["data"]["resolveReviewThread"]["thread"]["isResolved"], true);
    let after = fixture.github.review_comments(REPO, fixture.number).unwrap();
    assert_eq!(after.iter().map(|c| c.resolved).collect::<Vec<_>>(), [false, false, true, false]);
    for bad in ["{ viewer { login } }", "{", "{ repository(owner: \"x\", name: \"y\") { id } }"] {
        let reply = fixture.post("/graphql", json!({ "query": bad })).await;
        assert!(reply.status == 200 && reply.json["errors"].is_array(), "{bad}");
    }
    let narrow = json!({ "permissions": { "pull_requests": "read" } });
    let reader = fixture.new_token(&narrow).await;
    let refused = fixture.send("POST", "/graphql", &reader, Some(&body), &[]).await;
    assert_eq!(refused.json["errors"][0]["type"], "FORBIDDEN");
}

use backend_team::standin::{FileEdit, PullEdit, PullRequestSpec};
use serde_json::json;

use super::fixture::{Fixture, REPO};

#[tokio::test]
async fn a_pull_request_has_its_counts_and_files() {
    let fixture = Fixture::new().await;
    let pull = fixture.get(&fixture.at(&format!("/pulls/{}", fixture.number))).await.json;
    assert_eq!(pull["head"]["sha"], fixture.head);
    assert_eq!((&pull["additions"], &pull["deletions"]), (&json!(3), &json!(1)));
    assert_eq!((&pull["mergeable"], &pull["changed_files"]), (&json!(true), &json!(2)));
    let files = fixture.get(&fixture.at(&format!("/pulls/{}/files", fixture.number))).await.json;
    assert_eq!(files[0]["filename"], "a.txt");
    assert!(files[0]["patch"].as_str().unwrap().contains("+line twenty\n"));
    let of_commit = fixture.get(&fixture.at(&format!("/commits/{}/pulls", fixture.head))).await;
    assert_eq!(of_commit.json[0]["number"], fixture.number);
    let rename = [FileEdit::rename("a.txt", "moved.txt")];
    fixture.github.commit_onto(REPO, "rename", "main", "Move", &rename).unwrap();
    let spec = PullRequestSpec::new("rename", "Move");
    let number = fixture.github.open_pull(REPO, &spec).unwrap();
    let files = fixture.get(&fixture.at(&format!("/pulls/{number}/files"))).await.json;
    assert_eq!(files[0]["status"], "renamed");
    assert_eq!(files[0]["previous_filename"], "a.txt");
}

#[tokio::test]
async fn listings_are_paged_and_filtered() {
    let fixture = Fixture::new().await;
    for number in 0..4 {
        let branch = format!("b{number}");
        let edits = [FileEdit::write("n", format!("{number}"))];
        fixture.github.commit(REPO, &branch, "n", &edits).unwrap();
        fixture.github.open_pull(REPO, &PullRequestSpec::new(&branch, &branch)).unwrap();
    }
    fixture.github.close_pull(REPO, 5, "alice").unwrap();
    let first = fixture.get(&fixture.at("/pulls?per_page=3")).await;
    let numbers = |reply: &super::fixture::Reply| -> Vec<u64> {
        reply.json.as_array().unwrap().iter().map(|pull| pull["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(&first), [4, 3, 2]);
    let link = first.header("link");
    let next = link.split_once(">; rel=\"next\"").unwrap().0.rsplit_once('<').unwrap().1;
    assert!(next.starts_with(&fixture.github.api_url()));
    assert_eq!(numbers(&fixture.get(next).await), [1]);
    assert_eq!(numbers(&fixture.get(&fixture.at("/pulls?state=closed")).await), [5]);
    assert_eq!(numbers(&fixture.get(&fixture.at("/pulls?head=acme:b1")).await), [3]);
    let oldest = fixture.get(&fixture.at("/pulls?state=all&direction=asc&per_page=1")).await;
    assert_eq!(numbers(&oldest), [1]);
    assert_eq!(fixture.get(&fixture.at("/pulls?state=odd")).await.status, 422);
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let fixture = Fixture::new().await;
    let path = fixture.at(&format!("/pulls/{}", fixture.number));
    let first = fixture.get(&path).await;
    let tag = first.header("etag").to_owned();
    let again = fixture.send("GET", &path, &fixture.token, None, &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let remaining =
        |reply: &super::fixture::Reply| reply.header("x-ratelimit-remaining").to_owned();
    assert_eq!(remaining(&first), remaining(&again));
    let edit = PullEdit { title: Some("Other".into()), ..PullEdit::default() };
    fixture.github.edit_pull(REPO, fixture.number, &edit, "alice").unwrap();
    let changed =
        fixture.send("GET", &path, &fixture.token, None, &[("if-none-match", &tag)]).await;
    assert_eq!((changed.status, &changed.json["title"]), (200, &json!("Other")));
}

#[tokio::test]
async fn a_former_name_redirects() {
    let fixture = Fixture::new().await;
    let id = fixture.github.repository_id(REPO).unwrap();
    fixture.github.rename_repository(REPO, "gadgets").unwrap();
    let moved = fixture.get(&fixture.at("/pulls?state=all")).await;
    assert_eq!(moved.status, 301);
    let target = format!("{}/repositories/{id}/pulls?state=all", fixture.github.api_url());
    assert_eq!(moved.header("location"), target);
    assert_eq!(fixture.get(&target).await.json[0]["number"], fixture.number);
    let comments = format!("/issues/{}/comments", fixture.number);
    let moved = fixture.post(&fixture.at(&comments), json!({ "body": "x" })).await;
    assert_eq!(moved.status, 307);
    let made = fixture.post(moved.header("location"), json!({ "body": "x" })).await;
    assert_eq!(made.status, 201);
    let renamed = fixture.get(&format!("/repositories/{id}")).await;
    assert_eq!(renamed.json["full_name"], "acme/gadgets");
    assert_eq!(fixture.get("/repos/acme/gadgets").await.status, 200);
    let folder = tempfile::tempdir().unwrap();
    let listed = fixture.git(folder.path(), "", &["ls-remote", &fixture.clone_url()]).await;
    assert!(listed.unwrap().contains("refs/heads/topic"));
}

#[tokio::test]
async fn contents_come_as_json_and_raw() {
    let fixture = Fixture::new().await;
    let path = fixture.at("/contents/b.txt?ref=topic");
    let file = fixture.get(&path).await.json;
    assert_eq!((&file["content"], &file["type"]), (&json!("bmV3Cg==\n"), &json!("file")));
    let raw = [("accept", "application/vnd.github.raw+json")];
    assert_eq!(fixture.send("GET", &path, &fixture.token, None, &raw).await.text, "new\n");
    assert_eq!(fixture.get(&fixture.at("/contents/b.txt")).await.status, 404);
    assert_eq!(fixture.get(&fixture.at("/contents/b.txt?ref=none")).await.status, 404);
    let folder = fixture.get(&fixture.at("/contents/?ref=topic")).await.json;
    assert_eq!(folder.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn permissions_are_asked_for_by_login() {
    let fixture = Fixture::new().await;
    fixture.github.set_permission(REPO, "Bob", "maintain").unwrap();
    let ask = async |login: &str| {
        fixture.get(&fixture.at(&format!("/collaborators/{login}/permission"))).await
    };
    let bob = ask("bob").await.json;
    assert_eq!((&bob["permission"], &bob["role_name"]), (&json!("write"), &json!("maintain")));
    assert_eq!(ask("alice").await.json["permission"], "read");
    assert_eq!(ask("nobody").await.status, 404);
    assert!(fixture.github.set_permission(REPO, "bob", "owner").is_err());
}

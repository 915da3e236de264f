use serde_json::{Value, json};

use super::fixture::{Fixture, REPO};

fn annotations(count: usize) -> Vec<Value> {
    (1..=count)
        .map(|line| {
            json!({
                "path": "a.txt", "start_line": line, "end_line": line,
                "annotation_level": "notice", "message": "m",
            })
        })
        .collect()
}

fn output(count: usize) -> Value {
    json!({ "title": "t", "summary": "s", "annotations": annotations(count) })
}

#[tokio::test]
async fn annotations_add_up_over_updates() {
    let fixture = Fixture::new().await;
    let body = json!({
        "name": "backend", "head_sha": fixture.head, "status": "in_progress", "external_id": "x1",
        "output": output(50),
    });
    let run = fixture.post(&fixture.at("/check-runs"), body).await;
    assert_eq!((run.status, &run.json["status"]), (201, &json!("in_progress")));
    assert_eq!(run.json["pull_requests"][0]["number"], fixture.number);
    let path = fixture.at(&format!("/check-runs/{}", run.json["id"]));
    let actions = json!([{ "label": "Fix", "description": "Fix it", "identifier": "fix" }]);
    let done = json!({ "conclusion": "neutral", "output": output(3), "actions": actions });
    let run = fixture.patch(&path, done).await;
    assert_eq!(run.json["status"], "completed");
    assert_eq!(run.json["output"]["annotations_count"], 53);
    let page = fixture.get(&format!("{path}/annotations?per_page=50&page=2")).await;
    assert_eq!(page.json.as_array().unwrap().len(), 3);
    let view = fixture.github.check_runs(REPO, &fixture.head).unwrap();
    assert_eq!((view[0].annotations.len(), view[0].external_id.as_str()), (53, "x1"));
    fixture.github.check_action(REPO, view[0].id, "fix", "bob").unwrap();
    assert!(fixture.github.check_action(REPO, view[0].id, "other", "bob").is_err());
}

#[tokio::test]
async fn what_github_refuses_is_refused() {
    let fixture = Fixture::new().await;
    let valid = json!({ "name": "backend", "head_sha": fixture.head });
    let action = json!({ "label": "l", "description": "d", "identifier": "i" });
    let long = "x".repeat(65_536);
    let cases = [
        json!({ "output": output(51) }),
        json!({ "output": { "title": "t", "summary": "s", "text": long } }),
        json!({ "output": { "summary": "without title" } }),
        json!({ "actions": [action, action, action, action] }),
        json!({ "actions": [{ "label": "more than twenty characters", "description": "d", "identifier": "i" }] }),
        json!({ "status": "completed" }),
        json!({ "conclusion": "stale" }),
        json!({ "head_sha": "1".repeat(40) }),
        json!({ "name": "" }),
        json!({ "output": { "title": "t", "summary": "s", "annotations": [{
            "path": "a.txt", "start_line": 2, "end_line": 1, "annotation_level": "notice", "message": "m",
        }] } }),
    ];
    for case in cases {
        let mut body = valid.clone();
        for (key, value) in case.as_object().unwrap() {
            body[key] = value.clone();
        }
        let reply = fixture.post(&fixture.at("/check-runs"), body).await;
        assert_eq!(reply.status, 422, "{case}");
    }
    assert!(fixture.github.check_runs(REPO, &fixture.head).unwrap().is_empty());
    let created = fixture.post(&fixture.at("/check-runs"), valid).await;
    assert_eq!((created.status, &created.json["status"]), (201, &json!("queued")));
}

#[tokio::test]
async fn listings_show_the_latest_run_of_each_name() {
    let fixture = Fixture::new().await;
    for (name, conclusion) in [("a", "failure"), ("b", "success"), ("a", "success")] {
        let body = json!({ "name": name, "head_sha": fixture.head, "conclusion": conclusion });
        assert_eq!(fixture.post(&fixture.at("/check-runs"), body).await.status, 201);
    }
    let list = async |query: &str| {
        let path = fixture.at(&format!("/commits/{}/check-runs{query}", fixture.head));
        fixture.get(&path).await.json
    };
    let latest = list("").await;
    assert_eq!(latest["total_count"], 2);
    let runs = latest["check_runs"].as_array().unwrap();
    assert!(runs.iter().all(|run| run["conclusion"] == "success"));
    assert_eq!(list("?filter=all").await["total_count"], 3);
    assert_eq!(list("?filter=all&check_name=a").await["total_count"], 2);
    assert_eq!(list(&format!("?app_id={}", fixture.github.app_id())).await["total_count"], 2);
    assert_eq!(list("?app_id=1").await["total_count"], 0);
    let suites = fixture.get(&fixture.at(&format!("/commits/{}/check-suites", fixture.head))).await;
    assert_eq!(suites.json["check_suites"][0]["conclusion"], "failure");
    let path = fixture.at(&format!("/check-suites/{}", suites.json["check_suites"][0]["id"]));
    assert_eq!(fixture.get(&path).await.json["latest_check_runs_count"], 3);
}

//! Writes: sent once, in the shape that GitHub wants.

use backend_team::domain::diff::{LineRange, Side};
use backend_team::domain::ids::{CheckRunId, CommentId, CommitSha, Number};
use backend_team::domain::path::RepoPath;
use backend_team::domain::publication::{
    Annotation, AnnotationLevel, CheckAction, Conclusion, Reaction,
};
use backend_team::ports::forge::{CheckRunWrite, ForgeError, ForgeWrite, ReviewNote};
use serde_json::json;

use super::server::{Reply, Server, not_found, ok, repo};

const SHA: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn sha() -> CommitSha {
    CommitSha::parse(SHA).unwrap()
}

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

fn is_mint(target: &str) -> bool {
    target.ends_with("/access_tokens")
}

#[tokio::test]
async fn a_write_is_never_repeated() {
    for case in ["5xx", "cut", "drop"] {
        let server = Server::start(move |seen| match (is_mint(&seen.target), case) {
            (true, _) => not_found(),
            (_, "5xx") => Reply::Raw(502, vec![], "<html>".to_owned()),
            (_, "cut") => Reply::Cut(201),
            _ => Reply::Drop,
        })
        .await;
        let error = server.github("").create_comment(&repo(), Number(12), "x").await.unwrap_err();
        assert!(matches!(error, ForgeError::Transient(_)), "{case}: {error}");
        assert_eq!(server.calls().len(), 1, "{case}");
    }
}

#[tokio::test]
async fn an_update_needs_only_the_status() {
    let server = Server::start(|seen| match is_mint(&seen.target) {
        true => not_found(),
        false => Reply::Cut(200),
    })
    .await;
    server.github("").update_comment(&repo(), CommentId(4), "x").await.unwrap();
    assert_eq!(server.calls()[0].target, "/repos/acme/orders/issues/comments/4");
}

#[tokio::test]
async fn a_redirected_write_keeps_method_and_body() {
    let server = Server::start(|seen| {
        if seen.target == "/repos/acme/orders/issues/12/comments" {
            let there = "/repositories/7301/issues/12/comments".to_owned();
            return Reply::Raw(307, vec![("location", there)], String::new());
        }
        if seen.target == "/repositories/7301/issues/12/comments" {
            return Reply::Json(201, json!({ "id": 9 }));
        }
        not_found()
    })
    .await;
    let id = server.github("").create_comment(&repo(), Number(12), "text").await.unwrap();
    assert_eq!(id, CommentId(9));
    let calls = server.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|c| c.method == "POST" && c.body == json!({ "body": "text" })));
}

#[tokio::test]
async fn refusals_have_their_own_errors() {
    for (status, expected) in
        [(404, "not found"), (403, "forbidden"), (409, "conflict"), (422, "refused")]
    {
        let server = Server::start(move |seen| match is_mint(&seen.target) {
            true => not_found(),
            false => Reply::Json(status, json!({ "message": "because" })),
        })
        .await;
        let error = server.github("").create_comment(&repo(), Number(1), "x").await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(expected) && text.ends_with("because"), "{text}");
    }
}

fn check_run(conclusion: Option<Conclusion>) -> CheckRunWrite {
    let annotation = |details: Option<&str>| Annotation {
        path: path("db/1.sql"),
        lines: LineRange::new(3, 5).unwrap(),
        level: AnnotationLevel::Warning,
        title: "t".to_owned(),
        message: "m".to_owned(),
        raw_details: details.map(str::to_owned),
    };
    CheckRunWrite {
        name: "backend-team / data".to_owned(),
        head: sha(),
        external_id: "e1".to_owned(),
        conclusion,
        title: "1 finding".to_owned(),
        summary: "s".to_owned(),
        text: None,
        annotations: vec![annotation(None), annotation(Some("d"))],
        actions: vec![CheckAction {
            label: "Review again".to_owned(),
            description: "Reviews the whole change".to_owned(),
            identifier: "review-full".to_owned(),
        }],
    }
}

#[tokio::test]
async fn check_runs_carry_annotations_and_actions() {
    let server = Server::start(|seen| match is_mint(&seen.target) {
        true => not_found(),
        false => Reply::Json(201, json!({ "id": 66 })),
    })
    .await;
    let github = server.github("");
    let id = github.create_check_run(&repo(), &check_run(None)).await.unwrap();
    assert_eq!(id, CheckRunId(66));
    let mut update = check_run(Some(Conclusion::ActionRequired));
    update.annotations.clear();
    update.actions.clear();
    update.text = Some("more".to_owned());
    github.update_check_run(&repo(), id, &update).await.unwrap();
    let calls = server.calls();
    let mark = json!({
        "path": "db/1.sql",
        "start_line": 3,
        "end_line": 5,
        "annotation_level": "warning",
        "title": "t",
        "message": "m",
    });
    let mut detailed = mark.clone();
    detailed["raw_details"] = "d".into();
    assert_eq!(
        calls[0].body,
        json!({
            "name": "backend-team / data",
            "external_id": "e1",
            "status": "in_progress",
            "output": { "title": "1 finding", "summary": "s", "annotations": [mark, detailed] },
            "head_sha": SHA,
            "actions": [{
                "label": "Review again",
                "description": "Reviews the whole change",
                "identifier": "review-full",
            }],
        })
    );
    assert_eq!(calls[1].method, "PATCH");
    assert_eq!(
        calls[1].body,
        json!({
            "name": "backend-team / data",
            "external_id": "e1",
            "status": "completed",
            "conclusion": "action_required",
            "output": { "title": "1 finding", "summary": "s", "text": "more" },
            "actions": [],
        })
    );
}

#[tokio::test]
async fn a_review_names_a_start_line_only_for_several_lines() {
    let server = Server::start(|seen| match is_mint(&seen.target) {
        true => not_found(),
        false => ok(json!({ "id": 1 })),
    })
    .await;
    let note = |side, start, end| ReviewNote {
        path: path("src/a.go"),
        side,
        lines: LineRange::new(start, end).unwrap(),
        body: "b".to_owned(),
    };
    let notes = [note(Side::Head, 7, 7), note(Side::Base, 2, 4)];
    server.github("").create_review(&repo(), Number(12), &sha(), None, &notes).await.unwrap();
    assert_eq!(
        server.calls()[0].body,
        json!({
            "commit_id": SHA,
            "event": "COMMENT",
            "comments": [
                { "path": "src/a.go", "line": 7, "side": "RIGHT", "body": "b" },
                {
                    "path": "src/a.go",
                    "line": 4,
                    "side": "LEFT",
                    "body": "b",
                    "start_line": 2,
                    "start_side": "LEFT",
                },
            ],
        })
    );
}

#[tokio::test]
async fn labels_and_reactions() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "DELETE" => Reply::Json(404, json!({ "message": "Label does not exist" })),
        "POST" if !is_mint(&seen.target) => ok(json!([])),
        _ => not_found(),
    })
    .await;
    let github = server.github("");
    github.add_label(&repo(), Number(12), "state: done").await.unwrap();
    github.remove_label(&repo(), Number(12), "state: new/old").await.unwrap();
    github.add_reaction(&repo(), CommentId(4), Reaction::ThumbsUp).await.unwrap();
    github.redeliver(31).await.unwrap();
    let sent: Vec<_> = server
        .calls()
        .into_iter()
        .map(|call| (call.method, call.target, call.body.to_string()))
        .collect();
    let expected = [
        ("POST", "/repos/acme/orders/issues/12/labels", r#"{"labels":["state: done"]}"#),
        ("DELETE", "/repos/acme/orders/issues/12/labels/state%3A%20new%2Fold", "null"),
        ("POST", "/repos/acme/orders/issues/comments/4/reactions", r#"{"content":"+1"}"#),
        ("POST", "/app/hook/deliveries/31/attempts", "null"),
    ];
    assert_eq!(sent, expected.map(|(m, t, b)| (m.to_owned(), t.to_owned(), b.to_owned())));
}

#[tokio::test]
async fn threads_of_our_comments_are_resolved() {
    let server = Server::start(|seen| {
        if seen.target != "/api/graphql" {
            return not_found();
        }
        if seen.body["query"].as_str().is_some_and(|query| query.starts_with("mutation")) {
            let thread = json!({ "id": seen.body["variables"]["t0"] });
            return ok(json!({ "data": { "t0": { "thread": thread } } }));
        }
        let thread = |id: &str, resolved: bool, comment: &str| {
            json!({
                "id": id,
                "isResolved": resolved,
                "comments": { "nodes": [{ "fullDatabaseId": comment }] },
            })
        };
        let first = seen.body["variables"]["after"].is_null();
        let nodes = match first {
            true => vec![thread("T1", false, "4100000001"), thread("T2", true, "2")],
            false => vec![thread("T3", false, "3"), thread("T4", false, "4")],
        };
        let page = json!({ "hasNextPage": first, "endCursor": "c1" });
        let threads = json!({ "pageInfo": page, "nodes": nodes });
        let pull = json!({ "reviewThreads": threads });
        ok(json!({ "data": { "repository": { "pullRequest": pull } } }))
    })
    .await;
    let wanted = [CommentId(4_100_000_001), CommentId(2), CommentId(4)];
    server.github("/api/v3").resolve_threads(&repo(), Number(12), &wanted).await.unwrap();
    let resolved: Vec<_> = server
        .calls()
        .into_iter()
        .map(|call| call.body["variables"].clone())
        .filter(|variables| variables.get("t0").is_some())
        .collect();
    assert_eq!(resolved, [json!({ "t0": "T1", "t1": "T4" })]);
}

#[tokio::test]
async fn graphql_errors_are_mapped() {
    for (kind, expected) in [
        (json!("FORBIDDEN"), "forbidden"),
        (json!("NOT_FOUND"), "not found"),
        (json!("RATE_LIMITED"), "rate limited"),
        (json!(null), "transient"),
    ] {
        let server = Server::start(move |seen| match is_mint(&seen.target) {
            true => not_found(),
            false => ok(json!({ "data": null, "errors": [{ "type": kind, "message": "m" }] })),
        })
        .await;
        let wanted = [CommentId(1)];
        let github = server.github("");
        let error = github.resolve_threads(&repo(), Number(12), &wanted).await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

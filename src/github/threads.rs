//! Resolving review threads, which only GraphQL can.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::call::{Call, Scope};
use super::client::GitHub;
use super::redact::redact;
use crate::domain::event::RepoRef;
use crate::domain::ids::{CommentId, Number};
use crate::ports::forge::ForgeError;

/// Pages of 100 threads. A pull request with more keeps some threads open.
const MAX_PAGES: usize = 20;

const THREADS: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { id isResolved comments(first: 1) { nodes { fullDatabaseId } } }
      }
    }
  }
}";

/// Threads resolved by one request: each is a field of the mutation.
const BATCH: usize = 25;

/// One mutation for several threads: a request each would cost a second of pacing each.
fn resolve_all(threads: &[String]) -> Value {
    let names: Vec<String> = (0..threads.len()).map(|at| format!("t{at}")).collect();
    let parameters: Vec<String> = names.iter().map(|name| format!("${name}: ID!")).collect();
    let fields: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "{name}: resolveReviewThread(input: {{ threadId: ${name} }}) {{ thread {{ id }} }}"
            )
        })
        .collect();
    let query = format!("mutation({}) {{ {} }}", parameters.join(", "), fields.join(" "));
    let variables: serde_json::Map<String, Value> =
        names.into_iter().zip(threads.iter().map(|thread| json!(thread))).collect();
    json!({ "query": query, "variables": variables })
}

#[derive(Deserialize)]
struct Reply<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<GraphQlError>,
}

#[derive(Deserialize)]
struct GraphQlError {
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct ThreadsData {
    repository: Option<RepositoryNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RepositoryNode {
    pull_request: Option<PullNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullNode {
    review_threads: Threads,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Threads {
    page_info: PageInfo,
    nodes: Option<Vec<Option<Thread>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    id: String,
    is_resolved: bool,
    comments: Comments,
}

#[derive(Deserialize)]
struct Comments {
    nodes: Option<Vec<Option<FirstComment>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FirstComment {
    /// A `BigInt`, which is a string in JSON: comment ids have outgrown GraphQL's `Int`.
    full_database_id: Option<Value>,
}

impl Thread {
    fn starts_with(&self, wanted: &HashSet<u64>) -> bool {
        let first = self.comments.nodes.iter().flatten().flatten().next();
        let id = match first.and_then(|comment| comment.full_database_id.as_ref()) {
            Some(Value::String(digits)) => digits.parse().ok(),
            Some(Value::Number(number)) => number.as_u64(),
            _ => None,
        };
        id.is_some_and(|id| wanted.contains(&id))
    }
}

impl GitHub {
    pub(super) async fn resolve_threads_of(
        &self,
        repo: &RepoRef,
        number: Number,
        comments: &[CommentId],
    ) -> Result<(), ForgeError> {
        let wanted: HashSet<u64> = comments.iter().map(|comment| comment.0).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for threads in self.open_threads(repo, number, &wanted).await?.chunks(BATCH) {
            let call = Call::graphql(Scope::of(repo), &resolve_all(threads))?;
            let reply: Reply<Value> = self.write(&call).await?;
            self.data(&call, reply)?;
        }
        Ok(())
    }

    /// Ids of unresolved threads that start with a wanted comment.
    async fn open_threads(
        &self,
        repo: &RepoRef,
        number: Number,
        wanted: &HashSet<u64>,
    ) -> Result<Vec<String>, ForgeError> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let variables = json!({
                "owner": repo.slug.owner,
                "name": repo.slug.name,
                "number": number.0,
                "after": after,
            });
            let body = json!({ "query": THREADS, "variables": variables });
            let call = Call::graphql(Scope::of(repo), &body)?;
            let reply: Reply<ThreadsData> = self.write(&call).await?;
            let pull = self
                .data(&call, reply)?
                .repository
                .and_then(|repository| repository.pull_request)
                .ok_or_else(|| ForgeError::NotFound(format!("{}: pull request", call.operation)))?;
            let threads = pull.review_threads;
            found.extend(
                threads
                    .nodes
                    .into_iter()
                    .flatten()
                    .flatten()
                    .filter(|thread| !thread.is_resolved && thread.starts_with(wanted))
                    .map(|thread| thread.id),
            );
            match threads.page_info.end_cursor {
                Some(cursor) if threads.page_info.has_next_page && found.len() < wanted.len() => {
                    after = Some(cursor);
                }
                _ => break,
            }
        }
        Ok(found)
    }

    /// GraphQL reports errors with status 200.
    fn data<T: DeserializeOwned>(&self, call: &Call, reply: Reply<T>) -> Result<T, ForgeError> {
        let Some(error) = reply.errors.into_iter().next() else {
            let missing = || ForgeError::Transient(format!("{}: no data", call.operation));
            return reply.data.ok_or_else(missing);
        };
        let said: String = error.message.unwrap_or_default().chars().take(300).collect();
        let why = format!("{}: {}", call.operation, redact(&said));
        Err(match error.kind.as_deref() {
            Some("RATE_LIMITED" | "RATE_LIMIT") => self.limited(call),
            Some("NOT_FOUND") => ForgeError::NotFound(why),
            Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => ForgeError::Forbidden(why),
            // GitHub's own trouble carries no type.
            None => ForgeError::Transient(why),
            Some(_) => ForgeError::Invalid(why),
        })
    }
}

//! What the API sends by itself, in webhooks and callbacks: clients are the readers of these
//! bodies, so they are judged as responses are.

use std::collections::HashMap;

use super::collect::Collector;
use super::matched::{Sides, media};
use super::pairs::Pairs;
use super::schema::{self, Use};
use super::site::{Direction, Scope, code};
use super::types::is_strong;
use crate::domain::diff::{LineRange, Side};
use crate::rules::openapi::model::{Description, Media, Named, Operation};
use crate::rules::openapi::resolve::At;

/// A call that both descriptions have.
pub struct Call<'t> {
    owner: String,
    method: String,
    /// Of the operation that it belongs to, or of the webhook.
    path: String,
    head: Operation<'t>,
    media: Sides<Media<'t>>,
}

/// A callback that only the old description has: the operation that it belongs to, and its name.
pub struct Gone<'t> {
    operation: Operation<'t>,
    name: &'t str,
    line: LineRange,
    file: usize,
}

/// The calls that belong to an operation, or are it; their bodies are asked to be compared.
pub fn of<'t>(
    (old, new): (&Description<'t>, &Description<'t>),
    (base, head): (&Operation<'t>, &Operation<'t>),
    pairs: &mut Pairs<'_, 't>,
) -> (Vec<Call<'t>>, Vec<Gone<'t>>) {
    let (mut calls, mut gone) = (Vec::new(), Vec::new());
    let mut add =
        |owner: String, base: &Operation<'t>, head: &Operation<'t>, of: &Operation<'t>| {
            if let (Some(one), Some(other)) = (old.body(base), new.body(head)) {
                calls.push(Call {
                    owner,
                    method: of.method.to_ascii_uppercase(),
                    path: of.place(),
                    head: *head,
                    media: media(&one.media, &other.media, pairs),
                });
            }
        };
    if head.is_webhook {
        add(format!("The body of the webhook `{}`", code(head.path.name)), base, head, head);
    }
    let now: HashMap<&str, At<'t>> =
        callbacks(new, head).into_iter().map(|c| (c.name, c.at)).collect();
    for callback in callbacks(old, base) {
        let Some(after) = now.get(callback.name) else {
            let (name, line) = (callback.name, callback.line);
            gone.push(Gone { operation: *base, name, line, file: base.at.file });
            continue;
        };
        let after = operations(new, *after);
        for (key, one) in operations(old, callback.at) {
            if let Some((_, other)) = after.iter().find(|(other, _)| *other == key) {
                let owner = format!("The body of the callback `{}`", code(callback.name));
                add(owner, &one, other, head);
            }
        }
    }
    (calls, gone)
}

/// The callbacks of an operation by name.
fn callbacks<'t>(description: &Description<'t>, operation: &Operation<'t>) -> Vec<Named<'t>> {
    let Some(holder) = operation.at.get("callbacks") else { return Vec::new() };
    let entries = holder.entries().iter().filter(|entry| !entry.name().starts_with("x-"));
    entries
        .map(|entry| Named {
            name: entry.name(),
            at: description.value(holder.with(&entry.value)),
            line: LineRange::line(entry.key.line()),
        })
        .collect()
}

/// The operations of a callback by address and method.
fn operations<'t>(
    description: &Description<'t>,
    callback: At<'t>,
) -> Vec<((&'t str, &'t str), Operation<'t>)> {
    let items = callback.entries().iter().map(|entry| Named {
        name: entry.name(),
        at: description.value(callback.with(&entry.value)),
        line: LineRange::line(entry.key.line()),
    });
    let operations = items.flat_map(|item| description.operations(item));
    operations.map(|one| ((one.path.name, one.method), one)).collect()
}

/// Reports what changed in the calls, once the pairs are compared.
pub fn report<'t>(
    sides: (&Description<'t>, &Description<'t>),
    pairs: &Pairs<'_, 't>,
    calls: &[Call<'t>],
    gone: &[Gone<'t>],
    out: &mut Collector,
) {
    let documents = (&sides.0.documents, &sides.1.documents);
    for call in calls {
        (out.method, out.path) = (call.method.clone(), call.path.clone());
        out.operation_at = Some((Side::Head, call.head.at.file, call.head.line));
        for (_, after, pair) in &call.media.both {
            let place = Use {
                direction: Direction::Response,
                scope: Scope::Body,
                owner: &call.owner,
                strong: is_strong(after.name),
                in_header: false,
            };
            if let Some(pair) = pair {
                let start = out.found.len();
                schema::check(pairs, documents, *pair, place, out);
                out.call_fields(start);
            }
        }
    }
    for one in gone {
        (out.method, out.path) = (one.operation.method.to_ascii_uppercase(), one.operation.place());
        out.operation_at = None;
        let title = format!("The callback `{}` is no longer sent", code(one.name));
        out.add("callback-removed", (Side::Base, one.file, one.line), title);
    }
}

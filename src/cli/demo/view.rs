//! What a person would see on GitHub, as terminal text.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::standin::{
    CheckRunView, CommentView, DeliveryOutcome, DeliveryRecord, RequestRecord, ReviewCommentView,
};

/// State of the stand-in after a review.
pub struct Seen {
    pub deliveries: Vec<DeliveryRecord>,
    pub checks: Vec<CheckRunView>,
    pub comments: Vec<CommentView>,
    pub notes: Vec<ReviewCommentView>,
    pub requests: Vec<RequestRecord>,
    pub json: Option<PathBuf>,
}

/// Folded parts that are shown unfolded, by the start of their heading.
const UNFOLDED: [&str; 3] = ["Who looked", "Fixed", "Not checked"];

pub fn opening(github: &str, server: SocketAddr) -> String {
    format!(
        "backend-team demo: nothing leaves this machine.\n\
         stand-in for GitHub   {github}\n\
         backend-team server   http://{server}/webhook\n"
    )
}

pub fn act(number: usize, what: &str) -> String {
    format!("\n{}\n{number}. {what}\n{}\n", "=".repeat(78), "=".repeat(78))
}

pub fn closing(data_dir: &Path) -> String {
    let rows = [
        ("backend-team review --base main", "reviews your branch here, without GitHub"),
        ("backend-team serve", "starts the server and prints one address: open it, and GitHub"),
        ("", "registers the App for you"),
    ];
    let mut out = format!(
        "\n{}\nEverything of this run is in {}\n\nOn your own repository:\n",
        "=".repeat(78),
        data_dir.display()
    );
    for (command, what) in rows {
        out.push_str(&format!("  {command:33}  {what}\n"));
    }
    out + "The README says the rest: \"Connecting a repository\".\n"
}

impl Seen {
    pub fn show(&self) -> String {
        let mut out = String::new();
        out.push_str(&format!("Webhook deliveries so far: {}\n", self.deliveries()));
        self.checks(&mut out);
        self.comment(&mut out);
        self.notes(&mut out);
        if let Some(json) = &self.json {
            out.push_str(&format!("\nReviewFindings JSON: {}\n", json.display()));
        }
        let api = || self.requests.iter().filter(|request| !request.path.contains(".git/"));
        let writes = api().filter(|request| request.is_write()).count();
        let all = api().count();
        out.push_str(&format!("GitHub API calls for this: {all}, of which {writes} wrote\n"));
        out
    }

    /// Each event with its answers: "pull_request 202, check_run 202 (12 times)".
    fn deliveries(&self) -> String {
        let mut counts: Vec<(String, usize)> = Vec::new();
        for delivery in &self.deliveries {
            let text = format!("{} {}", delivery.event, outcome(delivery));
            match counts.iter_mut().find(|(known, _)| *known == text) {
                Some((_, count)) => *count += 1,
                None => counts.push((text, 1)),
            }
        }
        let shown = counts.into_iter().map(|(text, count)| match count {
            1 => text,
            _ => format!("{text} ({count} times)"),
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    fn checks(&self, out: &mut String) {
        out.push_str("\nCheck runs\n");
        let width = self.checks.iter().map(|run| run.name.len()).max().unwrap_or(0);
        for run in &self.checks {
            let state = run.conclusion.as_deref().unwrap_or(&run.status);
            let notes = match run.annotations.len() {
                0 => String::new(),
                1 => " (1 annotation)".to_owned(),
                count => format!(" ({count} annotations)"),
            };
            let line = format!("  {:width$}  {state:9}  {}{notes}\n", run.name, run.title);
            out.push_str(&line);
        }
    }

    fn comment(&self, out: &mut String) {
        for comment in &self.comments {
            out.push_str(&format!("\nComment by {}\n", comment.author));
            for line in readable(&comment.body).lines() {
                out.push_str(&format!("  | {line}\n"));
            }
        }
    }

    fn notes(&self, out: &mut String) {
        let open = self.notes.iter().filter(|note| !note.resolved).count();
        out.push_str(&format!(
            "\nLine notes: {open} open, {} resolved\n",
            self.notes.len().saturating_sub(open)
        ));
        for note in &self.notes {
            let line = note.line.map(|line| format!(":{line}")).unwrap_or_default();
            let state = if note.resolved { "resolved" } else { "open" };
            let text = readable(&note.body);
            let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            out.push_str(&format!("  {}{line}  {state}  {}\n", note.path, first.replace("**", "")));
        }
    }
}

fn outcome(delivery: &DeliveryRecord) -> String {
    match &delivery.outcome {
        DeliveryOutcome::Answered(status) => status.to_string(),
        _ => "not answered".to_owned(),
    }
}

/// The Markdown without what a browser hides: comments go, most folded parts show their heading
/// only, links show their text.
fn readable(markdown: &str) -> String {
    let mut out = String::new();
    let mut folded = false;
    let mut open = false;
    for line in markdown.lines() {
        let text = line.trim();
        if text.starts_with("<!--") && text.ends_with("-->") {
            continue;
        }
        folded |= text.starts_with("<details");
        if let Some(summary) = summary_of(text) {
            let heading = without_tags(summary);
            open = UNFOLDED.iter().any(|start| heading.starts_with(start));
            out.push_str(&format!("[{}] {heading}\n", if open { "-" } else { "+" }));
        } else if !text.starts_with("<details") && text != "</details>" && (!folded || open) {
            out.push_str(&without_tags(&unescaped(&without_links(line))));
            out.push('\n');
        }
        folded &= !text.ends_with("</details>");
    }
    out.trim().to_owned()
}

/// `[text](address)` as `text`.
fn without_links(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('[') {
        let link = after.split_once("](").and_then(|(text, tail)| {
            let (address, tail) = tail.split_once(')')?;
            address.starts_with("http").then_some((text, tail))
        });
        out.push_str(before);
        match link {
            Some((text, tail)) => {
                out.push_str(text);
                rest = tail;
            }
            None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out + rest
}

fn summary_of(line: &str) -> Option<&str> {
    line.split_once("<summary>")?.1.split_once("</summary>").map(|(summary, _)| summary)
}

/// `<b>`, `<sub>` and the like say nothing in a terminal.
fn without_tags(text: &str) -> String {
    let mut out = text.to_owned();
    for tag in ["b", "sub", "code", "strong"] {
        out = out.replace(&format!("<{tag}>"), "").replace(&format!("</{tag}>"), "");
    }
    out
}

/// Markdown escapes that were made for GitHub.
fn unescaped(line: &str) -> String {
    let mut out = String::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let escape = character == '\\' && characters.peek().is_some_and(char::is_ascii_punctuation);
        if !escape {
            out.push(character);
        }
    }
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

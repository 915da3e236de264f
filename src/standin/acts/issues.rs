//! Issues, comments, labels, reactions, review threads.

use serde_json::{Value, json};

use crate::standin::StandinError;
use crate::standin::events::merge;
use crate::standin::world::{Comment, Reaction, ReviewComment, World};

impl World {
    pub fn open_issue(
        &mut self,
        repository: u64,
        author: &str,
        title: &str,
        body: &str,
    ) -> Result<u64, StandinError> {
        let number = self.add_issue(repository, author, title, body)?;
        self.emit_issue(repository, number, "opened", author, Value::Null)?;
        Ok(number)
    }

    pub fn close_issue(
        &mut self,
        repository: u64,
        number: u64,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.set_open(repository, number, false, sender)?;
        self.emit_issue(repository, number, "closed", sender, Value::Null)
    }

    pub fn reopen_issue(
        &mut self,
        repository: u64,
        number: u64,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.set_open(repository, number, true, sender)?;
        self.emit_issue(repository, number, "reopened", sender, Value::Null)
    }

    pub fn edit_issue(
        &mut self,
        repository: u64,
        number: u64,
        title: &str,
        body: &str,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.person(sender);
        let now = self.now();
        let issue = self.repository_mut(repository)?.issue_mut(number)?;
        issue.updated_at = now;
        let old_title = std::mem::replace(&mut issue.title, title.to_owned());
        let old_body = issue.body.replace(body.to_owned()).unwrap_or_default();
        let mut changes = json!({});
        if old_title != title {
            merge(&mut changes, json!({ "title": { "from": old_title } }));
        }
        if old_body != body {
            merge(&mut changes, json!({ "body": { "from": old_body } }));
        }
        self.emit_issue(repository, number, "edited", sender, json!({ "changes": changes }))
    }

    pub fn add_comment(
        &mut self,
        repository: u64,
        number: u64,
        author: &str,
        body: &str,
    ) -> Result<u64, StandinError> {
        self.person(author);
        let (id, now) = (self.next_id(), self.now());
        let found = self.repository_mut(repository)?;
        found.issue_mut(number)?.updated_at = now;
        let comment = Comment {
            id,
            issue: number,
            author: author.to_owned(),
            body: body.to_owned(),
            created_at: now,
            updated_at: now,
        };
        found.comments.insert(id, comment);
        self.emit_comment(repository, id, "created", author, Value::Null)?;
        Ok(id)
    }

    pub fn edit_comment(
        &mut self,
        repository: u64,
        id: u64,
        body: &str,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.person(sender);
        let now = self.now();
        let found = self.repository_mut(repository)?;
        let unknown = || StandinError::Unknown(format!("comment {id}"));
        let comment = found.comments.get_mut(&id).ok_or_else(unknown)?;
        let from = std::mem::replace(&mut comment.body, body.to_owned());
        comment.updated_at = now;
        let extra = json!({ "changes": { "body": { "from": from } } });
        self.emit_comment(repository, id, "edited", sender, extra)
    }

    pub fn delete_comment(
        &mut self,
        repository: u64,
        id: u64,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.person(sender);
        self.emit_comment(repository, id, "deleted", sender, Value::Null)?;
        self.repository_mut(repository)?.comments.remove(&id);
        Ok(())
    }

    fn emit_comment(
        &mut self,
        repository: u64,
        id: u64,
        action: &str,
        sender: &str,
        extra: Value,
    ) -> Result<(), StandinError> {
        let found = self.repository(repository)?;
        let unknown = || StandinError::Unknown(format!("comment {id}"));
        let comment = found.comments.get(&id).ok_or_else(unknown)?;
        let mut fields = json!({
            "issue": self.issue_json(found, found.issue(comment.issue)?),
            "comment": self.comment_json(found, comment),
        });
        merge(&mut fields, extra);
        self.emit("issue_comment", Some(action), Some(repository), sender, fields)
    }

    /// Adds a label, made where the repository lacks it. Nothing happens when it is there already.
    pub fn add_label(
        &mut self,
        repository: u64,
        number: u64,
        label: &str,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.person(sender);
        let id = self.next_id();
        let found = self.repository_mut(repository)?;
        found.labels.entry(label.to_owned()).or_insert(id);
        let issue = found.issue_mut(number)?;
        if issue.labels.iter().any(|present| present.eq_ignore_ascii_case(label)) {
            return Ok(());
        }
        issue.labels.push(label.to_owned());
        self.emit_label(repository, number, "labeled", label, sender)
    }

    /// Removes a label; an error when it is not there.
    pub fn remove_label(
        &mut self,
        repository: u64,
        number: u64,
        label: &str,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.person(sender);
        let issue = self.repository_mut(repository)?.issue_mut(number)?;
        let place = issue.labels.iter().position(|present| present.eq_ignore_ascii_case(label));
        let unknown = || StandinError::Unknown(format!("label {label} on #{number}"));
        let name = issue.labels.remove(place.ok_or_else(unknown)?);
        self.emit_label(repository, number, "unlabeled", &name, sender)
    }

    fn emit_label(
        &mut self,
        repository: u64,
        number: u64,
        action: &str,
        label: &str,
        sender: &str,
    ) -> Result<(), StandinError> {
        let found = self.repository(repository)?;
        let extra = json!({ "label": self.label_json(found, label) });
        if found.pulls.contains_key(&number) {
            self.emit_pull(repository, number, action, sender, extra)
        } else {
            self.emit_issue(repository, number, action, sender, extra)
        }
    }

    /// Adds a reaction to a comment. The flag tells whether it is new.
    pub fn add_reaction(
        &mut self,
        repository: u64,
        comment: u64,
        author: &str,
        content: &str,
    ) -> Result<(u64, bool), StandinError> {
        self.person(author);
        let (id, now) = (self.next_id(), self.now());
        let found = self.repository_mut(repository)?;
        if !found.comments.contains_key(&comment) {
            return Err(StandinError::Unknown(format!("comment {comment}")));
        }
        let same =
            |r: &&Reaction| r.comment == comment && r.author == author && r.content == content;
        if let Some(present) = found.reactions.iter().find(same) {
            return Ok((present.id, false));
        }
        found.reactions.push(Reaction {
            id,
            comment,
            author: author.to_owned(),
            content: content.to_owned(),
            created_at: now,
        });
        Ok((id, true))
    }

    /// Answers in a review thread.
    pub fn reply_in_thread(
        &mut self,
        repository: u64,
        comment: u64,
        author: &str,
        body: &str,
    ) -> Result<u64, StandinError> {
        self.person(author);
        let (id, now) = (self.next_id(), self.now());
        let found = self.repository_mut(repository)?;
        let unknown = || StandinError::Unknown(format!("review comment {comment}"));
        let first = found.review_comments.get(&comment).ok_or_else(unknown)?;
        let reply = ReviewComment {
            id,
            pull: first.pull,
            review: first.review,
            author: author.to_owned(),
            body: body.to_owned(),
            path: first.path.clone(),
            line: first.line,
            side: first.side.clone(),
            start_line: first.start_line,
            start_side: first.start_side.clone(),
            subject: first.subject.clone(),
            diff_hunk: first.diff_hunk.clone(),
            commit: first.commit.clone(),
            in_reply_to: Some(first.in_reply_to.unwrap_or(comment)),
            resolved: false,
            created_at: now,
            updated_at: now,
        };
        found.review_comments.insert(id, reply);
        self.emit_review_comment(repository, id, "created", author)?;
        Ok(id)
    }

    pub fn emit_review_comment(
        &mut self,
        repository: u64,
        id: u64,
        action: &str,
        sender: &str,
    ) -> Result<(), StandinError> {
        let found = self.repository(repository)?;
        let unknown = || StandinError::Unknown(format!("review comment {id}"));
        let comment = found.review_comments.get(&id).ok_or_else(unknown)?;
        let fields = json!({
            "comment": self.review_comment_json(found, comment),
            "pull_request": self.pull_simple_json(found, comment.pull)?,
        });
        self.emit("pull_request_review_comment", Some(action), Some(repository), sender, fields)
    }

    /// Marks the thread that this comment starts.
    pub fn set_resolved(
        &mut self,
        repository: u64,
        comment: u64,
        resolved: bool,
    ) -> Result<(), StandinError> {
        let unknown = || StandinError::Unknown(format!("review thread of comment {comment}"));
        let found = self.repository_mut(repository)?;
        let first = found.review_comments.get_mut(&comment).ok_or_else(unknown)?;
        if first.in_reply_to.is_some() {
            return Err(unknown());
        }
        first.resolved = resolved;
        Ok(())
    }
}

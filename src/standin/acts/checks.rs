//! Check suites and what people do with check runs.

use serde_json::{Value, json};

use crate::standin::StandinError;
use crate::standin::events::merge;
use crate::standin::world::{CheckSuite, World};

impl World {
    /// The App's suite for a commit, made where it is missing.
    pub fn suite_of(
        &mut self,
        repository: u64,
        sha: &str,
        branch: Option<&str>,
    ) -> Result<u64, StandinError> {
        let (id, now) = (self.next_id(), self.now());
        let found = self.repository_mut(repository)?;
        if let Some(suite) = found.check_suites.values().find(|suite| suite.head_sha == sha) {
            return Ok(suite.id);
        }
        let suite = CheckSuite {
            id,
            head_sha: sha.to_owned(),
            head_branch: branch.map(str::to_owned),
            created_at: now,
        };
        found.check_suites.insert(id, suite);
        Ok(id)
    }

    pub fn emit_suite(
        &mut self,
        repository: u64,
        suite: u64,
        action: &str,
        sender: &str,
    ) -> Result<(), StandinError> {
        let found = self.repository(repository)?;
        let unknown = || StandinError::Unknown(format!("check suite {suite}"));
        let suite = found.check_suites.get(&suite).ok_or_else(unknown)?;
        let mut object = self.check_suite_json(found, suite)?;
        // The event's object has no repository: the payload has one.
        if let Some(fields) = object.as_object_mut() {
            fields.remove("repository");
        }
        let fields = json!({ "check_suite": object });
        self.emit("check_suite", Some(action), Some(repository), sender, fields)
    }

    /// `rerequested`, `requested_action` (with the button's identifier), `created`, `completed`.
    pub fn emit_check_run(
        &mut self,
        repository: u64,
        run: u64,
        action: &str,
        sender: &str,
        extra: Value,
    ) -> Result<(), StandinError> {
        self.person(sender);
        let found = self.repository(repository)?;
        let unknown = || StandinError::Unknown(format!("check run {run}"));
        let run = found.check_runs.get(&run).ok_or_else(unknown)?;
        let suite = found.check_suites.get(&run.suite).ok_or_else(unknown)?;
        let mut object = self.check_run_json(found, run);
        let mut suite = self.check_suite_json(found, suite)?;
        if let Some(fields) = suite.as_object_mut() {
            for key in ["repository", "latest_check_runs_count", "check_runs_url", "head_commit"] {
                fields.remove(key);
            }
        }
        merge(&mut object, json!({ "check_suite": suite }));
        let mut fields = json!({ "check_run": object });
        merge(&mut fields, extra);
        self.emit("check_run", Some(action), Some(repository), sender, fields)
    }
}

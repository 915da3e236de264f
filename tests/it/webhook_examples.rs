//! Every example payload that GitHub's users have collected (npm `@octokit/webhooks-examples`) is
//! accepted. The folder comes from the environment because the package is not part of this
//! repository: `WEBHOOK_EXAMPLES=node_modules/@octokit/webhooks-examples`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use backend_team::domain::event::Event;
use backend_team::webhook::{parse, read};
use serde_json::Value;

/// `index.json` of every GitHub version in the folder.
fn indexes(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("WEBHOOK_EXAMPLES is a readable folder");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable entry").path().join("index.json"))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found
}

#[test]
fn every_official_example_is_accepted() {
    let Some(folder) = std::env::var_os("WEBHOOK_EXAMPLES") else {
        eprintln!("skipped: set WEBHOOK_EXAMPLES to the folder of @octokit/webhooks-examples");
        return;
    };
    let indexes = indexes(Path::new(&folder));
    assert!(!indexes.is_empty(), "no index.json below {}", folder.display());
    let mut accepted = 0_usize;
    let mut acted_on: BTreeMap<String, usize> = BTreeMap::new();
    for index in indexes {
        let text = std::fs::read(&index).expect("a readable index");
        let events: Vec<Value> = serde_json::from_slice(&text).expect("an index is JSON");
        for event in &events {
            let name = event["name"].as_str().expect("an event has a name");
            for example in event["examples"].as_array().expect("an event has examples") {
                // The examples were recorded by repository hooks: the App's id is often missing.
                let mut delivered = example.clone();
                if name != "ping" && delivered.get("installation").is_none() {
                    delivered["installation"] = serde_json::json!({ "id": 1 });
                }
                for payload in [example, &delivered] {
                    let reading = read(name, payload.to_string().as_bytes());
                    let reading = reading.unwrap_or_else(|error| {
                        panic!("{name} of {}: {error}: {payload}", index.display())
                    });
                    let kept = parse(name, &reading.essence());
                    assert_eq!(kept.as_ref(), Ok(&reading.event), "{name}: {payload}");
                    if let Event::Ignored { reason } = reading.event {
                        assert_ne!(reason, "a field has an unexpected type", "{name}: {payload}");
                    } else {
                        let action = payload["action"].as_str().unwrap_or_default();
                        *acted_on.entry(format!("{name} {action}")).or_default() += 1;
                    }
                }
                accepted += 1;
            }
        }
    }
    eprintln!("{accepted} examples accepted; events acted on: {acted_on:#?}");
    for event in ["pull_request opened", "issue_comment created", "push ", "ping "] {
        assert!(acted_on.contains_key(event), "no example of `{event}` was acted on");
    }
}

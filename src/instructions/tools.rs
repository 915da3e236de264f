//! Tool names of the various file formats, folded into capabilities.

use serde_json::Value;

use super::display::clean;
use crate::domain::team::{Capability, Tool};

/// More tools than this in one file are not kept.
const MAX_TOOLS: usize = 200;

/// What a tool's name stands for, compared without regard to case, spaces and punctuation.
pub fn capability(name: &str) -> Option<Capability> {
    let folded: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let capability = match folded.as_str() {
        "findfiles" | "readfolder" | "list" | "ls" | "listdir" | "listfiles" => Capability::List,
        "read" | "readfile" | "readmanyfiles" | "notebookread" | "view" | "getfile" | "cat" => {
            Capability::Read
        }
        "search" | "searchtext" | "grep" | "glob" | "codebase" | "searchfilecontent" | "usages" => {
            Capability::Search
        }
        "edit" | "multiedit" | "write" | "writefile" | "notebookedit" | "editfiles" | "replace"
        | "applypatch" | "patch" => Capability::Edit,
        "execute" | "shell" | "localshell" | "bash" | "powershell" | "runcommands"
        | "runterminalcommand" | "runinterminal" | "terminal" | "runshellcommand" => {
            Capability::Execute
        }
        "web" | "webfetch" | "websearch" | "googlesearch" | "fetch" | "googlewebsearch" => {
            Capability::Web
        }
        "agent" | "task" | "customagent" | "runsubagent" | "delegate" => Capability::Delegate,
        "savememory" | "memory" => Capability::Memory,
        "todo" | "todowrite" | "todoread" | "updateplan" | "todos" | "writetodos" => {
            Capability::Plan
        }
        _ => return None,
    };
    Some(capability)
}

pub fn tool(name: &str) -> Option<Tool> {
    let name = clean(name);
    // `Bash(git log:*)` restricts what a shell may run; it is a shell all the same.
    let bare = name.split_once('(').map_or(name.as_str(), |(bare, _)| bare);
    (!name.is_empty()).then(|| Tool { capability: capability(bare), name: name.clone() })
}

/// The tools of a front matter value. `allowed` is `None` when the value does not restrict them;
/// `denied` are names switched off one by one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ToolList {
    pub allowed: Option<Vec<Tool>>,
    pub denied: Vec<String>,
}

/// Accepts a list, a comma-separated text, and a map of names to switches.
pub fn from_value(value: &Value) -> ToolList {
    match value {
        Value::Array(items) => {
            let names = items.iter().filter_map(Value::as_str);
            ToolList { allowed: Some(collect(names)), denied: Vec::new() }
        }
        Value::String(text) => {
            let text = text.trim();
            if matches!(text, "" | "*" | "all") {
                return ToolList::default();
            }
            ToolList { allowed: Some(collect(split_outside_brackets(text))), denied: Vec::new() }
        }
        Value::Object(map) => {
            let on = |value: &Value| !matches!(value, Value::Bool(false) | Value::Null);
            let named = map.iter().filter(|(name, _)| name.as_str() != "*");
            let (allowed, denied): (Vec<_>, Vec<_>) = named.partition(|(_, value)| on(value));
            let restricts = map.get("*").is_some_and(|value| !on(value)) || !allowed.is_empty();
            let allowed = collect(allowed.into_iter().map(|(name, _)| name.as_str()));
            let denied = denied.into_iter().take(MAX_TOOLS).map(|(name, _)| clean(name)).collect();
            ToolList { allowed: restricts.then_some(allowed), denied }
        }
        _ => ToolList::default(),
    }
}

fn collect<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Tool> {
    names.filter_map(tool).take(MAX_TOOLS).collect()
}

/// `a, Bash(x, y), b` has three parts.
fn split_outside_brackets(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    text.split(move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(list: &ToolList) -> Vec<&str> {
        list.allowed.iter().flatten().map(|tool| tool.name.as_str()).collect()
    }

    #[test]
    fn every_shape_is_read() {
        let list = from_value(&json!(["read", "context7/*"]));
        assert_eq!(names(&list), ["read", "context7/*"]);
        assert_eq!(list.allowed.as_deref().map(|t| t[1].capability), Some(None));
        assert_eq!(names(&from_value(&json!("Read, Bash(git log, git diff), Grep"))).len(), 3);
        let map = from_value(&json!({"write": false, "bash": false}));
        assert_eq!((map.allowed, map.denied.len()), (None, 2));
        assert_eq!(names(&from_value(&json!({"*": false, "read": true}))), ["read"]);
        assert_eq!(from_value(&json!([])).allowed, Some(vec![]));
        assert_eq!(from_value(&json!(null)).allowed, None);
    }

    #[test]
    fn aliases_fold() {
        for (name, expected) in [
            ("ReadManyFiles", Capability::Read),
            ("Local Shell", Capability::Execute),
            ("GithubMCP get_file", Capability::Read),
            ("update_plan", Capability::Plan),
            ("Save Memory", Capability::Memory),
            ("NotebookEdit", Capability::Edit),
        ] {
            let found = capability(name).or_else(|| capability(name.rsplit(' ').next().unwrap()));
            assert_eq!(found, Some(expected), "{name}");
        }
    }
}

//! The tasks as a Mermaid graph that GitHub draws.
//!
//! Issue text stands in the labels. Only letters, digits and a few harmless signs are written as
//! they are; everything else becomes a numeric entity, so that a label cannot end its quotes, start
//! a directive or a comment, or hold HTML or Markdown. Nodes have names of our own.

use super::view::{PlanView, gate_name, state_name};
use crate::domain::plan::Task;
use crate::report::markdown::{cut, one_line};

/// Longest label line, in characters: longer ones make the boxes hard to read.
const MAX_LABEL: usize = 56;
/// Mermaid draws at most 500 edges, and a reader far fewer.
const MAX_NODES: usize = 40;
const MAX_EDGES: usize = 120;

/// The graph's source; `None` when there is nothing to see in it (one task, no gate) or too much
/// to draw.
pub(super) fn graph(view: &PlanView<'_>) -> Option<String> {
    let plan = view.plan;
    let tasks = &plan.tasks;
    let edges: usize = tasks.iter().map(|task| task.depends_on.len()).sum();
    let gate_edges: usize = plan.gates.iter().map(|gate| gate.tasks.len()).sum();
    let nodes = tasks.len() + plan.gates.len();
    if tasks.len() < 2 || nodes > MAX_NODES || edges + gate_edges > MAX_EDGES {
        return None;
    }
    let mut out = String::from("flowchart TD\n");
    for (index, task) in tasks.iter().enumerate() {
        out.push_str(&format!("    t{index}[\"{}\"]\n", task_label(view, task)));
    }
    for (index, gate) in plan.gates.iter().enumerate() {
        let name = gate_name(gate.id);
        out.push_str(&format!("    g{index}{{{{\"approval {}\"}}}}\n", label(name)));
    }
    let node = |id: &str| tasks.iter().position(|task| task.id == id);
    for (index, task) in tasks.iter().enumerate() {
        for before in task.depends_on.iter().filter_map(|id| node(id)) {
            out.push_str(&format!("    t{before} --> t{index}\n"));
        }
    }
    for (index, gate) in plan.gates.iter().enumerate() {
        for first in first_behind(view, &gate.tasks).into_iter().filter_map(node) {
            out.push_str(&format!("    g{index} -.-> t{first}\n"));
        }
    }
    Some(out)
}

/// Of the tasks behind a gate those that no other of them precedes: the others wait through them.
fn first_behind<'a>(view: &PlanView<'_>, ids: &'a [String]) -> Vec<&'a str> {
    let depends = |id: &str| {
        let task = view.plan.tasks.iter().find(|task| task.id == id);
        task.is_some_and(|task| task.depends_on.iter().any(|before| ids.contains(before)))
    };
    ids.iter().map(String::as_str).filter(|id| !depends(id)).collect()
}

fn task_label(view: &PlanView<'_>, task: &Task) -> String {
    let title = cut(&one_line(&task.title.replace('`', "")), MAX_LABEL);
    let mut lines = vec![
        format!("{} {}", label(&cut(&task.id, 12)), label(&title)),
        label(&cut(&one_line(&task.agent), MAX_LABEL)),
    ];
    if let Some(progress) = view.progress_of(task) {
        lines.push(state_name(progress.state).to_owned());
    }
    lines.join("<br/>")
}

/// Text that can stand in a quoted label. A colon or semicolon never appears as itself, because
/// Mermaid's entity decoding looks for `style`, `:` and `;` across the whole line.
fn label(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '_' | '/') {
            out.push(c);
        } else {
            out.push_str(&format!("#{};", u32::from(c)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::plan::samples;
    use crate::report::samples::hostile_text;

    #[test]
    fn a_label_holds_nothing_that_mermaid_reads() {
        assert_eq!(label("Add `a\"];%%{init}"), "Add #96;a#34;#93;#59;#37;#37;#123;init#125;");
        assert_eq!(label("click t0 href \"x\""), "click t0 href #34;x#34;");
    }

    /// What Mermaid's text looks like when it is sound: one statement a line, each of a known form.
    fn sound(line: &str) -> bool {
        let node = r#"^    t\d+\["([\p{Alphabetic}\p{N} .,/_-]|#\d+;|<br/>)*"\]$"#;
        let gate = r#"^    g\d+\{\{"approval [a-z -]+"\}\}$"#;
        let edge = r"^    [tg]\d+ (-->|-\.->) t\d+$";
        line == "flowchart TD"
            || [node, gate, edge].iter().any(|form| regex::Regex::new(form).unwrap().is_match(line))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn every_line_has_a_known_form(title in hostile_text(), agent in hostile_text(), id in hostile_text()) {
            let mut plan = samples::journal();
            plan.tasks[1].title = title;
            plan.tasks[1].agent = agent;
            plan.tasks[2].id = id;
            let state = samples::waiting();
            let said = graph(&samples::view(&plan, &state)).unwrap();
            for line in said.lines() {
                prop_assert!(sound(line), "{line}");
            }
        }
    }

    #[test]
    fn one_task_needs_no_graph_and_hundreds_get_none() {
        let mut plan = samples::journal();
        let state = samples::waiting();
        let one = plan.tasks[0].clone();
        plan.tasks = vec![one.clone(); MAX_NODES + 1];
        assert_eq!(graph(&samples::view(&plan, &state)), None);
        plan.tasks = vec![one];
        assert_eq!(graph(&samples::view(&plan, &state)), None);
    }
}

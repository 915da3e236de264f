//! Who owns the files that wait for a gate.

use crate::config::code_owners::CodeOwners;
use crate::domain::plan::Plan;
use crate::domain::run::GateOwners;

/// The code owners of each gate: of all the files that the tasks behind it name. A gate that has a
/// file without owners, or no file, has none.
pub fn owners(plan: &Plan, code_owners: &CodeOwners) -> Vec<GateOwners> {
    let of_gate = |gate: &crate::domain::plan::Gate| {
        let tasks = plan.tasks.iter().filter(|task| gate.tasks.contains(&task.id));
        let paths = tasks.flat_map(|task| &task.files).map(String::as_str);
        GateOwners { gate: gate.id, lists: code_owners.of_all(paths) }
    };
    plan.gates.iter().map(of_gate).filter(|owned| !owned.lists.is_empty()).collect()
}

//! `plan`

use super::{Command, Place, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "plan",
    usage: "plan",
    help: "on an issue: plans it, or plans it anew; on a pull request: says over which releases \
           it lands safely",
    needs: Permission::Triage,
    on: Place::Both,
    parse: |arguments| arguments.none(Command::Plan),
};

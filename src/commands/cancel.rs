//! `cancel`

use super::{Command, Place, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "cancel",
    usage: "cancel",
    help: "ends a plan; `plan` starts it anew",
    needs: Permission::Triage,
    on: Place::Issues,
    parse: |arguments| arguments.none(Command::Cancel),
};

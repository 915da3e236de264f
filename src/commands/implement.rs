//! `implement`

use super::{Command, Place, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "implement",
    usage: "implement",
    help: "starts the work of a plan whose gates are all approved",
    needs: Permission::Write,
    on: Place::Issues,
    parse: |arguments| arguments.none(Command::Implement),
};

//! `status`

use super::{Command, Place, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "status",
    usage: "status",
    help: "says what was reviewed or planned and what is open",
    needs: Permission::Read,
    on: Place::Both,
    parse: |arguments| arguments.none(Command::Status),
};

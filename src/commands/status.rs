//! `status`

use super::{Command, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "status",
    usage: "status",
    help: "says what was reviewed and what is open",
    needs: Permission::Read,
    parse: |arguments| arguments.none(Command::Status),
};

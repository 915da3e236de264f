//! `config`

use super::{Command, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "config",
    usage: "config",
    help: "shows the policy in force and its problems",
    needs: Permission::Read,
    parse: |arguments| arguments.none(Command::Config),
};

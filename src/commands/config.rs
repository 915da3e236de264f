//! `config`

use super::{Command, Place, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "config",
    usage: "config",
    help: "shows the policy in force and its problems",
    needs: Permission::Read,
    on: Place::Pulls,
    parse: |arguments| arguments.none(Command::Config),
};

//! `help`

use super::{Command, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "help",
    usage: "help",
    help: "lists the commands",
    needs: Permission::Read,
    parse: |arguments| arguments.none(Command::Help),
};

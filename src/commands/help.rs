//! `help`

use super::{Command, Place, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "help",
    usage: "help",
    help: "lists the commands",
    needs: Permission::Read,
    on: Place::Both,
    parse: |arguments| arguments.none(Command::Help),
};

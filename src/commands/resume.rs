//! `resume`

use super::{Command, Place, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "resume",
    usage: "resume",
    help: "takes reviews or the work of a plan up again",
    needs: Permission::Triage,
    on: Place::Both,
    parse: |arguments| arguments.none(Command::Resume),
};

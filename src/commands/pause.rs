//! `pause`

use super::{Command, Place, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "pause",
    usage: "pause",
    help: "stops reviews of new commits, or the work of a plan",
    needs: Permission::Triage,
    on: Place::Both,
    parse: |arguments| arguments.none(Command::Pause),
};

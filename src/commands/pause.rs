//! `pause`

use super::{Command, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "pause",
    usage: "pause",
    help: "stops reviews of new commits on this pull request",
    needs: Permission::Triage,
    parse: |arguments| arguments.none(Command::Pause),
};

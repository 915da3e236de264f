//! `resume`

use super::{Command, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "resume",
    usage: "resume",
    help: "takes reviews of new commits up again",
    needs: Permission::Triage,
    parse: |arguments| arguments.none(Command::Resume),
};

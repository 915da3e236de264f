//! The proof that a person with the right asked for a branch.

use super::ids::{CommitSha, Login};
use super::job::Timestamp;

/// What a branch without a plan's approval needs: somebody who may write to the repository asked
/// for it, in words that were read once, on a commit that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    by: Login,
    on: CommitSha,
    at: Timestamp,
}

impl Requested {
    /// `may_write` is the forge's answer at the moment of execution. `None` for bots and for
    /// people who may not write. `at` is when it was asked, so that writing again makes the same
    /// objects.
    pub fn new(
        by: Login,
        is_bot: bool,
        may_write: bool,
        on: CommitSha,
        at: Timestamp,
    ) -> Option<Self> {
        (may_write && !is_bot).then_some(Self { by, on, at })
    }

    /// The commit that the branch stands on.
    pub fn on(&self) -> &CommitSha {
        &self.on
    }

    pub fn at(&self) -> Timestamp {
        self.at
    }

    pub fn by(&self) -> &Login {
        &self.by
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_people_who_may_write_ask_for_branches() {
        let sha = CommitSha::parse(&"a".repeat(40)).unwrap();
        let asked = |bot, may| {
            Requested::new(Login("maria".to_owned()), bot, may, sha.clone(), Timestamp(1))
        };
        assert!(asked(false, true).is_some());
        assert!(asked(true, true).is_none() && asked(false, false).is_none());
    }
}

//! Rules of the `secrets` family.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];

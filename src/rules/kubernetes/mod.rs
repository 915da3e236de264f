//! Rules of the `kubernetes` family.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];

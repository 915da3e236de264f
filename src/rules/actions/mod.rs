//! Rules of the `actions` family.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];

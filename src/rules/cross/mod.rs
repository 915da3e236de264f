//! Rules of the `cross` family.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];

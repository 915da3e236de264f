//! Rules of the `process` family.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];

//! Rules of the `observability` family.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];

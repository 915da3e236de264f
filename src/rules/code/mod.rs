//! Rules of the `code` family.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];

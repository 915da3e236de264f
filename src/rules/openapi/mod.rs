//! Rules of the `openapi` family.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];

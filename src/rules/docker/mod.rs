//! Rules of the `docker` family.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];

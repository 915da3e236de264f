//! Rules of the `secrets` family.

pub(super) mod shape;

use super::Rule;

pub(super) const RULES: &[Rule] = &[];

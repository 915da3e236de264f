//! Rules of the `migrations` family.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];

//! From an issue and what the repository shows to a plan: pure.

//! How people name a gate.

use super::{ArgumentError, FindingRef, shown};
use crate::domain::plan::GateKind;

/// A gate as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateName {
    All,
    Kind(GateKind),
    /// The finding that asks for it, on a pull request.
    Finding(FindingRef),
}

const KINDS: [(&str, GateKind); 7] = [
    ("schema", GateKind::Schema),
    ("dependency", GateKind::Dependency),
    ("breaking-api", GateKind::BreakingApi),
    ("auth", GateKind::Auth),
    ("tenancy", GateKind::Tenancy),
    ("payments", GateKind::Payments),
    ("plan", GateKind::Plan),
];

/// The name of a kind as people type it.
pub fn gate_kind_name(kind: GateKind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("", |(name, _)| name)
}

impl GateName {
    pub(super) fn parse(word: Option<&str>) -> Result<Self, ArgumentError> {
        let names: Vec<String> = KINDS.iter().map(|(name, _)| format!("`{name}`")).collect();
        let known = format!("the gates are {} and `all`", names.join(", "));
        let Some(word) = word else {
            return Err(ArgumentError::new(format!("Name a gate: {known}.")));
        };
        if word.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        let kind = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        if let Some((_, kind)) = kind {
            return Ok(Self::Kind(*kind));
        }
        FindingRef::parse(word)
            .map(Self::Finding)
            .ok_or_else(|| ArgumentError::new(format!("{} is no gate: {known}.", shown(word))))
    }
}

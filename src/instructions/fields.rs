//! What a heading or key of an agent's description speaks about.

use super::display::fold;

/// A part of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    Name,
    Role,
    Description,
    Responsibilities,
    UseWhen,
    Checklist,
    GroundRules,
    Collaboration,
    Produces,
    Forbidden,
    RequiredInputs,
    Tools,
    Model,
    Version,
    Alias,
    Patterns,
    /// Kept as `key: value`.
    Fact(&'static str),
}

/// Folded keys; a leading "your", "key", "core", "main" or "primary" is dropped before looking.
const KEYS: &[(&str, Field)] = &[
    ("name", Field::Name),
    ("nome", Field::Name),
    ("nombre", Field::Name),
    ("role", Field::Role),
    ("persona", Field::Role),
    ("domain", Field::Role),
    ("função", Field::Role),
    ("papel", Field::Role),
    ("rol", Field::Role),
    ("description", Field::Description),
    ("identity", Field::Description),
    ("mission", Field::Description),
    ("descrição", Field::Description),
    ("descripción", Field::Description),
    ("missão", Field::Description),
    ("misión", Field::Description),
    ("duties", Field::Responsibilities),
    ("mandate", Field::Responsibilities),
    ("mandates", Field::Responsibilities),
    ("owns", Field::Responsibilities),
    ("purpose", Field::Responsibilities),
    ("responsibilities", Field::Responsibilities),
    ("responsible for", Field::Responsibilities),
    ("what you do", Field::Responsibilities),
    ("responsabilidades", Field::Responsibilities),
    ("responsável por", Field::Responsibilities),
    ("responsable de", Field::Responsibilities),
    ("activated when", Field::UseWhen),
    ("activation", Field::UseWhen),
    ("activation triggers", Field::UseWhen),
    ("call when", Field::UseWhen),
    ("invoke when", Field::UseWhen),
    ("triggers", Field::UseWhen),
    ("use for", Field::UseWhen),
    ("use this agent when", Field::UseWhen),
    ("use when", Field::UseWhen),
    ("when to call", Field::UseWhen),
    ("when to invoke", Field::UseWhen),
    ("when to use", Field::UseWhen),
    ("when to use this agent", Field::UseWhen),
    ("when youre activated", Field::UseWhen),
    ("when you are activated", Field::UseWhen),
    ("quando usar", Field::UseWhen),
    ("usar quando", Field::UseWhen),
    ("use quando", Field::UseWhen),
    ("cuándo usar", Field::UseWhen),
    ("usar cuando", Field::UseWhen),
    ("checklist", Field::Checklist),
    ("checklists", Field::Checklist),
    ("quality checklist", Field::Checklist),
    ("review checklist", Field::Checklist),
    ("lista de verificação", Field::Checklist),
    ("lista de verificación", Field::Checklist),
    ("constraints", Field::GroundRules),
    ("ground rules", Field::GroundRules),
    ("operating constraints", Field::GroundRules),
    ("philosophy", Field::GroundRules),
    ("principles", Field::GroundRules),
    ("rules", Field::GroundRules),
    ("security rules", Field::GroundRules),
    ("princípios", Field::GroundRules),
    ("regras", Field::GroundRules),
    ("regras básicas", Field::GroundRules),
    ("regras gerais", Field::GroundRules),
    ("restrições", Field::GroundRules),
    ("reglas", Field::GroundRules),
    ("collaborates with", Field::Collaboration),
    ("collaboration", Field::Collaboration),
    ("collaboration handoff", Field::Collaboration),
    ("collaboration and handoff", Field::Collaboration),
    ("coordination", Field::Collaboration),
    ("handoff", Field::Collaboration),
    ("handoffs", Field::Collaboration),
    ("works with", Field::Collaboration),
    ("colaboração", Field::Collaboration),
    ("colaboración", Field::Collaboration),
    ("deliverables", Field::Produces),
    ("deliverables style", Field::Produces),
    ("outputs", Field::Produces),
    ("outputs schema", Field::Produces),
    ("produces", Field::Produces),
    ("entregas", Field::Produces),
    ("entregáveis", Field::Produces),
    ("produz", Field::Produces),
    ("boundaries never", Field::Forbidden),
    ("do not", Field::Forbidden),
    ("dont", Field::Forbidden),
    ("forbidden", Field::Forbidden),
    ("forbidden actions", Field::Forbidden),
    ("must not", Field::Forbidden),
    ("never", Field::Forbidden),
    ("prohibited", Field::Forbidden),
    ("prohibited actions", Field::Forbidden),
    ("ações proibidas", Field::Forbidden),
    ("não fazer", Field::Forbidden),
    ("proibido", Field::Forbidden),
    ("prohibido", Field::Forbidden),
    ("inputs", Field::RequiredInputs),
    ("inputs schema", Field::RequiredInputs),
    ("required inputs", Field::RequiredInputs),
    ("required inputs before coding", Field::RequiredInputs),
    ("entradas", Field::RequiredInputs),
    ("entradas obrigatórias", Field::RequiredInputs),
    ("allowed tools", Field::Tools),
    ("toolkit", Field::Tools),
    ("tools", Field::Tools),
    ("ferramentas", Field::Tools),
    ("herramientas", Field::Tools),
    ("model", Field::Model),
    ("supported models", Field::Model),
    ("modelo", Field::Model),
    ("version", Field::Version),
    ("versão", Field::Version),
    ("alias", Field::Alias),
    ("aliases", Field::Alias),
    ("collaboration patterns", Field::Patterns),
    ("collaboration workflows", Field::Patterns),
    ("typical flows", Field::Patterns),
    ("workflow patterns", Field::Patterns),
    ("padrões de colaboração", Field::Patterns),
    ("patrones de colaboración", Field::Patterns),
    ("accessibility flags", Field::Fact("accessibility-flags")),
    ("definition of done", Field::Fact("definition-of-done")),
    ("escalation", Field::Fact("escalate-when")),
    ("escalation path", Field::Fact("escalate-when")),
    ("id", Field::Fact("id")),
    ("outputs to", Field::Fact("outputs-to")),
    ("pipeline stage", Field::Fact("pipeline-stage")),
    ("receives inputs", Field::Fact("inputs-from")),
    ("risk flags", Field::Fact("risk-flags")),
    ("stack tags", Field::Fact("stack-tags")),
];

const QUALIFIERS: &[&str] = &["your", "key", "core", "main", "primary", "its", "agent"];

/// The field that a heading or key names, if it names one.
pub fn field_of(key: &str) -> Option<Field> {
    let folded = fold(key);
    let look = |text: &str| KEYS.iter().find(|(key, _)| *key == text).map(|(_, field)| *field);
    look(&folded).or_else(|| {
        let (first, rest) = folded.split_once(' ')?;
        QUALIFIERS.contains(&first).then(|| look(rest)).flatten()
    })
}

impl Field {
    /// Fields that only a description of a role has: two of them make a heading an agent.
    pub fn is_core(self) -> bool {
        matches!(
            self,
            Self::Role
                | Self::Description
                | Self::Responsibilities
                | Self::UseWhen
                | Self::Produces
                | Self::Forbidden
                | Self::RequiredInputs
        )
    }

    /// Fields that hold several statements, each its own list item.
    pub fn is_list(self) -> bool {
        !matches!(self, Self::Name | Self::Role | Self::Description | Self::Model | Self::Version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_and_keys() {
        assert_eq!(field_of("When You're Activated"), Some(Field::UseWhen));
        assert_eq!(field_of("Key Mandates"), Some(Field::Responsibilities));
        assert_eq!(field_of("Collaboration & Handoff"), Some(Field::Collaboration));
        assert_eq!(field_of("Required Inputs (Before Coding)"), Some(Field::RequiredInputs));
        assert_eq!(field_of("Quando usar:"), Some(Field::UseWhen));
        assert_eq!(field_of("Output Format"), None);
        assert_eq!(field_of("Your Role"), Some(Field::Role));
    }

    #[test]
    fn every_key_is_written_as_it_is_compared() {
        for (key, _) in KEYS {
            assert_eq!(*key, fold(key));
        }
    }
}

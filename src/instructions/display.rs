//! Making text fit to show: undoing a double encoding, dropping marks that carry no meaning.

/// The most characters that one stated value keeps.
const MAX_VALUE_CHARS: usize = 1_000;

/// Characters that Windows-1252 has at 0x80..=0x9F; `\0` where it has none.
const WINDOWS_1252_HIGH: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘',
    '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// The byte that Windows-1252 (or Latin-1) uses for `character`.
fn legacy_byte(character: char) -> Option<u8> {
    if let Ok(byte @ 0x80..) = u8::try_from(u32::from(character)) {
        return Some(byte);
    }
    let index = WINDOWS_1252_HIGH.iter().position(|c| *c != '\0' && *c == character)?;
    u8::try_from(index + 0x80).ok()
}

/// UTF-8 that was read as Windows-1252 and written as UTF-8 again (`â€”` for `—`), mended. Text
/// that does not form a whole character that way stays as it is.
pub fn repair_encoding(text: &str) -> String {
    if !text.contains(['Â', 'Ã', 'â', 'ð']) {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let mut repaired = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        match decode_twice(characters.get(at..).unwrap_or_default()) {
            Some((original, taken)) => {
                repaired.push(original);
                at += taken;
            }
            None => {
                repaired.push(character);
                at += 1;
            }
        }
    }
    repaired
}

fn decode_twice(characters: &[char]) -> Option<(char, usize)> {
    let lead = legacy_byte(*characters.first()?)?;
    let length = match lead {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let bytes: Option<Vec<u8>> =
        characters.get(..length)?.iter().map(|c| legacy_byte(*c)).collect();
    let text = String::from_utf8(bytes?).ok()?;
    Some((text.chars().next()?, length))
}

/// One line of readable text: encoding repaired, white space folded, invisible and
/// direction-changing characters removed, length bounded.
pub fn clean(text: &str) -> String {
    let repaired = repair_encoding(text);
    let mut out = String::with_capacity(repaired.len().min(MAX_VALUE_CHARS));
    let mut count = 0;
    for character in repaired.chars() {
        if is_invisible(character) {
            continue;
        }
        let space = character.is_whitespace() || character.is_control();
        if space && (out.is_empty() || out.ends_with(' ')) {
            continue;
        }
        if count == MAX_VALUE_CHARS {
            out.push('…');
            break;
        }
        out.push(if space { ' ' } else { character });
        count += 1;
    }
    out.truncate(out.trim_end().len());
    out
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{00AD}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

/// `text` in the form in which headings and keys are compared: lower case, letters and digits
/// only, words separated by one space.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len().min(200));
    for character in text.chars().take(200) {
        if matches!(character, '\'' | '’') {
            continue;
        }
        if character.is_alphanumeric() {
            folded.extend(character.to_lowercase());
        } else if !folded.is_empty() && !folded.ends_with(' ') {
            folded.push(' ');
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_encoded_dash_is_mended_and_real_letters_stay() {
        assert_eq!(repair_encoding("A â€” B"), "A — B");
        assert_eq!(repair_encoding("cafÃ©"), "café");
        assert_eq!(repair_encoding("NÃO, SÃO, âge"), "NÃO, SÃO, âge");
        assert_eq!(repair_encoding("â€"), "â€");
    }

    #[test]
    fn clean_removes_what_cannot_be_seen() {
        assert_eq!(clean("  a\u{202E}b\n\tc\u{200B} "), "ab c");
        assert_eq!(clean(&"x".repeat(5_000)).chars().count(), MAX_VALUE_CHARS + 1);
    }

    #[test]
    fn fold_keeps_words() {
        assert_eq!(fold("When You're Activated:"), "when youre activated");
        assert_eq!(fold("  Collaboration & Handoff "), "collaboration handoff");
        assert_eq!(fold("Ações Proibidas"), "ações proibidas");
    }
}

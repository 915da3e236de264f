//! What a blob is: text, binary, LFS pointer, link.

use git2::{Odb, OdbLookupFlags, Oid};

use super::options::Limits;
use crate::domain::change::{Content, Text};

pub(super) const MODE_SYMLINK: u32 = 0o120_000;
pub(super) const MODE_SUBMODULE: u32 = 0o160_000;

/// Longest link target that is read; file systems allow 4,096 bytes.
pub(super) const MAX_LINK_BYTES: usize = 4_096;
/// The LFS specification keeps pointer files below this.
const MAX_POINTER_BYTES: usize = 1_024;

/// A version of a file, and why it cannot be looked at, if so.
pub(super) struct Loaded {
    pub content: Content,
    pub omission: Option<String>,
}

impl Loaded {
    fn whole(content: Content) -> Self {
        Self { content, omission: None }
    }

    fn left_out(content: Content, reason: impl Into<String>) -> Self {
        Self { content, omission: Some(reason.into()) }
    }
}

/// What one change may still keep in memory.
pub(super) struct Budget<'a> {
    pub limits: &'a Limits,
    text_bytes: u64,
    lines: u64,
}

impl<'a> Budget<'a> {
    pub fn new(limits: &'a Limits) -> Self {
        Self { limits, text_bytes: 0, lines: 0 }
    }

    fn refuses(&self, size: u64) -> Option<String> {
        let one = self.limits.max_text_bytes;
        let all = self.limits.max_total_text_bytes;
        if size > one {
            Some(format!("larger than {}", bytes(one)))
        } else if self.text_bytes + size > all {
            Some(format!("the change holds more than {} of text", bytes(all)))
        } else {
            None
        }
    }

    /// Loads the version of a file that a tree entry names.
    pub fn load(&mut self, odb: &Odb<'_>, id: Oid, mode: u32) -> Result<Loaded, git2::Error> {
        if mode == MODE_SUBMODULE {
            return Ok(Loaded::whole(Content::Submodule { commit: id.to_string() }));
        }
        if !present(odb, id) {
            let nothing = Content::TooLarge { size: 0 };
            return Ok(Loaded::left_out(nothing, "its content is missing in this partial clone"));
        }
        let (size, _) = odb.read_header(id)?;
        let size = size as u64;
        if mode == MODE_SYMLINK {
            let data = if size > MAX_LINK_BYTES as u64 { Vec::new() } else { read(odb, id)? };
            let target = String::from_utf8_lossy(&data).into_owned();
            return Ok(Loaded::whole(Content::Symlink { target }));
        }
        if let Some(reason) = self.refuses(size) {
            return Ok(Loaded::left_out(Content::TooLarge { size }, reason));
        }
        Ok(self.classify(read(odb, id)?))
    }

    fn classify(&mut self, data: Vec<u8>) -> Loaded {
        let size = data.len() as u64;
        if let Some(real) = lfs_pointer(&data) {
            return Loaded::whole(Content::LfsPointer { size: real });
        }
        if data.starts_with(&[0xFF, 0xFE]) || data.starts_with(&[0xFE, 0xFF]) {
            return Loaded::left_out(Content::Binary { size }, "UTF-16 text, not UTF-8");
        }
        if data.contains(&0) {
            return Loaded::whole(Content::Binary { size });
        }
        let text = match String::from_utf8(data) {
            Ok(text) => text,
            Err(error) if looks_like_text(error.as_bytes()) => {
                return Loaded::left_out(Content::Binary { size }, "not UTF-8");
            }
            Err(_) => return Loaded::whole(Content::Binary { size }),
        };
        let lines = text.bytes().filter(|byte| *byte == b'\n').count() as u64 + 1;
        let (one, all) = (self.limits.max_file_lines, self.limits.max_total_lines);
        if lines > one {
            let reason = format!("more than {one} lines");
            return Loaded::left_out(Content::TooLarge { size }, reason);
        }
        if self.lines + lines > all {
            let reason = format!("the change holds more than {all} lines of text");
            return Loaded::left_out(Content::TooLarge { size }, reason);
        }
        self.lines += lines;
        self.text_bytes += size;
        Loaded::whole(Content::Text(Text::new(text)))
    }
}

/// Whether the object is there, without scanning the pack directory again for each that is not.
pub(super) fn present(odb: &Odb<'_>, id: Oid) -> bool {
    odb.exists_ext(id, OdbLookupFlags::NO_REFRESH)
}

pub(super) fn read(odb: &Odb<'_>, id: Oid) -> Result<Vec<u8>, git2::Error> {
    Ok(odb.read(id)?.data().to_vec())
}

/// The size that a Git LFS pointer file states.
pub(super) fn lfs_pointer(data: &[u8]) -> Option<u64> {
    if data.len() >= MAX_POINTER_BYTES {
        return None;
    }
    let text = std::str::from_utf8(data).ok()?;
    let mut lines = text.lines();
    let version = lines.next()?.strip_prefix("version ")?;
    if !version.starts_with("https://git-lfs.github.com/spec/")
        && !version.starts_with("https://hawser.github.com/spec/")
    {
        return None;
    }
    let fields: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(' ')).collect();
    let field = |name| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    field("oid")?.strip_prefix("sha256:")?;
    field("size")?.parse().ok()
}

/// Text in some 8-bit encoding: nearly no control characters. NUL was ruled out before.
fn looks_like_text(data: &[u8]) -> bool {
    let start = data.get(..8_000).unwrap_or(data);
    let control = |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0C);
    start.iter().filter(control).count() * 100 < start.len()
}

fn bytes(count: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if count >= MIB && count.is_multiple_of(MIB) {
        format!("{} MiB", count / MIB)
    } else if count >= 1024 && count.is_multiple_of(1024) {
        format!("{} KiB", count / 1024)
    } else {
        format!("{count} bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(data: &[u8]) -> Loaded {
        let limits = Limits { max_file_lines: 4, ..Limits::default() };
        Budget::new(&limits).classify(data.to_vec())
    }

    #[test]
    fn text_is_utf8_without_nul() {
        assert!(matches!(classified("grün\n".as_bytes()).content, Content::Text(_)));
        assert!(matches!(classified(b"").content, Content::Text(_)));
        let nul = classified(b"a\0b");
        assert_eq!(nul.content, Content::Binary { size: 3 });
        assert_eq!(nul.omission, None);
    }

    #[test]
    fn text_in_another_encoding_is_named_as_not_checked() {
        let latin1 = classified(b"# gr\xFCn\nx = 1\n");
        assert_eq!(latin1.content, Content::Binary { size: 13 });
        assert_eq!(latin1.omission.as_deref(), Some("not UTF-8"));
        let utf16 = classified(b"\xFF\xFEa\0b\0");
        assert!(utf16.omission.is_some());
        let noise: Vec<u8> = (1..=255).collect();
        assert_eq!(classified(&noise).omission, None);
    }

    #[test]
    fn many_lines_are_too_large() {
        let loaded = classified(b"\n\n\n\n\n");
        assert_eq!(loaded.content, Content::TooLarge { size: 5 });
        assert_eq!(loaded.omission.as_deref(), Some("more than 4 lines"));
    }

    #[test]
    fn pointer_files_are_recognised_by_their_fields() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 123\n";
        assert_eq!(lfs_pointer(pointer), Some(123));
        assert_eq!(lfs_pointer(b"version https://git-lfs.github.com/spec/v1\nsize 123\n"), None);
        assert_eq!(lfs_pointer(b"version 2\noid sha256:ab\nsize 1\n"), None);
    }
}

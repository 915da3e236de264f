//! What gets into an image and should not, or not this way: `docker/secret-in-image`,
//! `docker/copy-secrets`, `docker/remote-add`, `docker/add-local-file`.

use super::parsed;
use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Fix;
use crate::rules::parse::dockerfile::{Dockerfile, Instruction};
use crate::rules::secrets::shape;
use crate::rules::{Draft, Findings, RuleContext};

pub(super) fn secret_in_image(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    let Some(dockerfile) = parsed(context, file, Side::Head) else { return };
    if shape::is_example_path(&file.path) {
        return;
    }
    let set =
        dockerfile.instructions.iter().filter(|i| matches!(i.keyword.as_str(), "ENV" | "ARG"));
    for instruction in set {
        for assignment in instruction.assignments() {
            let line = LineRange::line(instruction.line_of(assignment.offset));
            let Some(value) = assignment.value else { continue };
            let is_secret = shape::names_secret(&assignment.name) && !shape::is_stand_in(&value);
            if is_secret && file.adds_any(line) {
                findings.at_head(
                    file,
                    line,
                    literal(&instruction.keyword, &assignment.name, value),
                );
            }
        }
    }
}

fn literal(keyword: &str, name: &str, value: String) -> Draft {
    let seen = match keyword {
        "ENV" => "`docker inspect` and every process in the container show it",
        _ => "`docker history` shows the value used, and this default is in the repository",
    };
    Draft {
        title: format!("`{name}` is written into the image"),
        evidence: format!("A literal value is set by `{keyword}`; {seen}."),
        recommendation: format!(
            "Take the value out, replace it where it is in use, and pass `{name}` when the \
             container starts, or with `RUN --mount=type=secret` if the build needs it."
        ),
        symbol: Some(name.to_owned()),
        redact: vec![value],
        ..Draft::default()
    }
}

pub(super) fn copy_secrets(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    let Some(dockerfile) = parsed(context, file, Side::Head) else { return };
    let Some(last) = dockerfile.stages.len().checked_sub(1) else { return };
    let shipped = dockerfile.ancestry(last);
    for (stage, instruction) in dockerfile.with_stages() {
        // Layers of other stages are not part of the image.
        let is_shipped = stage.is_some_and(|stage| shipped.contains(&stage));
        if !is_shipped || !copies_from_context(instruction) || !file.adds_any(instruction.lines) {
            continue;
        }
        let Some(source) = sources(instruction).into_iter().find(|source| is_secret_file(source))
        else {
            continue;
        };
        let draft = Draft {
            title: format!("`{source}` is copied into the image"),
            evidence: "Everyone who can pull the image can read the file, also if a later \
                       instruction deletes it: the layer stays."
                .to_owned(),
            recommendation: format!(
                "Mount it for the one step that needs it \
                 (`RUN --mount=type=secret,id=…`), or pass it when the container starts; add \
                 `{source}` to `.dockerignore`."
            ),
            symbol: Some(source),
            ..Draft::default()
        };
        findings.at_head(file, instruction.lines, draft);
    }
}

fn copies_from_context(instruction: &Instruction) -> bool {
    matches!(instruction.keyword.as_str(), "COPY" | "ADD") && !instruction.has_flag("from")
}

/// The sources of a `COPY` or `ADD`, here-documents left out.
fn sources(instruction: &Instruction) -> Vec<String> {
    let mut words = instruction
        .exec_form()
        .unwrap_or_else(|| instruction.words().into_iter().map(|(_, word)| word).collect());
    words.pop();
    words.retain(|word| !word.starts_with("<<"));
    words
}

fn is_secret_file(source: &str) -> bool {
    let name = source.rsplit('/').next().unwrap_or(source).to_ascii_lowercase();
    let example = ["example", "sample", "template", "dist", "defaults", "test", "ci"];
    let environment = name == ".env"
        || name
            .strip_prefix(".env.")
            .is_some_and(|rest| !rest.split(['.', '-', '_']).any(|part| example.contains(&part)));
    let key = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"].contains(&name.as_str());
    let credentials = [".netrc", ".git-credentials", ".pgpass", ".htpasswd"]
        .contains(&name.as_str())
        || [".aws/credentials", ".docker/config.json", ".kube/config"]
            .iter()
            .any(|end| source.ends_with(end))
        || source.trim_end_matches('/').ends_with(".ssh");
    environment || key || credentials
}

pub(super) fn remote_add(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    let Some(dockerfile) = parsed(context, file, Side::Head) else { return };
    for instruction in added(&dockerfile, file, "ADD") {
        let remote = sources(instruction).into_iter().find(|source| {
            let git = source.ends_with(".git") || source.contains(".git#");
            (source.starts_with("http://") || source.starts_with("https://")) && !git
        });
        let Some(remote) = remote.filter(|_| !instruction.has_flag("checksum")) else { continue };
        let host = remote.split('/').nth(2).unwrap_or(&remote).to_owned();
        let draft = Draft {
            title: format!("`ADD` takes a file from `{host}` without a checksum"),
            evidence: format!(
                "Whatever `{host}` serves at build time becomes part of the image; nothing \
                 compares it with what was reviewed."
            ),
            recommendation:
                "Add `--checksum=sha256:<digest>` to the `ADD`, or download and verify \
                             it in a `RUN`."
                    .to_owned(),
            symbol: Some(remote),
            ..Draft::default()
        };
        findings.at_head(file, instruction.lines, draft);
    }
}

pub(super) fn add_local(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    let Some(dockerfile) = parsed(context, file, Side::Head) else { return };
    for instruction in added(&dockerfile, file, "ADD") {
        let sources = sources(instruction);
        if sources.is_empty() || sources.iter().any(|source| may_need_add(source)) {
            continue;
        }
        let draft = Draft {
            title: "`ADD` is used where `COPY` does".to_owned(),
            evidence: "`ADD` also downloads and unpacks, depending on what the source happens to \
                       be; for plain files that is only a surprise waiting."
                .to_owned(),
            recommendation: "Write `COPY`.".to_owned(),
            symbol: sources.first().cloned(),
            fix: as_copy(file, instruction),
            ..Draft::default()
        };
        findings.at_head(file, instruction.lines, draft);
    }
}

/// Archives, addresses, and names that are not known before the build.
fn may_need_add(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    let archive = [
        ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tlz", ".gz", ".bz2", ".xz", ".zst", ".tar.*",
        ".lzma",
    ];
    source.contains(['$', '*', '?'])
        || source.contains("://")
        || source.starts_with("git@")
        || archive.iter().any(|end| lower.ends_with(end))
}

fn as_copy(file: &FileChange, instruction: &Instruction) -> Option<Fix> {
    let line = instruction.lines.start();
    let text = file.head_text()?.line(line)?;
    let start = text.len() - text.trim_start().len();
    let keyword = text.get(start..start + 3).filter(|k| k.eq_ignore_ascii_case("ADD"))?;
    let copy = if keyword == "add" { "copy" } else { "COPY" };
    let replacement = format!("{}{copy}{}", text.get(..start)?, text.get(start + 3..)?);
    Some(Fix::Replace { lines: LineRange::line(line), replacement })
}

fn added<'a>(
    dockerfile: &'a Dockerfile,
    file: &'a FileChange,
    keyword: &'a str,
) -> impl Iterator<Item = &'a Instruction> {
    dockerfile.instructions.iter().filter(move |instruction| {
        instruction.keyword == keyword && file.adds_any(instruction.lines)
    })
}

//! `docker/unpinned-base` and `docker/duplicate-stage`.

use super::image::ImageName;
use super::parsed;
use crate::domain::change::FileChange;
use crate::domain::diff::Side;
use crate::domain::finding::Related;
use crate::rules::parse::dockerfile::Dockerfile;
use crate::rules::{Draft, Findings, RuleContext};

pub(super) fn unpinned(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    let Some(dockerfile) = parsed(context, file, Side::Head) else { return };
    for stage in &dockerfile.stages {
        let Some(from) = dockerfile.instructions.get(stage.first) else { continue };
        let is_outside = stage.parent.is_none() && stage.image != "scratch";
        if is_outside && file.adds_any(from.lines) && is_floating(&stage.image) {
            findings.at_head(file, from.lines, draft(&stage.image));
        }
    }
    for instruction in &dockerfile.instructions {
        // `--from` may also name a build context, so only an outspoken `latest` counts.
        let image = instruction.flag("from").filter(|image| image.ends_with(":latest"));
        if let Some(image) = image.filter(|_| file.adds_any(instruction.lines)) {
            findings.at_head(file, instruction.lines, draft(image));
        }
    }
}

fn is_floating(image: &str) -> bool {
    !image.is_empty() && !image.contains('$') && ImageName::parse(image).is_floating()
}

fn draft(image: &str) -> Draft {
    let name = ImageName::parse(image);
    let how = match name.tag {
        Some(_) => "is tagged `latest`",
        None => "has no tag, which means `latest`",
    };
    Draft {
        title: format!("Base image `{}` is not pinned to a version", name.repository),
        evidence: format!(
            "`{image}` {how}: the same commit builds another image as soon as a new one is \
             published, and a rollback cannot bring the old one back."
        ),
        recommendation: format!(
            "Name the version that was tested (`{0}:<version>`), or a digest \
             (`{0}:<version>@sha256:…`) if builds must be repeatable to the byte.",
            name.repository
        ),
        symbol: Some(name.repository.to_owned()),
        ..Draft::default()
    }
}

pub(super) fn duplicate_stage(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    let Some(dockerfile) = parsed(context, file, Side::Head) else { return };
    for (at, stage) in dockerfile.stages.iter().enumerate() {
        let Some(name) = stage.name.as_deref() else { continue };
        let earlier = dockerfile.stages.get(..at).unwrap_or(&[]).iter().find(|other| {
            other.name.as_deref().is_some_and(|other| other.eq_ignore_ascii_case(name))
        });
        let (Some(earlier), Some(from)) = (earlier, dockerfile.instructions.get(stage.first))
        else {
            continue;
        };
        if !file.adds_any(from.lines) {
            continue;
        }
        let draft = Draft {
            title: format!("Stage name `{name}` is used twice"),
            evidence: format!(
                "Later instructions that say `{name}` get the last stage of that name, and \
                 `--target {name}` does not build the one above."
            ),
            recommendation: "Give each stage its own name.".to_owned(),
            symbol: Some(name.to_owned()),
            related: first_lines(file, &dockerfile, earlier.first),
            ..Draft::default()
        };
        findings.at_head(file, from.lines, draft);
    }
}

fn first_lines(file: &FileChange, dockerfile: &Dockerfile, instruction: usize) -> Vec<Related> {
    let anchor = dockerfile
        .instructions
        .get(instruction)
        .and_then(|instruction| file.anchor(Side::Head, instruction.lines));
    anchor.into_iter().map(|anchor| Related { anchor, note: "the first one".to_owned() }).collect()
}

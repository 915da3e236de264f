//! `docker/root-user`.

use super::image::ImageName;
use super::parsed;
use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::rules::parse::dockerfile::{Dockerfile, Instruction};
use crate::rules::{Draft, Findings, RuleContext};

/// Programs that start scripts use to give up root.
const DROPS_ROOT: &[&str] = &["gosu", "su-exec", "setpriv", "runuser", "s6-", "chpst", "fixuid"];

/// How the last stage comes to run as root.
enum Root<'a> {
    /// Its `USER` says so.
    Said { user: &'a Instruction },
    /// Nobody says otherwise, and the base image is one that starts as root.
    Inherited { from: &'a Instruction, image: String },
}

pub(super) fn check(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    let Some(dockerfile) = parsed(context, file, Side::Head) else { return };
    match root_of(&dockerfile) {
        Some(Root::Said { user }) if file.adds_any(user.lines) => {
            let title = format!("The image runs as `{}`", user.arguments);
            findings.at_head(file, user.lines, draft(title, "this `USER` is the last one".into()));
        }
        Some(Root::Inherited { from, image }) => {
            let before = parsed(context, file, Side::Base);
            let is_old = before.as_deref().and_then(root_of).is_some();
            if !is_old && !is_for_development(file) {
                let lines = LineRange::line(from.lines.start());
                let reason = format!("no `USER` is set and `{image}` starts as root");
                findings.at_head(file, lines, draft("The image runs as root".into(), reason));
            }
        }
        _ => {}
    }
}

fn draft(title: String, reason: String) -> Draft {
    Draft {
        title,
        evidence: format!(
            "In the stage that becomes the image {reason}. Whoever gets code to run in the \
             container is root there, one kernel or mount mistake away from the host."
        ),
        recommendation: "Create a user, give it the files that the process writes, and end the \
                         stage with `USER` and its numeric id (for example `USER 10001`)."
            .to_owned(),
        symbol: Some("final stage".to_owned()),
        ..Draft::default()
    }
}

fn root_of(dockerfile: &Dockerfile) -> Option<Root<'_>> {
    let last = dockerfile.stages.len().checked_sub(1)?;
    let chain = dockerfile.ancestry(last);
    let mut oldest = None;
    for index in &chain {
        let stage = dockerfile.stages.get(*index)?;
        let own = dockerfile.of_stage(stage);
        if let Some(user) = own.iter().rev().find(|i| i.keyword == "USER" && !i.onbuild) {
            return is_root(&user.arguments).then_some(Root::Said { user });
        }
        oldest = Some(stage);
    }
    let image = dockerfile.expand_global(&oldest?.image).or_else(|| {
        // The tag may be unknown; the name then still tells.
        let name = oldest?.image.split(['$', '@']).next()?.to_owned();
        name.ends_with(':').then(|| format!("{name}unknown"))
    })?;
    let stage = dockerfile.last_stage()?;
    let own = dockerfile.of_stage(stage);
    let runs = chain.iter().filter_map(|index| dockerfile.stages.get(*index)).any(|stage| {
        let starts =
            |i: &Instruction| matches!(i.keyword.as_str(), "CMD" | "ENTRYPOINT") && !i.onbuild;
        dockerfile.of_stage(stage).iter().any(starts)
    });
    let drops = dockerfile.instructions.iter().any(|instruction| {
        let texts = instruction.heredocs.iter().map(|heredoc| heredoc.text.as_str());
        let texts = texts.chain([instruction.arguments.as_str()]);
        texts.into_iter().any(|text| DROPS_ROOT.iter().any(|program| text.contains(program)))
    });
    let development = stage.name.as_deref().is_some_and(is_development_name);
    let inherited = runs && !drops && !development && ImageName::parse(&image).starts_as_root();
    let image = image.strip_suffix(":unknown").map(str::to_owned).unwrap_or(image);
    inherited.then_some(Root::Inherited { from: own.first()?, image })
}

/// `root`, `0`, either with a group.
fn is_root(user: &str) -> bool {
    let name = user.trim().trim_matches(['"', '\'']).split(':').next().unwrap_or("");
    name.eq_ignore_ascii_case("root") || (!name.is_empty() && name.bytes().all(|b| b == b'0'))
}

fn is_development_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.split(['-', '_', '.']).any(|part| {
        matches!(
            part,
            "dev" | "development" | "test" | "tests" | "lint" | "build" | "builder" | "ci"
        )
    })
}

/// Images that only developers and pipelines run.
fn is_for_development(file: &FileChange) -> bool {
    let name = file.path.file_name();
    let kept =
        ["devcontainer", ".devcontainer", "test", "tests", "testdata", "ci", ".ci", ".github"];
    kept.iter().any(|directory| file.path.has_directory(directory)) || is_development_name(name)
}

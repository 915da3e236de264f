//! What `RUN` does: `docker/sudo`, `docker/curl-pipe-shell`, `docker/verification-disabled`,
//! `docker/update-alone`.

use super::parsed;
use super::shell::{Command, commands};
use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Severity;
use crate::rules::parse::dockerfile::{Dockerfile, Instruction};
use crate::rules::{Draft, Findings, RuleContext};

/// A command of a `RUN` and the line it starts on.
struct Step<'a> {
    run: &'a Instruction,
    command: Command,
    line: LineRange,
    /// The command whose output it reads.
    source: Option<Command>,
}

fn steps(dockerfile: &Dockerfile) -> Vec<Step<'_>> {
    dockerfile.instructions.iter().filter(|i| i.keyword == "RUN").flat_map(steps_of).collect()
}

fn steps_of(run: &Instruction) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for script in run.scripts() {
        let mut last: Option<Command> = None;
        for command in commands(script.text) {
            let source = last.take().filter(|_| command.piped);
            last = Some(command.clone());
            let line = LineRange::line(script.line_of(command.offset));
            steps.push(Step { run, command, line, source });
        }
    }
    steps
}

pub(super) fn sudo(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    let Some(dockerfile) = parsed(context, file, Side::Head) else { return };
    for step in steps(&dockerfile) {
        if step.command.program() != "sudo" || !file.adds_any(step.line) {
            continue;
        }
        let draft = Draft {
            title: "`sudo` in a `RUN`".to_owned(),
            evidence:
                "Build steps run as root unless `USER` says otherwise, so `sudo` either does \
                       nothing or undoes the `USER` above; it also swallows signals, and an image \
                       that carries it hands out root."
                    .to_owned(),
            recommendation: "Run the step before `USER`, without `sudo`.".to_owned(),
            symbol: step.command.arguments().first().cloned(),
            ..Draft::default()
        };
        findings.at_head(file, step.line, draft);
    }
}

const SHELLS: &[&str] =
    &["sh", "bash", "zsh", "ash", "dash", "python", "python3", "perl", "ruby", "node"];

pub(super) fn curl_pipe_shell(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    let Some(dockerfile) = parsed(context, file, Side::Head) else { return };
    for step in steps(&dockerfile) {
        let Some(source) = step.source.as_ref().filter(|_| file.adds_any(step.line)) else {
            continue;
        };
        let downloads = matches!(source.program(), "curl" | "wget");
        let runs = match step.command.program() {
            "sudo" | "env" => {
                let inner = step
                    .command
                    .arguments()
                    .iter()
                    .find(|a| !a.starts_with('-') && !a.contains('='));
                inner.is_some_and(|program| SHELLS.contains(&program.as_str()))
            }
            program => SHELLS.contains(&program) && !runs_own_text(&step.command),
        };
        let exposed = is_unverified(source);
        if downloads && runs && (exposed || !fails_on_broken_pipe(&dockerfile, &step)) {
            findings.at_head(file, step.line, piped(source, exposed));
        }
    }
}

/// Whether the interpreter is given a program of its own and reads the download as data.
fn runs_own_text(command: &Command) -> bool {
    let mut arguments = command.arguments().iter();
    arguments.any(|argument| matches!(argument.as_str(), "-c" | "-e" | "-m" | "-ne" | "-pe"))
        || command.arguments().iter().any(|argument| {
            [".py", ".pl", ".rb", ".js", ".sh"].iter().any(|end| argument.ends_with(end))
        })
}

fn is_unverified(source: &Command) -> bool {
    source.arguments().iter().any(|argument| argument.starts_with("http://"))
        || skips_verification(source)
}

/// Whether a failed download stops the build: `pipefail` is in force at the step.
fn fails_on_broken_pipe(dockerfile: &Dockerfile, step: &Step<'_>) -> bool {
    let stage =
        dockerfile.stages.iter().enumerate().find(|(_, stage)| {
            dockerfile.of_stage(stage).iter().any(|i| std::ptr::eq(i, step.run))
        });
    // SHELL is inherited by stages built on this one.
    let shell = stage.and_then(|(index, _)| {
        dockerfile.ancestry(index).into_iter().find_map(|index| {
            let own = dockerfile.of_stage(dockerfile.stages.get(index)?);
            let before = own.iter().take_while(|i| !std::ptr::eq(*i, step.run));
            before.filter(|i| i.keyword == "SHELL").last()
        })
    });
    let texts = step.run.heredocs.iter().map(|heredoc| heredoc.text.as_str());
    texts.chain([step.run.arguments.as_str()]).any(|text| text.contains("pipefail"))
        || shell.is_some_and(|shell| shell.arguments.contains("pipefail"))
}

fn piped(source: &Command, exposed: bool) -> Draft {
    let address = source.arguments().iter().find(|argument| argument.contains("://"));
    let evidence = if exposed {
        "The script comes over a connection that proves nothing about the sender: anyone on the \
         way can run code in the build."
    } else {
        "The exit status of the pipe is that of the shell: if the download fails or breaks off, \
         the build goes on with half a script, and nothing compares the script with what was \
         reviewed."
    };
    Draft {
        title: format!("A download by `{}` is piped into a shell", source.program()),
        evidence: evidence.to_owned(),
        recommendation:
            "Download to a file over HTTPS, compare its checksum, then run it; at least \
                         set `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]`."
                .to_owned(),
        symbol: address.cloned(),
        severity: exposed.then_some(Severity::Major),
        ..Draft::default()
    }
}

pub(super) fn verification(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    let Some(dockerfile) = parsed(context, file, Side::Head) else { return };
    for step in steps(&dockerfile) {
        if file.adds_any(step.line) && skips_verification(&step.command) {
            let program = step.command.program().to_owned();
            findings.at_head(file, step.line, unverified(program));
        }
    }
    for instruction in dockerfile.instructions.iter().filter(|i| i.keyword == "ENV") {
        for assignment in instruction.assignments() {
            let line = LineRange::line(instruction.line_of(assignment.offset));
            let value = assignment.value.unwrap_or_default().to_ascii_lowercase();
            if file.adds_any(line) && turns_off(&assignment.name.to_ascii_uppercase(), &value) {
                findings.at_head(file, line, unverified(assignment.name));
            }
        }
    }
}

fn unverified(what: String) -> Draft {
    Draft {
        title: format!("`{what}` does not verify whom it talks to or what it gets"),
        evidence: "With the check of certificates or signatures off, anyone on the way can put \
                   code into the image."
            .to_owned(),
        recommendation:
            "Leave the check on; for an internal authority, add its certificate to the \
                         image's trust store and point the tool to it."
                .to_owned(),
        symbol: Some(what),
        ..Draft::default()
    }
}

fn skips_verification(command: &Command) -> bool {
    let local = command.arguments().iter().any(|argument| {
        ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| argument.contains(host))
    });
    let has = |options: &[&str]| command.has_option(options);
    let set = |name: &str| {
        let arguments = command.arguments();
        let key = format!("{name}=false");
        arguments.iter().any(|a| a.trim_start_matches("--") == key)
            || arguments.windows(2).any(
                |pair| matches!(pair, [k, v] if k.trim_start_matches("--") == name && v == "false"),
            )
    };
    match command.program() {
        "curl" => !local && has(&["-k", "--insecure"]),
        "wget" => !local && has(&["--no-check-certificate"]),
        "apt-get" | "apt" => has(&["--allow-unauthenticated", "--force-yes"]),
        "apk" => has(&["--allow-untrusted"]),
        "yum" | "dnf" | "tdnf" | "microdnf" | "zypper" => has(&[
            "--nogpgcheck",
            "--no-gpg-checks",
            "--setopt=sslverify=false",
            "--setopt=sslverify=0",
        ]),
        "rpm" => has(&["--nodigest", "--nosignature", "--noverify", "--nofiledigest"]),
        "npm" | "yarn" | "pnpm" => set("strict-ssl"),
        "git" => set("http.sslVerify") || set("http.sslverify"),
        "pip" | "pip3" => command
            .arguments()
            .iter()
            .any(|a| a == "--trusted-host" || a.starts_with("--trusted-host=")),
        _ => false,
    }
}

fn turns_off(name: &str, value: &str) -> bool {
    match name {
        "NODE_TLS_REJECT_UNAUTHORIZED" | "PYTHONHTTPSVERIFY" => value == "0",
        "GIT_SSL_NO_VERIFY" => !value.is_empty() && value != "0" && value != "false",
        "NPM_CONFIG_STRICT_SSL" => value == "false" || value == "0",
        "PIP_TRUSTED_HOST" => !value.is_empty(),
        _ => false,
    }
}

pub(super) fn update_alone(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    let Some(dockerfile) = parsed(context, file, Side::Head) else { return };
    for stage in &dockerfile.stages {
        let runs: Vec<(&Instruction, Vec<Step<'_>>)> = dockerfile
            .of_stage(stage)
            .iter()
            .filter(|i| i.keyword == "RUN" && !i.onbuild)
            .map(|run| (run, steps_of(run)))
            .collect();
        for (run, own) in &runs {
            let alone = own.iter().find(|step| action_of(&step.command) == Some("update"));
            let installs = |steps: &[Step<'_>]| {
                steps
                    .iter()
                    .any(|step| matches!(action_of(&step.command), Some(a) if a != "update"))
            };
            let Some(step) = alone.filter(|_| !installs(own) && !updates_cache(run)) else {
                continue;
            };
            if file.adds_any(step.line) {
                findings.at_head(file, step.line, stale(step.command.program()));
            }
        }
    }
}

/// A cache mount keeps the lists outside of the layer, which makes the order harmless.
fn updates_cache(run: &Instruction) -> bool {
    run.flags.iter().any(|(name, value)| {
        name == "mount" && value.as_deref().is_some_and(|value| value.contains("type=cache"))
    })
}

fn action_of(command: &Command) -> Option<&str> {
    if !matches!(command.program(), "apt-get" | "apt" | "apk") {
        return None;
    }
    let action = command.arguments().iter().find(|argument| !argument.starts_with('-'))?;
    let known =
        ["update", "install", "upgrade", "dist-upgrade", "full-upgrade", "build-dep", "add"];
    known.contains(&action.as_str()).then_some(action)
}

fn stale(program: &str) -> Draft {
    let install = if program == "apk" { "add" } else { "install" };
    Draft {
        title: format!("`{program} update` has a layer of its own"),
        evidence: format!(
            "The layer is cached and not built again when the packages installed after it change: \
             `{program} {install}` then works from old lists and fails, or installs old versions."
        ),
        recommendation: format!(
            "Join them in one `RUN`: `{program} update && {program} {install} …`."
        ),
        symbol: Some(program.to_owned()),
        ..Draft::default()
    }
}

//! The fetch side of git's smart HTTP protocol, served by `git upload-pack`.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::read::GzDecoder;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::answer::{Answer, Call};
use super::{BODY_LIMIT, Shared, access};

/// Which of the two requests of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Advertise,
    Pack,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct GitRequest {
    owner: String,
    name: String,
    phase: Phase,
}

impl GitRequest {
    /// Reads `/{owner}/{name}.git/info/refs` and `/{owner}/{name}.git/git-upload-pack`; the suffix
    /// `.git` may be missing, as on GitHub.
    pub fn parse(method: &str, path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let (owner, name, phase) = match (method, parts.as_slice()) {
            ("GET", [owner, name, "info", "refs"]) => (owner, name, Phase::Advertise),
            ("POST", [owner, name, "git-upload-pack"]) => (owner, name, Phase::Pack),
            _ => return None,
        };
        let name = name.strip_suffix(".git").unwrap_or(name);
        Some(Self { owner: (*owner).to_owned(), name: name.to_owned(), phase })
    }
}

/// The name under which the request is recorded, and the answer.
pub(super) async fn answer(shared: &Shared, request: &GitRequest, call: &Call) -> (String, Answer) {
    let route = match request.phase {
        Phase::Advertise => "git info/refs",
        Phase::Pack => "git upload-pack",
    };
    let folder = match admit(shared, request, call) {
        Ok(folder) => folder,
        Err(answer) => return (route.to_owned(), answer),
    };
    let answer = run(&shared.git_program, &folder, request.phase, call).await;
    let answer = answer.unwrap_or_else(|why| Answer::error(500, &why));
    (route.to_owned(), answer)
}

/// The folder of the repository, if the caller may read it.
fn admit(shared: &Shared, request: &GitRequest, call: &Call) -> Result<std::path::PathBuf, Answer> {
    if request.phase == Phase::Advertise && call.query("service") != Some("git-upload-pack") {
        return Err(Answer::error(403, "Only fetching is supported."));
    }
    let world = shared.world();
    let found = world.find_repository(&request.owner, &request.name);
    let token = password(call.header("authorization"));
    let granted = match &token {
        // A wrong password is refused also where none is needed.
        Some(token) => {
            let row = access::installation_token(&world, token).map_err(|_| challenge())?;
            let level = row.permissions.get("contents").map_or("", String::as_str);
            let reads = !row.installation || matches!(level, "read" | "write");
            found.is_some_and(|repository| reads && access::sees(&world, &row, repository.id))
        }
        None => false,
    };
    let Some(repository) = found.filter(|repository| granted || !repository.private) else {
        let missing = Answer::error(404, "Repository not found.");
        return Err(if token.is_none() { challenge() } else { missing });
    };
    if !repository.name.eq_ignore_ascii_case(&request.name)
        || !repository.owner.eq_ignore_ascii_case(&request.owner)
    {
        let tail = match request.phase {
            Phase::Advertise => "info/refs?service=git-upload-pack",
            Phase::Pack => "git-upload-pack",
        };
        let mut moved = Answer::empty(301);
        let target = format!("{}/{}.git/{tail}", world.root, repository.slug());
        moved.headers.push(("location", target));
        return Err(moved);
    }
    Ok(repository.git.folder.clone())
}

fn challenge() -> Answer {
    let mut answer = Answer::error(401, "Repository access needs authentication.");
    answer.headers.push(("www-authenticate", "Basic realm=\"GitHub\"".to_owned()));
    answer
}

/// The password of basic authentication, or the token of a bearer.
fn password(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    let decoded = STANDARD.decode(rest.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

async fn run(program: &Path, folder: &Path, phase: Phase, call: &Call) -> Result<Answer, String> {
    let protocol = call.header("git-protocol");
    let mut command = Command::new(program);
    command.arg("upload-pack").arg("--stateless-rpc");
    if phase == Phase::Advertise {
        command.arg("--advertise-refs");
    }
    command.arg(folder).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", folder);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    let known =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"=:-_.".contains(&b));
    if !protocol.is_empty() && known(protocol) {
        command.env("GIT_PROTOCOL", protocol);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    let input = if phase == Phase::Pack { unpacked(call)? } else { Bytes::new() };
    let mut child = command.spawn().map_err(|error| format!("git did not start: {error}"))?;
    let mut stdin = child.stdin.take();
    let feed = async move {
        if let Some(pipe) = stdin.as_mut() {
            // upload-pack may have ended already: its answer tells why.
            let _ = pipe.write_all(&input).await;
        }
        drop(stdin);
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    let output = output.map_err(|error| format!("git could not be read: {error}"))?;
    let mut bytes = Vec::new();
    let kind = match phase {
        Phase::Advertise => {
            if !protocol.contains("version=2") {
                bytes.extend_from_slice(b"001e# service=git-upload-pack\n0000");
            }
            "application/x-git-upload-pack-advertisement"
        }
        Phase::Pack => "application/x-git-upload-pack-result",
    };
    if output.stdout.is_empty() && !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    bytes.extend_from_slice(&output.stdout);
    let mut answer = Answer::bytes(kind, bytes);
    answer.headers.push(("cache-control", "no-cache, max-age=0, must-revalidate".to_owned()));
    Ok(answer)
}

/// The request body; git compresses long ones.
fn unpacked(call: &Call) -> Result<Bytes, String> {
    if !call.header("content-encoding").contains("gzip") {
        return Ok(call.body.clone());
    }
    let limit = u64::try_from(BODY_LIMIT).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    GzDecoder::new(call.body.as_ref())
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("the compressed body cannot be read: {error}"))?;
    Ok(Bytes::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_addresses_are_told_from_the_rest() {
        let request = GitRequest::parse("GET", "/acme/widgets.git/info/refs").unwrap();
        assert_eq!((request.name.as_str(), request.phase), ("widgets", Phase::Advertise));
        assert!(GitRequest::parse("POST", "/acme/widgets/git-upload-pack").is_some());
        assert!(GitRequest::parse("POST", "/acme/widgets.git/git-receive-pack").is_none());
        assert!(GitRequest::parse("GET", "/repos/acme/widgets/pulls").is_none());
    }

    #[test]
    fn passwords_come_from_both_schemes() {
        let basic = format!("Basic {}", STANDARD.encode("x-access-token:secret"));
        assert_eq!(password(&basic).as_deref(), Some("secret"));
        assert_eq!(password("Bearer secret").as_deref(), Some("secret"));
        assert_eq!(password("Basic !!"), None);
    }
}

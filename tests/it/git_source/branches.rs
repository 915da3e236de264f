//! Branches written into a repository on this machine.

use std::process::Command;

use backend_team::app::local_branches;
use backend_team::domain::ids::CommitSha;
use backend_team::domain::job::Timestamp;
use backend_team::domain::path::RepoPath;
use backend_team::ports::branch::{BranchError, LocalBranches as _, LocalCommit};
use backend_team::ports::forge::TreeFile;
use git2::{BranchType, Oid};

use super::fixture::{EXECUTABLE, FILE, Repo};

const NOW: Timestamp = Timestamp(1_772_355_907_123);

fn file(path: &str, text: Option<&str>) -> TreeFile {
    let path = RepoPath::new(path).unwrap();
    TreeFile { path, text: text.map(str::to_owned), executable: false }
}

fn commit(message: &str, files: Vec<TreeFile>) -> LocalCommit {
    LocalCommit { message: message.to_owned(), files }
}

fn text(repo: &Repo, branch: &str, path: &str) -> Option<(String, i32)> {
    let tip = repo.git.find_branch(branch, BranchType::Local).unwrap();
    let tree = tip.get().peel_to_tree().unwrap();
    let entry = tree.get_path(std::path::Path::new(path)).ok()?;
    let blob = repo.git.find_blob(entry.id()).unwrap();
    Some((String::from_utf8(blob.content().to_vec()).unwrap(), entry.filemode()))
}

fn sha(oid: Oid) -> CommitSha {
    CommitSha::parse(&oid.to_string()).unwrap()
}

#[tokio::test]
async fn commits_are_written_in_order_and_nothing_else_moves() {
    let repo = Repo::new();
    let tree = repo.tree(&[
        (b"bin/run".as_slice(), EXECUTABLE, repo.blob("old\n")),
        (b"a".as_slice(), FILE, repo.blob("1\n")),
        (b"gone".as_slice(), FILE, repo.blob("x\n")),
    ]);
    let base = repo.commit(tree, &[]);
    repo.branch("main", base);
    let commits = [
        commit("First\n", vec![file("db/1.sql", Some("SELECT 1;\n")), file("gone", None)]),
        commit("Second\n", vec![file("bin/run", Some("new\n"))]),
    ];
    let branches = local_branches();
    let tip = branches.write(repo.path(), &sha(base), "bot/one", &commits, NOW).await.unwrap();
    assert_eq!(text(&repo, "bot/one", "db/1.sql"), Some(("SELECT 1;\n".to_owned(), FILE)));
    assert_eq!(text(&repo, "bot/one", "bin/run"), Some(("new\n".to_owned(), EXECUTABLE)));
    assert_eq!(text(&repo, "bot/one", "a"), Some(("1\n".to_owned(), FILE)));
    assert_eq!(text(&repo, "bot/one", "gone"), None);
    let second = repo.git.find_commit(Oid::from_str(tip.as_str()).unwrap()).unwrap();
    assert_eq!(second.message().unwrap(), "Second\n");
    assert_eq!(second.parent(0).unwrap().parent_id(0).unwrap(), base);
    assert_eq!(repo.git.find_branch("main", BranchType::Local).unwrap().get().target(), Some(base));
    // Again, later: the same files are there, and nothing is written.
    let later = Timestamp(NOW.0 + 60_000);
    let again = branches.write(repo.path(), &sha(base), "bot/one", &commits, later).await.unwrap();
    assert_eq!(again, tip);
    let other = [commit("Other\n", vec![file("a", Some("2\n"))])];
    let error = branches.write(repo.path(), &sha(base), "bot/one", &other, NOW).await.unwrap_err();
    assert_eq!(error, BranchError::Exists("bot/one".to_owned()));
}

#[tokio::test]
async fn what_is_no_branch_or_no_file_is_refused() {
    let repo = Repo::new();
    let base = repo.commit(repo.files(&[("a", "1\n")]), &[]);
    let good = [commit("Good\n", vec![file("b", Some("2\n"))])];
    let branches = local_branches();
    for name in ["", "a..b", "-x", "x.lock", "a b", "refs/heads/~"] {
        let result = branches.write(repo.path(), &sha(base), name, &good, NOW).await;
        assert!(matches!(result, Err(BranchError::Invalid(_))), "{name}: {result:?}");
    }
    let hidden = [commit("Bad\n", vec![file("sub/.GIT/config", Some("x"))])];
    let result = branches.write(repo.path(), &sha(base), "x", &hidden, NOW).await;
    assert!(matches!(result, Err(BranchError::Invalid(_))), "{result:?}");
    let nowhere = CommitSha::parse(&"1".repeat(40)).unwrap();
    let result = branches.write(repo.path(), &nowhere, "x", &good, NOW).await;
    assert!(matches!(result, Err(BranchError::NotFound(_))), "{result:?}");
}

#[test]
fn the_terminal_writes_fixes_to_a_branch() {
    let repo = Repo::new();
    let first = "-- +goose Up\nCREATE TABLE users (id bigint PRIMARY KEY, a text);\n-- +goose Down\nDROP TABLE users;\n";
    let second = "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX a_idx ON users (a);\n-- +goose Down\nDROP INDEX CONCURRENTLY a_idx;\n";
    let base = repo.commit(repo.files(&[("db/migrations/1_users.sql", first)]), &[]);
    let both = [("db/migrations/1_users.sql", first), ("db/migrations/2_a.sql", second)];
    let head = repo.commit(repo.files(&both), &[base]);
    repo.branch("main", base);
    repo.branch("topic", head);
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backend-team"));
        command
            .args(["fix", "--base", "main", "--head", "topic", "--repo"])
            .arg(repo.path())
            .args(more);
        command.output().unwrap()
    };
    let shown = run(&[]);
    let said = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.success(), "{said}{}", String::from_utf8_lossy(&shown.stderr));
    assert!(
        said.contains(
            "-CREATE INDEX a_idx ON users (a);\n+CREATE INDEX CONCURRENTLY a_idx ON users (a);"
        ),
        "{said}"
    );
    assert!(
        repo.git.find_branch("fixes", BranchType::Local).is_err(),
        "nothing was asked to be written"
    );
    let written = run(&["--branch", "fixes"]);
    assert!(written.status.success());
    let (after, _) = text(&repo, "fixes", "db/migrations/2_a.sql").unwrap();
    assert_eq!(after, second.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY"));
    let unknown = run(&["ffffffffffff"]);
    assert!(String::from_utf8(unknown.stdout).unwrap().contains("nothing that the rules can fix"));
}

#[test]
fn the_terminal_applies_a_plan_to_a_branch() {
    let repo = Repo::new();
    let users = "CREATE TABLE users (\n  id bigint PRIMARY KEY,\n  email text NOT NULL\n);\n";
    let base = repo.commit(
        repo.files(&[
            ("go.mod", "module example.com/orders\n\ngo 1.24\n"),
            ("db/migrations/000001_users.up.sql", users),
            ("db/migrations/000001_users.down.sql", "DROP TABLE users;\n"),
        ]),
        &[],
    );
    repo.branch("main", base);
    let folder = tempfile::tempdir().unwrap();
    let issue = folder.path().join("issue.md");
    let body = "# Add a nickname to users\n\n- Add a nullable text column `nickname` to `users`\n";
    std::fs::write(&issue, body).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_backend-team"));
    command.args(["plan", "--apply", "--base", "main", "--repo"]).arg(repo.path());
    let output = command.arg("--issue").arg(&issue).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("written: backend-team/add-a-nickname-to-users at "), "{said}");
    let path = "db/migrations/000002_add_nickname_to_users.up.sql";
    let (up, _) = text(&repo, "backend-team/add-a-nickname-to-users", path).unwrap();
    assert!(up.contains("ALTER TABLE users ADD COLUMN nickname text;"), "{up}");
    let down = path.replace(".up.", ".down.");
    assert!(text(&repo, "backend-team/add-a-nickname-to-users", &down).is_some());
}

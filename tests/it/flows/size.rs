//! Large changes: annotations in batches, notes up to GitHub's limit, many files.

use backend_team::standin::FileEdit;

use crate::harness::bot::{CHECK, INFRA, REPO, run_test};

#[tokio::test]
async fn more_than_fifty_annotations_come_in_batches() {
    run_test(async |world| {
        world.repository(&[]);
        let step = |n: u32| format!("      - uses: example-org/action-{n}@v3\n");
        let steps: String = (0..70).map(step).collect();
        let workflow = format!(
            "name: ci\non: push\npermissions: {{}}\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    \
             steps:\n{steps}"
        );
        let number = world.open(&[FileEdit::write(".github/workflows/ci.yml", workflow)]);
        world.settle().await;
        let calls = world.calls_after(0);
        assert!(calls.len() <= 12 + 1, "{calls:#?}");
        world.expect_comment(number);
        assert_eq!(world.expect_review(number).len(), 30, "GitHub takes no more in one review");
        let first = world.expect_check(INFRA);
        let second = world.expect_check(INFRA);
        assert!(first.created && !second.created);
        assert_eq!((first.annotations.len(), second.annotations.len()), (50, 20));
        world.expect_checks(&[(CHECK, "neutral")]);
        let runs = world.github.check_runs(REPO, &world.head(number)).unwrap();
        let run = runs.iter().find(|run| run.name == INFRA).unwrap();
        assert_eq!(run.annotations.len(), 70);
    })
    .await;
}

#[tokio::test]
async fn a_hundred_files_are_one_review() {
    run_test(async |world| {
        world.repository(&[FileEdit::write("go.mod", "module example.com/orders\n")]);
        let file = |n: u32| {
            let text =
                format!("package part{n}\n\n// Size is how many there are.\nconst Size = {n}\n");
            FileEdit::write(&format!("internal/part{n}/size.go"), text)
        };
        let edits: Vec<FileEdit> = (0..100).map(file).collect();
        let number = world.open(&edits);
        world.settle().await;
        let calls = world.calls_after(0);
        assert!(calls.len() <= 12, "{calls:#?}");
        let body = world.expect_comment(number);
        assert!(body.contains("100 files"), "{body}");
        assert!(body.contains("`process/too-many-files`"), "{body}");
        for (name, _) in world.conclusions(&world.head(number)) {
            world.expect_check(&name);
        }
    })
    .await;
}

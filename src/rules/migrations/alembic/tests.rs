use super::{Revision, WayBack, revision, translate, way_back};

fn sql(body: &str) -> Vec<String> {
    let text = format!("def upgrade():\n    {}\n", body.replace('\n', "\n    "));
    let done = translate(&text, "upgrade");
    done.sql.lines().filter(|line| *line != ";" && !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn operations_become_statements() {
    for (python, expected) in [
        (
            "op.add_column('users', sa.Column('age', sa.Integer(), nullable=False, server_default='0'))",
            vec!["ALTER TABLE users ADD COLUMN age integer NOT NULL DEFAULT '0'"],
        ),
        (
            "op.create_index(op.f('ix_a'), 'users', ['a', 'b'], unique=True, postgresql_concurrently=True)",
            vec!["CREATE UNIQUE INDEX CONCURRENTLY ix_a ON users (a, b)"],
        ),
        (
            "with op.batch_alter_table('users') as batch_op:\n    batch_op.drop_column('a')\n    \
             batch_op.create_unique_constraint('u', ['b'])",
            vec![
                "ALTER TABLE users DROP COLUMN a",
                "ALTER TABLE users ADD CONSTRAINT u UNIQUE (b)",
            ],
        ),
        (
            "op.alter_column('users', 'a', existing_type=sa.String(5), type_=sa.Text(), nullable=False)",
            vec![
                "ALTER TABLE users ALTER COLUMN a TYPE varchar(5)",
                "ALTER TABLE users ALTER COLUMN a TYPE text",
                "ALTER TABLE users ALTER COLUMN a SET NOT NULL",
            ],
        ),
        ("op.execute(sa.text('DELETE FROM a'))", vec!["DELETE FROM a"]),
        (
            "op.create_foreign_key(None, 'a', 'b', ['b_id'], ['id'])",
            vec!["ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b (id)"],
        ),
        (
            "op.create_table('a', sa.Column('id', sa.BigInteger(), nullable=False), \
             sa.PrimaryKeyConstraint('id'), schema='x')",
            vec!["CREATE TABLE x.a (id bigint NOT NULL, PRIMARY KEY (id))"],
        ),
    ] {
        assert_eq!(sql(python), expected, "{python}");
    }
}

#[test]
fn batches_know_their_table() {
    let of = |head: &str| {
        let text = format!(
            "T = 'users'\ndef upgrade():\n    with op.batch_alter_table({head}) as b:\n        b.drop_column('a')\n"
        );
        translate(&text, "upgrade")
    };
    for head in ["T", "'users'", "table_name=T"] {
        let done = of(head);
        assert!(done.sql.starts_with("ALTER TABLE users DROP COLUMN a"), "{head}: {}", done.sql);
        assert!(done.unread.is_empty());
    }
    assert!(!of("table()").unread.is_empty());
}

#[test]
fn columns_from_elsewhere_are_unread() {
    let unread = |parts: &str| {
        translate(&format!("def upgrade():\n    op.create_table('a', {parts})\n"), "upgrade")
            .unread
            .len()
    };
    let column = "sa.Column('id', sa.Integer())";
    assert_eq!(unread(&format!("{column}, sa.CheckConstraint('id > 0')")), 0);
    for part in ["*timestamps()", "stamp()", "COLUMN", "sa.Column(name, sa.Text())"] {
        assert_eq!(unread(&format!("{column}, {part}")), 1, "{part}");
    }
}

#[test]
fn revisions_and_ways_back_are_read() {
    let text =
        "revision: str = 'b'\ndown_revision = ('a', 'x')\ndef downgrade() -> None:\n    pass\n";
    let expected = Revision { own: "b".into(), follows: vec!["a".into(), "x".into()] };
    assert_eq!(revision(text), Some(expected));
    assert_eq!(way_back(text), WayBack::Empty);
    assert_eq!(way_back("revision = 'b'\n"), WayBack::Missing);
    for there in ["op.drop_table('a')", "raise NotImplementedError('restore the backup')"] {
        let text = format!("def downgrade():\n    {there}\n");
        assert_eq!(way_back(&text), WayBack::There, "{there}");
    }
}

#[test]
fn any_text_is_read_without_harm() {
    let deep = format!("def upgrade():\n    {}", "f(".repeat(5_000));
    for text in ["", "def", "def upgrade():\n  op.add_column(", deep.as_str(), "\u{0}"] {
        let _ = translate(text, "upgrade");
        let _ = revision(text);
    }
}

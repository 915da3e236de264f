use super::{WayBack, runs_in_transaction, translate, translate_down, way_back};

fn module(body: &str) -> String {
    format!("defmodule Shop.Repo.Migrations.Case do\n  use Ecto.Migration\n\n{body}\nend\n")
}

fn lines(sql: &str) -> Vec<String> {
    sql.lines().filter(|line| *line != ";" && !line.is_empty()).map(str::to_owned).collect()
}

fn change(body: &str) -> Vec<String> {
    let done = translate(&module(&format!("def change do\n{body}\nend")));
    assert_eq!(done.unread, [], "{body}");
    lines(&done.sql)
}

#[test]
fn operations_become_statements() {
    for (elixir, expected) in [
        (
            "create table(:orders, prefix: \"shop\", primary_key: [name: :uuid, type: :binary_id]) do\n add :total, :decimal, precision: 10, scale: 2\n add :user_id, references(:users, type: :uuid), null: false\nend",
            vec![
                "CREATE TABLE shop.orders (uuid uuid PRIMARY KEY, total numeric(10,2), user_id uuid NOT NULL, \
                 CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES shop.users (id))",
            ],
        ),
        (
            "create table(\"a\", primary_key: false) do\n add :b, :bigserial, primary_key: true\n add :c, :uuid, primary_key: true\nend",
            vec!["CREATE TABLE a (b bigserial, c uuid, PRIMARY KEY (b, c))"],
        ),
        (
            "create table(:hits, options: \"PARTITION BY RANGE (at)\", primary_key: false) do\n add :at, :date\nend",
            vec!["CREATE TABLE hits (at date) PARTITION BY RANGE (at)"],
        ),
        (
            "create_if_not_exists table(:a)",
            vec!["CREATE TABLE IF NOT EXISTS a (id primary_key PRIMARY KEY)"],
        ),
        (
            "alter table(:users) do\n add :roles, {:array, :string}, default: [], null: false\n add_if_not_exists :seen, :utc_datetime_usec, default: fragment(\"now()\")\n remove_if_exists :old, :text\nend",
            vec![
                "ALTER TABLE users ADD COLUMN roles varchar(255)[] DEFAULT '{}' NOT NULL",
                "ALTER TABLE users ADD COLUMN IF NOT EXISTS seen timestamp DEFAULT now()",
                "ALTER TABLE users DROP COLUMN IF EXISTS old",
            ],
        ),
        (
            "alter table(:users), do: timestamps(type: :utc_datetime, updated_at: false, null: true)",
            vec!["ALTER TABLE users ADD COLUMN inserted_at timestamp(0)"],
        ),
        (
            "alter table(:users) do\n modify(:team_id, references(:teams, on_delete: :delete_all), from: references(:teams))\nend",
            vec![
                "ALTER TABLE users DROP CONSTRAINT users_team_id_fkey",
                "ALTER TABLE users ADD CONSTRAINT users_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id)",
            ],
        ),
        (
            "alter table(:users) do\n modify :age, :bigint, null: false, default: 0, from: {:integer, null: true}\nend",
            vec![
                "ALTER TABLE users ALTER COLUMN age TYPE integer",
                "ALTER TABLE users ALTER COLUMN age TYPE bigint",
                "ALTER TABLE users ALTER COLUMN age SET NOT NULL",
                "ALTER TABLE users ALTER COLUMN age SET DEFAULT 0",
            ],
        ),
        (
            "create index(:posts, [\"lower(title)\", :slug], concurrently: true, using: \"btree\")",
            vec![
                "CREATE INDEX CONCURRENTLY posts_lower_title_slug_index ON posts USING btree (lower(title), slug)",
            ],
        ),
        (
            "create unique_index(\"posts\", :slug, where: \"deleted_at IS NULL\")",
            vec!["CREATE UNIQUE INDEX posts_slug_index ON posts (slug) WHERE deleted_at IS NULL"],
        ),
        (
            "create index(:posts, [desc: :at, asc: :id])",
            vec!["CREATE INDEX posts_at_id_index ON posts (at, id)"],
        ),
        (
            "drop_if_exists index(:posts, [:slug], name: \"by_slug\", concurrently: true)",
            vec!["DROP INDEX CONCURRENTLY IF EXISTS by_slug"],
        ),
        (
            "create constraint(\"rooms\", :no_overlap, exclude: ~s|gist (during WITH &&)|)",
            vec!["ALTER TABLE rooms ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&)"],
        ),
        ("drop(table(:a), mode: :cascade)", vec!["DROP TABLE a CASCADE"]),
        ("drop constraint(:a, \"c\")", vec!["ALTER TABLE a DROP CONSTRAINT c"]),
        ("rename table(:a), :b, to: :c", vec!["ALTER TABLE a RENAME COLUMN b TO c"]),
        ("rename(table(:a), to: table(:b))", vec!["ALTER TABLE a RENAME TO b"]),
        ("execute(\"SELECT 1\" <> \" + 1\", \"\")", vec!["SELECT 1 + 1"]),
        ("repo().query!(\"DELETE FROM a\", [])\nflush()\n:ok", vec!["DELETE FROM a"]),
        ("Shop.Repo.delete_all(\"a\")", vec!["DELETE FROM a"]),
        (
            "from(a in \"a\", where: a.b == 1) |> repo().update_all(set: [b: 2])",
            vec!["UPDATE a SET id = id WHERE id IS NOT NULL"],
        ),
        ("\"SELECT 1\" |> execute()", vec!["SELECT 1"]),
        ("sql = \"SELECT 1\"\nexecute(sql)", vec!["SELECT 1"]),
        (
            "alter table(:a) do\n modify :b, :uuid, primary_key: true, from: :uuid\n modify :c, :uuid, primary_key: true, from: :uuid\nend",
            vec![
                "ALTER TABLE a ALTER COLUMN b TYPE uuid",
                "ALTER TABLE a ALTER COLUMN b TYPE uuid",
                "ALTER TABLE a ALTER COLUMN c TYPE uuid",
                "ALTER TABLE a ALTER COLUMN c TYPE uuid",
                "ALTER TABLE a ADD PRIMARY KEY (b, c)",
            ],
        ),
        ("drop(unique_index(:a, ~w(b c)a))", vec!["DROP INDEX a_b_c_index"]),
    ] {
        assert_eq!(change(elixir), expected, "{elixir}");
    }
}

#[test]
fn texts_keep_their_place() {
    let text = module(
        "def up do\n execute \"\"\"\n  DROP TABLE a\n  \"\"\"\nend\ndef down, do: execute(\"CREATE TABLE a (id int)\")",
    );
    let read = super::super::read::forward(
        super::super::discover::Framework::Ecto,
        &text,
        super::super::read::Setting::plain(super::super::dialect::Dialect::Postgres),
    );
    assert_eq!(read.statements.len(), 1);
    assert_eq!(text.get(read.statements[0].bytes.clone()), Some("DROP TABLE a"));
    assert_eq!(lines(&translate_down(&text).sql), ["CREATE TABLE a (id int)"]);
}

#[test]
fn what_is_computed_is_unread() {
    for body in [
        "execute \"DROP TABLE #{name()}\"",
        "execute fn -> repo().query!(\"DROP TABLE a\") end",
        "for table <- [:a, :b], do: drop(table(table))",
        "Enum.each([:a, :b], fn table -> drop table(table) end)",
        "if direction() == :up, do: execute(\"DROP TABLE a\")",
        "create table(@name)",
        "alter table(:a) do\n add :b, Shop.Kind.type()\nend",
        "create table(:a, prefix: prefix())",
        "fill(:a)",
        "repo().update_all(Shop.User, set: [a: 1])",
        "Oban.Migration.up(version: 12)",
        "create index(:a, columns())",
    ] {
        let done = translate(&module(&format!("def change do\n{body}\nend")));
        assert_eq!(done.unread.len(), 1, "{body}");
        assert_eq!(lines(&done.sql), Vec::<String>::new(), "{body}");
    }
    let partly = "create table(:a) do\n add :b, :text\n Shared.columns()\nend";
    let done = translate(&module(&format!("def change do\n{partly}\nend")));
    assert_eq!(lines(&done.sql), ["CREATE TABLE a (id primary_key PRIMARY KEY, b text)"]);
    assert_eq!(done.unread.len(), 1);
}

#[test]
fn the_way_back_is_known() {
    let of = |body: &str| way_back(&module(body));
    let in_change = |body: &str| of(&format!("def change do\n{body}\nend"));
    for reversible in [
        "create table(:a) do\n add :b, :text\nend",
        "drop index(:a, [:b])",
        "create constraint(:a, :c, check: \"b > 0\")",
        "rename table(:a), to: table(:b)",
        "alter table(:a) do\n remove :b, :text\n modify :c, :text, from: :string\nend",
        "execute \"SELECT 1\", \"SELECT 2\"",
        "for table <- [:a], do: create(index(table, [:b]))",
    ] {
        assert_eq!(in_change(reversible), WayBack::There, "{reversible}");
    }
    for (stuck, name) in [
        ("drop table(:a)", "drop"),
        ("drop constraint(:a, :c)", "drop"),
        ("execute \"SELECT 1\"", "execute"),
        ("alter table(:a) do\n remove :b\nend", "alter"),
        ("alter table(:a) do\n modify :b, :text\nend", "alter"),
        ("alter table(:a) do\n add_if_not_exists :b, :text\nend", "alter"),
    ] {
        assert_eq!(in_change(stuck), WayBack::Irreversible(name.to_owned()), "{stuck}");
    }
    assert_eq!(of("def up, do: execute(\"SELECT 1\")"), WayBack::Missing);
    assert_eq!(of("def up do\n drop table(:a)\nend\ndef down, do: :ok"), WayBack::Empty);
    assert_eq!(of("def up do\n drop table(:a)\nend\ndef down do\nend"), WayBack::Empty);
    assert_eq!(
        of("def up do\n drop table(:a)\nend\ndef down do\n raise \"no\"\nend"),
        WayBack::Declared
    );
    assert_eq!(of("def up() do\n :ok\nend\ndef down() do\n :ok\nend"), WayBack::There);
}

#[test]
fn the_transaction_can_be_switched_off() {
    assert!(runs_in_transaction(&module("")));
    assert!(runs_in_transaction(&module("@disable_migration_lock true")));
    assert!(runs_in_transaction(&module("# @disable_ddl_transaction true")));
    assert!(!runs_in_transaction(&module("  @disable_ddl_transaction true")));
}

#[test]
fn any_text_is_read_without_harm() {
    let deep = module(&format!("def change do\n{}\nend", "create table(".repeat(5_000)));
    let chain = module(&format!("def change do\nexecute {}\"a\"\nend", "\"a\" <> ".repeat(5_000)));
    let lists = module(&format!("def change do\ncreate index(:a, {}\nend", "[".repeat(5_000)));
    for text in ["", "def", "defmodule A do", &deep, &chain, &lists, "\u{0}"] {
        let _ = translate(text);
        let _ = translate_down(text);
        let _ = way_back(text);
    }
}

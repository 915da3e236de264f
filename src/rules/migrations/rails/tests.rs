use super::{WayBack, translate, way_back};

fn sql(body: &str) -> Vec<String> {
    let class = format!("class Case < ActiveRecord::Migration[7.1]\n{body}\nend\n");
    let done = translate(&class);
    done.sql.lines().filter(|line| *line != ";" && !line.is_empty()).map(str::to_owned).collect()
}

fn change(body: &str) -> Vec<String> {
    sql(&format!("def change\n{body}\nend"))
}

#[test]
fn operations_become_statements() {
    for (ruby, expected) in [
        (
            "add_column :users, :age, :integer, null: false, default: 0",
            vec!["ALTER TABLE users ADD COLUMN age integer NOT NULL DEFAULT 0"],
        ),
        (
            "add_column :users, :token, :uuid, default: 'gen_random_uuid()'",
            vec!["ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid()"],
        ),
        (
            "add_index :users, [:a, 'b'], unique: true, algorithm: :concurrently",
            vec!["CREATE UNIQUE INDEX CONCURRENTLY index_users_on_a_and_b ON users (a, b)"],
        ),
        (
            "add_reference :order_items, :user, foreign_key: { to_table: :people, validate: false }",
            vec![
                "ALTER TABLE order_items ADD COLUMN user_id bigint",
                "CREATE INDEX index_order_items_on_user_id ON order_items (user_id)",
                "ALTER TABLE order_items ADD CONSTRAINT fk_order_items_user_id FOREIGN KEY (user_id) \
                 REFERENCES people (id) NOT VALID",
            ],
        ),
        (
            "remove_columns :users, :a, :b",
            vec!["ALTER TABLE users DROP COLUMN a", "ALTER TABLE users DROP COLUMN b"],
        ),
        (
            "change_column_null :users, :name, false, 'x'",
            vec![
                "UPDATE users SET name = 'x' WHERE name IS NULL",
                "ALTER TABLE users ALTER COLUMN name SET NOT NULL",
            ],
        ),
        (
            "change_table :users do |t|\n t.string :a, :b\n t.remove :c\n t.rename :d, :e\nend",
            vec![
                "ALTER TABLE users ADD COLUMN a varchar",
                "ALTER TABLE users ADD COLUMN b varchar",
                "ALTER TABLE users DROP COLUMN c",
                "ALTER TABLE users RENAME COLUMN d TO e",
            ],
        ),
        (
            "create_join_table :users, :cities",
            vec![
                "CREATE TABLE cities_users (user_id bigint NOT NULL, city_id bigint NOT NULL, PRIMARY KEY \
                 (user_id, city_id))",
            ],
        ),
        (
            "rename_enum_value :status, from: 'a', to: \"b's\"",
            vec!["ALTER TYPE status RENAME VALUE 'a' TO 'b''s'"],
        ),
        (
            "User.where(a: nil).update_all(a: 1)",
            vec!["UPDATE users SET a = 1 WHERE id IS NOT NULL"],
        ),
        ("User.in_batches.update_all(a: 1)", vec![]),
        ("revert do\n add_column :users, :a, :text\nend", vec!["ALTER TABLE users DROP COLUMN a"]),
        (
            "reversible do |dir|\n dir.up { execute 'SELECT 1' }\n dir.down { execute 'SELECT 2' }\nend",
            vec!["SELECT 1"],
        ),
    ] {
        assert_eq!(change(ruby), expected, "{ruby}");
    }
}

#[test]
fn only_the_way_forward_is_read() {
    let both = "def up\n drop_table :a\nend\ndef down\n create_table :a\nend";
    assert_eq!(sql(both), ["DROP TABLE a"]);
    let helper = "def change\n clean :a\nend\ndef clean(x)\n execute <<~SQL.squish\n  DELETE FROM b\n SQL\nend";
    assert_eq!(sql(helper), ["  DELETE FROM b", " "]);
}

#[test]
fn computed_parts_are_named_as_unread() {
    let unread = |body: &str| {
        let class =
            format!("class Case < ActiveRecord::Migration[7.1]\ndef change\n{body}\nend\nend\n");
        translate(&class).unread.len()
    };
    assert_eq!(unread("execute \"UPDATE #{table} SET a = 1\""), 1);
    assert_eq!(unread("[:a, :b].each { |table| add_column table, :x, :text }"), 1);
    assert_eq!(unread("add_column :a, :x, :text"), 0);
}

#[test]
fn the_way_back_is_known() {
    let of = |body: &str| way_back(&format!("class A < ActiveRecord::Migration[7.1]\n{body}\nend"));
    assert_eq!(of("def change\n add_column :a, :b, :text\nend"), WayBack::There);
    assert_eq!(of("def up\n execute 'x'\nend"), WayBack::Missing);
    assert_eq!(of("def up\n execute 'x'\nend\ndef down\nend"), WayBack::Empty);
    assert_eq!(of("def up\n execute 'x'\nend\ndef down; end"), WayBack::Empty);
    assert_eq!(
        of("def up\n execute 'x'\nend\ndef down\n raise ActiveRecord::IrreversibleMigration\nend"),
        WayBack::Declared
    );
    assert_eq!(
        of("def change\n remove_column :a, :b\nend"),
        WayBack::Irreversible("remove_column".to_owned())
    );
    assert_eq!(of("def change\n remove_column :a, :b, :text\nend"), WayBack::There);
    assert_eq!(of("def change\n up_only { execute 'x' }\nend"), WayBack::There);
}

#[test]
fn any_text_is_read_without_harm() {
    let deep = format!("def change\n{}\nend", "safety_assured {".repeat(5_000));
    for text in ["", "def", "class A\ndef change\nadd_column", deep.as_str(), "\u{0}"] {
        let _ = translate(text);
        let _ = way_back(text);
    }
}

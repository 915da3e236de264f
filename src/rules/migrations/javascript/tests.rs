use super::super::discover::Framework;
use super::{has_way_back, translate};

fn sql(framework: Framework, text: &str) -> Vec<String> {
    let done = translate(framework, text, "up");
    assert!(done.unread.is_empty(), "{:?}", done.unread);
    done.sql.lines().filter(|line| *line != ";" && !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn typeorm_is_read() {
    let text = r#"
export class Add1700000000000 implements MigrationInterface {
  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "users" DROP COLUMN "age"`);
    await queryRunner.addColumn("users", new TableColumn({ name: "a", type: "int" }));
    await queryRunner.createIndex("users", new TableIndex({ name: "ix", columnNames: ["a"] }));
  }
  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE x`);
  }
}"#;
    let expected = [
        "ALTER TABLE \"users\" DROP COLUMN \"age\"",
        "ALTER TABLE users ADD COLUMN a integer NOT NULL",
        "CREATE INDEX ix ON users (a)",
    ];
    assert_eq!(sql(Framework::TypeOrm, text), expected);
    assert!(has_way_back(text));
    assert!(!has_way_back("class A { async up(q) { } async down(q) { } }"));
}

#[test]
fn knex_is_read() {
    let text = "
exports.up = async function (knex) {
  await knex.schema.alterTable('users', (table) => {
    table.string('name').notNullable().defaultTo('x');
    table.integer('team_id').references('id').inTable('teams');
    table.dropColumn('age');
    table.index(['name']);
    table.text('bio').alter();
  });
  await knex.schema.createTable('teams', (t) => { t.increments(); t.string('n', 20).unique(); });
  await knex.raw('DELETE FROM a');
  await knex('users').where({ a: 1 }).update({ b: 2 });
};
exports.down = (knex) => knex.schema.dropTable('teams');";
    let expected = [
        "ALTER TABLE users ADD COLUMN name varchar(255) NOT NULL DEFAULT 'x'",
        "ALTER TABLE users ADD COLUMN team_id integer REFERENCES teams (id)",
        "ALTER TABLE users DROP COLUMN age",
        "CREATE INDEX ON users (name)",
        "ALTER TABLE users ALTER COLUMN bio TYPE text",
        "CREATE TABLE teams (id serial PRIMARY KEY, n varchar(20) UNIQUE)",
        "DELETE FROM a",
        "UPDATE users SET b = NULL WHERE id IS NOT NULL",
    ];
    assert_eq!(sql(Framework::Knex, text), expected);
    assert!(has_way_back(text));
}

#[test]
fn sequelize_is_read() {
    let text = "
module.exports = {
  up: async (queryInterface, Sequelize) => {
    await queryInterface.addColumn('users', 'age', { type: Sequelize.INTEGER, allowNull: false, defaultValue: 0 });
    await queryInterface.addIndex('users', ['age'], { name: 'ix', concurrently: true });
    await queryInterface.sequelize.query('DROP VIEW v');
    await queryInterface.changeColumn('users', 'age', { type: Sequelize.BIGINT });
  },
  async down(queryInterface) {}
};";
    let expected = [
        "ALTER TABLE users ADD COLUMN age integer NOT NULL DEFAULT 0",
        "CREATE INDEX CONCURRENTLY ix ON users (age)",
        "DROP VIEW v",
        "ALTER TABLE users ALTER COLUMN age TYPE bigint",
    ];
    assert_eq!(sql(Framework::Sequelize, text), expected);
    assert!(!has_way_back(text));
}

#[test]
fn computed_parts_are_named_as_unread() {
    let text = "class A { async up(q) { await q.query(`DROP TABLE ${t}`); } }";
    assert_eq!(translate(Framework::TypeOrm, text, "up").unread.len(), 1);
}

#[test]
fn any_text_is_read_without_harm() {
    let deep = format!("exports.up = (knex) => {{ {} }}", "knex.schema.raw(".repeat(3_000));
    for text in ["", "exports.up =", deep.as_str(), "\u{0}"] {
        for framework in [Framework::Knex, Framework::Sequelize, Framework::TypeOrm] {
            let _ = translate(framework, text, "up");
        }
        let _ = has_way_back(text);
    }
}

use super::{edited, translate};

fn sql(text: &str) -> Vec<String> {
    let done = translate(text).unwrap();
    assert!(done.unread.is_empty(), "{:?}", done.unread);
    done.sql.lines().filter(|line| *line != ";" && !line.is_empty()).map(str::to_owned).collect()
}

const XML: &str = r#"<?xml version="1.0"?>
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog">
  <!-- <changeSet> in a remark -->
  <changeSet id="1" author="a">
    <preConditions><tableExists tableName="users"/></preConditions>
    <addColumn tableName="users">
      <column name="age" type="int" defaultValueNumeric="0"><constraints nullable="false"/></column>
    </addColumn>
    <createIndex indexName="ix" tableName="users"><column name="age"/></createIndex>
    <sql>DELETE FROM users WHERE age &lt; 0</sql>
    <rollback><dropTable tableName="users"/></rollback>
  </changeSet>
</databaseChangeLog>"#;

#[test]
fn xml_is_read() {
    let expected = [
        "ALTER TABLE users ADD COLUMN age integer NOT NULL DEFAULT 0",
        "CREATE INDEX ix ON users (age)",
        "DELETE FROM users WHERE age < 0",
    ];
    assert_eq!(sql(XML), expected);
}

#[test]
fn yaml_and_json_are_read() {
    let yaml = "
databaseChangeLog:
  - changeSet:
      id: 1
      author: a
      changes:
        - dropColumn:
            tableName: users
            columnName: age
        - addColumn:
            tableName: users
            columns:
              - column:
                  name: name
                  type: varchar(20)
                  constraints:
                    nullable: false
        - sql:
            sql: DROP TABLE x
";
    let expected = [
        "ALTER TABLE users DROP COLUMN age",
        "ALTER TABLE users ADD COLUMN name varchar(20) NOT NULL",
        "DROP TABLE x",
    ];
    assert_eq!(sql(yaml), expected);
    let json = r#"{"databaseChangeLog": [{"changeSet": {"id": "1", "author": "a", "changes": [
        {"dropTable": {"tableName": "users"}}]}}]}"#;
    assert_eq!(sql(json), ["DROP TABLE users"]);
    assert!(translate("--liquibase formatted sql\n--changeset a:1\nDROP TABLE a;").is_none());
}

#[test]
fn edited_change_sets_are_found() {
    let other = XML.replace("name=\"age\" type=\"int\"", "name=\"age\" type=\"bigint\"");
    let found = edited(XML, &other);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "a:1");
    assert!(edited(XML, &XML.replace("    ", "  ")).is_empty());
    assert!(edited(XML, &XML.replace("id=\"1\"", "id=\"2\"")).is_empty());
    let again = other.replace("author=\"a\"", "author=\"a\" runOnChange=\"true\"");
    assert!(edited(XML, &again).is_empty());
}

#[test]
fn any_text_is_read_without_harm() {
    let deep = "<a>".repeat(20_000);
    for text in ["", "<", "<a b=", "<![CDATA[", "</x>", deep.as_str(), "a: [", "\u{0}"] {
        let _ = translate(text);
        let _ = edited(text, text);
    }
}

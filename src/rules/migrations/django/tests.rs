use super::{Links, altered, field_in, irreversible, links, loops, translate};

fn file(operations: &str) -> String {
    format!(
        "class Migration(migrations.Migration):\n    dependencies = [('shop', '0001_initial')]\n    operations = [\n{operations}\n    ]\n"
    )
}

fn sql(operations: &str) -> Vec<String> {
    let done = translate(&file(operations));
    done.sql.lines().filter(|line| *line != ";" && !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn operations_become_statements() {
    for (python, expected) in [
        (
            "migrations.AddField(model_name='Order', name='note', field=models.TextField(null=True)),",
            vec!["ALTER TABLE \"order\" ADD COLUMN note text"],
        ),
        (
            "migrations.AddField('item', 'owner', models.ForeignKey(null=True, to='auth.User', on_delete=models.CASCADE)),",
            vec![
                "ALTER TABLE item ADD COLUMN owner_id bigint REFERENCES \"user\"",
                "CREATE INDEX ON item (owner_id)",
            ],
        ),
        (
            "AddIndexConcurrently('item', models.Index(fields=['a', '-b'], name='ix')),",
            vec!["CREATE INDEX CONCURRENTLY ix ON item (a, b)"],
        ),
        (
            "migrations.SeparateDatabaseAndState(database_operations=[migrations.RunSQL('DROP TABLE a', migrations.RunSQL.noop)], state_operations=[migrations.DeleteModel('b')]),",
            vec!["DROP TABLE a"],
        ),
        (
            "migrations.RunSQL([('DELETE FROM a WHERE b = %s', [1]), 'DELETE FROM c']),",
            vec!["DELETE FROM a WHERE b = %s", "DELETE FROM c"],
        ),
        ("migrations.AlterModelOptions('a', options={}),", vec![]),
        (
            "migrations.CreateModel('A', fields=[('id', models.BigAutoField(primary_key=True)), ('n', models.CharField(max_length=5))]),",
            vec!["CREATE TABLE a (id bigserial PRIMARY KEY, n varchar(5) NOT NULL)"],
        ),
    ] {
        assert_eq!(sql(python), expected, "{python}");
    }
}

#[test]
fn graph_and_ways_back_are_read() {
    let text = file("migrations.RunPython(fill),");
    let follows = vec![("shop".to_owned(), "0001_initial".to_owned())];
    assert_eq!(links(&text), Some(Links { follows, squashed: false }));
    assert_eq!(irreversible(&text), Some("RunPython"));
    assert_eq!(irreversible(&file("migrations.RunPython(fill, migrations.RunPython.noop),")), None);
    assert_eq!(irreversible(&file("migrations.RunSQL('x'),")), Some("RunSQL"));
    assert_eq!(translate(&text).unread.len(), 1);
}

#[test]
fn functions_of_run_python_are_read() {
    let run = |body: &str| {
        let operations = file("migrations.RunPython(fill, migrations.RunPython.noop),");
        let text = format!(
            "def fill(apps, schema_editor):\n    Order = apps.get_model('shop', 'Order')\n{body}\n\n\n{operations}"
        );
        let done = translate(&text);
        let sql: Vec<String> =
            done.sql.lines().filter(|it| *it != ";").map(str::to_owned).collect();
        (sql, done.unread.len(), loops(&text).len())
    };
    let all = |sql: &str| (vec![sql.to_owned()], 0, 0);
    for (body, expected) in [
        ("    Order.objects.all().update(state='new')", all("UPDATE \"order\" SET state = 'new'")),
        ("    Order.objects.filter().update(n=F('m'))", all("UPDATE \"order\" SET n = NULL")),
        (
            "    Order.objects.exclude(a=1).delete()",
            all("DELETE FROM \"order\" WHERE id IS NOT NULL"),
        ),
        (
            "    rows = Order.objects.using('default')\n    rows.delete()",
            all("DELETE FROM \"order\""),
        ),
        ("    schema_editor.execute('DROP TABLE a')", all("DROP TABLE a")),
        (
            "    with schema_editor.connection.cursor() as cursor:\n        cursor.execute('DROP TABLE a')",
            all("DROP TABLE a"),
        ),
        (
            "    for order in Order.objects.all():\n        order.save()",
            (vec!["UPDATE \"order\" SET id = id WHERE id IS NOT NULL".to_owned()], 0, 1),
        ),
        (
            "    for order in Order.objects.filter(a=1):\n        order.save()",
            (vec!["UPDATE \"order\" SET id = id WHERE id IS NOT NULL".to_owned()], 0, 0),
        ),
        ("    for order in Order.objects.all():\n        print(order)", (vec![], 1, 0)),
        ("    elsewhere(Order)", (vec![], 1, 0)),
        ("    Order = load()\n    Order.objects.all().delete()", (vec![], 1, 0)),
    ] {
        assert_eq!(run(body), expected, "{body}");
    }
}

#[test]
fn fields_are_followed_through_files() {
    let add = file("migrations.AddField('a', 'n', models.CharField(max_length=5)),");
    let alter = file("migrations.AlterField('A', 'n', models.CharField(max_length=9, null=True)),");
    assert_eq!(field_in(&add, "a", "n").map(|f| f.type_text), Some("varchar(5)".to_owned()));
    let changed = altered(&alter);
    assert_eq!(changed.len(), 1);
    assert!(changed[0].2.null && changed[0].2.type_text == "varchar(9)");
}

#[test]
fn any_text_is_read_without_harm() {
    let deep = file(&"f(".repeat(5_000));
    for text in ["", "class Migration", deep.as_str(), "\u{0}"] {
        let _ = translate(text);
        let _ = links(text);
        let _ = irreversible(text);
    }
}

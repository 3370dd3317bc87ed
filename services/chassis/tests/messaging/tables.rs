//! The tables of messages and of who changed what are the same in every service: its migrations make them, the statements in
//! here use them.

use std::path::Path;

use serde_json::Value;
use sqlx::migrate::Migrator;
use testkit::TestDatabase;

use crate::app::MIGRATOR;

/// Columns, constraints and indexes of each table of messages that there is, by its name.
async fn tables(migrator: &Migrator) -> serde_json::Map<String, Value> {
    let database = TestDatabase::new(migrator).await;
    let mut connection = database.connect().await;
    let tables: Value = sqlx::query_scalar(
        "select json_object_agg(relname, json_build_object(
           'columns', (
             select json_agg(json_build_array(attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
               pg_get_expr(adbin, adrelid)) order by attname)
             from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
             where attrelid = pg_class.oid and attnum > 0 and not attisdropped
           ),
           'constraints', (
             select json_agg(json_build_array(conname, pg_get_constraintdef(oid)) order by conname)
             from pg_constraint where conrelid = pg_class.oid
           ),
           'indexes', (select json_agg(indexdef order by indexname) from pg_indexes where tablename = relname)
         ))
         from pg_class
         where relname in ('outbox', 'outbox_stream', 'inbox', 'dead_letter', 'audit_entry') and relkind = 'r'",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    match tables {
        Value::Object(tables) => tables,
        other => panic!("no tables of messages: {other}"),
    }
}

#[tokio::test]
async fn the_tables_of_messages_are_the_same_in_every_service() {
    let expected = tables(&MIGRATOR).await;
    assert_eq!(expected.len(), 5);
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut compared = 0;
    for entry in std::fs::read_dir(services).unwrap() {
        let migrations = entry.unwrap().path().join("migrations");
        if !migrations.exists() {
            continue;
        }
        let migrator = Migrator::new(migrations.clone()).await.unwrap();
        for (table, found) in tables(&migrator).await {
            let place = format!("{table} of {}", migrations.display());
            assert_eq!(
                serde_json::to_string_pretty(&found).unwrap(),
                serde_json::to_string_pretty(&expected[&table]).unwrap(),
                "{place}"
            );
            compared += 1;
        }
    }
    // Every service has an outbox and an audit trail, and those that listen have the other two.
    assert!(compared >= 27, "only {compared} tables were compared");
}

//! The real program, killed: what it has said is so, and what it did not say is not done twice.

use std::{collections::HashMap, path::Path};

use futures::future::{join_all, select_all};
use http::StatusCode;
use psp::MIGRATOR;
use serde_json::{Value, json};
use testkit::{Child, TemporaryDirectory, TestDatabase, eventually, free_port};

use crate::app::{API_KEY, Calls};

struct Program {
    child: Child,
    calls: Calls,
}

async fn start(database: &TestDatabase, directory: &Path) -> Program {
    let key = directory.join("api-key");
    std::fs::write(&key, API_KEY).unwrap();
    let port = free_port();
    let variables = [
        ("PSP_LISTEN", format!("127.0.0.1:{port}")),
        ("PSP_DATABASE_URL", database.url()),
        ("PSP_API_KEY_FILE", key.display().to_string()),
        ("PSP_DECLINE_RATE", "0".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let program = Path::new(env!("CARGO_BIN_EXE_psp"));
    let child = Child::start(
        program,
        &["serve".to_owned()],
        &variables,
        None,
        &directory.join("log"),
    );
    let base = format!("http://127.0.0.1:{port}");
    eventually("the simulator is ready", || async {
        let answer = reqwest::get(format!("{base}/readyz")).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    Program {
        child,
        calls: Calls::new(&base),
    }
}

impl Program {
    fn kill(self) {
        self.child.signal("KILL");
        self.child.wait();
    }
}

#[tokio::test]
async fn killed_between_the_charge_and_its_answer_it_charges_once() {
    let (database, directory) = (
        TestDatabase::new(&MIGRATOR).await,
        TemporaryDirectory::new(None),
    );
    let program = start(&database, directory.path()).await;
    program
        .calls
        .set_knobs(json!({ "hangMs": 60_000 }))
        .await
        .expect(200);
    let calls = program.calls.clone();
    let hanging = async { calls.try_to_pay("key").await.unwrap_err() };
    let killed = async {
        let calls = program.calls.clone();
        eventually("the charge", || async {
            (calls.ledger().await.len() == 1).then_some(())
        })
        .await;
        program.kill();
    };
    tokio::join!(hanging, killed);
    let program = start(&database, directory.path()).await;
    let (status, intent) = program.calls.try_to_pay("key").await.unwrap();
    assert_eq!(
        (status, &intent["status"]),
        (StatusCode::OK, &json!("succeeded"))
    );
    let ledger = program.calls.ledger().await;
    assert_eq!(ledger.len(), 1);
    assert_eq!(ledger[0]["reference"], intent["latest_charge"]);
}

#[tokio::test]
async fn killed_before_the_charge_it_charges_at_the_retry() {
    let (database, directory) = (
        TestDatabase::new(&MIGRATOR).await,
        TemporaryDirectory::new(None),
    );
    let program = start(&database, directory.path()).await;
    program
        .calls
        .set_knobs(json!({ "latencyMs": 20_000 }))
        .await
        .expect(200);
    let calls = program.calls.clone();
    let twins = [calls.try_to_pay("key"), calls.try_to_pay("key")];
    let (refused, _, waiting) = select_all(twins.map(Box::pin)).await;
    assert_eq!(
        refused.unwrap().0,
        StatusCode::CONFLICT,
        "the other one is being executed"
    );
    program.kill();
    for dead in join_all(waiting).await {
        dead.unwrap_err();
    }
    let program = start(&database, directory.path()).await;
    assert!(program.calls.ledger().await.is_empty());
    program.calls.set_knobs(json!({})).await.expect(200);
    assert_eq!(
        program.calls.try_to_pay("key").await.unwrap().0,
        StatusCode::OK
    );
    assert_eq!(program.calls.ledger().await.len(), 1);
}

#[tokio::test]
async fn killed_again_and_again_under_load_each_key_is_charged_once() {
    const ROUNDS: usize = 5;
    const PAYMENTS: usize = 20;
    let (database, directory) = (
        TestDatabase::new(&MIGRATOR).await,
        TemporaryDirectory::new(None),
    );
    let mut said: HashMap<String, Value> = HashMap::new();
    for round in 0..ROUNDS {
        let program = start(&database, directory.path()).await;
        let calls = program.calls.clone();
        let knobs = json!({ "errorRateBeforeApply": 0.2, "dropAnswerRate": 0.2, "latencyJitterMs": 50, "seed": round });
        calls.set_knobs(knobs).await.expect(200);
        let keys: Vec<String> = (0..PAYMENTS)
            .map(|number| format!("{round}-{number}"))
            .collect();
        let payments = join_all(keys.iter().map(|key| calls.try_to_pay(key)));
        let killer = async {
            let enough = round * PAYMENTS + 4;
            let calls = program.calls.clone();
            eventually("some are charged", || async {
                (calls.ledger().await.len() >= enough).then_some(())
            })
            .await;
            program.kill();
        };
        let (answers, ()) = tokio::join!(payments, killer);
        for (key, answer) in keys.iter().zip(answers) {
            if let Ok((StatusCode::OK, intent)) = answer {
                said.insert(key.clone(), intent["latest_charge"].clone());
            }
        }
        let program = start(&database, directory.path()).await;
        program.calls.set_knobs(json!({})).await.expect(200);
        for key in &keys {
            let (status, intent) = program.calls.try_to_pay(key).await.unwrap();
            assert_eq!(status, StatusCode::OK, "{key}");
            let charge = said
                .entry(key.clone())
                .or_insert_with(|| intent["latest_charge"].clone());
            assert_eq!(*charge, intent["latest_charge"], "{key}");
        }
        let charged: HashMap<String, Value> = program
            .calls
            .ledger()
            .await
            .into_iter()
            .map(|entry| {
                (
                    entry["idempotencyKey"].as_str().unwrap().to_owned(),
                    entry["reference"].clone(),
                )
            })
            .collect();
        assert_eq!(charged, said);
        assert_eq!(program.calls.ledger().await.len(), (round + 1) * PAYMENTS);
    }
}

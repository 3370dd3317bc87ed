//! Who may open a socket, what may be said on it, and how it ends.

use std::time::{SystemTime, UNIX_EPOCH};

use chassis::Process;
use serde_json::json;
use testkit::{Claims, Client, TemporaryDirectory, TestDatabase, eventually};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::{
    app::{RESET_KEY, World},
    events::{Order, Person, tell},
    socket::Page,
};

const PATH: &str = "/ws/notifications";

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_is_answered_and_everything_else_closes_the_socket() {
    let world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    let mut page = app.page(&person).await;
    for _ in 0..5 {
        page.ping().await;
    }
    for (frame, code) in [
        (Message::text("ping"), 1008),
        (Message::text(r#"{"type":"subscribe","user":"x"}"#), 1008),
        (Message::text(r#"{"type":"ping","x":1}"#), 1008),
        (Message::text(""), 1008),
        (Message::binary(vec![1, 2, 3]), 1003),
        (Message::text("x".repeat(1_025)), 1009),
        (Message::binary(vec![0; 1_000_000]), 1009),
    ] {
        let mut page = app.page(&person).await;
        let shown = format!("{frame:?}").chars().take(60).collect::<String>();
        page.send(frame).await;
        assert_eq!(page.closed().await, code, "{shown}");
    }
    let mut page = app.page(&person).await;
    let not_text = Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true);
    page.send(Message::Frame(not_text)).await;
    assert_eq!(page.closed().await, 1007);
    let mut page = app.page(&person).await;
    let reserved = Frame::message(vec![], OpCode::Data(Data::Reserved(5)), true);
    page.send(Message::Frame(reserved)).await;
    assert_eq!(page.closed().await, 1002);
    let mut page = app.page(&person).await;
    for _ in 0..100 {
        page.say(r#"{"type":"ping"}"#).await;
    }
    assert_eq!(page.closed().await, 1008);
    app.anonymous.get("/readyz").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_counts_only_from_a_page_of_this_address() {
    let world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    let token = world.token(&person);
    let cookie = format!("argosy_access={token}");
    let bearer = format!("Bearer {token}");
    let own = app.url.clone();
    let open = |headers: Vec<(&'static str, String)>| {
        let url = app.url.clone();
        async move {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            Page::open_with(&url, PATH, &headers).await.map(drop)
        }
    };
    assert_eq!(open(vec![]).await, Err(401));
    assert_eq!(open(vec![("cookie", cookie.clone())]).await, Err(403));
    for foreign in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let headers = vec![("cookie", cookie.clone()), ("origin", foreign.to_owned())];
        assert_eq!(open(headers).await, Err(403), "{foreign}");
    }
    let site = vec![
        ("cookie", cookie.clone()),
        ("sec-fetch-site", "cross-site".to_owned()),
    ];
    assert_eq!(open(site).await, Err(403));
    assert_eq!(
        open(vec![("cookie", cookie), ("origin", own)]).await,
        Ok(())
    );
    // A bearer header is nothing that a browser adds by itself.
    let machine = vec![
        ("authorization", bearer),
        ("origin", "https://evil.example".to_owned()),
    ];
    assert_eq!(open(machine).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_address_never_counts() {
    let world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    let token = world.token(&person);
    for name in ["token", "access_token"] {
        let path = format!("{PATH}?{name}={token}");
        assert_eq!(
            Page::open_with(&app.url, &path, &[]).await.map(drop),
            Err(401)
        );
        assert_eq!(
            Page::open(&app.url, &path, &token).await.map(drop),
            Err(400)
        );
    }
    for after in ["-1", "x", "1.5", "99999999999999999999"] {
        let path = format!("{PATH}?after={after}");
        assert_eq!(
            Page::open(&app.url, &path, &token).await.map(drop),
            Err(400),
            "{after}"
        );
    }
    let fields = app
        .customer(&person)
        .get(&format!("{PATH}?after=x"))
        .await
        .expect_problem(400, "invalid-request");
    assert_eq!(fields, ["after"]);
    let fields = app
        .customer(&person)
        .get(PATH)
        .await
        .expect_problem(400, "invalid-request");
    assert_eq!(fields, ["Upgrade"]);
    let mut claims = Claims::new(person.id.0, "customer");
    claims.exp -= 3_600;
    for bad in [
        world.issuer.sign(&claims),
        world.issuer.unsigned(&Claims::new(person.id.0, "customer")),
        testkit::Issuer::default().token(person.id.0, "customer"),
    ] {
        assert_eq!(Page::open(&app.url, PATH, &bad).await.map(drop), Err(401));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_does_not_outlive_its_token() {
    let world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    let mut claims = Claims::new(person.id.0, "customer");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    claims.exp = i64::try_from(now).unwrap() + 2;
    let token = world.issuer.sign(&claims);
    let mut page = Page::open(&app.url, PATH, &token).await.unwrap();
    page.ping().await;
    assert_eq!(page.closed().await, 4401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_does_not_outlive_its_session() {
    let world = World::new().await;
    let (identity, _tasks, _keys) = identity().await;
    let jwks = format!("{identity}/.well-known/jwks.json");
    let app = world
        .app_with(|config| config.tokens.jwks = jwks.parse().unwrap())
        .await;
    let client = Client::new(&identity);
    let body = json!({
        "email": "ada@example.com", "password": "Demo123!", "firstName": "Ada", "lastName": "L", "role": "customer",
        "gdprConsent": true
    });
    let staying = client
        .post("/api/users/register", &body)
        .await
        .expect(201)
        .json();
    let login = json!({ "email": "ada@example.com", "password": "Demo123!" });
    let leaving = client
        .post("/api/users/login", &login)
        .await
        .expect(200)
        .json();
    let token = |session: &serde_json::Value| session["token"].as_str().unwrap().to_owned();
    let mut stays = Page::open(&app.url, PATH, &token(&staying)).await.unwrap();
    let mut leaves = Page::open(&app.url, PATH, &token(&leaving)).await.unwrap();
    leaves.ping().await;
    let out = client
        .with_token(&token(&leaving))
        .post("/api/auth/logout", &json!({}))
        .await;
    out.expect(204);
    assert_eq!(leaves.closed().await, 4403);
    stays.ping().await;
    assert_eq!(
        Page::open(&app.url, PATH, &token(&leaving)).await.map(drop),
        Err(401)
    );
}

/// The real identity service.
async fn identity() -> (String, tokio::task::JoinSet<()>, TemporaryDirectory) {
    let directory = TemporaryDirectory::new(None);
    let keys = directory.path().join("keys");
    std::fs::write(&keys, "07".repeat(32)).unwrap();
    let database = TestDatabase::new(&identity::MIGRATOR).await;
    let config = identity::ServeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: chassis::RateLimitConfig::default(),
        logins: identity::LoginLimitConfig::default(),
        database: identity::DatabaseConfig {
            database_url: database.url(),
            database_password_file: None,
        },
        broker: identity::BrokerConfig {
            nats_url: "nats://127.0.0.1:1".to_owned(),
        },
        tokens: identity::TokenConfig {
            signing_key_file: keys.to_str().unwrap().parse().unwrap(),
            token_issuer: "argosy".to_owned(),
            token_audience: "argosy".to_owned(),
            access_lifetime_s: 600,
            session_lifetime_days: 30,
        },
        reset_key_file: chassis::Secret::new(RESET_KEY),
        registrations_per_client: 50,
    };
    let app = identity::app(&config, &Process::new("identity"))
        .await
        .unwrap();
    let url = format!("http://{}", app.address().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { app.serve().await.unwrap() });
    (url, tasks, directory)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_so_many_sockets_and_no_more() {
    let world = World::new().await;
    let app = world.app_with(|config| config.sockets.sockets = 12).await;
    let (person, other, third) = (Person::new(), Person::new(), Person::new());
    let mut pages = Vec::new();
    for _ in 0..10 {
        pages.push(app.page(&person).await);
    }
    let refused = Page::open(&app.url, PATH, &world.token(&person)).await;
    assert_eq!(refused.map(drop), Err(429));
    let others = [app.page(&other).await, app.page(&other).await];
    let full = Page::open(&app.url, PATH, &world.token(&third)).await;
    assert_eq!(full.map(drop), Err(503));
    assert!((app.metric("notifications_open_sockets ").await - 12.0).abs() < f64::EPSILON);
    // Hung up without a word.
    pages.truncate(3);
    drop(others);
    eventually("the seats are free again", || async {
        ((app.metric("notifications_open_sockets ").await - 3.0).abs() < f64::EPSILON).then_some(())
    })
    .await;
    app.page(&person).await.ping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_gives_no_sign_of_life_is_let_go() {
    let world = World::new().await;
    let app = world
        .app_with(|config| {
            config.sockets.socket_ping_ms = 50;
            config.sockets.socket_idle_ms = 300;
        })
        .await;
    let (person, silent) = (Person::new(), Person::new());
    let mut page = app.page(&person).await;
    // It is not read from, so it answers no ping.
    let mut dead = app.page(&silent).await;
    // This one is: reading answers the server's pings, for longer than the limit.
    let reading = tokio::time::timeout(std::time::Duration::from_millis(900), page.closed());
    assert!(reading.await.is_err(), "a page that answers was closed");
    assert_eq!(dead.closed().await, 4408);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_read_is_cut_off_and_reads_on_later() {
    let world = World::new().await;
    let app = world
        .app_with(|config| config.sockets.socket_write_ms = 300)
        .await;
    let person = Person::new();
    tell(&world.nats, &Order::of(&person).placed()).await;
    world.handled("notifications_order_placed", 1).await;
    // More than any socket buffer holds.
    sqlx::query(
        "with moved as (update live_position set last_id = 6000)
         insert into live_update (user_id, id, body)
         select user_id, number, jsonb_set(body, '{number}', to_jsonb(repeat('x', 4000)))
         from live_update, generate_series(2, 6000) as number",
    )
    .execute(&mut world.sql().await)
    .await
    .unwrap();
    let mut page = app.page_after(&person, 0).await;
    let slow = r#"notifications_socket_closes_total{reason="slow"}"#;
    eventually("the slow page is cut off", || async {
        (app.metric(slow).await >= 1.0).then_some(())
    })
    .await;
    let (read, _) = page.rest().await;
    let last = read.last().unwrap()["id"].as_i64().unwrap();
    assert!(last < 6_000, "nothing was held back");
    let mut page = app.page_after(&person, last).await;
    for expected in last + 1..=6_000 {
        assert_eq!(page.next().await["id"], expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_told_when_the_service_ends() {
    let world = World::new().await;
    let (app, next) = (world.app().await, world.app().await);
    let person = Person::new();
    let mut pages = [app.page(&person).await, app.page(&person).await];
    tell(&world.nats, &Order::of(&person).placed()).await;
    for page in &mut pages {
        assert_eq!(page.next().await["id"], 1);
    }
    let mut ending = tokio::task::JoinSet::new();
    ending.spawn(app.end());
    for page in &mut pages {
        assert_eq!(page.closed().await, 1001);
    }
    ending.join_next().await.unwrap().unwrap();
    tell(&world.nats, &Order::of(&person).placed()).await;
    let mut page = next.page_after(&person, 1).await;
    assert_eq!(page.next().await["id"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_does_not_close_the_socket() {
    let world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    let mut page = app.page(&person).await;
    world.database.take_away().await;
    tell(&world.nats, &Order::of(&person).placed()).await;
    page.ping().await;
    let refused = Page::open(&app.url, PATH, &world.token(&person)).await;
    assert_eq!(refused.map(drop), Err(503));
    world.database.give_back().await;
    assert_eq!(page.next().await["id"], 1);
}

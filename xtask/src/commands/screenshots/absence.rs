//! The shop while a part of it is away, for pictures of what it still serves.
//!
//! Nothing that runs is stopped. For each absence there is one more storefront, which finds an address where only errors come
//! from in place of that part, behind a door of its own in the running edge.

use std::{
    collections::BTreeMap,
    process::Stdio,
    time::{Duration, Instant},
};

use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::{
    http,
    journeys::World,
    model::Name,
    paths,
    render::{self, HostPlaces},
    session::Session,
    side_door::{SideDoor, free_address},
};

const STOREFRONT: &str = "storefront";
const START: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// What is away, and how the storefront would reach it.
struct Part {
    /// Names the pictures.
    name: &'static str,
    /// The component that it belongs to, and the storefront's variable with its address.
    component: &'static str,
    variable: &'static str,
    /// Paths at which nothing answers; the others do.
    paths: &'static [&'static str],
}

const PARTS: [Part; 8] = [
    Part::whole("cart", "STOREFRONT_CART_URL"),
    Part::whole("catalog", "STOREFRONT_CATALOG_URL"),
    Part::whole("inventory", "STOREFRONT_INVENTORY_URL"),
    Part::whole("notifications", "STOREFRONT_NOTIFICATIONS_URL"),
    Part::whole("orders", "STOREFRONT_ORDERS_URL"),
    Part::whole("payments", "STOREFRONT_PAYMENTS_URL"),
    Part {
        name: "recommendations",
        component: "catalog",
        variable: "STOREFRONT_CATALOG_URL",
        paths: &["/api/products"],
    },
    Part {
        name: "search",
        component: "catalog",
        variable: "STOREFRONT_CATALOG_URL",
        paths: &["/api/search"],
    },
];

impl Part {
    const fn whole(component: &'static str, variable: &'static str) -> Self {
        Self {
            name: component,
            component,
            variable,
            paths: &["/*"],
        }
    }
}

/// The doors, which must be shut by [`Absences::end`].
pub(super) struct Absences {
    doors: Vec<SideDoor>,
    /// End when this is dropped.
    storefronts: Vec<Child>,
    /// What is away, and where the shop without it is.
    pub(super) shops: Vec<(&'static str, String)>,
}

impl Absences {
    /// Opens a door for each part.
    pub(super) async fn begin(session: &Session, world: &World) -> Result<Self, String> {
        let mut absences = Self {
            doors: Vec::new(),
            storefronts: Vec::new(),
            shops: Vec::new(),
        };
        let variables = variables(session)?;
        for part in &PARTS {
            if let Err(error) = absences.add(session, world, part, &variables).await {
                // What is open already must not stay so.
                absences.end().await?;
                return Err(format!("the shop without {}: {error}", part.name));
            }
        }
        Ok(absences)
    }

    async fn add(
        &mut self,
        session: &Session,
        world: &World,
        part: &Part,
        variables: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        let upstream = world.address(part.component, "http")?;
        let away = json!({ "match": [{ "path": part.paths }], "handle": [{ "handler": "static_response", "status_code": 503 }] });
        let broken = self
            .open(
                world,
                &format!("{}-away", part.name),
                &[away, proxy(&upstream)],
            )
            .await?;
        let storefront = free_address()?;
        let program = paths::binary(&session.cargo.target, session.environment.build, STOREFRONT);
        let child = Command::new(program)
            .arg("serve")
            .env_clear()
            .envs(variables)
            .env("STOREFRONT_LISTEN", &storefront)
            .env(part.variable, format!("http://{broken}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start a storefront: {error}"))?;
        self.storefronts.push(child);
        answers(&storefront).await?;
        let edge = world.address("caddy", "http")?;
        let mut pictures = proxy(&edge);
        pictures["match"] = json!([{ "path": ["/images/*"] }]);
        let door = self
            .open(world, part.name, &[pictures, proxy(&storefront)])
            .await?;
        self.shops.push((
            part.name,
            format!("http://{}", door.replace("127.0.0.1", "localhost")),
        ));
        Ok(())
    }

    /// Gives the address.
    async fn open(
        &mut self,
        world: &World,
        name: &str,
        routes: &[Value],
    ) -> Result<String, String> {
        let door = SideDoor::open(world, &format!("without-{name}"), routes).await?;
        let address = door.address.clone();
        self.doors.push(door);
        Ok(address)
    }

    /// Shuts every door.
    pub(super) async fn end(self) -> Result<(), String> {
        for door in self.doors {
            door.close().await?;
        }
        Ok(())
    }
}

fn proxy(upstream: &str) -> Value {
    json!({ "handle": [{ "handler": "reverse_proxy", "upstreams": [{ "dial": upstream }] }] })
}

/// What the running storefront is started with.
fn variables(session: &Session) -> Result<BTreeMap<String, String>, String> {
    let places = HostPlaces {
        paths: session.paths.clone(),
    };
    let templates = render::read::templates(&session.paths.project, &session.environment)
        .map_err(|found| format!("{found:?}"))?;
    let rendered = render::render(&session.environment, &templates, &places)
        .map_err(|found| format!("{found:?}"))?;
    let is_storefront = |name: &Name| name.as_str() == STOREFRONT;
    let unit = rendered
        .units
        .into_iter()
        .find(|(name, _)| is_storefront(name));
    unit.map(|(_, unit)| unit.env)
        .ok_or_else(|| "the model has no storefront".to_owned())
}

/// Waits until a storefront serves.
async fn answers(address: &str) -> Result<(), String> {
    let started = Instant::now();
    loop {
        match http::get(&format!("http://{address}/livez")).await {
            Ok(answer) if answer.status == StatusCode::OK => return Ok(()),
            Ok(answer) if started.elapsed() > START => {
                return Err(format!("the storefront answers {}", answer.status));
            }
            Err(error) if started.elapsed() > START => return Err(error),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

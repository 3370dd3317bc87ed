//! A shopper registers, fills a cart, buys, pays, gets the e-mail and the live update, and finds the order; an administrator
//! then gives the money back, so that a probe takes nothing from the shop.

use std::time::{Duration, Instant};

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    World,
    customer::{Customer, expect, text},
    live::{self, Socket},
    trip::{Found, Trip, eventually},
};
use crate::http::{self, encode};

const CART: [&str; 3] = ["caddy", "cart", "catalog"];
const PAGES: [&str; 4] = ["caddy", "storefront", "cart", "orders"];
const ORDER: [&str; 4] = ["caddy", "orders", "inventory", "catalog"];
const PAYMENT: [&str; 5] = ["caddy", "orders", "payments", "psp", "nats"];
/// A payment that never fails at the simulator.
const PAYMENT_METHOD: &str = "pm_card_visa";
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn travel(trip: &mut Trip<'_>) {
    let world = trip.world;
    // A stack that charges real cards is not bought from by a probe.
    if !["orders", "payments", "inventory", "cart", "psp"]
        .iter()
        .all(|name| world.has(name))
    {
        return;
    }
    let Some(customer) = trip
        .hop("register and log in", &["caddy", "identity"], async {
            let customer = Customer::register(world).await?;
            let email = customer.email.clone();
            Ok((customer, email))
        })
        .await
    else {
        return;
    };
    let Some(goods) = trip
        .hop(
            "something in stock",
            &["caddy", "catalog", "inventory"],
            something_in_stock(world),
        )
        .await
    else {
        return;
    };
    trip.hop("into the cart", &CART, fill_cart(&customer, &goods))
        .await;
    trip.hop(
        "cart page",
        &PAGES,
        page_with(&customer, "/cart", "Check out"),
    )
    .await;
    let mut socket = trip
        .hop(
            "live updates",
            &["caddy", "notifications"],
            live::listen(world, &customer),
        )
        .await;
    let bought = buy(trip, &customer, &goods, socket.as_mut()).await;
    if let Some(order) = bought {
        give_back(trip, &customer, &order).await;
    }
}

/// From the order to the empty cart. The order comes back when it is paid.
async fn buy(
    trip: &mut Trip<'_>,
    customer: &Customer,
    goods: &Goods,
    socket: Option<&mut Socket>,
) -> Option<Order> {
    let world = trip.world;
    let ordered = Instant::now();
    let order = trip.hop("order", &ORDER, place(customer, goods)).await?;
    let paid = trip
        .hop("paid", &PAYMENT, wait_until_paid(customer, &order))
        .await;
    if let Some(socket) = socket {
        trip.hop(
            "told live",
            &["caddy", "notifications", "nats"],
            live::hear(socket, &order.id),
        )
        .await;
    }
    if world.shows_mail() {
        trip.hop(
            "e-mail",
            &["notifications", "mailbox"],
            eventually(PATIENCE, || find_mail(world, &order, ordered)),
        )
        .await;
    }
    trip.hop("in the history", &ORDER, in_history(customer, &order))
        .await;
    trip.hop(
        "order page",
        &PAGES,
        page_with(customer, &format!("/orders/{}", order.id), &order.number),
    )
    .await;
    trip.hop(
        "dashboard in one call",
        &["caddy", "orders", "identity", "catalog"],
        dashboard(customer),
    )
    .await;
    trip.hop(
        "the cart is empty again",
        &CART,
        eventually(PATIENCE, || empty_cart(customer)),
    )
    .await;
    paid.map(|()| order)
}

/// A probe takes nothing from the shop.
async fn give_back(trip: &mut Trip<'_>, customer: &Customer, order: &Order) {
    let world = trip.world;
    trip.hop("charged once", &["psp"], charged_once(world, order))
        .await;
    trip.hop("money back", &PAYMENT, refund(world, customer, order))
        .await;
}

struct Goods {
    product: String,
    variant: String,
    price: String,
}

struct Order {
    id: String,
    number: String,
}

async fn something_in_stock(world: &World) -> Found<Goods> {
    let list = world
        .get_ok("/api/products?limit=24&sort=price")
        .await?
        .json()?;
    for product in list["items"].as_array().into_iter().flatten() {
        let id = text(product, "id")?;
        let stock = world
            .get_ok(&format!("/api/inventory/{id}"))
            .await?
            .json()?;
        let found = stock["variants"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|variant| variant["available"].as_i64().unwrap_or(0) >= 2);
        let Some(variant) = found else { continue };
        let variant = text(variant, "variantId")?;
        let detail = world.get_ok(&format!("/api/products/{id}")).await?.json()?;
        let price = detail["variants"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["id"] == variant.as_str())
            .and_then(|one| one["price"]["amount"].as_str())
            .ok_or_else(|| format!("variant {variant} of {id} has no price"))?;
        let goods = Goods {
            product: id,
            variant,
            price: price.to_owned(),
        };
        let name = text(&detail, "name")?;
        return Ok((goods, format!("{name} for {price}")));
    }
    Err(format!(
        "nothing is in stock: {} fills the shelves",
        world.command("up")
    ))
}

async fn fill_cart(customer: &Customer, goods: &Goods) -> Found<()> {
    let body = json!({ "productId": goods.product, "variantId": goods.variant, "quantity": 1 });
    let answer = customer
        .send(Method::POST, "/api/cart/items", Some(&body), &[])
        .await?;
    if !answer.status.is_success() {
        return Err(format!(
            "POST /api/cart/items answers with {}: {}",
            answer.status,
            answer.excerpt()
        ));
    }
    let cart = customer.get_ok("/api/cart").await?;
    let subtotal = &cart["subtotal"]["amount"];
    if subtotal != &json!(goods.price) {
        return Err(format!(
            "the cart costs {subtotal}, expected {}",
            goods.price
        ));
    }
    Ok(((), format!("{} in all", goods.price)))
}

async fn place(customer: &Customer, goods: &Goods) -> Found<Order> {
    let key = uuid::Uuid::new_v4().to_string();
    let body = json!({
        "items": [{
            "productId": goods.product, "variantId": goods.variant, "quantity": 1, "price": goods.price,
        }],
        "shippingAddress": {
            "street": "123 Main St", "city": "London", "state": "UK", "zipCode": "SW1A", "country": "UK",
        },
        "paymentMethod": PAYMENT_METHOD,
    });
    let post = async || {
        let headers = [("idempotency-key", key.as_str())];
        let answer = customer
            .send(Method::POST, "/api/orders", Some(&body), &headers)
            .await?;
        expect(&answer, "POST /api/orders", StatusCode::CREATED)
    };
    let order = post().await?;
    if order["state"] != "PENDING" || order["version"] != 1 {
        return Err(format!("the order begins as {order}"));
    }
    let again = post().await?;
    if again["id"] != order["id"] {
        return Err("the same key made a second order".to_owned());
    }
    let order = Order {
        id: text(&order, "id")?,
        number: text(&order, "number")?,
    };
    let detail = format!("{}, once for two requests", order.number);
    Ok((order, detail))
}

async fn wait_until_paid(customer: &Customer, order: &Order) -> Found<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut version = 0;
    loop {
        let path = format!("/api/orders/{}?after_version={version}", order.id);
        let found = match customer.get(&path).await {
            Ok(answer) => expect(&answer, &path, StatusCode::OK)?,
            // A long poll that has nothing to say yet.
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => continue,
        };
        version = found["version"].as_i64().unwrap_or(0);
        if found["state"] == "PAID" {
            if version != 3 {
                return Err(format!("it is paid at version {version}, expected 3"));
            }
            let turns = found["timeline"].as_array().map_or(0, Vec::len);
            return Ok(((), format!("at version 3, {turns} turns")));
        }
        if Instant::now() > deadline {
            return Err(format!("it is {} at version {version}", found["state"]));
        }
    }
}

async fn find_mail(world: &World, order: &Order, ordered: Instant) -> Found<()> {
    let path = format!("/mail/api/v1/messages?subject={}", encode(&order.number));
    let list = world.get_ok(&path).await?.json()?;
    let subject = list
        .pointer("/messages/0/subject")
        .and_then(Value::as_str)
        .ok_or_else(|| format!("no mail about {} has arrived", order.number))?;
    let after = ordered.elapsed().as_millis();
    Ok((
        (),
        format!("\"{subject}\", there {after} ms after the order"),
    ))
}

async fn in_history(customer: &Customer, order: &Order) -> Found<()> {
    let history = customer.get_ok("/api/orders").await?;
    let listed = history["items"]
        .as_array()
        .is_some_and(|items| items.iter().any(|item| item["id"] == order.id.as_str()));
    if listed {
        Ok(((), format!("{} in all", history["totalCount"])))
    } else {
        Err(format!("{} is not listed", order.number))
    }
}

async fn page_with(customer: &Customer, path: &str, expected: &str) -> Found<()> {
    let page = customer.page(path).await?;
    if page.contains(expected) {
        Ok(((), format!("{} kB of HTML", page.len().div_ceil(1000))))
    } else {
        Err(format!("{path} does not show `{expected}`"))
    }
}

async fn dashboard(customer: &Customer) -> Found<()> {
    let dashboard = customer
        .get_ok(&format!("/api/user-dashboard/{}", customer.id))
        .await?;
    let degraded = dashboard["degraded"].as_array().map_or(0, Vec::len);
    if degraded > 0 {
        return Err(format!("parts are missing: {}", dashboard["degraded"]));
    }
    Ok(((), "account, orders and products".to_owned()))
}

async fn empty_cart(customer: &Customer) -> Found<()> {
    let cart = customer.get_ok("/api/cart").await?;
    let lines = cart["lines"]
        .as_array()
        .or(cart["items"].as_array())
        .map_or(0, Vec::len);
    if lines == 0 {
        Ok(((), "what was bought has left it".to_owned()))
    } else {
        Err(format!("{lines} lines are still in it"))
    }
}

async fn charged_once(world: &World, order: &Order) -> Found<()> {
    let url = format!("http://{}/_simulator/ledger", world.address("psp", "http")?);
    let mut after = 0;
    let mut charges = 0;
    loop {
        let page = http::get(&format!("{url}?after={after}")).await?.json()?;
        let entries = page["entries"].as_array().cloned().unwrap_or_default();
        charges += entries
            .iter()
            .filter(|entry| {
                entry["kind"] == "charge" && entry["metadata"]["order_id"] == order.id.as_str()
            })
            .count();
        match entries.last().and_then(|entry| entry["entry"].as_i64()) {
            Some(last) if last > after => after = last,
            _ => break,
        }
    }
    if charges == 1 {
        Ok(((), "in the provider's own ledger".to_owned()))
    } else {
        Err(format!("the provider has charged {charges} times"))
    }
}

async fn refund(world: &World, customer: &Customer, order: &Order) -> Found<()> {
    let administrator = Customer::administrator(world).await?;
    let key = uuid::Uuid::new_v4().to_string();
    let path = format!("/api/orders/{}/refunds", order.id);
    let body = json!({ "reason": "A probe gives back what it bought" });
    let answer = administrator
        .send(
            Method::POST,
            &path,
            Some(&body),
            &[("idempotency-key", &key)],
        )
        .await?;
    if !answer.status.is_success() {
        return Err(format!(
            "POST {path} answers with {}: {}",
            answer.status,
            answer.excerpt()
        ));
    }
    let path = format!("/api/orders/{}", order.id);
    eventually(PATIENCE, async || {
        let found = customer.get_ok(&path).await?;
        if found["state"] == "REFUNDED" {
            Ok((
                (),
                "in full, and the goods are back on the shelf".to_owned(),
            ))
        } else {
            Err(format!("it is {}", found["state"]))
        }
    })
    .await
}

//! Invariants between databases that may not read each other: read here, compared here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, de::DeserializeOwned};

use crate::{database::Database, journeys::World};

/// Something that is true of several databases together.
pub(super) struct Comparison {
    pub(super) id: &'static str,
    pub(super) about: &'static str,
    /// What breaks it.
    pub(super) find: fn(&Books) -> Vec<String>,
}

pub(super) const COMPARISONS: &[Comparison] = &[
    Comparison {
        id: "money-is-what-orders-say",
        about: "Captured less given back, in the provider's own ledger, is an order's total less its refunds when it is paid, and nothing when it is not.",
        find: money_is_what_orders_say,
    },
    Comparison {
        id: "money-books-agree",
        about: "Our ledger of money and the provider's have the same entries.",
        find: books_agree,
    },
    Comparison {
        id: "money-amount-is-the-total",
        about: "A payment is for its order's total.",
        find: amount_is_the_total,
    },
    Comparison {
        id: "stock-belongs-to-orders",
        about: "Paid orders have exactly their goods, ended ones have none, and no goods are given to an order that does not exist.",
        find: stock_belongs_to_orders,
    },
    Comparison {
        id: "mail-for-every-turn",
        about: "Each order has its mails.",
        find: mail_for_every_turn,
    },
];

/// What the databases say.
pub(super) struct Books {
    orders: BTreeMap<String, Order>,
    payments: Vec<Payment>,
    ours: Vec<Entry>,
    theirs: Vec<Entry>,
    holds: BTreeMap<String, Hold>,
    mails: BTreeSet<(String, String)>,
}

#[derive(Deserialize)]
struct Order {
    id: String,
    number: String,
    state: String,
    stock: String,
    total_minor: i64,
    refunded_minor: i64,
    currency: String,
    quantity: i64,
    was_paid: bool,
}

#[derive(Deserialize)]
struct Payment {
    order_id: String,
    amount_minor: i64,
    currency: String,
}

#[derive(Deserialize)]
struct Entry {
    order_id: Option<String>,
    kind: String,
    /// The provider's names for it: of the movement, and of the intent that it belongs to.
    names: Vec<String>,
    amount: i64,
    currency: String,
}

#[derive(Deserialize)]
struct Hold {
    order_id: String,
    state: String,
    quantity: i64,
}

#[derive(Deserialize)]
struct Mail {
    order_id: String,
    template: String,
}

async fn read<T: DeserializeOwned>(
    world: &World,
    service: &str,
    query: &str,
) -> Result<Vec<T>, String> {
    let rows = Database::of(world, service)?.rows(query, &[]).await?;
    rows.into_iter()
        .map(|row| serde_json::from_value(row).map_err(|error| format!("BUG: {service}: {error}")))
        .collect()
}

impl Books {
    pub(super) async fn open(world: &World) -> Result<Self, String> {
        let orders: Vec<Order> = read(
            world,
            "orders",
            "select id, number, state, stock, total_minor, refunded_minor, currency,
               (select coalesce(sum(quantity), 0) from order_line where order_id = orders.id) as quantity,
               exists (select 1 from order_history h where h.order_id = orders.id and h.to_state = 'PAID') as was_paid
             from orders",
        )
        .await?;
        let holds: Vec<Hold> = read(
            world,
            "inventory",
            "select order_id, state,
               (select coalesce(sum(quantity), 0) from hold_line where hold_line.order_id = hold.order_id) as quantity
             from hold",
        )
        .await?;
        let mails: Vec<Mail> = read(
            world,
            "notifications",
            "select order_id, template from email where order_id is not null",
        )
        .await?;
        Ok(Self {
            orders: orders
                .into_iter()
                .map(|order| (order.id.clone(), order))
                .collect(),
            payments: read(
                world,
                "payments",
                "select order_id, amount_minor, currency from payment where amount_minor is not null",
            )
            .await?,
            ours: read(
                world,
                "payments",
                "select p.order_id, l.kind, array[l.psp_ref] as names, l.amount_minor as amount, lower(l.currency) as currency
                 from money_ledger l join payment p on p.id = l.payment_id",
            )
            .await?,
            theirs: read(
                world,
                "psp",
                "select l.metadata->>'order_id' as order_id, l.kind, array[l.reference, l.payment_intent] as names, l.amount, l.currency
                 from psp_ledger l",
            )
            .await?,
            holds: holds
                .into_iter()
                .map(|hold| (hold.order_id.clone(), hold))
                .collect(),
            mails: mails
                .into_iter()
                .map(|mail| (mail.order_id, mail.template))
                .collect(),
        })
    }
}

/// Whether the saga of an order in this state is at rest.
fn is_settled(order: &Order) -> bool {
    !matches!(
        order.state.as_str(),
        "PENDING" | "PAYMENT_PENDING" | "CANCELLING"
    )
}

fn money_is_what_orders_say(books: &Books) -> Vec<String> {
    let mut net: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in &books.theirs {
        let sign = if entry.kind == "charge" { 1 } else { -1 };
        *net.entry(entry.order_id.as_deref().unwrap_or(""))
            .or_default() += sign * entry.amount;
    }
    let mut broken = Vec::new();
    for order in books.orders.values().filter(|order| is_settled(order)) {
        let expected = match order.state.as_str() {
            "PAID" | "SHIPPED" | "DELIVERED" => order.total_minor - order.refunded_minor,
            _ => 0,
        };
        let found = net.get(order.id.as_str()).copied().unwrap_or(0);
        if found != expected {
            broken.push(format!(
                "order {} is {}: the provider keeps {found} of it, expected {expected}",
                order.number, order.state
            ));
        }
    }
    let strangers = net
        .iter()
        .filter(|(id, net)| **net != 0 && !books.orders.contains_key(**id));
    broken.extend(strangers.map(|(id, net)| {
        format!("the provider keeps {net} for an order {id:?} that does not exist")
    }));
    broken
}

fn books_agree(books: &Books) -> Vec<String> {
    let mut broken = Vec::new();
    let is_same = |one: &Entry, other: &Entry| {
        one.kind == other.kind
            && one.amount == other.amount
            && one.currency == other.currency
            && one.order_id == other.order_id
            && one.names.iter().any(|name| other.names.contains(name))
    };
    let mut by_order: BTreeMap<(&str, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in &books.ours {
        by_order
            .entry((entry.order_id.as_deref().unwrap_or(""), &entry.kind))
            .or_default()
            .push(entry);
    }
    for theirs in &books.theirs {
        let key = (
            theirs.order_id.as_deref().unwrap_or(""),
            theirs.kind.as_str(),
        );
        let ours = by_order.entry(key).or_default();
        match ours.iter().position(|ours| is_same(ours, theirs)) {
            Some(position) => drop(ours.swap_remove(position)),
            None => broken.push(format!(
                "the provider has a {} of {} for order {} that we do not have",
                theirs.kind, theirs.amount, key.0
            )),
        }
    }
    for ((order, kind), left) in by_order {
        broken.extend(left.iter().map(|entry| {
            format!(
                "we have a {kind} of {} for order {order} that the provider does not have",
                entry.amount
            )
        }));
    }
    broken
}

fn amount_is_the_total(books: &Books) -> Vec<String> {
    let mut broken = Vec::new();
    for payment in &books.payments {
        match books.orders.get(&payment.order_id) {
            None => broken.push(format!(
                "there is a payment for an order {} that does not exist",
                payment.order_id
            )),
            Some(order)
                if order.total_minor != payment.amount_minor
                    || order.currency != payment.currency =>
            {
                broken.push(format!(
                    "order {} costs {}, its payment is for {}",
                    order.number, order.total_minor, payment.amount_minor
                ));
            }
            Some(_) => {}
        }
    }
    broken
}

fn stock_belongs_to_orders(books: &Books) -> Vec<String> {
    let mut broken = Vec::new();
    for order in books.orders.values().filter(|order| is_settled(order)) {
        let hold = books.holds.get(&order.id);
        let state = hold.map_or("none", |hold| hold.state.as_str());
        let is_right = match order.state.as_str() {
            "PAID" | "SHIPPED" | "DELIVERED" => {
                state == "COMMITTED"
                    && order.stock == "COMMITTED"
                    && hold.is_some_and(|hold| hold.quantity == order.quantity)
            }
            // What has been sent does not come back by being paid back.
            "REFUNDED" if order.stock == "COMMITTED" => state == "COMMITTED",
            _ => matches!(state, "RELEASED" | "EXPIRED" | "none"),
        };
        if !is_right {
            let units = hold.map_or(0, |hold| hold.quantity);
            broken.push(format!(
                "order {} is {} and {} with {} units; its hold is {state} with {units}",
                order.number, order.state, order.stock, order.quantity
            ));
        }
    }
    let strangers = books
        .holds
        .values()
        .filter(|hold| hold.state == "COMMITTED" && !books.orders.contains_key(&hold.order_id));
    broken.extend(strangers.map(|hold| {
        format!(
            "goods are given to an order {} that does not exist",
            hold.order_id
        )
    }));
    broken
}

fn mail_for_every_turn(books: &Books) -> Vec<String> {
    let mut broken = Vec::new();
    for order in books.orders.values().filter(|order| is_settled(order)) {
        let mut owed = vec!["order_placed"];
        if order.was_paid {
            owed.push("order_paid");
        }
        owed.extend(match order.state.as_str() {
            "SHIPPED" => Some("order_shipped"),
            "CANCELLED" => Some("order_cancelled"),
            "FAILED" => Some("order_failed"),
            "REFUNDED" => Some("order_refunded"),
            _ => None,
        });
        for template in owed {
            if !books
                .mails
                .contains(&(order.id.clone(), template.to_owned()))
            {
                broken.push(format!("order {} has no mail {template}", order.number));
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(state: &str, stock: &str) -> Order {
        serde_json::from_value(json!({
            "id": "1", "number": "ARG-1", "state": state, "stock": stock, "total_minor": 100, "refunded_minor": 0,
            "currency": "EUR", "quantity": 2, "was_paid": state == "PAID",
        }))
        .unwrap()
    }

    fn entry(kind: &str, amount: i64) -> Entry {
        Entry {
            order_id: Some("1".to_owned()),
            kind: kind.to_owned(),
            names: vec![format!("{kind}-{amount}")],
            amount,
            currency: "eur".to_owned(),
        }
    }

    fn hold(state: &str, quantity: i64) -> Hold {
        Hold {
            order_id: "1".to_owned(),
            state: state.to_owned(),
            quantity,
        }
    }

    /// One paid order with everything that belongs to it.
    fn books() -> Books {
        let payment = Payment {
            order_id: "1".to_owned(),
            amount_minor: 100,
            currency: "EUR".to_owned(),
        };
        let mails = ["order_placed", "order_paid"];
        Books {
            orders: [("1".to_owned(), order("PAID", "COMMITTED"))].into(),
            payments: vec![payment],
            ours: vec![entry("charge", 100)],
            theirs: vec![entry("charge", 100)],
            holds: [("1".to_owned(), hold("COMMITTED", 2))].into(),
            mails: mails
                .map(|template| ("1".to_owned(), template.to_owned()))
                .into(),
        }
    }

    fn broken(books: &Books) -> Vec<&'static str> {
        COMPARISONS
            .iter()
            .filter(|comparison| !(comparison.find)(books).is_empty())
            .map(|comparison| comparison.id)
            .collect()
    }

    #[test]
    fn what_agrees_is_accepted() {
        assert_eq!(broken(&books()), Vec::<&str>::new());
    }

    #[test]
    fn every_disagreement_is_found() {
        let mut twice = books();
        twice.theirs.push(entry("charge", 100));
        assert_eq!(
            broken(&twice),
            ["money-is-what-orders-say", "money-books-agree"]
        );

        let mut unknown = books();
        unknown.theirs.clear();
        assert_eq!(
            broken(&unknown),
            ["money-is-what-orders-say", "money-books-agree"]
        );

        let mut wrong = books();
        wrong.payments[0].amount_minor = 1;
        assert_eq!(broken(&wrong), ["money-amount-is-the-total"]);

        let mut short = books();
        short.holds.insert("1".to_owned(), hold("COMMITTED", 1));
        assert_eq!(broken(&short), ["stock-belongs-to-orders"]);

        let mut released = books();
        released.holds.insert("1".to_owned(), hold("RELEASED", 2));
        assert_eq!(broken(&released), ["stock-belongs-to-orders"]);

        let mut silent = books();
        silent.mails.clear();
        assert_eq!(broken(&silent), ["mail-for-every-turn"]);

        let mut cancelled = books();
        cancelled
            .orders
            .insert("1".to_owned(), order("CANCELLED", "GONE"));
        assert_eq!(
            broken(&cancelled),
            [
                "money-is-what-orders-say",
                "stock-belongs-to-orders",
                "mail-for-every-turn"
            ]
        );

        let mut nobody = books();
        nobody.orders.clear();
        assert_eq!(
            broken(&nobody),
            [
                "money-is-what-orders-say",
                "money-amount-is-the-total",
                "stock-belongs-to-orders"
            ]
        );
    }
}

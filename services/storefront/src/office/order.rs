//! `GET /office/orders/{order}`: an order with its lines, its timeline, its money and its mails. A vendor sees what is sold of
//! their own products; money and mails are for admins.

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;

use super::{
    answers::{Item, Mail, Order, Payment, Refund, Turn},
    details::DetailsPage,
    mails,
    orders::{self, PATH, path},
    outcome::fail,
    parts::{Cell, Frame, Table, Tone},
    staff::Staff,
};
use crate::{Storefront, links::Link, pages::failure::Failure, services::Error};

#[derive(Debug, Deserialize)]
struct Mails {
    items: Vec<Mail>,
}

/// The order, as far as whoever asks may see it.
pub(super) async fn find(
    storefront: &Storefront,
    staff: &Staff,
    id: &str,
) -> Result<Order, Failure> {
    let id: contracts::OrderId = id
        .parse()
        .map_err(|_| Failure::NotFound("There is no such order."))?;
    let api = format!("/api/orders/{id}");
    let orders = &storefront.office().orders;
    orders.get(&staff.visit, &api).await.map_err(fail)
}

/// `GET /office/orders/{order}`
pub(crate) async fn order(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let order = find(&storefront, &staff, &id).await?;
    let trail = vec![Link::new("Orders", PATH)];
    let frame = Frame::new(&staff, PATH, trail, &format!("Order {}", order.number));
    let mut page = DetailsPage::new(frame, path(&order.id))
        .fact("State", orders::state(&order.state))
        .fact("Ordered", Cell::time(order.created_at))
        .fact(
            if staff.is_admin { "Total" } else { "Your part" },
            Cell::money(order.total),
        )
        .maybe("Reason", order.reason.clone())
        .maybe("Carrier", order.carrier.clone())
        .maybe("Tracking number", order.tracking_number.clone())
        .maybe("Sent to", address(&order))
        .section("Lines", lines(&order.items));
    if staff.is_admin {
        page = with_money(&storefront, &staff, &order, page).await;
        page = with_mails(&storefront, &staff, &order, page).await;
    }
    with_actions(
        page.section("Timeline", timeline(&order.timeline)),
        &staff,
        &order,
    )
    .show(&storefront)
    .await
}

/// What can be done in the state that the order is in.
fn with_actions(page: DetailsPage, staff: &Staff, order: &Order) -> DetailsPage {
    let is = |states: &[&str]| states.contains(&order.state.as_str());
    let at = |rest: &str| format!("{}/{rest}", path(&order.id));
    let has_money = is(&["PAID", "SHIPPED", "DELIVERED"]);
    let can_cancel = staff.is_admin && is(&["PENDING", "PAYMENT_PENDING"]);
    let customer = format!("/office/users/{}", order.user_id);
    let trail = format!("/office/audit?service=orders&subject={}", order.id);
    page.action(is(&["PAID"]), "Ship", at("ship"))
        .action(is(&["SHIPPED"]), "It has arrived", at("deliver"))
        .action(staff.is_admin, "Who ordered", customer)
        .action(staff.is_admin, "Who changed it", trail)
        .danger(can_cancel, "Cancel", at("cancel"))
        .danger(staff.is_admin && has_money, "Refund", at("refund"))
}

async fn with_money(
    storefront: &Storefront,
    staff: &Staff,
    order: &Order,
    page: DetailsPage,
) -> DetailsPage {
    let api = format!("/api/payments/{}", order.id);
    let payments = &storefront.office().payments;
    let page = match payments.get::<Payment>(&staff.visit, &api).await {
        Ok(payment) => with_payment(page, order, &payment),
        Err(Error::NotFound(_)) => page.fact("Payment", Cell::text("Not asked for yet")),
        Err(_) => {
            page.message("The payment cannot be shown right now. Load the page again in a moment.")
        }
    };
    let page = match order.refunded {
        Some(refunded) if refunded.minor > 0 => page.fact("Refunded", Cell::money(refunded)),
        _ => page,
    };
    page.section("Refunds", refunds(&order.refunds))
}

fn with_payment(page: DetailsPage, order: &Order, payment: &Payment) -> DetailsPage {
    let tone = match payment.state.as_str() {
        "CAPTURED" => Tone::Good,
        "MANUAL" | "DECLINED" => Tone::Bad,
        "PENDING" | "IN_DOUBT" | "REFUND_PENDING" => Tone::Busy,
        _ => Tone::Plain,
    };
    let can_retry = matches!(
        payment.state.as_str(),
        "PENDING" | "IN_DOUBT" | "MANUAL" | "DECLINED" | "REFUND_PENDING"
    );
    let state = payment.state.to_lowercase().replace('_', " ");
    page.fact("Payment", Cell::badge(state, tone))
        .maybe("Needs a look", payment.trouble.clone())
        .maybe("Paid with", payment.method.clone())
        .fact("Attempt", Cell::number(payment.attempt))
        .maybe("Declined because", payment.decline_code.clone())
        .maybe("At the provider", payment.provider_reference.clone())
        .action(
            can_retry,
            "Look at the payment again",
            format!("{}/retry-payment", path(&order.id)),
        )
}

async fn with_mails(
    storefront: &Storefront,
    staff: &Staff,
    order: &Order,
    page: DetailsPage,
) -> DetailsPage {
    let api = format!("/api/notifications?limit=50&order={}", order.id);
    let notifications = &storefront.office().notifications;
    match notifications.get::<Mails>(&staff.visit, &api).await {
        Ok(found) => page.section("Mails", mails::table(&found.items)),
        Err(_) => {
            page.message("The mails cannot be shown right now. Load the page again in a moment.")
        }
    }
}

fn address(order: &Order) -> Option<String> {
    let address = order.shipping_address.as_ref()?;
    let parts = [
        address.recipient.as_ref(),
        Some(&address.street),
        Some(&address.city),
        address.state.as_ref(),
        Some(&address.zip_code),
        Some(&address.country),
    ];
    let parts = parts.into_iter().flatten();
    let parts = parts.filter(|part| !part.is_empty()).cloned();
    Some(parts.collect::<Vec<_>>().join(", "))
}

fn lines(items: &[Item]) -> Table {
    let table = Table::new(
        "What was ordered",
        &["Product", "SKU", "#Units", "#Each", "#Together"],
        "There is no line.",
    );
    table.with(items.iter().map(|item| {
        vec![
            Cell::text(&item.name),
            Cell::text(&item.sku),
            Cell::number(item.quantity),
            Cell::money(item.unit_price),
            Cell::money(item.total),
        ]
    }))
}

fn refunds(refunds: &[Refund]) -> Table {
    let table = Table::new(
        "Money that goes back",
        &["When", "#Amount", "State", "Why"],
        "No money went back.",
    );
    table.with(refunds.iter().map(|refund| {
        let tone = match refund.state.as_str() {
            "DONE" => Tone::Good,
            "FAILED" => Tone::Bad,
            _ => Tone::Busy,
        };
        vec![
            Cell::time(refund.created_at),
            Cell::money(refund.amount),
            Cell::badge(refund.state.to_lowercase(), tone),
            Cell::text(&refund.reason),
        ]
    }))
}

fn timeline(turns: &[Turn]) -> Table {
    let table = Table::new(
        "Every turn that the order took, oldest first",
        &["When", "State", "Why", "#Version"],
        "Nothing has happened yet.",
    );
    table.with(turns.iter().map(|turn| {
        vec![
            Cell::time(turn.at),
            orders::state(&turn.state),
            Cell::text(turn.cause.replace('_', " ")),
            Cell::number(turn.version),
        ]
    }))
}

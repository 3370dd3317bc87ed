//! `GET /orders/{order}`: an order as it is now; what can be asked for it; and its confirmation right after it was placed.

mod view;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use super::failure::Failure;
use crate::{
    Storefront,
    flash::Flash,
    form::{Form, Input, Typed},
    links,
    render::Head,
    services::{
        Error,
        notifications::{Message, Topic},
        orders::Order,
    },
    session::see_other,
    visit::{Member, Visit},
};
pub(super) use view::{ItemView, Status, status};
use view::{Occasion, OrderPage};

const REQUEST: &[Input] = &[Input::new("message", "Your reason")];

/// `GET /orders/{order}`
pub(crate) async fn order(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let order = find(&storefront, &visit, &id).await?;
    show(
        &storefront,
        &order,
        Occasion::Looking,
        &Form::empty(REQUEST),
    )
    .await
}

/// `GET /orders/{order}/confirmation`
pub(crate) async fn confirmation(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let order = find(&storefront, &visit, &id).await?;
    show(
        &storefront,
        &order,
        Occasion::Ordered,
        &Form::empty(REQUEST),
    )
    .await
}

/// `POST /orders/{order}/cancel`
pub(crate) async fn cancel(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    find(&storefront, &visit, &id).await?;
    match storefront.services().orders.cancel(&visit, &id).await {
        Ok(_) => visit.say(Flash::CANCELLED),
        Err(Error::Refused { .. }) => visit.say(Flash::TOO_LATE),
        Err(error) => return Err(of_an_order(error)),
    }
    Ok(see_other(&links::order_path(id)))
}

/// `POST /orders/{order}/return`: what needs somebody's decision is asked of the people of the shop.
pub(crate) async fn ask_for_return(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    Path(id): Path<String>,
    typed: Typed,
) -> Result<Response, Failure> {
    let order = find(&storefront, &visit, &id).await?;
    let mut form = Form::read(REQUEST, &typed);
    form.require(&["message"]);
    form.limit("message", 2000);
    if form.is_refused() {
        let mut page = show(&storefront, &order, Occasion::Looking, &form).await?;
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(page);
    }
    let message = Message {
        topic: Topic::Return,
        order_number: Some(&order.number),
        text: form.text("message"),
        ..Message::default()
    };
    storefront
        .services()
        .notifications
        .send(&visit, &message)
        .await?;
    visit.say(Flash::RETURN);
    Ok(see_other(&links::order_path(order.id)))
}

async fn find(storefront: &Storefront, visit: &Visit, id: &str) -> Result<Order, Failure> {
    let order = storefront.services().orders.get(visit, id).await;
    let order = order.map_err(of_an_order)?;
    // Vendors and admins may see it, in the back office; here one is a shopper.
    match visit.account() {
        Some(account) if account.user == order.user_id.0 => Ok(order),
        _ => Err(Failure::NO_SUCH_ORDER),
    }
}

/// Somebody else's order is none.
fn of_an_order(error: Error) -> Failure {
    match error {
        Error::NotFound(_) => Failure::NO_SUCH_ORDER,
        other => other.into(),
    }
}

async fn show(
    storefront: &Storefront,
    order: &Order,
    occasion: Occasion,
    form: &Form,
) -> Result<Response, Failure> {
    let path = links::order_path(order.id);
    let head = Head::own(&format!("Order {}", order.number), &path);
    let view = OrderPage::new(order, occasion, form);
    storefront.own_page("order.html", head, view).await
}

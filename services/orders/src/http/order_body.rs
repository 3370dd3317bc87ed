//! An order as the API shows it: all of it to whoever bought it, and to whoever sells something of it what that is.

use chrono::{DateTime, Utc};
use contracts::{
    Money, OrderId, ProductId, RefundId, UserId, VariantId, VendorId, orders::ShippingAddress,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    db::{
        refunds::Refund,
        views::{Head, Line, View},
    },
    domain::order::{Pay, RefundState, State, Stock},
};

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderBody {
    id: OrderId,
    /// The number that people know it by.
    #[schema(example = "ARG-2026-000123")]
    number: String,
    /// Who ordered.
    user_id: UserId,
    /// `PENDING`, `PAYMENT_PENDING`, `PAID`, `SHIPPED`, `DELIVERED`, `CANCELLING`, `CANCELLED`, `FAILED` or `REFUNDED`.
    state: &'static str,
    /// Rises by one with each turn that the order takes.
    version: i64,
    /// What everything costs; for a vendor, what their own lines cost.
    total: Money,
    items: Vec<ItemBody>,
    shipping_address: ShippingAddress,
    /// What payments has said: `NONE`, `CAPTURED`, `FAILED` (nothing was charged) or `REFUNDED`.
    payment: &'static str,
    /// What inventory has said: `HELD`, `COMMITTED` or `GONE`.
    stock: &'static str,
    /// Why it ends, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_number: Option<String>,
    /// The provider's name of the method that it is paid with. Not for vendors.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_method: Option<String>,
    /// How much has gone back. Not for vendors.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded: Option<Money>,
    /// Money that was asked back. Not for vendors.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunds: Option<Vec<RefundBody>>,
    /// Each turn that it took, oldest first.
    timeline: Vec<TurnBody>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A position of an order, as the product was when it was ordered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemBody {
    product_id: ProductId,
    variant_id: VariantId,
    vendor_id: VendorId,
    sku: String,
    /// The product's name in URLs.
    slug: String,
    name: String,
    /// Address of a small picture.
    picture: Option<String>,
    quantity: i32,
    unit_price: Money,
    total: Money,
}

/// A turn that an order took.
#[derive(Debug, Serialize, ToSchema)]
struct TurnBody {
    version: i64,
    state: &'static str,
    /// What brought it about: an event's name, or what somebody asked for.
    cause: String,
    at: DateTime<Utc>,
}

/// Money that was asked back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefundBody {
    pub(super) id: RefundId,
    pub(super) order_id: OrderId,
    pub(super) amount: Money,
    pub(super) reason: String,
    /// `REQUESTED`, `DONE` or `FAILED`.
    pub(super) state: &'static str,
    pub(super) created_at: DateTime<Utc>,
}

/// An order in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedOrder {
    id: OrderId,
    number: String,
    user_id: UserId,
    state: &'static str,
    version: i64,
    /// What everything costs; for a vendor, what their own lines cost.
    total: Money,
    items: Vec<ItemBody>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl OrderBody {
    pub(super) fn id(&self) -> OrderId {
        self.id
    }

    /// All of it.
    pub(super) fn whole(view: View) -> Self {
        let currency = view.head.total.currency;
        let refunds = view
            .refunds
            .into_iter()
            .map(|refund| RefundBody::new(refund, currency));
        let (refunds, refunded) = (refunds.collect(), view.head.refunded);
        let payment_method = view.head.payment_method.clone();
        let timeline = view.turns.into_iter().map(|turn| TurnBody {
            version: turn.version,
            state: turn.state.name(),
            cause: turn.cause,
            at: turn.at,
        });
        let timeline = timeline.collect();
        Self {
            refunds: Some(refunds),
            refunded: Some(refunded),
            payment_method: Some(payment_method),
            ..Self::of(view.head, &view.lines, timeline)
        }
    }

    /// What one vendor sells of it.
    pub(super) fn for_seller(mut view: View, vendor: VendorId) -> Self {
        view.lines.retain(|line| line.vendor == vendor);
        view.head.total = sum(&view.head, &view.lines);
        Self {
            refunds: None,
            refunded: None,
            payment_method: None,
            ..Self::whole(view)
        }
    }

    /// As it was when it was placed: the answer to a repetition is the first answer.
    pub(super) fn as_placed(mut view: View) -> Self {
        let head = &mut view.head;
        head.state = State::Pending;
        head.version = 1;
        head.stock = Stock::Held;
        head.pay = Pay::Open;
        head.reason = None;
        head.refunded = Money::from_minor(0, head.total.currency);
        head.carrier = None;
        head.tracking_number = None;
        head.updated_at = head.placed_at;
        view.turns.truncate(1);
        view.refunds.clear();
        Self::whole(view)
    }

    fn of(head: Head, lines: &[Line], timeline: Vec<TurnBody>) -> Self {
        Self {
            items: items(&head, lines),
            id: head.id,
            number: head.number,
            user_id: head.user,
            state: head.state.name(),
            version: head.version,
            total: head.total,
            shipping_address: head.address,
            payment: head.pay.name(),
            stock: head.stock.name(),
            reason: head.reason,
            carrier: head.carrier,
            tracking_number: head.tracking_number,
            payment_method: None,
            refunded: None,
            refunds: None,
            timeline,
            created_at: head.placed_at,
            updated_at: head.updated_at,
        }
    }
}

impl RefundBody {
    fn new(refund: Refund, currency: contracts::Currency) -> Self {
        Self {
            id: refund.id,
            order_id: refund.order,
            amount: Money::from_minor(refund.amount_minor, currency),
            reason: refund.reason,
            state: refund.state.name(),
            created_at: refund.requested_at,
        }
    }

    /// As it was when it was asked for: the answer to a repetition is the first answer.
    pub(super) fn as_asked(refund: Refund, currency: contracts::Currency) -> Self {
        Self {
            state: RefundState::Requested.name(),
            ..Self::new(refund, currency)
        }
    }
}

impl ListedOrder {
    /// The products of its lines.
    pub(super) fn products(&self) -> impl Iterator<Item = ProductId> {
        self.items.iter().map(|item| item.product_id)
    }

    /// With those of `lines` that are its own; only those of `vendor`, where one is named.
    pub(super) fn new(head: Head, lines: &[Line], vendor: Option<VendorId>) -> Self {
        let own = lines
            .iter()
            .filter(|line| line.order == head.id)
            .filter(|line| vendor.is_none_or(|vendor| vendor == line.vendor));
        let own: Vec<Line> = own.cloned().collect();
        let total = vendor.map_or(head.total, |_| sum(&head, &own));
        Self {
            items: items(&head, &own),
            id: head.id,
            number: head.number,
            user_id: head.user,
            state: head.state.name(),
            version: head.version,
            total,
            created_at: head.placed_at,
            updated_at: head.updated_at,
        }
    }
}

fn line_total(line: &Line) -> i64 {
    line.unit_price_minor
        .saturating_mul(i64::from(line.quantity))
}

fn sum(head: &Head, lines: &[Line]) -> Money {
    let minor = lines
        .iter()
        .fold(0, |sum: i64, line| sum.saturating_add(line_total(line)));
    Money::from_minor(minor, head.total.currency)
}

fn items(head: &Head, lines: &[Line]) -> Vec<ItemBody> {
    let currency = head.total.currency;
    let items = lines.iter().map(|line| ItemBody {
        product_id: line.product,
        variant_id: line.variant,
        vendor_id: line.vendor,
        sku: line.sku.clone(),
        slug: line.slug.clone(),
        name: line.name.clone(),
        picture: line.picture.clone(),
        quantity: line.quantity,
        unit_price: Money::from_minor(line.unit_price_minor, currency),
        total: Money::from_minor(line_total(line), currency),
    });
    items.collect()
}

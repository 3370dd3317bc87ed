//! The services as the back office asks them: with the visitor's own session, and longer than a shopper would wait.

use std::time::Duration;

use chassis::auth::ACCESS_COOKIE;

use crate::{Config, services::Service};

/// Longer than a shopper waits: a picture is decoded and scaled in this time.
const PATIENT: Duration = Duration::from_secs(20);

/// Every service that has something for the back office.
pub(crate) struct Desk {
    pub(super) catalog: Service,
    pub(super) inventory: Service,
    pub(super) orders: Service,
    pub(super) payments: Service,
    pub(super) notifications: Service,
    pub(super) identity: Service,
    pub(super) cart: Service,
}

/// The names of those that have dead letters and a trail of their own, as their addresses have them.
pub(super) const NAMES: [&str; 7] = [
    "catalog",
    "inventory",
    "orders",
    "payments",
    "notifications",
    "identity",
    "cart",
];

impl Desk {
    pub(crate) fn new(config: &Config) -> Self {
        let service =
            |name, url| Service::new(name, &[ACCESS_COOKIE], url, &config.identity_url, PATIENT);
        Self {
            catalog: service("catalog", &config.catalog_url),
            inventory: service("inventory", &config.inventory_url),
            orders: service("orders", &config.orders_url),
            payments: service("payments", &config.payments_url),
            notifications: service("notifications", &config.notifications_url),
            identity: service("identity", &config.identity_url),
            cart: service("cart", &config.cart_url),
        }
    }

    /// The one with this name.
    pub(super) fn service(&self, name: &str) -> Option<&Service> {
        Some(match name {
            "catalog" => &self.catalog,
            "inventory" => &self.inventory,
            "orders" => &self.orders,
            "payments" => &self.payments,
            "notifications" => &self.notifications,
            "identity" => &self.identity,
            "cart" => &self.cart,
            _ => return None,
        })
    }
}

//! Accounts: who somebody is, and their address book.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Error, Question, Service};
use crate::visit::Visit;

/// An account.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
}

/// An entry of the address book.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) recipient: String,
    pub(crate) street: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) zip_code: String,
    pub(crate) country: String,
    #[serde(default)]
    pub(crate) default: bool,
}

/// What a new account is made of.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewAccount<'a> {
    pub(crate) email: &'a str,
    pub(crate) password: &'a str,
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
    pub(crate) role: &'a str,
    pub(crate) gdpr_consent: bool,
    pub(crate) session: &'static str,
}

#[derive(Debug, Deserialize)]
struct Addresses {
    items: Vec<Address>,
}

/// Asks the identity service.
#[derive(Debug, Clone)]
pub(crate) struct Identity(pub(crate) Service);

impl Identity {
    /// Begins a session of this browser.
    pub(crate) async fn log_in(
        &self,
        visit: &Visit,
        email: &str,
        password: &str,
    ) -> Result<(), Error> {
        let body = json!({ "email": email, "password": password, "session": "cookie" });
        self.do_it(visit, Method::POST, "/api/users/login", &body)
            .await
    }

    /// Makes an account, signed in.
    pub(crate) async fn register(
        &self,
        visit: &Visit,
        account: &NewAccount<'_>,
    ) -> Result<(), Error> {
        self.do_it(visit, Method::POST, "/api/users/register", account)
            .await
    }

    /// Ends this browser's session.
    pub(crate) async fn log_out(&self, visit: &Visit) -> Result<(), Error> {
        let question = Question::new(Method::POST, "/api/auth/logout");
        self.0.ask::<Value>(visit, question).await.map(drop)
    }

    /// Ends every session of the account.
    pub(crate) async fn log_out_everywhere(&self, visit: &Visit) -> Result<(), Error> {
        let question = Question::new(Method::POST, "/api/auth/logout-all");
        self.0.ask::<Value>(visit, question).await.map(drop)
    }

    /// Who it is.
    pub(crate) async fn me(&self, visit: &Visit) -> Result<User, Error> {
        self.0.get(visit, "/api/users/me").await
    }

    pub(crate) async fn rename(
        &self,
        visit: &Visit,
        first_name: &str,
        last_name: &str,
    ) -> Result<(), Error> {
        let body = json!({ "firstName": first_name, "lastName": last_name });
        self.do_it(visit, Method::PATCH, "/api/users/me", &body)
            .await
    }

    pub(crate) async fn change_password(
        &self,
        visit: &Visit,
        current: &str,
        new: &str,
    ) -> Result<(), Error> {
        let body = json!({ "currentPassword": current, "newPassword": new });
        self.do_it(visit, Method::POST, "/api/users/me/password", &body)
            .await
    }

    /// Has a link sent to whoever has this address, if anybody.
    pub(crate) async fn request_reset(&self, visit: &Visit, email: &str) -> Result<(), Error> {
        let body = json!({ "email": email });
        self.do_it(visit, Method::POST, "/api/auth/forgotten-password", &body)
            .await
    }

    /// Another password for whoever has the code of a mail.
    pub(crate) async fn reset_password(
        &self,
        visit: &Visit,
        code: &str,
        new: &str,
    ) -> Result<(), Error> {
        let body = json!({ "code": code, "newPassword": new });
        self.do_it(visit, Method::POST, "/api/auth/reset-password", &body)
            .await
    }

    /// The address book, the default address first.
    pub(crate) async fn addresses(&self, visit: &Visit) -> Result<Vec<Address>, Error> {
        let book: Addresses = self.0.get(visit, "/api/users/me/addresses").await?;
        let mut addresses = book.items;
        addresses.sort_by_key(|address| !address.default);
        Ok(addresses)
    }

    /// Adds an address to the book.
    pub(crate) async fn add_address(&self, visit: &Visit, address: &Value) -> Result<(), Error> {
        self.do_it(visit, Method::POST, "/api/users/me/addresses", address)
            .await
    }

    pub(crate) async fn change_address(
        &self,
        visit: &Visit,
        id: &str,
        change: &Value,
    ) -> Result<(), Error> {
        let path = format!("/api/users/me/addresses/{id}");
        self.do_it(visit, Method::PATCH, &path, change).await
    }

    pub(crate) async fn remove_address(&self, visit: &Visit, id: &str) -> Result<(), Error> {
        let path = format!("/api/users/me/addresses/{id}");
        let question = Question::new(Method::DELETE, &path);
        self.0.ask::<Value>(visit, question).await.map(drop)
    }

    /// Gets the visit another access token.
    pub(crate) async fn renew(&self, visit: &Visit) {
        self.0.renew(visit).await;
    }

    async fn do_it(
        &self,
        visit: &Visit,
        method: Method,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<(), Error> {
        self.0
            .change::<Value>(visit, method, path, body)
            .await
            .map(drop)
    }
}

//! Getting back into an account whose password is forgotten.

use anyhow::{Context as _, Result};

use crate::{browser::Browser, people::Person};

const NEW_PASSWORD: &str = "battery staple 7";

/// The link of the mail leads in once.
pub(super) async fn the_password(browser: &Browser) -> Result<()> {
    let person = Person::register(&browser.platform, "customer").await?;
    browser.open("/login").await?;
    browser.follow("Forgotten the password?").await?;
    browser.arrives_at("/forgotten-password").await?;
    browser.fill("E-mail address", &person.email).await?;
    browser.press("Send me the link").await?;
    browser.sees("Look into your mail").await?;

    let mail = person.mail("Choose a new password").await?;
    let start = mail
        .find("/reset-password?code=")
        .with_context(|| format!("no link in the mail: {mail}"))?;
    let link = mail[start..].split_whitespace().next().unwrap_or_default();
    choose(browser, link).await?;
    browser.arrives_at("/login").await?;
    browser.sees("Your password is changed").await?;
    browser.fill("E-mail address", &person.email).await?;
    browser.fill("Password", NEW_PASSWORD).await?;
    browser.press("Sign in").await?;
    browser.arrives_at("/account").await?;

    choose(browser, link).await?;
    browser.sees("a link counts once").await?;
    browser.follow("Ask for another link").await?;
    browser.arrives_at("/forgotten-password").await?;
    person.mail("Your password was changed").await?;
    Ok(())
}

async fn choose(browser: &Browser, link: &str) -> Result<()> {
    browser.open(link).await?;
    browser.fill("New password", NEW_PASSWORD).await?;
    browser.press("Keep the new password").await
}

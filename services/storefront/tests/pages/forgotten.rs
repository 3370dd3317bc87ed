//! `/forgotten-password` and `/reset-password`: the way back in, and that its code goes nowhere else.

use crate::{
    app::App,
    browser::Browser,
    fake_shop::{HASTY, RESET_CODE, USED_CODE},
    markup::check,
};

const EMAIL: &str = "ada@example.com";

fn link(code: &str) -> String {
    format!("/reset-password?code={code}")
}

#[tokio::test]
async fn whoever_asks_is_told_the_same_whether_they_have_an_account_or_not() {
    let app = App::start().await;
    Browser::new(&app).register(EMAIL).await;
    let mut told = Vec::new();
    for email in [EMAIL, "nobody@example.com"] {
        let browser = Browser::new(&app);
        let page = browser.open("/login").await;
        let page = browser.open(page.link("Forgotten the password?")).await;
        check("/forgotten-password", &page);
        let page = browser
            .submit(&page, "/forgotten-password", &[("email", email)])
            .await;
        assert_eq!(page.status, 200);
        assert_eq!(page.text("h1"), "Look into your mail");
        check("/forgotten-password?sent", &page);
        told.push(page.text("main"));
    }
    assert_eq!(told[0], told[1]);
    assert!(!told[0].contains(EMAIL));
}

#[tokio::test]
async fn what_is_wrong_with_an_address_is_said_beside_it() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let page = browser.open("/forgotten-password").await;
    let empty = browser
        .submit(&page, "/forgotten-password", &[("email", " ")])
        .await;
    assert_eq!(empty.status, 422);
    assert_eq!(
        empty.text("#email-error"),
        "E-mail address must not be empty."
    );
    let hasty = browser
        .submit(&page, "/forgotten-password", &[("email", HASTY)])
        .await;
    assert_eq!(hasty.status, 429);
    assert!(hasty.text("#form-summary").contains("Try again in 30 s"));
    assert_eq!(hasty.one("#email").attr("value"), Some(HASTY));
    check("/forgotten-password", &hasty);
}

#[tokio::test]
async fn the_link_of_a_mail_leads_to_a_new_password_and_to_signing_in() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.register(EMAIL).await;
    assert!(browser.cookie("argosy_refresh").is_some());
    let page = browser.open(&link(RESET_CODE)).await;
    check("/reset-password", &page);
    // A password that is refused keeps the code, and is not shown.
    let refused = browser
        .submit(&page, "/reset-password", &[("newPassword", "12345678")])
        .await;
    assert_eq!(refused.status, 400);
    assert!(refused.text("#newPassword-error").contains("tried first"));
    assert!(!refused.source.contains("12345678"));
    check("/reset-password", &refused);
    let page = browser
        .submit(
            &refused,
            "/reset-password",
            &[("newPassword", "battery staple")],
        )
        .await;
    assert_eq!(page.text("h1"), "Sign in");
    assert!(page.text(".flash").contains("Your password is changed"));
    assert!(
        browser.cookie("argosy_refresh").is_none(),
        "it is over, so nobody is told that they are signed in"
    );
}

#[tokio::test]
async fn a_link_that_does_not_count_says_so_and_leads_to_another_one() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    for (code, status, says) in [
        (USED_CODE, 410, "counts once"),
        (
            "no-code-of-ours",
            400,
            "The link is not as it stood in the mail",
        ),
    ] {
        let page = browser.open(&link(code)).await;
        let refused = browser
            .submit(
                &page,
                "/reset-password",
                &[("newPassword", "battery staple")],
            )
            .await;
        assert_eq!(refused.status, status);
        assert!(
            refused.text("#form-summary").contains(says),
            "{}",
            refused.source
        );
        assert_eq!(refused.link("Ask for another link"), "/forgotten-password");
        assert!(refused.all("form[action='/reset-password']").is_empty());
        check("/reset-password", &refused);
    }
    for path in [
        "/reset-password",
        "/reset-password?code=",
        "/reset-password?x=%FF",
    ] {
        let page = browser.open(path).await;
        assert_eq!(page.status, 404);
        assert_eq!(page.link("Ask for another link"), "/forgotten-password");
    }
}

#[tokio::test]
async fn nothing_is_told_or_keeps_where_the_code_came_from() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let page = browser.open(&link(RESET_CODE)).await;
    let refused = browser
        .submit(&page, "/reset-password", &[("newPassword", "12345678")])
        .await;
    for page in [page, refused] {
        assert_eq!(page.headers["referrer-policy"], "strict-origin");
        assert_eq!(page.headers["cache-control"], "no-store");
    }
    let page = browser.open(&link("\"><b>x")).await;
    assert!(!page.source.contains("<b>x"));
    let asked = app.shop.world().asked.join("\n");
    assert!(!asked.contains(RESET_CODE), "{asked}");
}

#[tokio::test]
async fn while_accounts_are_away_nobody_is_told_that_a_mail_is_coming() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let page = browser.open("/forgotten-password").await;
    app.shop.loses("identity");
    let page = browser
        .submit(&page, "/forgotten-password", &[("email", EMAIL)])
        .await;
    assert_eq!(page.status, 503);
}

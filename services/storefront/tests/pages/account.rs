//! `/account` and the address book.

use crate::{app::App, browser::Browser, markup::check};

async fn signed_in(app: &App) -> Browser<'_> {
    let browser = Browser::new(app);
    browser.register("ada@example.com").await;
    browser
}

#[tokio::test]
async fn a_name_is_changed_and_shown() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = browser.open("/account").await;
    check("/account", &page);
    let typed = [("firstName", "Grace <3"), ("lastName", "Hopper")];
    let page = browser.submit(&page, "/account/profile", &typed).await;
    assert_eq!(page.text("h1"), "Hello, Grace <3");
    let page = browser
        .submit(&page, "/account/profile", &[("lastName", "")])
        .await;
    assert_eq!(page.status, 422);
    assert_eq!(page.one("#firstName").attr("value"), Some("Grace <3"));
    assert_eq!(page.text("#lastName-error"), "Last name must not be empty.");
    check("/account", &page);
}

#[tokio::test]
async fn a_password_is_changed_with_the_present_one() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = browser.open("/account").await;
    let wrong = [
        ("currentPassword", "not it at all"),
        ("newPassword", "battery staple"),
    ];
    let refused = browser.submit(&page, "/account/password", &wrong).await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.text("#currentPassword-error"),
        "Present password is not the account's password."
    );
    assert!(!refused.source.contains("not it at all") && !refused.source.contains("battery"));
    let right = [
        ("currentPassword", "correct horse"),
        ("newPassword", "battery staple"),
    ];
    let page = browser.submit(&page, "/account/password", &right).await;
    assert!(page.text(".flash").contains("Your password is changed"));
}

#[tokio::test]
async fn an_address_is_added_changed_and_removed_after_a_question() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = browser.open("/account/addresses").await;
    check("/account/addresses", &page);
    let typed = [
        ("label", "Home"),
        ("street", "Quay <1>"),
        ("zipCode", "1010"),
        ("city", "Vienna"),
        ("country", "Austria"),
    ];
    let page = browser.submit(&page, "/account/addresses", &typed).await;
    assert!(
        page.text(".address-cards address")
            .starts_with("Quay <1> 1010 Vienna")
    );
    check("/account/addresses", &page);

    let change = page.link("Change Home, Quay <1>").to_owned();
    let page = browser.open(&change).await;
    check(&change, &page);
    let page = browser.submit(&page, &change, &[("zipCode", "10")]).await;
    assert_eq!(page.status, 422);
    let page = browser.submit(&page, &change, &[("zipCode", "1020")]).await;
    assert!(page.text(".address-cards address").contains("1020 Vienna"));

    let remove = page.link("Remove Home, Quay <1>").to_owned();
    let page = browser.open(&remove).await;
    assert!(
        page.text(".confirmation").contains("1020 Vienna"),
        "names what is removed"
    );
    check(&remove, &page);
    let page = browser.submit(&page, &remove, &[]).await;
    assert!(page.all(".address-cards").is_empty());
    assert_eq!(browser.open(&change).await.status, 404);
}

#[tokio::test]
async fn who_is_not_signed_in_is_asked_to_and_comes_back() {
    let app = App::start().await;
    for path in ["/account", "/account/addresses", "/orders", "/checkout"] {
        let answer = app.get(path).await;
        assert_eq!(answer.status(), 303, "{path}");
        let next = path.replace('/', "%2F");
        assert_eq!(
            answer.headers()["location"],
            format!("/login?next={next}").as_str()
        );
    }
}

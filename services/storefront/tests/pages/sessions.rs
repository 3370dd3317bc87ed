//! Who somebody is: signing in with a cart, sessions that run out, and forms of other people's pages.

use crate::{
    app::App,
    browser::Browser,
    fake_shop::{BLUE, HASTY, access_token},
    markup::check,
};

const EMAIL: &str = "ada@example.com";

#[tokio::test]
async fn a_guests_cart_comes_along_when_they_sign_in() {
    let app = App::start().await;
    Browser::new(&app).register(EMAIL).await;

    let browser = Browser::new(&app);
    browser.buy("/products/pot-3?variant=POT-B", "2").await;
    let page = browser.open("/checkout").await;
    assert_eq!(page.text("h1"), "Sign in");
    assert!(page.text(".lead").contains("Your cart comes along"));
    let typed = [("email", EMAIL), ("password", "correct horse")];
    let page = browser.submit(&page, "/login", &typed).await;
    assert_eq!(page.text("h1"), "Check out");
    assert_eq!(page.text(".mini-lines .line-total"), "€25.00");
    assert_eq!(browser.cookie("argosy_cart"), None);
}

#[tokio::test]
async fn a_cart_that_could_not_come_along_comes_with_the_next_look_at_it() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.buy("/products/pot-3", "2").await;
    app.shop.loses("cart");
    browser.register(EMAIL).await;
    app.shop.finds("cart");
    let page = browser.open("/cart").await;
    assert_eq!(page.all(".line").len(), 1);
    assert_eq!(browser.cookie("argosy_cart"), None);
}

#[tokio::test]
async fn a_wrong_password_keeps_the_address_and_shows_no_password() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let page = browser.open("/login").await;
    let typed = [("email", "\"><b>x"), ("password", "s3cret-typed")];
    let page = browser.submit(&page, "/login", &typed).await;
    assert_eq!(page.status, 401);
    assert!(page.text("#form-summary").contains("There is no account"));
    assert_eq!(page.one("#email").attr("value"), Some("\"><b>x"));
    assert!(!page.source.contains("s3cret-typed"));
    check("/login", &page);
}

#[tokio::test]
async fn who_tries_too_often_is_told_so_at_the_form() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let page = browser.open("/login").await;
    let typed = [("email", HASTY), ("password", "s3cret-typed")];
    let page = browser.submit(&page, "/login", &typed).await;
    assert_eq!(page.status, 429);
    assert!(page.text("#form-summary").contains("Try again in 30 s"));
    assert_eq!(page.one("#email").attr("value"), Some(HASTY));
}

#[tokio::test]
async fn a_refused_registration_says_why_at_each_field() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let page = browser.open("/register").await;
    let typed = [
        ("firstName", "<i>Ada</i>"),
        ("email", ""),
        ("password", "x"),
    ];
    let page = browser.submit(&page, "/register", &typed).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.one("#firstName").attr("value"), Some("<i>Ada</i>"));
    assert_eq!(
        page.text("#email-error"),
        "E-mail address must not be empty."
    );
    assert_eq!(
        page.one("#email").attr("aria-describedby"),
        Some("email-error")
    );
    let links: Vec<_> = page
        .all("#form-summary a")
        .iter()
        .map(|link| link.attr("href").unwrap())
        .collect();
    assert_eq!(links, ["#lastName", "#email", "#gdprConsent"]);
    check("/register", &page);
}

#[tokio::test]
async fn after_signing_in_only_pages_of_the_shop_are_gone_on_to() {
    let app = App::start().await;
    Browser::new(&app).register(EMAIL).await;
    for next in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
    ] {
        let browser = Browser::new(&app);
        let fields = [
            ("email", EMAIL),
            ("password", "correct horse"),
            ("next", next),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answer = browser.post("/login", &fields).await;
        assert_eq!(answer.headers["location"], "/account", "{next}");
    }
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.register(EMAIL).await;
    let foreign = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("x-nothing", "said"),
    ];
    for path in [
        "/login",
        "/cart/items",
        "/checkout",
        "/logout",
        "/account/password",
        "/contact",
    ] {
        for (name, value) in foreign {
            let request = app.request("POST", path).header(name, value);
            let page = browser.send(request).await;
            assert_eq!(page.status, 403, "{path} with {name}: {value}");
            assert_eq!(page.text("h1"), "That did not come from this shop");
        }
    }
    assert_eq!(
        browser.open("/account").await.status,
        200,
        "still signed in"
    );
}

#[tokio::test]
async fn a_session_whose_token_runs_out_goes_on_unnoticed() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.register(EMAIL).await;
    let old = access_token(EMAIL, 5);
    browser
        .cookies
        .lock()
        .unwrap()
        .insert("argosy_access".to_owned(), old.clone());
    let page = browser.open("/account").await;
    assert_eq!(page.text("h1"), "Hello, Ada");
    assert_ne!(browser.cookie("argosy_access"), Some(old));
}

#[tokio::test]
async fn a_session_that_ended_elsewhere_asks_to_sign_in_and_keeps_the_guests_cart() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.register(EMAIL).await;
    app.shop.world().sessions.clear();
    let page = browser.open("/orders").await;
    assert_eq!(page.text("h1"), "Sign in");
    assert_eq!(page.one("input[name=next]").attr("value"), Some("/orders"));
    assert_eq!(browser.cookie("argosy_access"), None);

    browser.buy("/products/pot-3", "3").await;
    let stale = [
        ("argosy_access", access_token(EMAIL, 600)),
        ("argosy_refresh", "gone".to_owned()),
    ];
    for (name, value) in stale {
        browser
            .cookies
            .lock()
            .unwrap()
            .insert(name.to_owned(), value);
    }
    let page = browser.open("/cart").await;
    assert_eq!(page.one("#quantity-1").attr("value"), Some("3"));
    assert!(browser.cookie("argosy_cart").is_some());
}

#[tokio::test]
async fn signing_out_leaves_nothing_of_the_account() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.register(EMAIL).await;
    browser.buy("/products/pot-3", "3").await;
    let page = browser.open("/account").await;
    let page = browser.submit(&page, "/logout", &[]).await;
    assert_eq!(page.text(".flash"), "You are signed out.");
    assert_eq!(browser.cookies.lock().unwrap().len(), 0);
    assert_eq!(page.link("Sign in"), "/login");
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session() {
    let app = App::start().await;
    let (one, other) = (Browser::new(&app), Browser::new(&app));
    one.register(EMAIL).await;
    let page = other.open("/login").await;
    other
        .submit(
            &page,
            "/login",
            &[("email", EMAIL), ("password", "correct horse")],
        )
        .await;
    let page = one.open("/account").await;
    one.submit(&page, "/account/sign-out-everywhere", &[]).await;
    assert_eq!(other.open("/account").await.text("h1"), "Sign in");
}

#[tokio::test]
async fn no_page_shows_a_token() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser
        .buy(&format!("/products/pot-3?variant={BLUE}"), "1")
        .await;
    let cart = browser.cookie("argosy_cart").unwrap();
    assert!(!browser.open("/cart").await.source.contains(&cart));
    browser.register(EMAIL).await;
    for path in [
        "/",
        "/cart",
        "/checkout",
        "/orders",
        "/account",
        "/account/addresses",
        "/contact",
    ] {
        let page = browser.open(path).await;
        for name in ["argosy_access", "argosy_refresh"] {
            assert!(
                !page.source.contains(&browser.cookie(name).unwrap()),
                "{path}"
            );
        }
    }
}

//! Every page of the shop with somebody to look at it: what `screenshots` takes pictures of.

use anyhow::{Context as _, Result};
use reqwest::Url;
use serde_json::Value;

use crate::{
    people::{Goods, Person},
    platform::Platform,
};

/// Somebody who looks at pages, and which.
#[derive(Debug)]
pub(crate) struct Visit {
    /// Names the pictures, with the page's name.
    pub(crate) visitor: &'static str,
    pub(crate) person: Option<Person>,
    /// Something to put into the cart first, by its page.
    pub(crate) cart: Option<String>,
    pub(crate) views: Vec<View>,
}

/// A page to take a picture of.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) name: String,
    /// Below the shop, or a whole address.
    pub(crate) path: String,
}

/// What is made so that pages have something to show.
pub(crate) struct Stage {
    goods: Goods,
    pub(crate) visits: Vec<Visit>,
}

impl Stage {
    /// Makes the people and the things. `without` says where the shop is that lacks a part.
    pub(crate) async fn set(platform: &Platform, without: &[(String, Url)]) -> Result<Self> {
        let product = some_product(platform).await?;
        let vendor = Person::register(platform, "vendor").await?;
        let goods = vendor.sell("Ship's chronometer", "480.00", 6).await?;
        let shopper = Person::register(platform, "customer").await?;
        let order = shopper.buy(&goods, 1).await?;
        shopper.order_that_is(&order, "PAID").await?;
        vendor.ship(&order).await?;
        let newest = shopper.buy(&goods, 2).await?;
        shopper.order_that_is(&newest, "PAID").await?;
        let mut shopping = at_the_shop(shopper, product.clone(), &order, &newest);
        for (part, shop) in without {
            shopping
                .views
                .extend(degraded(part, shop, &product, &newest));
        }
        let visits = vec![
            shopping,
            behind_the_counter(vendor, &goods, &newest),
            administration(Person::administrator(platform).await?, &goods, &newest),
        ];
        Ok(Self { goods, visits })
    }

    /// Takes out of the shop what was put into it.
    pub(crate) async fn clear(self, platform: &Platform) -> Result<()> {
        let administrator = Person::administrator(platform).await?;
        administrator.archive(&self.goods).await
    }
}

/// Somebody without an account: sees the shop as it is, before a stage is set.
pub(crate) async fn guest(platform: &Platform) -> Result<Visit> {
    let product = some_product(platform).await?;
    Ok(Visit {
        visitor: "guest",
        person: None,
        cart: None,
        views: views([
            ("home", "/"),
            ("category", "/categories/kitchen"),
            (
                "category-filtered",
                "/categories/kitchen?maxPrice=60&sort=price",
            ),
            ("category-nothing", "/categories/kitchen?minPrice=9000"),
            ("search", "/search?q=lamp"),
            ("search-typo", "/search?q=ketle"),
            ("search-nothing", "/search?q=zzzz"),
            ("product", &product),
            ("about", "/about"),
            ("contact", "/contact"),
            ("not-found", "/no-such-page"),
            ("cart-empty", "/cart"),
            ("login", "/login"),
            ("register", "/register"),
            ("forgotten-password", "/forgotten-password"),
            ("forgotten-password-sent", "/forgotten-password?sent"),
            ("reset-password", "/reset-password?code=of-a-mail"),
        ]),
    })
}

fn at_the_shop(shopper: Person, product: String, order: &str, newest: &str) -> Visit {
    Visit {
        visitor: "shopper",
        person: Some(shopper),
        cart: Some(product),
        views: views([
            ("cart", "/cart"),
            ("checkout", "/checkout"),
            ("orders", "/orders"),
            ("order", &format!("/orders/{order}")),
            ("confirmation", &format!("/orders/{newest}/confirmation")),
            ("account", "/account"),
            ("addresses", "/account/addresses"),
        ]),
    }
}

/// The pages on which it shows that this part is away.
fn degraded(part: &str, shop: &Url, product: &str, order: &str) -> Vec<View> {
    let order = format!("/orders/{order}");
    let pages: &[(&str, &str)] = match part {
        "cart" => &[("cart", "/cart")],
        "catalog" => &[("home", "/"), ("product", product), ("cart", "/cart")],
        "inventory" | "recommendations" => &[("product", product)],
        "notifications" => &[("order", &order), ("contact", "/contact")],
        "orders" => &[("orders", "/orders")],
        "payments" => &[("checkout", "/checkout")],
        "search" => &[
            ("category", "/categories/kitchen"),
            ("search", "/search?q=lamp"),
        ],
        _ => &[("home", "/")],
    };
    let view = |(page, path): &(&str, &str)| View {
        name: format!("{page}-without-{part}"),
        path: format!("{}{path}", shop.as_str().trim_end_matches('/')),
    };
    pages.iter().map(view).collect()
}

fn behind_the_counter(vendor: Person, goods: &Goods, order: &str) -> Visit {
    let product = format!("/office/products/{}", goods.id);
    Visit {
        visitor: "vendor",
        person: Some(vendor),
        cart: None,
        views: views([
            ("office", "/office"),
            ("products", "/office/products"),
            ("product", &product),
            ("product-new", "/office/products/new"),
            ("product-edit", &format!("{product}/edit")),
            ("product-archive", &format!("{product}/archive")),
            ("picture-new", &format!("{product}/pictures/new")),
            ("variant-new", &format!("{product}/variants/new")),
            ("stock", "/office/stock"),
            (
                "stock-receive",
                &format!("/office/stock/receive?product={}", goods.id),
            ),
            ("orders", "/office/orders"),
            ("order", &format!("/office/orders/{order}")),
            ("order-ship", &format!("/office/orders/{order}/ship")),
        ]),
    }
}

fn administration(administrator: Person, goods: &Goods, order: &str) -> Visit {
    Visit {
        visitor: "administrator",
        person: Some(administrator),
        cart: None,
        views: views([
            ("office", "/office"),
            ("products", "/office/products"),
            ("product", &format!("/office/products/{}", goods.id)),
            ("orders", "/office/orders"),
            ("order", &format!("/office/orders/{order}")),
            ("order-refund", &format!("/office/orders/{order}/refund")),
            ("users", "/office/users"),
            ("mails", "/office/mails"),
            ("audit", "/office/audit"),
            ("dead-letters", "/office/dead-letters"),
        ]),
    }
}

fn views<const N: usize>(views: [(&'static str, &str); N]) -> Vec<View> {
    views
        .into_iter()
        .map(|(name, path)| View {
            name: name.to_owned(),
            path: path.to_owned(),
        })
        .collect()
}

/// The first product of the shop, as its page's path.
pub(crate) async fn some_product(platform: &Platform) -> Result<String> {
    let url = platform.url("/api/products?limit=1");
    let list: Value = platform.http.get(&url).send().await?.json().await?;
    let slug = list["items"][0]["slug"]
        .as_str()
        .with_context(|| format!("{url} lists no product: the catalogue is empty"))?;
    Ok(format!("/products/{slug}"))
}

//! A vendor's products: listed, made, changed, shown, taken out of the shop.

use serde_json::json;

use crate::shop::Shop;

#[tokio::test]
async fn a_vendor_adds_a_product_with_a_variant_and_a_picture_and_sees_it_in_the_list() {
    let shop = Shop::open().await;
    let vendor = shop.browser(&shop.vendor);
    let fields = [
        ("name", "Brass lamp"),
        ("category", "electronics"),
        ("price", "€19,90"),
        ("description", "Warm light. Heavy foot."),
        ("attributes", "Material: Brass\nheight: 40 cm"),
    ];
    let created = vendor.fill("/office/products/new", &fields).await;
    let page = vendor.follow(&created).await;
    assert_eq!(page.texts("h1"), ["Brass lamp"]);
    assert!(page.says("€19.90") && page.says("Warm light") && page.says("material: Brass"));
    let variant = [
        ("sku", "LAMP-BLUE"),
        ("name", "Blue"),
        ("price", "24"),
        ("options", "colour: Blue"),
    ];
    let added = vendor.fill(&page.link("Add a variant"), &variant).await;
    let page = vendor.follow(&added).await;
    assert!(page.says("LAMP-BLUE") && page.says("€24.00") && page.says("colour: Blue"));
    let navy = [("name", "Navy"), ("price", "")];
    let changed = vendor.fill(&page.link("Blue"), &navy).await;
    let page = vendor.follow(&changed).await;
    assert!(page.says("Navy") && !page.says("€24.00"));
    let upload = page.link("Add a picture");
    let picture = vendor.upload(&upload, "picture", png()).await;
    let page = vendor.follow(&picture).await;
    assert_eq!(page.all("img.office-picture").len(), 1);
    assert_eq!(vendor.get("/office/products").await.rows(), ["Brass lamp"]);
    // It is sold: a shopper finds it.
    let shopper = shop.anonymous().get("/products/brass-lamp").await;
    assert_eq!(shopper.status, 200);
}

/// Two pixels.
fn png() -> Vec<u8> {
    const PNG: &str = "89504e470d0a1a0a0000000d4948445200000002000000020802000000fdd49a7300000010494441\
        54789c63e0f25d04440c100a0018ea03e57d0742930000000049454e44ae426082";
    let digits: Vec<u8> = PNG.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept() {
    let shop = Shop::open().await;
    let vendor = shop.browser(&shop.vendor);
    let name = "x".repeat(201);
    let fields = [
        ("name", name.as_str()),
        ("category", "garden"),
        ("price", "cheap"),
        ("attributes", "no colon"),
        ("description", "Kept <as it is>"),
    ];
    let page = vendor.fill("/office/products/new", &fields).await;
    assert_eq!(page.status, 422);
    let errors = page.texts(".field-error");
    assert!(
        errors
            .iter()
            .any(|error| error.contains("an amount such as 20")),
        "{errors:?}"
    );
    assert!(
        errors.iter().any(|error| error.contains("key: value")),
        "{errors:?}"
    );
    assert_eq!(page.texts("#description"), ["Kept <as it is>"]);
    assert_eq!(page.one("#name").attr("value"), Some(name.as_str()));
    assert_eq!(
        page.one("#category option[selected]").attr("value"),
        Some("garden")
    );
    // What only the catalogue knows comes back beside the field as well.
    let fields = [("price", "5"), ("attributes", "")];
    let page = vendor.send(&page, &fields).await;
    assert_eq!(page.status, 422);
    assert!(
        page.errors()
            .iter()
            .any(|error| error.contains("at most 200")),
        "{:?}",
        page.errors()
    );
    let lists = vendor.get("/office/products").await;
    assert!(lists.rows().is_empty());
    assert!(lists.says("No product matches"));
}

#[tokio::test]
async fn a_change_made_from_an_older_version_is_refused_and_nothing_is_overwritten() {
    let shop = Shop::open().await;
    let product = shop.product("Lamp").await;
    let vendor = shop.browser(&shop.vendor);
    let path = format!("/office/products/{}/edit", product["id"].as_str().unwrap());
    let seen = vendor.get(&path).await;
    let first = vendor.fill(&path, &[("name", "Better lamp")]).await;
    assert!(vendor.follow(&first).await.says("Better lamp"));
    let late = vendor.send(&seen, &[("name", "Older lamp")]).await;
    assert_eq!(late.status, 422);
    assert!(late.says("Older lamp") || late.one("#name").attr("value") == Some("Older lamp"));
    assert!(!late.errors().is_empty());
    assert_eq!(vendor.get("/office/products").await.rows(), ["Better lamp"]);
}

#[tokio::test]
async fn archiving_asks_first_and_names_what_leaves_the_shop() {
    let shop = Shop::open().await;
    let product = shop.product("Lamp").await;
    let vendor = shop.browser(&shop.vendor);
    let page = vendor
        .get(&format!(
            "/office/products/{}",
            product["id"].as_str().unwrap()
        ))
        .await;
    let ask = page.link("Archive");
    let question = vendor.get(&ask).await;
    assert!(question.says("“Lamp” leaves the shop, with its one variant"));
    assert_eq!(shop.anonymous().get("/products/lamp").await.status, 200);
    let done = vendor.send(&question, &[]).await;
    let page = vendor.follow(&done).await;
    assert!(page.says("Archived"));
    assert!(
        page.all("a")
            .iter()
            .all(|link| !link.attr("href").unwrap_or("").ends_with("/edit"))
    );
    assert_eq!(shop.anonymous().get("/products/lamp").await.status, 404);
    let archived = vendor.get("/office/products?status=archived").await;
    assert_eq!(archived.rows(), ["Lamp"]);
    assert!(
        vendor
            .get("/office/products?status=active")
            .await
            .rows()
            .is_empty()
    );
}

#[tokio::test]
async fn the_list_pages_by_key_filters_and_sorts_and_explains_what_it_cannot_do() {
    let shop = Shop::open().await;
    for number in 0..27 {
        shop.product(&format!("Lamp {number:02}")).await;
    }
    let vendor = shop.browser(&shop.vendor);
    let first = vendor.get("/office/products?sort=name&q=lamp").await;
    assert_eq!(first.rows().len(), 25);
    // What comes in between shifts nothing.
    shop.product("A lamp before all others").await;
    let second = vendor.get(&first.link("More")).await;
    assert_eq!(second.rows(), ["Lamp 25", "Lamp 26"]);
    assert_eq!(
        second.link("Back to the beginning"),
        "/office/products?q=lamp&sort=name"
    );
    assert_eq!(
        vendor.get("/office/products?q=Lamp+07").await.rows(),
        ["Lamp 07"]
    );
    let odd = vendor.get("/office/products?category=moon").await;
    assert_eq!(odd.status, 200);
    assert!(odd.says("Shown without filters"));
    assert_eq!(odd.rows().len(), 25);
}

#[tokio::test]
async fn a_file_that_is_no_picture_is_refused_in_words() {
    let shop = Shop::open().await;
    let product = shop.product("Lamp").await;
    let vendor = shop.browser(&shop.vendor);
    let path = format!(
        "/office/products/{}/pictures/new",
        product["id"].as_str().unwrap()
    );
    let text = vendor
        .upload(&path, "picture", b"<svg onload=alert(1)>".to_vec())
        .await;
    assert_eq!(text.status, 422);
    assert!(
        text.errors()
            .iter()
            .any(|error| error.contains("not taken")),
        "{:?}",
        text.errors()
    );
    let nothing = vendor.upload(&path, "picture", Vec::new()).await;
    assert_eq!(nothing.status, 422);
    let foreign = shop
        .browser(&shop.other_vendor)
        .upload(&path, "picture", png())
        .await;
    assert_eq!(foreign.status, 403);
    let catalog = shop.catalog(&shop.vendor);
    let own = format!("/api/vendor/products/{}", product["id"].as_str().unwrap());
    assert_eq!(
        catalog.get(&own).await.expect(200).json()["images"],
        json!([])
    );
}

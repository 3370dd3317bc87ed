//! Pictures: from the upload to the object in the bucket.

use std::io::Cursor;

use http::Method;
use image::{DynamicImage, ImageFormat, RgbImage};
use serde_json::{Value, json};
use testkit::{Answer, Client, ObjectStore};

use crate::app::TestApp;

pub(crate) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let pixels = RgbImage::from_fn(width, height, |x, y| {
        let [shade, ..] = (x ^ y).to_le_bytes();
        image::Rgb([shade, 255 - shade, 90])
    });
    DynamicImage::from(pixels)
        .write_to(&mut bytes, format)
        .unwrap();
    bytes.into_inner()
}

async fn upload(client: &Client, product: &Value, bytes: Vec<u8>) -> Answer {
    let path = format!("/api/products/{}/images", product["id"].as_str().unwrap());
    client
        .send(Method::POST, &path, |request| {
            request.header("content-type", "image/png").body(bytes)
        })
        .await
}

#[tokio::test]
async fn an_upload_becomes_three_sizes_in_the_bucket() {
    let store = ObjectStore::start("product-images").await;
    let app = TestApp::with_store(&store).await;
    let product = app.product("Laptop", json!({})).await;
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        upload(&app.vendor, &product, picture(1600, 900, format))
            .await
            .expect(201);
    }
    let shown = app
        .anonymous
        .get("/api/products/laptop")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&shown["version"], shown["images"].as_array().unwrap().len()),
        (&json!(4), 3)
    );
    let image = &shown["images"][0];
    assert_eq!(
        (&image["width"], &image["height"], &image["alt"]),
        (&json!(1280), &json!(720), &json!("Laptop"))
    );
    for (size, width) in [("small", 320), ("medium", 640), ("large", 1280)] {
        let key = image[size]
            .as_str()
            .unwrap()
            .strip_prefix("/images/")
            .unwrap();
        let object = store
            .client()
            .get_object()
            .bucket("product-images")
            .key(key)
            .send()
            .await
            .unwrap();
        assert_eq!(object.content_type(), Some("image/jpeg"));
        assert_eq!(
            object.cache_control(),
            Some("public, max-age=31536000, immutable")
        );
        let bytes = object.body.collect().await.unwrap().into_bytes();
        assert_eq!(image::load_from_memory(&bytes).unwrap().width(), width);
    }
    let listed = app.list(&[]).await.expect(200).json();
    assert_eq!(listed["items"][0]["images"], shown["images"]);
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    let store = ObjectStore::start("product-images").await;
    let app = TestApp::with_store(&store).await;
    let product = app.product("Laptop", json!({})).await;
    let first = upload(&app.vendor, &product, picture(400, 300, ImageFormat::Png))
        .await
        .expect(201);
    let before = app.stored().await;
    let second = upload(&app.vendor, &product, picture(400, 300, ImageFormat::Png))
        .await
        .expect(201);
    assert_eq!(first.body, second.body);
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn what_is_not_a_picture_that_we_take_is_refused() {
    let store = ObjectStore::start("product-images").await;
    let app = TestApp::with_store(&store).await;
    let product = app.product("Laptop", json!({})).await;
    let before = app.stored().await;
    let gif = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;".to_vec();
    let page = b"<html><script>alert(1)</script></html>".to_vec();
    for unknown in [gif, page, Vec::new(), b"%PDF-1.7".to_vec()] {
        upload(&app.vendor, &product, unknown)
            .await
            .expect_problem(415, "unsupported-media-type");
    }
    let mut broken = picture(300, 300, ImageFormat::Png);
    broken.truncate(200);
    upload(&app.vendor, &product, broken)
        .await
        .expect_problem(422, "picture-refused");
    upload(&app.vendor, &product, picture(8_001, 2, ImageFormat::Png))
        .await
        .expect_problem(422, "picture-refused");
    let too_long = vec![0_u8; 10 * 1024 * 1024 + 1];
    upload(&app.vendor, &product, too_long)
        .await
        .expect_problem(413, "payload-too-large");
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn a_product_has_at_most_twelve_pictures() {
    let store = ObjectStore::start("product-images").await;
    let app = TestApp::with_store(&store).await;
    let product = app.product("Laptop", json!({})).await;
    for side in 1..=12 {
        upload(&app.vendor, &product, picture(side, 1, ImageFormat::Png))
            .await
            .expect(201);
    }
    upload(&app.vendor, &product, picture(13, 1, ImageFormat::Png))
        .await
        .expect_problem(409, "too-many-pictures");
    assert_eq!(app.stored().await["images"].as_array().unwrap().len(), 12);
}

#[tokio::test]
async fn without_the_bucket_an_upload_is_unavailable_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let product = app.product("Laptop", json!({})).await;
    let before = app.stored().await;
    upload(&app.vendor, &product, picture(40, 30, ImageFormat::Png))
        .await
        .expect_problem(503, "unavailable");
    assert_eq!(app.stored().await, before);
}

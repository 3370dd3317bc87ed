//! Buckets, and the settings that are kept with them.

use aws_sdk_s3::{
    Client,
    primitives::{DateTime, DateTimeFormat},
    types::{
        AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, CorsConfiguration, CorsRule,
        ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, Tag,
    },
};

use crate::server::{Objects, Server, Start, code, refused, until};

fn lifecycle(rule: LifecycleRule) -> BucketLifecycleConfiguration {
    BucketLifecycleConfiguration::builder()
        .rules(rule)
        .build()
        .unwrap()
}

fn expiring(prefix: &str, expiration: LifecycleExpiration) -> LifecycleRule {
    let filter = LifecycleRuleFilter::builder().prefix(prefix).build();
    LifecycleRule::builder()
        .id("expire")
        .status(ExpirationStatus::Enabled)
        .filter(filter)
        .expiration(expiration)
        .build()
        .unwrap()
}

async fn keys(client: &Client) -> Vec<String> {
    let listed = client
        .list_objects_v2()
        .bucket("pictures")
        .send()
        .await
        .unwrap();
    listed
        .contents
        .unwrap_or_default()
        .into_iter()
        .filter_map(|object| object.key)
        .collect()
}

#[tokio::test]
async fn buckets_are_made_listed_and_removed() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    assert_eq!(
        refused(client.create_bucket().bucket("pictures").send()).await,
        "BucketAlreadyOwnedByYou"
    );
    assert_eq!(
        refused(client.create_bucket().bucket("Not_A_Name").send()).await,
        "InvalidBucketName"
    );
    client
        .create_bucket()
        .bucket("documents")
        .send()
        .await
        .unwrap();
    let names: Vec<_> = client
        .list_buckets()
        .send()
        .await
        .unwrap()
        .buckets
        .unwrap()
        .into_iter()
        .filter_map(|bucket| bucket.name)
        .collect();
    assert_eq!(names, ["documents", "pictures"]);
    let first = client.list_buckets().max_buckets(1).send().await.unwrap();
    assert_eq!(first.continuation_token(), Some("documents"));
    assert_eq!(
        refused(client.list_buckets().max_buckets(0).send()).await,
        "InvalidArgument"
    );
    assert!(client.head_bucket().bucket("pictures").send().await.is_ok());
    assert!(
        client
            .head_bucket()
            .bucket("absent")
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_not_found()
    );

    client.put("pictures", "a/b").send().await.unwrap();
    assert_eq!(
        refused(client.delete_bucket().bucket("pictures").send()).await,
        "BucketNotEmpty"
    );
    client.delete("pictures", "a/b").send().await.unwrap();
    client
        .delete_bucket()
        .bucket("pictures")
        .send()
        .await
        .unwrap();
    assert_eq!(
        refused(client.delete_bucket().bucket("pictures").send()).await,
        "NoSuchBucket"
    );
    assert_eq!(
        refused(client.put("pictures", "a").send()).await,
        "NoSuchBucket"
    );
}

#[tokio::test]
async fn settings_outlive_the_server_and_can_be_removed() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    assert_eq!(
        refused(client.get_bucket_cors().bucket("pictures").send()).await,
        "NoSuchCORSConfiguration"
    );
    assert_eq!(
        refused(client.get_bucket_policy().bucket("pictures").send()).await,
        "NoSuchBucketPolicy"
    );
    assert_eq!(
        refused(
            client
                .get_bucket_lifecycle_configuration()
                .bucket("pictures")
                .send()
        )
        .await,
        "NoSuchLifecycleConfiguration"
    );

    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::pictures/*"}]}"#;
    let cors_rule = CorsRule::builder()
        .allowed_origins("https://shop.example")
        .allowed_methods("GET")
        .max_age_seconds(60)
        .build()
        .unwrap();
    let cors = CorsConfiguration::builder()
        .cors_rules(cors_rule.clone())
        .build()
        .unwrap();
    let rule = expiring("tmp/", LifecycleExpiration::builder().days(1).build());
    client
        .put_bucket_policy()
        .bucket("pictures")
        .policy(policy)
        .send()
        .await
        .unwrap();
    client
        .put_bucket_cors()
        .bucket("pictures")
        .cors_configuration(cors)
        .send()
        .await
        .unwrap();
    client
        .put_bucket_lifecycle_configuration()
        .bucket("pictures")
        .lifecycle_configuration(lifecycle(rule.clone()))
        .send()
        .await
        .unwrap();

    let server = server.restart();
    let client = server.client();
    assert_eq!(
        client
            .get_bucket_policy()
            .bucket("pictures")
            .send()
            .await
            .unwrap()
            .policy(),
        Some(policy)
    );
    assert_eq!(
        client
            .get_bucket_cors()
            .bucket("pictures")
            .send()
            .await
            .unwrap()
            .cors_rules(),
        [cors_rule]
    );
    assert_eq!(
        client
            .get_bucket_lifecycle_configuration()
            .bucket("pictures")
            .send()
            .await
            .unwrap()
            .rules(),
        [rule]
    );

    client
        .delete_bucket_policy()
        .bucket("pictures")
        .send()
        .await
        .unwrap();
    client
        .delete_bucket_cors()
        .bucket("pictures")
        .send()
        .await
        .unwrap();
    client
        .delete_bucket_lifecycle()
        .bucket("pictures")
        .send()
        .await
        .unwrap();
    assert_eq!(
        refused(client.get_bucket_cors().bucket("pictures").send()).await,
        "NoSuchCORSConfiguration"
    );
    assert_eq!(
        refused(client.get_bucket_policy().bucket("pictures").send()).await,
        "NoSuchBucketPolicy"
    );
    assert_eq!(
        refused(
            client
                .get_bucket_lifecycle_configuration()
                .bucket("pictures")
                .send()
        )
        .await,
        "NoSuchLifecycleConfiguration"
    );
}

#[tokio::test]
async fn settings_that_would_not_be_kept_to_are_refused() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    for policy in [
        "{",
        "{}",
        r#"{"Statement":[]}"#,
        r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::other/*"}}"#,
    ] {
        assert_eq!(
            refused(
                client
                    .put_bucket_policy()
                    .bucket("pictures")
                    .policy(policy)
                    .send()
            )
            .await,
            "MalformedPolicy",
            "{policy}"
        );
    }
    let patch = CorsRule::builder()
        .allowed_origins("*")
        .allowed_methods("PATCH")
        .build()
        .unwrap();
    let cors = CorsConfiguration::builder()
        .cors_rules(patch)
        .build()
        .unwrap();
    assert_eq!(
        refused(
            client
                .put_bucket_cors()
                .bucket("pictures")
                .cors_configuration(cors)
                .send()
        )
        .await,
        "InvalidRequest"
    );

    let by_tag = LifecycleRuleFilter::builder()
        .tag(Tag::builder().key("a").value("b").build().unwrap())
        .build();
    let by_tag = LifecycleRule::builder()
        .status(ExpirationStatus::Enabled)
        .filter(by_tag)
        .expiration(LifecycleExpiration::builder().days(1).build())
        .build()
        .unwrap();
    for (rule, expected) in [
        (by_tag, "NotImplemented"),
        (
            expiring("", LifecycleExpiration::builder().days(0).build()),
            "InvalidArgument",
        ),
    ] {
        let refused = client
            .put_bucket_lifecycle_configuration()
            .bucket("pictures")
            .lifecycle_configuration(lifecycle(rule))
            .send()
            .await
            .unwrap_err();
        assert_eq!(code(&refused), expected);
    }
}

#[tokio::test]
async fn what_has_expired_goes_and_everything_else_stays() {
    let server = Start::new()
        .with("OBJECT_STORE_SWEEP_INTERVAL_SECONDS", "1")
        .start();
    let client = server.bucket("pictures").await;
    for key in ["kept", "tmp/a", "tmp/b/c", "tmpfile"] {
        client.put("pictures", key).send().await.unwrap();
    }
    let past = DateTime::from_str("2020-01-01T00:00:00Z", DateTimeFormat::DateTime).unwrap();
    let rule = expiring("tmp/", LifecycleExpiration::builder().date(past).build());
    client
        .put_bucket_lifecycle_configuration()
        .bucket("pictures")
        .lifecycle_configuration(lifecycle(rule))
        .send()
        .await
        .unwrap();
    until("the expired objects are gone", || async {
        keys(&client).await == ["kept", "tmpfile"]
    })
    .await;

    // A rule for tomorrow removes nothing today, whatever sweeps run meanwhile; a rule of the past beside it shows that they do.
    let tomorrow = expiring("kept", LifecycleExpiration::builder().days(1).build());
    let past_rule = LifecycleRule::builder()
        .id("now")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("tmpfile").build())
        .expiration(LifecycleExpiration::builder().date(past).build())
        .abort_incomplete_multipart_upload(
            AbortIncompleteMultipartUpload::builder()
                .days_after_initiation(1)
                .build(),
        )
        .build()
        .unwrap();
    let both = BucketLifecycleConfiguration::builder()
        .rules(tomorrow)
        .rules(past_rule)
        .build()
        .unwrap();
    client
        .put_bucket_lifecycle_configuration()
        .bucket("pictures")
        .lifecycle_configuration(both)
        .send()
        .await
        .unwrap();
    until("the sweep has run", || async {
        keys(&client).await == ["kept"]
    })
    .await;
}

//! Whom to write to, where an event names only the account.

use contracts::UserId;
use sqlx::PgConnection;

/// Somebody's address and name.
pub(crate) struct Recipient {
    pub(crate) user_id: UserId,
    pub(crate) email: String,
    pub(crate) first_name: String,
}

/// Remembers them; who is known already stays as they are.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    recipients: &[Recipient],
) -> sqlx::Result<()> {
    let ids: Vec<_> = recipients.iter().map(|one| one.user_id.0).collect();
    let emails: Vec<_> = recipients.iter().map(|one| one.email.clone()).collect();
    let names: Vec<_> = recipients
        .iter()
        .map(|one| one.first_name.clone())
        .collect();
    sqlx::query!(
        "
        insert into recipient (user_id, email, first_name)
        select * from unnest($1::uuid[], $2::text[], $3::text[]) as one (user_id, email, first_name)
        order by user_id
        on conflict do nothing
        ",
        &ids,
        &emails,
        &names,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Those of them that are known.
pub(crate) async fn find(
    connection: &mut PgConnection,
    users: &[UserId],
) -> sqlx::Result<Vec<Recipient>> {
    let ids: Vec<_> = users.iter().map(|user| user.0).collect();
    sqlx::query_as!(
        Recipient,
        r#"
        select user_id as "user_id: UserId", email, first_name
        from recipient
        where user_id = any($1)
        "#,
        &ids,
    )
    .fetch_all(connection)
    .await
}

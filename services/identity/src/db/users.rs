//! Accounts, and who changed whose rights.

use chassis::database::OnConstraint as _;
use chrono::{DateTime, Utc};
use contracts::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    account::{Consent, User},
    rights::Role,
};

/// Why an account cannot be stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InsertError {
    #[error("there is an account with this address")]
    EmailTaken,
    #[error("the account cannot be stored")]
    Database(#[from] sqlx::Error),
}

/// A new account.
pub(crate) struct NewUser<'a> {
    pub(crate) email: &'a str,
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
    pub(crate) password_hash: &'a str,
    pub(crate) role: Role,
    /// The text that they agreed to.
    pub(crate) consent_version: Option<&'a str>,
}

/// An account as a row; `User` once its role has been read.
pub(super) struct Row {
    pub(super) id: UserId,
    pub(super) email: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) role: String,
    pub(super) permissions: Vec<String>,
    pub(super) consent_version: Option<String>,
    pub(super) consent_at: Option<DateTime<Utc>>,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

impl TryFrom<Row> for User {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let role = Role::granted(&row.role).map_err(|_| {
            sqlx::Error::Decode(format!("users.role of {}: {:?}", row.id, row.role).into())
        })?;
        let consent = row.consent_version.zip(row.consent_at);
        Ok(Self {
            id: row.id,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            role,
            permissions: row.permissions,
            consent: consent.map(|(version, at)| Consent { version, at }),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Puts a new account in.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    user: &NewUser<'_>,
) -> Result<User, InsertError> {
    let row = sqlx::query_as!(
        Row,
        r#"
        insert into users (id, email, first_name, last_name, password_hash, role, consent_version, consent_at)
        values ($1, $2, $3, $4, $5, $6, $7::text, case when $7::text is null then null else now() end)
        returning id as "id: UserId", email, first_name, last_name, role, permissions, consent_version, consent_at,
          version, created_at, updated_at
        "#,
        UserId::generate().0,
        user.email,
        user.first_name,
        user.last_name,
        user.password_hash,
        user.role.name(),
        user.consent_version,
    )
    .fetch_one(connection)
    .await
    .on_constraint("users_email_key", || InsertError::EmailTaken)?;
    Ok(row.try_into()?)
}

/// The account with this id.
pub(crate) async fn get(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Option<User>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select id as "id: UserId", email, first_name, last_name, role, permissions, consent_version, consent_at,
          version, created_at, updated_at
        from users
        where id = $1
        "#,
        id.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(User::try_from).transpose()
}

/// The account with this id, locked until the transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Option<User>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select id as "id: UserId", email, first_name, last_name, role, permissions, consent_version, consent_at,
          version, created_at, updated_at
        from users
        where id = $1
        for no key update
        "#,
        id.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(User::try_from).transpose()
}

/// The account with this address.
pub(crate) async fn find(connection: &mut PgConnection, email: &str) -> sqlx::Result<Option<User>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select id as "id: UserId", email, first_name, last_name, role, permissions, consent_version, consent_at,
          version, created_at, updated_at
        from users
        where email = $1
        "#,
        email,
    )
    .fetch_optional(connection)
    .await?;
    row.map(User::try_from).transpose()
}

/// What proves whose account it is.
pub(crate) async fn password_hash(
    connection: &mut PgConnection,
    id: UserId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select password_hash from users where id = $1", id.0)
        .fetch_optional(connection)
        .await
}

/// The owner of a live session: nothing when the session has ended, has reached its age, or is somebody else's.
pub(crate) async fn in_session(
    connection: &mut PgConnection,
    id: UserId,
    session: Uuid,
) -> sqlx::Result<Option<User>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select u.id as "id: UserId", u.email, u.first_name, u.last_name, u.role, u.permissions, u.consent_version,
          u.consent_at, u.version, u.created_at, u.updated_at
        from sessions s
        join users u on u.id = s.user_id
        where s.id = $1 and s.user_id = $2 and s.ended_at is null and s.expires_at > now()
        "#,
        session,
        id.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(User::try_from).transpose()
}

/// Which accounts a list shows, and in which order.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// A part of the address.
    pub(crate) email: Option<String>,
    pub(crate) role: Option<Role>,
    /// By address; the newest first otherwise.
    pub(crate) by_email: bool,
    /// The last one that was shown.
    pub(crate) after: Option<UserId>,
}

/// At most `limit` of them. Ids are in the order of creation, and no two accounts share an address.
pub(crate) async fn page(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<User>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select id as "id: UserId", email, first_name, last_name, role, permissions, consent_version, consent_at,
          version, created_at, updated_at
        from users
        where ($1::uuid is null or case
            when $2 then email > (select last.email from users last where last.id = $1)
            else id < $1
          end)
          and ($3::text is null or strpos(email, $3) > 0)
          and ($4::text is null or role = $4)
        order by case when $2 then email end, id desc
        limit $5
        "#,
        filter.after.map(|id| id.0),
        filter.by_email,
        filter.email,
        filter.role.map(Role::name),
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(User::try_from).collect()
}

/// The accounts of all admins, locked until the transaction ends: two who take each other's role away take turns.
pub(crate) async fn lock_admins(connection: &mut PgConnection) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"select id as "id: UserId" from users where role = 'admin' order by id for no key update"#
    )
    .fetch_all(connection)
    .await
}

/// Changes the names that are given.
pub(crate) async fn rename(
    connection: &mut PgConnection,
    id: UserId,
    first_name: Option<&str>,
    last_name: Option<&str>,
) -> sqlx::Result<User> {
    let row = sqlx::query_as!(
        Row,
        r#"
        update users
        set first_name = coalesce($2, first_name), last_name = coalesce($3, last_name), version = version + 1,
          updated_at = now()
        where id = $1
        returning id as "id: UserId", email, first_name, last_name, role, permissions, consent_version, consent_at,
          version, created_at, updated_at
        "#,
        id.0,
        first_name,
        last_name,
    )
    .fetch_one(connection)
    .await?;
    row.try_into()
}

/// Whether the account has the password of this hash still; it keeps it until the transaction ends.
pub(crate) async fn keep_password(
    connection: &mut PgConnection,
    id: UserId,
    hash: &str,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "select 1 as one from users where id = $1 and password_hash = $2 for share",
        id.0,
        hash,
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

/// Replaces the password, unless it has been replaced since `old_hash` was read; gives the account's version.
pub(crate) async fn set_password(
    connection: &mut PgConnection,
    id: UserId,
    old_hash: &str,
    new_hash: &str,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "
        update users
        set password_hash = $3, version = version + 1, updated_at = now()
        where id = $1 and password_hash = $2
        returning version
        ",
        id.0,
        old_hash,
        new_hash,
    )
    .fetch_optional(connection)
    .await
}

/// Gives the account other rights.
pub(crate) async fn set_rights(
    connection: &mut PgConnection,
    id: UserId,
    role: Role,
    permissions: &[String],
) -> sqlx::Result<User> {
    let row = sqlx::query_as!(
        Row,
        r#"
        update users
        set role = $2, permissions = $3, version = version + 1, updated_at = now()
        where id = $1
        returning id as "id: UserId", email, first_name, last_name, role, permissions, consent_version, consent_at,
          version, created_at, updated_at
        "#,
        id.0,
        role.name(),
        permissions,
    )
    .fetch_one(connection)
    .await?;
    row.try_into()
}

/// Notes who gave whom which rights.
pub(crate) async fn note_change_of_rights(
    connection: &mut PgConnection,
    changed_by: UserId,
    before: &User,
    after: &User,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into role_changes (user_id, changed_by, old_role, new_role, old_permissions, new_permissions)
        values ($1, $2, $3, $4, $5, $6)
        ",
        after.id.0,
        changed_by.0,
        before.role.name(),
        after.role.name(),
        &before.permissions,
        &after.permissions,
    )
    .execute(connection)
    .await
    .map(drop)
}

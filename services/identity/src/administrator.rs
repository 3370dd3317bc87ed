//! The first admin: made by the operator, because nobody can ask for the role.

use anyhow::{Context as _, anyhow, bail};
use sqlx::{Connection as _, PgConnection};

use crate::{
    config::AdministratorConfig,
    db::{
        self,
        users::{InsertError, NewUser},
    },
    domain::{Violation, email, password::Password, rights::Role},
    events,
    hashing::Hasher,
};

/// Makes the account. One that is there already keeps its password: it may have been changed since.
pub(crate) async fn create(config: &AdministratorConfig) -> anyhow::Result<()> {
    let email = email::normalised("--email", &config.email).map_err(wrong)?;
    let password = Password::new(config.password_file.expose())
        .acceptable("--password-file", &email)
        .map_err(wrong)?;
    // Of its own and not of a pool: nobody waits for an answer here, so that a busy machine may take its time.
    let mut connection = PgConnection::connect_with(&config.database.options()?)
        .await
        .context("cannot reach the database")?;
    if let Some(user) = db::users::find(&mut connection, &email).await? {
        if user.role != Role::Admin {
            bail!(
                "{email} is the account of a {}: choose another address for the admin",
                user.role.name()
            );
        }
        tracing::info!(user.id = %user.id, "there is an admin already");
        return Ok(());
    }
    let password_hash = Hasher::new()?.hash(password).await?;
    let user = NewUser {
        email: &email,
        first_name: "Argosy",
        last_name: "Admin",
        password_hash: &password_hash,
        role: Role::Admin,
        consent_version: None,
    };
    let mut tx = connection.begin().await?;
    let user = match db::users::insert(&mut tx, &user).await {
        Err(InsertError::EmailTaken) => bail!("{email} has been taken at this moment: try again"),
        inserted => inserted.context("the admin cannot be stored")?,
    };
    events::publish_registered(&mut tx, &user).await?;
    tx.commit().await?;
    tracing::info!(user.id = %user.id, "made an admin");
    Ok(())
}

fn wrong(Violation { field, message }: Violation) -> anyhow::Error {
    anyhow!("{field} {message}")
}

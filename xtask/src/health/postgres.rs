//! `PostgreSQL`'s protocol: asked for a session, the server asks back who we are. It is not still starting up then.

use super::{Connection, excerpt};

/// Protocol 3.0, then the parameters, each ended by a zero byte, and one more for the end.
const STARTUP: &[u8] =
    b"\x00\x03\x00\x00user\0argosy_probe\0database\0postgres\0application_name\0argosy-probe\0\0";
/// SQLSTATE `cannot_connect_now`: starting up, shutting down, or recovering.
const CANNOT_CONNECT_NOW: &str = "57P03";
/// SQLSTATE class of `invalid_authorization_specification` and `invalid_password`.
const REFUSED: &str = "28";
const LONGEST: usize = 16 << 10;

pub(super) async fn probe(address: &str) -> Result<(), String> {
    let mut connection = Connection::open(address).await?;
    let length = u32::try_from(STARTUP.len() + 4).expect("BUG: the start-up message is short");
    connection
        .write(&[&length.to_be_bytes(), STARTUP].concat())
        .await?;
    let mut kind = [0];
    connection.read_exact(&mut kind).await?;
    match kind {
        // AuthenticationRequest.
        [b'R'] => Ok(()),
        [b'E'] => error(&mut connection).await,
        _ => Err(format!("{address} does not answer as PostgreSQL does")),
    }
}

async fn error(connection: &mut Connection<'_>) -> Result<(), String> {
    let mut length = [0; 4];
    connection.read_exact(&mut length).await?;
    let length = usize::try_from(u32::from_be_bytes(length))
        .unwrap_or(usize::MAX)
        .saturating_sub(4);
    if length > LONGEST {
        return Err(format!(
            "{} does not answer as PostgreSQL does",
            connection.address
        ));
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await?;
    judge(&body)
}

/// Fields of an `ErrorResponse`: a letter, a text, a zero byte.
fn judge(body: &[u8]) -> Result<(), String> {
    let field = |letter: u8| {
        let text = body
            .split(|byte| *byte == 0)
            .find_map(|field| field.strip_prefix(&[letter]))?;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    let (state, message) = (
        field(b'C').unwrap_or_default(),
        field(b'M').unwrap_or_default(),
    );
    if state == CANNOT_CONNECT_NOW {
        return Err(format!("starting up: {}", excerpt(&message)));
    }
    if state.starts_with(REFUSED) {
        // Our made-up user is refused without a question (`reject`, or no entry in pg_hba.conf): it serves others.
        return Ok(());
    }
    Err(format!("answered {state}: {}", excerpt(&message)))
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn a_server_that_starts_up_is_told_from_one_that_refuses_us_and_from_one_in_trouble() {
        let starting = judge(b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0");
        assert_eq!(
            starting,
            Err("starting up: the database system is starting up".into())
        );
        assert_eq!(
            judge(b"SFATAL\0C28000\0Mno pg_hba.conf entry for host\0\0"),
            Ok(())
        );
        assert_eq!(
            judge(b"SFATAL\0C53300\0Msorry, too many clients already\0\0"),
            Err("answered 53300: sorry, too many clients already".into())
        );
    }
}

//! Accounts of this machine, from `/etc/passwd` (passwd(5)).

use std::fs;

use super::protocol::Account;

pub(crate) fn find(name: &str) -> Option<Account> {
    parse(&fs::read_to_string("/etc/passwd").ok()?, name)
}

fn parse(passwd: &str, name: &str) -> Option<Account> {
    let fields: Vec<&str> = passwd
        .lines()
        .map(|line| line.split(':').collect())
        .find(|fields: &Vec<&str>| fields.first() == Some(&name))?;
    Some(Account {
        name: name.to_owned(),
        uid: fields.get(2)?.parse().ok()?,
        gid: fields.get(3)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres2:x:9:9::/:/bin/sh\npostgres:x:104:111:,,,:/var/lib/postgresql:/bin/bash\n";
        let account = parse(passwd, "postgres").unwrap();
        assert_eq!((account.uid, account.gid), (104, 111));
        assert_eq!(parse(passwd, "nobody"), None);
    }
}

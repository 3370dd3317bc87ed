//! Where a request from outside comes from: what the edge has seen, and nothing that anybody else may have said.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use axum::http::{HeaderMap, HeaderName};

/// Set by the edge, which removes what came from outside; its last entry is the address that the edge has seen.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The part of an IPv6 address that names a network: one customer has at least that much, and changes the rest at will.
const NETWORK: u128 = !0 << 64;

/// One client: an IPv4 address, or an IPv6 network of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Who is asking. None for whoever has not come through the edge: other services and the platform's own probes.
    ///
    /// What the edge would never write counts as one and the same client.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let last = headers.get_all(FORWARDED_FOR).iter().next_back()?;
        let last = last.to_str().unwrap_or_default();
        let address = last.rsplit(',').next().unwrap_or_default().trim();
        let unreadable = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Some(Self::from(address.parse().unwrap_or(unreadable)))
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK)),
        })
    }
}

/// `203.0.113.7`, `2001:db8::/64`.
impl fmt::Display for ClientAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(formatter),
            IpAddr::V6(network) => write!(formatter, "{network}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(values: &[&'static str]) -> Option<String> {
        let headers = values
            .iter()
            .map(|value| (FORWARDED_FOR, HeaderValue::from_static(value)));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        ClientAddress::of(&map).map(|client| client.to_string())
    }

    #[test]
    fn the_client_is_who_the_edge_has_seen() {
        assert_eq!(of(&["203.0.113.7"]).as_deref(), Some("203.0.113.7"));
        assert_eq!(
            of(&["6.6.6.6, 203.0.113.7"]).as_deref(),
            Some("203.0.113.7")
        );
        assert_eq!(
            of(&["6.6.6.6", "203.0.113.7"]).as_deref(),
            Some("203.0.113.7")
        );
        assert_eq!(of(&["::ffff:203.0.113.7"]).as_deref(), Some("203.0.113.7"));
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let one = of(&["2001:db8:1:2:3:4:5:6"]);
        assert_eq!(one.as_deref(), Some("2001:db8:1:2::/64"));
        assert_eq!(of(&["2001:db8:1:2:ffff::1"]), one);
        assert_ne!(of(&["2001:db8:1:3::1"]), one);
    }

    #[test]
    fn who_comes_from_inside_is_no_client_and_nonsense_is_one() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["made up"]).as_deref(), Some("0.0.0.0"));
        assert_eq!(of(&[""]), of(&["unknown"]));
    }
}

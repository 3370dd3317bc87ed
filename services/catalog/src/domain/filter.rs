//! Which products a list shows, and in which order.

use contracts::{Currency, VendorId};

use super::attribute_filter::AttributeFilter;

/// The orders that a list may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sort {
    /// As the shop recommends it.
    Rank,
    /// The latest first.
    Newest,
    /// The cheapest first.
    Price,
    /// The dearest first.
    PriceDescending,
    /// By name.
    Name,
    /// The best match first; needs words.
    Relevance,
}

impl Sort {
    /// Every order.
    pub(crate) const ALL: [Self; 6] = [
        Self::Rank,
        Self::Newest,
        Self::Price,
        Self::PriceDescending,
        Self::Name,
        Self::Relevance,
    ];

    /// As it is written in a URL, and in the statement in `db/products.rs`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rank => "rank",
            Self::Newest => "newest",
            Self::Price => "price",
            Self::PriceDescending => "-price",
            Self::Name => "name",
            Self::Relevance => "relevance",
        }
    }

    /// `featured` is what shops call the default order.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = if text == "featured" { "rank" } else { text };
        Self::ALL.into_iter().find(|sort| sort.name() == text)
    }
}

/// Which products; also the key under which their number is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Filter {
    /// A category's slug.
    pub(crate) category: Option<String>,
    pub(crate) vendor: Option<VendorId>,
    /// What the bounds are in.
    pub(crate) currency: Currency,
    /// Minor units, inclusive.
    pub(crate) min_minor: Option<i64>,
    /// Minor units, inclusive.
    pub(crate) max_minor: Option<i64>,
    pub(crate) attributes: AttributeFilter,
    /// What was typed into the search field.
    pub(crate) words: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_found_by_its_name() {
        for sort in Sort::ALL {
            assert_eq!(Sort::parse(sort.name()), Some(sort));
        }
        assert_eq!(Sort::parse("featured"), Some(Sort::Rank));
        assert_eq!(Sort::parse("price; drop table products"), None);
    }
}

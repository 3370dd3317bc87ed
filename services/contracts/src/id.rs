//! Every id of the platform as a type of its own, so that a product's id cannot be passed where a vendor's is expected.
//!
//! They are UUIDs of version 7: their order is the order of creation, which keeps indexes compact.

/// Declares one id type.
macro_rules! id {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = uuid::Uuid))]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// A fresh id, greater than those made before it.
            pub fn generate() -> Self {
                Self(uuid::Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// A person with an account.
    UserId
);
id!(
    /// Who sells a product: the account of a user with the role `vendor`.
    VendorId
);
id!(
    /// A product in the catalogue.
    ProductId
);
id!(
    /// One buyable form of a product: a size, a colour.
    VariantId
);
id!(
    /// A shelf of the shop.
    CategoryId
);

id!(
    /// What somebody ordered.
    OrderId
);
id!(
    /// The payment of one order.
    PaymentId
);
id!(
    /// Money going back, in part or in full.
    RefundId
);
id!(
    /// What lies of one variant in one warehouse.
    StockId
);
id!(
    /// A way back into an account whose password is forgotten.
    ResetId
);

impl From<UserId> for VendorId {
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_creation_and_are_bare_strings_in_json() {
        let earlier = ProductId::generate();
        let later = ProductId::generate();
        assert!(earlier < later);
        assert_eq!(serde_json::to_value(earlier).unwrap(), earlier.to_string());
        assert_eq!(earlier.to_string().parse(), Ok(earlier));
    }
}

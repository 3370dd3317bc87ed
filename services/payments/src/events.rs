//! What payments publishes, and where.

use chassis::broker::Stream;

/// Every event of the payments service.
pub(crate) const STREAM: Stream = Stream {
    name: "PAYMENTS",
    subjects: "shop.payments.>",
    description: "What became of payments and refunds",
};

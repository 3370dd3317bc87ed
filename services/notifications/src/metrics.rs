//! What the notifications service counts beside what every service counts.

use chassis::metrics::{Family, Metrics};
use prometheus::{Histogram, HistogramVec, IntCounterVec, IntGauge};

use crate::domain::{
    letter::Template,
    message::{MediaType, Topic},
};

/// The service's own families.
pub const CATALOGUE: &[&Family] = &[
    &MAILS,
    &MAIL_DELAY,
    &MESSAGES,
    &DOCUMENTS,
    &SOCKETS,
    &SOCKET_CLOSES,
    &LIVE_DELAY,
];

/// Mails.
pub const MAILS: Family = Family::counter(
    "shop_mails_total",
    &["template", "outcome"],
    "Attempts to send a mail, by template and by what came of them.",
);
/// Time until a mail has left.
pub const MAIL_DELAY: Family = Family::histogram(
    "shop_mail_delay_seconds",
    &["template"],
    "Time from an event to the mail server's acceptance of its mail.",
);
/// Messages to the shop.
pub const MESSAGES: Family = Family::counter(
    "shop_messages_total",
    &["topic"],
    "Messages that people have sent to the shop, by what they are about.",
);
/// Documents that came with them.
pub const DOCUMENTS: Family = Family::counter(
    "shop_documents_total",
    &["media_type"],
    "Documents that people have sent to the shop, by what they are.",
);
/// Open sockets.
pub const SOCKETS: Family = Family::gauge(
    "notifications_open_sockets",
    &[],
    "WebSockets that are open now.",
);
/// Closed sockets.
pub const SOCKET_CLOSES: Family = Family::counter(
    "notifications_socket_closes_total",
    &["reason"],
    "WebSockets that were closed, by why.",
);
/// Time until an open page knows.
pub const LIVE_DELAY: Family = Family::histogram(
    "notifications_live_delay_seconds",
    &[],
    "Time from an event to its live update on an open socket.",
);

/// What can come of an attempt to send a mail.
const OUTCOMES: [&str; 5] = ["sent", "retried", "dead", "superseded", "unaddressed"];

/// The service's own metrics.
#[derive(Clone)]
pub(crate) struct NotificationMetrics {
    mails: IntCounterVec,
    mail_delay: HistogramVec,
    messages: IntCounterVec,
    documents: IntCounterVec,
    pub(crate) sockets: IntGauge,
    pub(crate) socket_closes: IntCounterVec,
    pub(crate) live_delay: Histogram,
}

impl NotificationMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let none: [&str; 0] = [];
        let own = Self {
            mails: metrics.counter(&MAILS),
            mail_delay: metrics.histogram(&MAIL_DELAY),
            messages: metrics.counter(&MESSAGES),
            documents: metrics.counter(&DOCUMENTS),
            sockets: metrics.gauge(&SOCKETS).with_label_values(&none),
            socket_closes: metrics.counter(&SOCKET_CLOSES),
            live_delay: metrics.histogram(&LIVE_DELAY).with_label_values(&none),
        };
        for template in Template::ALL {
            for outcome in OUTCOMES {
                own.mails.with_label_values(&[template.name(), outcome]);
            }
        }
        for topic in Topic::ALL {
            own.messages.with_label_values(&[topic.name()]);
        }
        for media_type in MediaType::ALL {
            own.documents.with_label_values(&[media_type.name()]);
        }
        own
    }

    /// Counts a message that is kept, and its document.
    pub(crate) fn message(&self, topic: Topic, document: Option<MediaType>) {
        self.messages.with_label_values(&[topic.name()]).inc();
        if let Some(media_type) = document {
            self.documents.with_label_values(&[media_type.name()]).inc();
        }
    }

    /// Counts what came of a mail.
    pub(crate) fn mail(&self, template: Template, outcome: &str) {
        self.mails
            .with_label_values(&[template.name(), outcome])
            .inc();
    }

    /// Notes how long after its event a mail has left.
    pub(crate) fn mail_left(&self, template: Template, seconds: f64) {
        self.mail_delay
            .with_label_values(&[template.name()])
            .observe(seconds.max(0.0));
    }
}

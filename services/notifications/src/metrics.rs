//! What the notifications service counts beside what every service counts.

use chassis::metrics::{Family, Metrics};
use prometheus::{Histogram, HistogramVec, IntCounterVec, IntGauge};

use crate::domain::letter::Template;

/// The service's own families.
pub const CATALOGUE: &[&Family] = &[&MAILS, &MAIL_DELAY, &SOCKETS, &SOCKET_CLOSES, &LIVE_DELAY];

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
            sockets: metrics.gauge(&SOCKETS).with_label_values(&none),
            socket_closes: metrics.counter(&SOCKET_CLOSES),
            live_delay: metrics.histogram(&LIVE_DELAY).with_label_values(&none),
        };
        for template in Template::ALL {
            for outcome in OUTCOMES {
                own.mails.with_label_values(&[template.name(), outcome]);
            }
        }
        own
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

//! Faults on request: what a test wants to go wrong between the shop and its mail provider.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// The fault that is set, if any.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Description>);

/// What the API takes and gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Description {
    /// Refuse with this code, 400 to 599. At `acknowledgement` any code closes the connection without an answer.
    pub(crate) reject: Option<u16>,
    /// Wait so long before the answer.
    pub(crate) delay_ms: u64,
    pub(crate) stage: Stage,
    /// How many times; afterwards all is well again. Without it, until the fault is changed.
    pub(crate) times: Option<u32>,
}

/// Which answer the fault is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Stage {
    /// The greeting.
    Connect,
    /// The answer to MAIL FROM.
    #[default]
    Mail,
    /// The answer to RCPT TO.
    Recipient,
    /// The answer to the mail itself, which is not kept.
    Message,
    /// The answer to the mail itself, which is kept all the same.
    Acknowledgement,
}

/// A fault that happens now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) reject: Option<u16>,
    pub(crate) delay: Duration,
}

pub(crate) const LONGEST_DELAY_MS: u64 = 600_000;

impl Description {
    /// The field that is wrong, and why.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        if let Some(code) = self.reject.filter(|code| !(400..600).contains(code)) {
            return Err((
                "reject",
                format!("{code} is not a refusal: expected a code from 400 to 599"),
            ));
        }
        if self.delay_ms > LONGEST_DELAY_MS {
            return Err((
                "delayMs",
                format!("{} is too long: at most {LONGEST_DELAY_MS}", self.delay_ms),
            ));
        }
        if self.times == Some(0) {
            return Err((
                "times",
                "0 times is never: leave `times` out, or clear the fault with DELETE".to_owned(),
            ));
        }
        Ok(())
    }
}

impl Faults {
    pub(crate) fn set(&self, description: Description) {
        *self.lock() = description;
    }

    pub(crate) fn get(&self) -> Description {
        self.lock().clone()
    }

    /// The fault at this stage, counted as one time.
    pub(crate) fn take(&self, stage: Stage) -> Option<Fault> {
        let mut description = self.lock();
        if description.stage != stage || (description.reject.is_none() && description.delay_ms == 0)
        {
            return None;
        }
        let fault = Fault {
            reject: description.reject,
            delay: Duration::from_millis(description.delay_ms),
        };
        match &mut description.times {
            Some(1) => *description = Description::default(),
            Some(times) => *times -= 1,
            None => {}
        }
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, Description> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

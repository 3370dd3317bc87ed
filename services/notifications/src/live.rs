//! Open pages: who has which sockets open here, and how they learn that there is something new for them.
//!
//! Rows in the database are the truth, and a socket only ever sends what it reads there. A hint says that a user's
//! sequence has moved on: within this process directly, to other replicas over the broker, and when both fail the table
//! is looked at anyway. So a lost hint costs a second, and never a message.

mod announcer;
mod hub;
mod socket;

pub(crate) use announcer::{Announcer, Hints, SUBJECTS, hint_of};
pub(crate) use hub::{Full, Hub, Seat};
pub(crate) use socket::{Session, Times};

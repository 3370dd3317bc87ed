//! Tries every order of events: two workers (one of which may be a zombie beyond its lease), crashes anywhere, answers that
//! are lost before or after the effect, cancellations, and the provider's word through webhooks at any time and repeatedly.

use std::collections::{HashMap, HashSet};

use super::*;

const AMOUNT: i64 = 5;

type Step = fn(Payment, Event) -> Turn;

/// What the provider has done under one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Unseen,
    Charged,
    Declined,
}

/// A worker that has committed its lease of this attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Worker {
    AboutToSend(i32),
    Answered(i32, Key),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct World {
    payment: Payment,
    keys: [Key; 3],
    workers: [Option<Worker>; 2],
    cancels_left: u8,
    /// Started, captured, declined, cancelled.
    said: [u8; 4],
    /// The attempt whose charge is noted.
    noted: Option<i32>,
    strays: u8,
}

impl World {
    const START: Self = Self {
        payment: Payment::requested(AMOUNT),
        keys: [Key::Unseen; 3],
        workers: [None; 2],
        cancels_left: 2,
        said: [0; 4],
        noted: None,
        strays: 0,
    };

    fn key(&self, attempt: i32) -> Key {
        self.keys[usize::try_from(attempt - 1).unwrap()]
    }

    /// The world after one event has had its effect.
    fn with(mut self, step: Step, event: Event) -> Self {
        let (payment, effects) = step(self.payment, event).unwrap();
        self.payment = payment;
        for effect in effects {
            match effect {
                Effect::SayStarted => self.said[0] += 1,
                Effect::SayCaptured => self.said[1] += 1,
                Effect::SayDeclined => self.said[2] += 1,
                Effect::SayCancelled => self.said[3] += 1,
                Effect::NoteCharge => {}
                Effect::ReturnStrayCharge => self.strays += 1,
                other => panic!("{other:?} without a refund"),
            }
        }
        self
    }

    /// What the provider has done under `attempt`'s key reaches us.
    fn told(mut self, step: Step, attempt: i32, truth: Key, is_final: bool) -> Self {
        match truth {
            Key::Unseen => self,
            Key::Charged => {
                let is_known = self.noted == Some(attempt);
                self = self.with(
                    step,
                    Event::Charged {
                        minor: AMOUNT,
                        is_right_currency: true,
                        is_known,
                    },
                );
                self.noted = self.noted.or(Some(attempt));
                self
            }
            Key::Declined => self.with(step, Event::Declined { attempt, is_final }),
        }
    }

    /// Every world that may come next.
    fn next(self, step: Step) -> Vec<Self> {
        let mut next = Vec::new();
        if self.cancels_left > 0 {
            let mut asked = self.with(step, Event::CancelRequested);
            asked.cancels_left -= 1;
            next.push(asked);
        }
        for slot in 0..2 {
            self.worker(step, slot, &mut next);
        }
        for attempt in 1..=ATTEMPTS {
            // A webhook, or the reconciler.
            let truth = self.key(attempt);
            next.push(self.told(step, attempt, truth, false));
        }
        if self.payment.state == State::InDoubt && self.key(self.payment.attempt) == Key::Unseen {
            next.push(self.with(step, Event::NeverFound));
        }
        next
    }

    fn worker(self, step: Step, slot: usize, next: &mut Vec<Self>) {
        let replaced = |worker: Option<Worker>| {
            let mut world = self;
            world.workers[slot] = worker;
            world
        };
        match self.workers[slot] {
            None if matches!(self.payment.state, State::Pending | State::InDoubt) => {
                let mut leased = self.with(step, Event::SendingBegins);
                leased.workers[slot] = Some(Worker::AboutToSend(leased.payment.attempt));
                next.push(leased);
            }
            None => {}
            Some(Worker::AboutToSend(attempt)) => {
                // It crashes, or the request does not arrive.
                next.push(replaced(None));
                let outcomes = match self.key(attempt) {
                    Key::Unseen => vec![Key::Charged, Key::Declined],
                    executed => vec![executed],
                };
                for outcome in outcomes {
                    let mut lost = replaced(None);
                    lost.keys[usize::try_from(attempt - 1).unwrap()] = outcome;
                    next.push(lost);
                    lost.workers[slot] = Some(Worker::Answered(attempt, outcome));
                    next.push(lost);
                }
            }
            Some(Worker::Answered(attempt, outcome)) => {
                // It crashes before the commit, or commits.
                next.push(replaced(None));
                for is_final in [false, true] {
                    next.push(replaced(None).told(step, attempt, outcome, is_final));
                }
            }
        }
    }

    fn is_at_rest(&self) -> bool {
        matches!(
            self.payment.state,
            State::Captured | State::Declined | State::Cancelled | State::Manual(_)
        )
    }

    /// What is wrong with it, if anything.
    fn fault(&self) -> Option<&'static str> {
        let charges = self.keys.iter().filter(|key| **key == Key::Charged).count();
        let [started, captured, declined, cancelled] = self.said;
        let state = self.payment.state;
        let faults = [
            (charges > 1, "charged twice"),
            (
                charges > 0 && !(state.is_unclear() || state == State::Captured),
                "a charge is lost",
            ),
            (
                charges > 0 && declined + cancelled > 0,
                "charged although it was said that it never will be",
            ),
            (captured > 0 && charges == 0, "captured without a charge"),
            (self.said.iter().any(|times| *times > 1), "said twice"),
            (
                (state == State::Captured) != (captured == 1),
                "captured and not said so",
            ),
            (
                state == State::Cancelled && cancelled != 1,
                "cancelled and not said so",
            ),
            (
                state == State::Declined && declined != 1,
                "declined and not said so",
            ),
            (
                started == 0 && (charges > 0 || captured + declined > 0),
                "not said that it began",
            ),
            (self.strays > 0, "a rightful charge was given back"),
        ];
        faults.into_iter().find(|(is, _)| *is).map(|(_, what)| what)
    }
}

/// Every world that can be reached, with those that may follow it; or the first fault.
fn explore(step: Step) -> Result<HashMap<World, Vec<World>>, (&'static str, World)> {
    let mut seen = HashMap::new();
    let mut open = vec![World::START];
    while let Some(world) = open.pop() {
        if seen.contains_key(&world) {
            continue;
        }
        if let Some(fault) = world.fault() {
            return Err((fault, world));
        }
        let next = world.next(step);
        open.extend(next.iter().filter(|next| !seen.contains_key(*next)));
        seen.insert(world, next);
    }
    Ok(seen)
}

#[test]
fn whatever_happens_is_charged_once_at_most_and_never_lost() {
    let worlds =
        explore(Payment::after).unwrap_or_else(|(fault, world)| panic!("{fault}: {world:#?}"));
    assert!(worlds.len() > 1_000, "{} worlds", worlds.len());
    let sometimes = [
        State::Captured,
        State::Declined,
        State::Cancelled,
        State::Manual(Trouble::Unclear),
    ];
    for state in sometimes {
        assert!(
            worlds.keys().any(|world| world.payment.state == state),
            "{state:?}"
        );
    }
    let zombies = worlds.keys().filter(|world| matches!(world.workers, [Some(Worker::AboutToSend(first)), Some(Worker::AboutToSend(second))] if first != second));
    assert!(
        zombies.count() > 0,
        "no zombie was about to send an old attempt"
    );
}

#[test]
fn an_end_can_always_be_reached() {
    let worlds = explore(Payment::after).unwrap();
    let mut before: HashMap<World, Vec<World>> = HashMap::new();
    for (world, next) in &worlds {
        for next in next {
            before.entry(*next).or_default().push(*world);
        }
    }
    let mut open: Vec<World> = worlds.keys().copied().filter(World::is_at_rest).collect();
    let mut ending: HashSet<World> = open.iter().copied().collect();
    while let Some(world) = open.pop() {
        for earlier in before.get(&world).into_iter().flatten() {
            if ending.insert(*earlier) {
                open.push(*earlier);
            }
        }
    }
    assert_eq!(ending.len(), worlds.len());
}

#[test]
fn the_model_finds_the_mistakes_that_are_easily_made() {
    fn cancels_in_doubt(payment: Payment, event: Event) -> Turn {
        match event {
            Event::CancelRequested if payment.state == State::InDoubt => {
                Ok((payment.to(State::Cancelled), &[Effect::SayCancelled]))
            }
            _ => payment.after(event),
        }
    }
    fn sends_before_the_mark(payment: Payment, event: Event) -> Turn {
        match event {
            Event::SendingBegins => Ok((payment, &[Effect::SayStarted])),
            _ => payment.after(event),
        }
    }
    fn takes_silence_for_a_decline(payment: Payment, event: Event) -> Turn {
        match event {
            Event::NeverFound => payment.after(Event::Declined {
                attempt: payment.attempt,
                is_final: false,
            }),
            _ => payment.after(event),
        }
    }
    fn forgets_the_attempt(payment: Payment, event: Event) -> Turn {
        match event {
            Event::Declined { is_final, .. } => payment.after(Event::Declined {
                attempt: payment.attempt,
                is_final,
            }),
            _ => payment.after(event),
        }
    }
    let mistakes: [Step; 4] = [
        cancels_in_doubt,
        sends_before_the_mark,
        takes_silence_for_a_decline,
        forgets_the_attempt,
    ];
    for (number, mistake) in mistakes.into_iter().enumerate() {
        assert!(explore(mistake).is_err(), "mistake {number} was not found");
    }
}

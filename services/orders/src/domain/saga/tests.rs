//! The saga against models of inventory, payments and people: every interleaving, and long random ones.
//!
//! A request that was made may be handled at any later time, once (the other service's inbox sees to that). An answer that was
//! given may arrive at any later time, any number of times. Time runs out, holds expire and people click whenever they like.

use std::collections::{HashMap, VecDeque};

use proptest::prelude::*;

use super::step;
use crate::domain::{
    order::{Ending, Pay, RefundState, State, Stock},
    progress::{Event, Message, Outstanding, Progress, Refusal},
};

/// The order's total: three units, so that parts of it can go back.
const TOTAL: i64 = 3;
/// Refunds in one story; after them, only what is left can be asked for at once, so that stories are finite.
const MOST_REFUNDS: usize = 3;
/// Of them, those that may fail.
const FAILING_REFUNDS: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Hold {
    Held,
    Expired,
    Committed,
    Released,
    /// Asked to hand over what was gone.
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Charge {
    Unasked,
    Started,
    Captured,
    Declined,
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Refund {
    amount: i64,
    /// As the order knows it.
    state: RefundState,
    /// As payments knows it; None until it has handled the request.
    outcome: Option<bool>,
}

/// What another service can be asked, and what it can answer: a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Asked {
    Payment,
    PaymentCancel,
    StockCommit,
    StockRelease,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Told {
    Started,
    Captured,
    Declined,
    Cancelled,
    Committed,
    CommitFailed,
    Released,
    Expired,
}

const ANSWERS: [(Told, Event); 8] = [
    (Told::Started, Event::PaymentStarted),
    (Told::Captured, Event::PaymentCaptured { amount: TOTAL }),
    (Told::Declined, Event::PaymentDeclined),
    (Told::Cancelled, Event::PaymentCancelled),
    (Told::Committed, Event::StockCommitted),
    (Told::CommitFailed, Event::StockCommitFailed),
    (Told::Released, Event::StockReleased { is_expiry: false }),
    (Told::Expired, Event::StockReleased { is_expiry: true }),
];

const CLICKS: [Event; 7] = [
    Event::CancelAsked,
    Event::TimeRanOut,
    Event::RefundAsked { amount: 1 },
    Event::RefundAsked { amount: 2 },
    Event::RefundAsked { amount: TOTAL },
    Event::Shipped,
    Event::Delivered,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    order: Progress,
    hold: Hold,
    charge: Charge,
    refunds: Vec<Refund>,
    /// Requests that were made and not handled, and those that were handled.
    asked: u8,
    handled: u8,
    told: u8,
}

/// Who makes a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mover {
    /// A service or the broker: happens by itself sooner or later.
    Platform,
    /// A person, or the clock: may never happen.
    World,
}

impl World {
    fn new() -> Self {
        Self {
            order: Progress::placed(TOTAL),
            hold: Hold::Held,
            charge: Charge::Unasked,
            refunds: Vec::new(),
            asked: 1 << Asked::Payment as u8,
            handled: 0,
            told: 0,
        }
    }

    /// The order hears of `event`; what it says goes out. Fails on what must never be.
    fn hear(&self, event: Event) -> Option<Self> {
        let step = match step(self.order, event) {
            Ok(step) => step,
            Err(Refusal::Contradiction(what)) => panic!("{what}: {event:?} in {self:?}"),
            Err(_) => return None,
        };
        let mut version = self.order.version;
        let mut state = self.order.state;
        for turn in &step.turns {
            assert_eq!((turn.version, turn.from), (version + 1, state), "{self:?}");
            (version, state) = (turn.version, turn.to);
        }
        assert_eq!(
            (step.after.version, step.after.state),
            (version, state),
            "the history tells it all"
        );
        assert!(
            step.messages.is_empty() || !step.turns.is_empty(),
            "a message without a turn: {self:?}"
        );
        let mut next = self.clone();
        next.order = step.after;
        for message in step.messages {
            next.send(message);
        }
        next.check();
        // Versions are counted above; without them the number of worlds is finite.
        next.order.version = 1;
        Some(next)
    }

    fn send(&mut self, message: Message) {
        let asked = match message {
            Message::RequestPaymentCancel => Asked::PaymentCancel,
            Message::RequestStockCommit => Asked::StockCommit,
            Message::RequestStockRelease => Asked::StockRelease,
            Message::RequestAutomaticRefund { amount } | Message::RequestAskedRefund { amount } => {
                self.refunds.push(Refund {
                    amount,
                    state: RefundState::Requested,
                    outcome: None,
                });
                return;
            }
            _ => return,
        };
        self.asked |= 1 << asked as u8;
    }

    /// What must hold whatever happens.
    fn check(&self) {
        let order = &self.order;
        assert!(is_storable(order), "a wrong combination: {self:?}");
        let money_is_here = self.charge == Charge::Captured
            && self
                .refunds
                .iter()
                .filter(|refund| refund.outcome == Some(true))
                .map(|refund| refund.amount)
                .sum::<i64>()
                < TOTAL;
        if matches!(order.state, State::Cancelled | State::Failed) {
            assert!(!money_is_here, "ended with money: {self:?}");
        }
        if matches!(order.state, State::Paid | State::Shipped | State::Delivered) {
            assert_eq!(self.charge, Charge::Captured, "unpaid: {self:?}");
        }
        if order.stock == Stock::Gone {
            assert_ne!(
                self.hold,
                Hold::Committed,
                "goods without an owner: {self:?}"
            );
        }
        if matches!(order.state, State::Shipped | State::Delivered) {
            assert_eq!(
                self.hold,
                Hold::Committed,
                "sent what is not ours: {self:?}"
            );
        }
        let given: i64 = self
            .refunds
            .iter()
            .filter(|refund| refund.outcome == Some(true))
            .map(|refund| refund.amount)
            .sum();
        assert!(given <= TOTAL, "more went back than came: {self:?}");
    }

    fn ask_handled(&self, asked: Asked) -> Option<Self> {
        let bit = 1 << asked as u8;
        if self.asked & bit == 0 || self.handled & bit != 0 {
            return None;
        }
        let mut next = self.clone();
        next.handled |= bit;
        Some(next)
    }

    fn tell(mut self, told: Told) -> Self {
        self.told |= 1 << told as u8;
        self
    }

    /// Everything that can happen next.
    fn moves(&self) -> Vec<(Mover, Self)> {
        let mut moves = Vec::new();
        let mut platform = |world: Option<Self>| {
            moves.extend(world.map(|world| (Mover::Platform, world)));
        };
        for (told, event) in ANSWERS {
            if self.told & (1 << told as u8) != 0 {
                platform(self.hear(event));
            }
        }
        self.payments(&mut platform);
        self.inventory(&mut platform);
        for index in 0..self.refunds.len() {
            platform(self.hear_of_refund(index));
            for world in self.refund_handled(index) {
                platform(Some(world));
            }
        }
        for click in CLICKS {
            let is_one_too_many = match click {
                Event::RefundAsked { amount } => {
                    self.refunds.len() >= MOST_REFUNDS && amount != self.order.refundable()
                }
                _ => false,
            };
            if !is_one_too_many {
                moves.extend(self.hear(click).map(|world| (Mover::World, world)));
            }
        }
        if self.hold == Hold::Held {
            let mut next = self.clone();
            next.hold = Hold::Expired;
            moves.push((Mover::World, next.tell(Told::Expired)));
        }
        moves
    }

    fn payments(&self, platform: &mut impl FnMut(Option<Self>)) {
        if let Some(mut next) = self.ask_handled(Asked::Payment) {
            if next.charge == Charge::Unasked {
                next.charge = Charge::Started;
                next = next.tell(Told::Started);
            }
            platform(Some(next));
        }
        if self.charge == Charge::Started {
            for (charge, told) in [
                (Charge::Captured, Told::Captured),
                (Charge::Declined, Told::Declined),
            ] {
                let mut next = self.clone();
                next.charge = charge;
                platform(Some(next.tell(told)));
            }
        }
        if let Some(mut next) = self.ask_handled(Asked::PaymentCancel) {
            if matches!(next.charge, Charge::Unasked | Charge::Started) {
                next.charge = Charge::Cancelled;
                next = next.tell(Told::Cancelled);
            }
            platform(Some(next));
        }
    }

    fn inventory(&self, platform: &mut impl FnMut(Option<Self>)) {
        if let Some(next) = self.ask_handled(Asked::StockCommit) {
            let taken = || {
                let mut next = next.clone();
                next.hold = Hold::Committed;
                next.tell(Told::Committed)
            };
            let refused = || {
                let mut next = next.clone();
                next.hold = if next.hold == Hold::Expired {
                    Hold::Refused
                } else {
                    next.hold
                };
                next.tell(Told::CommitFailed)
            };
            match self.hold {
                Hold::Held => platform(Some(taken())),
                // There is enough left, or there is not.
                Hold::Expired => {
                    platform(Some(taken()));
                    platform(Some(refused()));
                }
                Hold::Released | Hold::Refused | Hold::Committed => platform(Some(refused())),
            }
        }
        if let Some(mut next) = self.ask_handled(Asked::StockRelease) {
            next.hold = Hold::Released;
            platform(Some(next.tell(Told::Released)));
        }
    }

    /// Payments handles a refund; the first ones may fail.
    fn refund_handled(&self, index: usize) -> Vec<Self> {
        if self.refunds[index].outcome.is_some() {
            return Vec::new();
        }
        let outcomes = if index < FAILING_REFUNDS {
            &[true, false][..]
        } else {
            &[true]
        };
        let with = |outcome| {
            let mut next = self.clone();
            next.refunds[index].outcome = Some(outcome);
            next
        };
        outcomes.iter().map(|outcome| with(*outcome)).collect()
    }

    fn hear_of_refund(&self, index: usize) -> Option<Self> {
        let refund = self.refunds[index];
        let (event, state) = match (refund.outcome?, refund.state) {
            (_, RefundState::Done) | (false, RefundState::Failed) => return None,
            (true, state) => (
                Event::RefundCompleted {
                    amount: refund.amount,
                    was_pending: state == RefundState::Requested,
                },
                RefundState::Done,
            ),
            (false, RefundState::Requested) => (
                Event::RefundFailed {
                    amount: refund.amount,
                },
                RefundState::Failed,
            ),
        };
        let mut next = self.hear(event)?;
        next.refunds[index].state = state;
        Some(next)
    }
}

/// The constraints of the table `orders`, said once more; a test stores every combination to compare the two.
fn is_storable(order: &Progress) -> bool {
    let (state, stock, pay) = (order.state, order.stock, order.pay);
    let captured = match pay {
        Pay::Captured | Pay::Refunded => order.total,
        Pay::Open | Pay::Failed => 0,
    };
    let both = pay == Pay::Captured && stock == Stock::Committed;
    let fits = match state {
        State::Pending | State::PaymentPending => stock == Stock::Held && pay == Pay::Open,
        State::Paid => pay == Pay::Captured && stock != Stock::Gone,
        State::Shipped | State::Delivered => both && order.is_shipped,
        State::Cancelling => !(stock == Stock::Gone && matches!(pay, Pay::Failed | Pay::Refunded)),
        State::Cancelled | State::Failed => {
            let by_decline = order.ending == Some(Ending::Declined);
            stock == Stock::Gone && pay == Pay::Failed && (state == State::Failed) == by_decline
        }
        State::Refunded => {
            pay == Pay::Refunded
                && (stock == Stock::Gone || (stock == Stock::Committed && order.is_shipped))
        }
    };
    let sent = matches!(state, State::Shipped | State::Delivered | State::Refunded);
    let ends = matches!(state, State::Cancelling | State::Cancelled | State::Failed)
        || (state == State::Refunded && !order.is_shipped);
    fits && order.refunded >= 0
        && order.refunding >= 0
        && order.refunded + order.refunding <= captured
        && (pay == Pay::Refunded) == (order.refunded == order.total)
        && (!order.is_shipped || sent)
        && order.ending.is_some() == ends
}

fn is_end(world: &World) -> bool {
    matches!(
        world.order.state,
        State::Delivered | State::Cancelled | State::Failed | State::Refunded
    )
}

/// Nobody owes an answer any more; at most a person has to decide.
fn is_at_rest(world: &World) -> bool {
    world
        .order
        .outstanding()
        .iter()
        .all(|question| *question == Outstanding::Decision)
}

/// Every world that can come to be, and who comes from whom.
struct Graph {
    worlds: Vec<World>,
    /// For each world, those that lead to it.
    sources: Vec<Vec<(Mover, usize)>>,
}

fn explore() -> Graph {
    let mut known = HashMap::from([(World::new(), 0)]);
    let mut graph = Graph {
        worlds: vec![World::new()],
        sources: vec![Vec::new()],
    };
    let mut queue = VecDeque::from([0]);
    while let Some(index) = queue.pop_front() {
        for (mover, next) in graph.worlds[index].moves() {
            let target = *known.entry(next).or_insert_with_key(|next| {
                graph.worlds.push(next.clone());
                graph.sources.push(Vec::new());
                queue.push_back(graph.worlds.len() - 1);
                graph.worlds.len() - 1
            });
            graph.sources[target].push((mover, index));
        }
    }
    graph
}

impl Graph {
    /// The worlds from which no such world can be reached by moves of these movers.
    fn lost(&self, movers: &[Mover], is_goal: impl Fn(&World) -> bool) -> Vec<&World> {
        let mut reaches: Vec<bool> = self.worlds.iter().map(&is_goal).collect();
        let mut queue: VecDeque<usize> = (0..reaches.len()).filter(|i| reaches[*i]).collect();
        while let Some(index) = queue.pop_front() {
            for (mover, source) in &self.sources[index] {
                if movers.contains(mover) && !reaches[*source] {
                    reaches[*source] = true;
                    queue.push_back(*source);
                }
            }
        }
        let lost = self.worlds.iter().zip(reaches);
        lost.filter_map(|(world, reaches)| (!reaches).then_some(world))
            .collect()
    }
}

#[test]
fn no_interleaving_leads_to_a_wrong_combination_and_each_can_end() {
    let graph = explore();
    eprintln!("{} worlds", graph.worlds.len());
    assert!(graph.worlds.len() > 4_000, "the model has become too small");
    for state in State::ALL {
        let is_met = graph.worlds.iter().any(|world| world.order.state == *state);
        assert!(is_met, "{state:?} is never reached");
    }
    for ending in Ending::ALL {
        let is_met = graph
            .worlds
            .iter()
            .any(|world| world.order.ending == Some(*ending));
        assert!(is_met, "{ending:?} is never reached");
    }
    let lost = graph.lost(&[Mover::Platform, Mover::World], is_end);
    assert!(lost.is_empty(), "can never end: {:?}", lost[0]);
    let restless = graph.lost(&[Mover::Platform], is_at_rest);
    assert!(
        restless.is_empty(),
        "waits for a person although an answer is owed: {:?}",
        restless[0]
    );
}

#[test]
fn nothing_happens_to_what_has_ended() {
    for world in explore().worlds {
        let ended = matches!(
            world.order.state,
            State::Cancelled | State::Failed | State::Refunded
        );
        if !ended {
            continue;
        }
        for (told, event) in ANSWERS {
            if world.told & (1 << told as u8) != 0 {
                assert_eq!(step(world.order, event), Err(Refusal::Stale), "{world:?}");
            }
        }
        for click in CLICKS {
            assert!(step(world.order, click).is_err(), "{click:?} {world:?}");
        }
    }
}

#[test]
fn a_paid_order_has_version_three_whatever_came_first() {
    let captured = Event::PaymentCaptured { amount: TOTAL };
    let started = step(Progress::placed(TOTAL), Event::PaymentStarted).unwrap();
    let in_order = step(started.after, captured).unwrap().after;
    let overtaken = step(Progress::placed(TOTAL), captured).unwrap().after;
    assert_eq!(in_order, overtaken);
    assert_eq!((in_order.state, in_order.version), (State::Paid, 3));
    assert_eq!(step(overtaken, Event::PaymentStarted), Err(Refusal::Stale));
}

#[test]
fn what_contradicts_itself_is_refused_and_changes_nothing() {
    let cancelling = step(Progress::placed(TOTAL), Event::PaymentDeclined)
        .unwrap()
        .after;
    let failed = step(cancelling, Event::StockReleased { is_expiry: false })
        .unwrap()
        .after;
    assert_eq!(failed.state, State::Failed);
    let paid = step(
        Progress::placed(TOTAL),
        Event::PaymentCaptured { amount: TOTAL },
    )
    .unwrap()
    .after;
    for (order, event) in [
        (failed, Event::PaymentCaptured { amount: TOTAL }),
        (paid, Event::PaymentDeclined),
        (paid, Event::PaymentCancelled),
        (paid, Event::StockReleased { is_expiry: false }),
        (
            Progress::placed(TOTAL),
            Event::PaymentCaptured { amount: 1 },
        ),
        (Progress::placed(TOTAL), Event::StockCommitted),
        (
            paid,
            Event::RefundCompleted {
                amount: 1,
                was_pending: true,
            },
        ),
    ] {
        assert!(
            matches!(step(order, event), Err(Refusal::Contradiction(_))),
            "{event:?} {order:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// The same walk at random, for as long as somebody cares to: versions count on here.
    #[test]
    fn no_long_story_goes_wrong(choices in proptest::collection::vec(any::<prop::sample::Index>(), 1..120)) {
        let mut world = World::new();
        for choice in choices {
            let moves = world.moves();
            if moves.is_empty() {
                break;
            }
            world = choice.get(&moves).1.clone();
        }
    }

    /// Whatever an order is told, also by services that have lost their wits, it never becomes a wrong combination.
    #[test]
    fn no_nonsense_makes_a_wrong_combination(events in proptest::collection::vec(nonsense(), 0..40)) {
        let mut order = Progress::placed(TOTAL);
        for event in events {
            if let Ok(step) = step(order, event) {
                prop_assert!(is_storable(&step.after), "{event:?} {order:?} {:?}", step.after);
                prop_assert!(step.after.version >= order.version);
                order = step.after;
            }
        }
    }
}

fn nonsense() -> impl Strategy<Value = Event> {
    let amount = -1..=TOTAL + 1;
    prop_oneof![
        6 => proptest::sample::select(ANSWERS.map(|(_, event)| event).to_vec()),
        4 => proptest::sample::select(CLICKS.to_vec()),
        1 => amount.clone().prop_map(|amount| Event::PaymentCaptured { amount }),
        2 => (1..=TOTAL, any::<bool>()).prop_map(|(amount, was_pending)| Event::RefundCompleted { amount, was_pending }),
        1 => (1..=TOTAL).prop_map(|amount| Event::RefundFailed { amount }),
        1 => amount.prop_map(|amount| Event::RefundAsked { amount }),
    ]
}

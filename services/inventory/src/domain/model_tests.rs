//! The rules of stock, checked in every state that two orders can bring a small warehouse into, and in long random runs.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use contracts::{OrderId, ProductId, StockId, VariantId, VendorId};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    allocation::{Decision, Line, Request, decide},
    hold::{Answer, Failure, Hold, State},
    shelf::{Facts, Level, Movement, Reason, Shelf, Shelves},
};

/// Everything that the inventory stores, in memory.
#[derive(Debug, Clone)]
struct Book {
    shelves: Vec<Shelf>,
    holds: BTreeMap<OrderId, Hold>,
    ledger: Vec<Movement>,
    restocks: u128,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Place { order: u128, request: usize },
    Commit { order: u128 },
    Release { order: u128 },
    Expire { order: u128 },
    Restock { shelf: usize },
}

/// What an order is told, or nothing; and how many alerts there were.
#[derive(Debug, Default)]
struct Effect {
    answer: Option<Answer>,
    decision: Option<Decision>,
    alerts: Vec<Shelf>,
}

fn order(number: u128) -> OrderId {
    OrderId(Uuid::from_u128(number))
}

fn variant(number: u128) -> VariantId {
    VariantId(Uuid::from_u128(number))
}

fn shelf(id: u128, of: u128, warehouse: &str) -> Shelf {
    Shelf {
        id: StockId(Uuid::from_u128(id)),
        variant_id: variant(of),
        warehouse: warehouse.to_owned(),
        on_hand: 0,
        reserved: 0,
        threshold: 1,
        level: Level::Out,
        version: 0,
        facts: Facts {
            product_id: ProductId(Uuid::from_u128(of)),
            vendor_id: VendorId(Uuid::from_u128(9)),
            sku: format!("SKU-{of}"),
            product_name: "A thing".to_owned(),
            is_archived: false,
        },
    }
}

/// Two variants; the first lies in two warehouses.
fn book() -> Book {
    let mut book = Book {
        shelves: vec![shelf(1, 1, "A"), shelf(2, 1, "B"), shelf(3, 2, "B")],
        holds: BTreeMap::new(),
        ledger: Vec::new(),
        restocks: 0,
    };
    for shelf in [0, 1, 2] {
        book.take(Step::Restock { shelf });
    }
    book
}

fn lines(request: usize) -> Vec<Line> {
    let line = |of: u128, quantity| Line {
        product_id: ProductId(Uuid::from_u128(of)),
        variant_id: variant(of),
        quantity,
    };
    match request {
        0 => vec![line(1, 1)],
        1 => vec![line(1, 2)],
        2 => vec![line(2, 1), line(1, 1)],
        // In two lines, and more than one shelf has.
        3 => vec![line(1, 1), line(2, 1), line(1, 1)],
        _ => vec![line(2, 2)],
    }
}
const REQUESTS: usize = 5;

impl Book {
    /// As the service does it: lock, decide, post.
    fn take(&mut self, step: Step) -> Effect {
        let mut shelves = Shelves::new(self.shelves.clone());
        let mut effect = Effect::default();
        match step {
            Step::Place {
                order: number,
                request,
            } => {
                effect.decision = self.place(number, request, &mut shelves);
            }
            Step::Commit { order: number } => {
                effect.answer = Some(self.hold(number).commit(&mut shelves).unwrap());
            }
            Step::Release { order: number } => {
                effect.answer = Some(self.hold(number).release(&mut shelves).unwrap());
            }
            Step::Expire { order: number } => {
                if let Some(hold) = self.holds.get_mut(&order(number)) {
                    effect.answer = hold.expire(&mut shelves).unwrap();
                }
            }
            Step::Restock { shelf } => {
                self.restocks += 1;
                let restock = Movement {
                    shelf: self.shelves[shelf].id,
                    on_hand: 1,
                    reserved: 0,
                    reason: Reason::Restock,
                    reference: Uuid::from_u128(1000 + self.restocks),
                    note: None,
                };
                shelves.apply(restock).unwrap();
            }
        }
        let posting = shelves.into_posting();
        for changed in posting.shelves {
            let own = self.shelves.iter_mut().find(|own| own.id == changed.id);
            *own.unwrap() = changed;
        }
        self.ledger.extend(posting.movements);
        effect.alerts = posting.alerts;
        effect
    }

    fn place(&mut self, number: u128, request: usize, shelves: &mut Shelves) -> Option<Decision> {
        if self.holds.contains_key(&order(number)) {
            return None;
        }
        let request = Request {
            order_id: order(number),
            lines: lines(request),
            lifetime_s: 60,
        };
        let decision = decide(&[request], shelves).unwrap().pop().unwrap();
        if let Decision::Held(hold) = &decision {
            self.holds.insert(hold.order_id, hold.clone());
        }
        Some(decision)
    }

    fn hold(&mut self, number: u128) -> &mut Hold {
        let id = order(number);
        self.holds.entry(id).or_insert_with(|| Hold::tombstone(id))
    }

    fn units(&self, of: StockId, state: State) -> i64 {
        let holds = self.holds.values().filter(|hold| hold.state == state);
        holds
            .flat_map(|hold| &hold.portions)
            .filter(|portion| portion.shelf == of)
            .map(|portion| portion.quantity)
            .sum()
    }

    fn check(&self) {
        let mut seen = BTreeSet::new();
        for movement in &self.ledger {
            let key = (movement.reference, movement.shelf, movement.reason);
            assert!(seen.insert(key), "{movement:?} twice");
        }
        for shelf in &self.shelves {
            assert!((0..=shelf.on_hand).contains(&shelf.reserved), "{shelf:?}");
            assert_eq!(shelf.level, Level::of(shelf.available(), shelf.threshold));
            let own = || self.ledger.iter().filter(|entry| entry.shelf == shelf.id);
            let sum = |of: fn(&Movement) -> i64| own().map(of).sum::<i64>();
            assert_eq!(
                sum(|entry| entry.on_hand),
                shelf.on_hand,
                "the ledger folds"
            );
            assert_eq!(
                sum(|entry| entry.reserved),
                shelf.reserved,
                "the ledger folds"
            );
            let came = own()
                .filter(|entry| entry.reason == Reason::Restock)
                .count();
            let came = i64::try_from(came).unwrap();
            assert_eq!(shelf.reserved, self.units(shelf.id, State::Held));
            assert_eq!(shelf.on_hand, came - self.units(shelf.id, State::Committed));
        }
    }

    /// What distinguishes states, without versions, which only ever rise.
    fn key(&self) -> String {
        let shelves: Vec<_> = self
            .shelves
            .iter()
            .map(|shelf| (shelf.on_hand, shelf.reserved, shelf.level))
            .collect();
        let holds: Vec<_> = self
            .holds
            .values()
            .map(|hold| (hold.order_id, hold.state, &hold.portions))
            .collect();
        format!("{shelves:?} {holds:?} {}", self.restocks)
    }
}

/// Takes a step and checks everything that must be true of it.
fn checked(before: &Book, step: Step) -> (Book, Effect) {
    let mut after = before.clone();
    let effect = after.take(step);
    after.check();
    for (id, hold) in &before.holds {
        let later = &after.holds[id];
        let answered = i64::from(effect.answer.is_some() && of(step) == Some(*id));
        assert_eq!(later.version, hold.version + answered, "{step:?}");
        if hold.state == State::Released {
            assert_eq!(later.state, State::Released, "{step:?}: a tombstone stays");
        }
    }
    match (step, effect.answer) {
        (Step::Commit { order: number }, answer) => {
            let state = after.holds[&order(number)].state;
            match answer {
                Some(Answer::Committed) => assert_eq!(state, State::Committed),
                Some(Answer::CommitFailed(_)) => assert_eq!(state, State::Released),
                other => panic!("a commit is answered {other:?}"),
            }
        }
        (Step::Release { order: number }, answer) => {
            assert!(matches!(answer, Some(Answer::Released(_))));
            assert_eq!(after.holds[&order(number)].state, State::Released);
        }
        _ => {}
    }
    for alert in &effect.alerts {
        let was = before
            .shelves
            .iter()
            .find(|shelf| shelf.id == alert.id)
            .unwrap();
        assert!(
            alert.level > was.level,
            "an alert is told when it becomes graver"
        );
    }
    (after, effect)
}

fn of(step: Step) -> Option<OrderId> {
    match step {
        Step::Place { order: number, .. }
        | Step::Commit { order: number }
        | Step::Release { order: number }
        | Step::Expire { order: number } => Some(order(number)),
        Step::Restock { .. } => None,
    }
}

fn steps(orders: u128, may_restock: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    for order in 1..=orders {
        steps.extend((0..REQUESTS).map(|request| Step::Place { order, request }));
        steps.extend([
            Step::Commit { order },
            Step::Release { order },
            Step::Expire { order },
        ]);
    }
    if may_restock {
        steps.extend((0..3).map(|shelf| Step::Restock { shelf }));
    }
    steps
}

#[test]
fn every_state_of_two_orders_keeps_the_rules() {
    let start = book();
    let mut seen = HashSet::from([start.key()]);
    let mut queue = VecDeque::from([start]);
    let mut met: BTreeMap<&str, u32> = BTreeMap::new();
    while let Some(book) = queue.pop_front() {
        for step in steps(2, book.restocks < 4) {
            let (after, effect) = checked(&book, step);
            *met.entry(name(&book, step, &effect)).or_default() += 1;
            if seen.insert(after.key()) {
                queue.push_back(after);
            }
        }
    }
    assert!(seen.len() > 200, "{} states", seen.len());
    for expected in [
        "held from one warehouse",
        "held from several shelves",
        "short",
        "committed",
        "committed after expiry",
        "sold since",
        "commit refused",
        "returned",
        "released",
        "released without hold",
        "expired",
        "an alert",
    ] {
        assert!(
            met.contains_key(expected),
            "{expected:?} never happened: {met:?}"
        );
    }
}

/// What kind of thing happened, to show that nothing was left out.
fn name(before: &Book, step: Step, effect: &Effect) -> &'static str {
    let was = of(step)
        .and_then(|id| before.holds.get(&id))
        .map(|hold| hold.state);
    match (step, &effect.answer, &effect.decision) {
        (_, _, Some(Decision::Short(_))) => "short",
        (Step::Place { request: 0, .. }, _, Some(_)) if !effect.alerts.is_empty() => "an alert",
        (_, _, Some(Decision::Held(hold))) if hold.portions.len() > 2 => {
            "held from several shelves"
        }
        (_, _, Some(Decision::Held(_))) => "held from one warehouse",
        (_, Some(Answer::Committed), _) if was == Some(State::Expired) => "committed after expiry",
        (_, Some(Answer::Committed), _) => "committed",
        (_, Some(Answer::CommitFailed(Failure::SoldSince)), _) => "sold since",
        (_, Some(Answer::CommitFailed(Failure::Released)), _) => "commit refused",
        (Step::Release { .. }, _, _) if was.is_none() => "released without hold",
        (Step::Release { .. }, _, _) if was == Some(State::Committed) => "returned",
        (Step::Release { .. }, _, _) => "released",
        (Step::Expire { .. }, Some(_), _) => "expired",
        _ => "nothing",
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let order = 1..=12_u128;
    prop_oneof![
        4 => (order.clone(), 0..REQUESTS).prop_map(|(order, request)| Step::Place { order, request }),
        2 => order.clone().prop_map(|order| Step::Commit { order }),
        2 => order.clone().prop_map(|order| Step::Release { order }),
        2 => order.prop_map(|order| Step::Expire { order }),
        1 => (0..3_usize).prop_map(|shelf| Step::Restock { shelf }),
    ]
}

proptest! {
    #[test]
    fn long_runs_keep_the_rules(steps in prop::collection::vec(any_step(), 1..120)) {
        let mut book = book();
        for step in steps {
            book = checked(&book, step).0;
        }
    }

    #[test]
    fn a_batch_decides_as_one_after_the_other_would(
        requests in prop::collection::vec(0..REQUESTS, 1..12)
    ) {
        let request = |(number, request): (u128, usize)| Request {
            order_id: order(number),
            lines: lines(request),
            lifetime_s: 60,
        };
        let requests: Vec<Request> = (1..).zip(requests).map(request).collect();
        let mut together = Shelves::new(book().shelves);
        let decisions = decide(&requests, &mut together).unwrap();
        let mut shelves = book().shelves;
        for (request, decision) in requests.into_iter().zip(decisions) {
            let mut alone = Shelves::new(shelves.clone());
            prop_assert_eq!(decide(&[request], &mut alone).unwrap(), vec![decision]);
            for changed in alone.into_posting().shelves {
                let own = shelves.iter_mut().find(|own| own.id == changed.id);
                *own.unwrap() = changed;
            }
        }
    }
}

#[test]
fn what_a_shelf_does_not_have_cannot_be_taken() {
    let mut shelves = Shelves::new(book().shelves);
    let untouched = shelves.clone();
    for (on_hand, reserved) in [(-2, 0), (0, 2), (0, -1), (i64::MAX, 0), (-1, 1)] {
        let movement = Movement {
            shelf: StockId(Uuid::from_u128(1)),
            on_hand,
            reserved,
            reason: Reason::Adjustment,
            reference: Uuid::nil(),
            note: None,
        };
        assert!(shelves.apply(movement).is_err(), "{on_hand} {reserved}");
        assert_eq!(shelves, untouched);
    }
}

#[test]
fn a_variant_of_another_product_and_an_archived_one_cannot_be_had() {
    let mut shelves = book().shelves;
    shelves[2].facts.is_archived = true;
    let mut shelves = Shelves::new(shelves);
    let line = |product: u128, of: u128| Request {
        order_id: order(1),
        lines: vec![Line {
            product_id: ProductId(Uuid::from_u128(product)),
            variant_id: variant(of),
            quantity: 1,
        }],
        lifetime_s: 60,
    };
    for request in [line(2, 1), line(2, 2), line(7, 7)] {
        let decision = decide(&[request], &mut shelves).unwrap().pop().unwrap();
        let Decision::Short(supplies) = decision else {
            panic!("{decision:?}");
        };
        assert_eq!((supplies[0].available, supplies[0].is_enough), (0, false));
    }
}

//! Refunds in every order, and events of every kind in any: what must hold of each step.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const AMOUNT: i64 = 5;

fn captured() -> Payment {
    Payment {
        state: State::Captured,
        captured: AMOUNT,
        ..Payment::requested(AMOUNT)
    }
}

#[test]
fn refunds_in_every_order_stay_within_what_was_captured() {
    // Open refunds by their amounts, and those that were refused and may be tried again.
    type Refunds = (Payment, Vec<i64>, Vec<i64>);
    let mut seen: HashSet<Refunds> = HashSet::new();
    let mut open: Vec<Refunds> = vec![(captured(), vec![], vec![])];
    let without = |list: &[i64], index: usize| {
        let mut rest = list.to_vec();
        rest.remove(index);
        rest
    };
    while let Some((payment, sent, refused)) = open.pop() {
        let outstanding: i64 = sent.iter().sum();
        assert!(
            0 <= payment.refunded && payment.refunding <= payment.captured,
            "{payment:?}"
        );
        assert_eq!(payment.refunding - payment.refunded, outstanding);
        assert_eq!(
            payment.state == State::RefundPending,
            outstanding > 0 && payment.state.trouble().is_none()
        );
        assert_eq!(
            payment.state == State::Refunded,
            payment.refunded == AMOUNT && payment.state.trouble().is_none()
        );
        if sent.len() + refused.len() > 4 || !seen.insert((payment, sent.clone(), refused.clone()))
        {
            continue;
        }
        for minor in [-1, 0, 1, 2, AMOUNT, AMOUNT + 1, i64::MAX] {
            if let Ok((after, effects)) = payment.after(Event::RefundRequested { minor }) {
                assert_eq!(effects, [Effect::SendRefund]);
                open.push((after, [sent.clone(), vec![minor]].concat(), refused.clone()));
            }
        }
        for (index, minor) in sent.iter().copied().enumerate() {
            let (done, _) = payment.after(Event::RefundSucceeded { minor }).unwrap();
            open.push((done, without(&sent, index), refused.clone()));
            let (failed, _) = payment.after(Event::RefundFailed { minor }).unwrap();
            open.push((
                failed,
                without(&sent, index),
                [refused.clone(), vec![minor]].concat(),
            ));
        }
        for event in [Event::RefundNeverFound, Event::Reopened, Event::BooksDiffer] {
            if let Ok((after, _)) = payment.after(event) {
                open.push((after, sent.clone(), refused.clone()));
            }
        }
        for (index, minor) in refused.iter().copied().enumerate() {
            if let Ok((after, _)) = payment.after(Event::RefundReopened { minor }) {
                open.push((
                    after,
                    [sent.clone(), vec![minor]].concat(),
                    without(&refused, index),
                ));
            }
        }
    }
    assert!(seen.len() > 100, "{} states", seen.len());
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::CancelRequested),
        Just(Event::SendingBegins),
        (1..=AMOUNT + 1, any::<bool>(), any::<bool>()).prop_map(
            |(minor, is_right_currency, is_known)| Event::Charged {
                minor,
                is_right_currency,
                is_known
            }
        ),
        (0..5_i32, any::<bool>())
            .prop_map(|(attempt, is_final)| Event::Declined { attempt, is_final }),
        Just(Event::NeverFound),
        Just(Event::BooksDiffer),
        any::<i64>().prop_map(|minor| Event::RefundRequested { minor }),
        (1..=AMOUNT).prop_map(|minor| Event::RefundRequested { minor }),
        Just(Event::Reopened),
    ]
}

proptest! {
    #[test]
    fn no_events_in_any_order_break_the_books(events in proptest::collection::vec(any_event(), 0..60)) {
        let mut payment = Payment::requested(AMOUNT);
        let mut said = Vec::new();
        for event in events {
            let before = payment;
            if let Ok((after, effects)) = payment.after(event) {
                payment = after;
                said.extend_from_slice(effects);
            }
            prop_assert!((1..=ATTEMPTS).contains(&payment.attempt));
            prop_assert!(payment.attempt >= before.attempt);
            prop_assert!(0 <= payment.refunded && payment.refunded <= payment.refunding);
            prop_assert!(payment.refunding <= payment.captured.max(0));
            prop_assert_eq!(State::parse(payment.state.name(), payment.state.trouble().map(Trouble::name)), Some(payment.state));
            if matches!(before.state, State::Cancelled | State::Declined) {
                prop_assert_eq!(payment.state, before.state, "what was said is not taken back");
            }
        }
        let times = |effect| said.iter().filter(|said| **said == effect).count();
        prop_assert!(times(Effect::SayCaptured) + times(Effect::SayDeclined) <= 1);
        prop_assert!(times(Effect::SayCaptured) + times(Effect::SayCancelled) <= 1);
        prop_assert!(times(Effect::NoteCharge) <= 1);
    }
}

//! Invariants within one service's database: each is a query for what breaks it.

/// Something that is true of one database.
pub(super) struct Statement {
    pub(super) id: &'static str,
    pub(super) about: &'static str,
    /// The service whose database it is.
    pub(super) service: &'static str,
    /// Gives a row with a text `what` for each thing that breaks it.
    pub(super) query: &'static str,
}

pub(super) const STATEMENTS: &[Statement] = &[
    Statement {
        id: "money-charged-once",
        about: "The provider has charged for each order at most once.",
        service: "psp",
        query: "select format('order %s was charged %s times', metadata->>'order_id', count(*)) as what
                from psp_ledger where kind = 'charge' and metadata ? 'order_id' group by metadata->>'order_id' having count(*) > 1",
    },
    Statement {
        id: "money-refund-covered",
        about: "No payment gives back more than was captured.",
        service: "psp",
        query: "select format('intent %s: %s charged, %s given back', payment_intent, charged, refunded) as what
                from (select payment_intent,
                        coalesce(sum(amount) filter (where kind = 'charge'), 0) as charged,
                        coalesce(sum(amount) filter (where kind = 'refund'), 0) as refunded
                      from psp_ledger group by 1) sums
                where refunded > charged",
    },
    Statement {
        id: "money-nothing-in-doubt",
        about: "Once all is quiet no payment and no refund is under way, in doubt, or waits for a person.",
        service: "payments",
        query: "select format('payment %s of order %s is %s', id, order_id, state) as what
                from payment where state in ('PENDING', 'IN_DOUBT', 'REFUND_PENDING', 'MANUAL')
                union all
                select format('refund %s is %s', id, state) from refund where state <> 'SUCCEEDED'",
    },
    Statement {
        id: "stock-ledger-folds",
        about: "The sum of a shelf's ledger is the shelf.",
        service: "inventory",
        query: "select format('shelf %s: %s on hand and %s reserved, its ledger says %s and %s', s.stock_id, s.on_hand, s.reserved, l.on_hand, l.reserved) as what
                from stock s
                left join lateral (
                  select coalesce(sum(d_on_hand), 0) as on_hand, coalesce(sum(d_reserved), 0) as reserved
                  from stock_ledger where stock_id = s.stock_id
                ) l on true
                where s.on_hand <> l.on_hand or s.reserved <> l.reserved",
    },
    Statement {
        id: "stock-reserved-is-held",
        about: "What is reserved of a shelf is the sum of the holds on it.",
        service: "inventory",
        query: "select format('shelf %s: %s reserved, %s held', s.stock_id, s.reserved, h.held) as what
                from stock s
                left join lateral (
                  select coalesce(sum(hl.quantity), 0) as held
                  from hold_line hl join hold on hold.order_id = hl.order_id
                  where hl.stock_id = s.stock_id and hold.state = 'HELD'
                ) h on true
                where s.reserved <> h.held",
    },
    Statement {
        id: "stock-never-negative",
        about: "No shelf has less than nothing, or more reserved than lies there; nor ever had in its ledger.",
        service: "inventory",
        query: "select format('shelf %s: %s on hand and %s reserved after row %s', stock_id, on_hand, reserved, id) as what
                from (select stock_id, id,
                        sum(d_on_hand) over shelf as on_hand,
                        sum(d_reserved) over shelf as reserved
                      from stock_ledger window shelf as (partition by stock_id order by id)) run
                where on_hand < 0 or reserved < 0 or reserved > on_hand",
    },
    Statement {
        id: "orders-settled",
        about: "Once all is quiet every order has ended or is paid.",
        service: "orders",
        query: "select format('order %s is %s', number, state) as what
                from orders where state in ('PENDING', 'PAYMENT_PENDING', 'CANCELLING') or (state = 'PAID' and stock <> 'COMMITTED')",
    },
    Statement {
        id: "orders-history-is-whole",
        about: "An order's history begins at version 1, has no gap, each turn begins where the last one ended, and the last one is the order.",
        service: "orders",
        query: "select format('order %s at version %s', o.number, h.version) as what
                from orders o
                join (select order_id, version, from_state, to_state,
                        lag(to_state) over turns as before, row_number() over turns as number,
                        lead(version) over turns as next
                      from order_history window turns as (partition by order_id order by version)) h on h.order_id = o.id
                where h.version <> h.number
                  or h.from_state is distinct from h.before
                  or (h.next is null and (h.version <> o.version or h.to_state <> o.state))",
    },
    Statement {
        id: "orders-total-is-its-lines",
        about: "An order costs the sum of its lines.",
        service: "orders",
        query: "select format('order %s: %s, its lines %s', o.number, o.total_minor, l.total) as what
                from orders o
                join (select order_id, sum(quantity * unit_price_minor) as total from order_line group by 1) l on l.order_id = o.id
                where l.total <> o.total_minor",
    },
    Statement {
        id: "orders-tell-their-turns",
        about: "An order and the events of its turns are there together.",
        service: "orders",
        query: "select format('order %s: version %s (%s) has no event %s', o.number, h.version, h.to_state, owed.subject) as what
                from orders o
                join order_history h on h.order_id = o.id and h.from_state is distinct from h.to_state
                join (values
                  ('PENDING', 'shop.orders.order_placed.v1'), ('PENDING', 'shop.orders.payment_requested.v1'),
                  ('PAID', 'shop.orders.order_paid.v1'), ('PAID', 'shop.orders.stock_commit_requested.v1'),
                  ('SHIPPED', 'shop.orders.order_shipped.v1'), ('DELIVERED', 'shop.orders.order_delivered.v1'),
                  ('CANCELLED', 'shop.orders.order_cancelled.v1'), ('FAILED', 'shop.orders.order_failed.v1'),
                  ('REFUNDED', 'shop.orders.order_refunded.v1')
                ) owed (state, subject) on owed.state = h.to_state
                where h.at > now() - interval '6 days' and not exists (
                  select 1 from outbox
                  where outbox.aggregate_id = o.id and outbox.aggregate_version = h.version and outbox.subject = owed.subject
                )",
    },
    Statement {
        id: "mail-sent",
        about: "Once all is quiet no mail is owed any more, and none was given up.",
        service: "notifications",
        query: "select format('mail %s (%s) is %s: %s', id, template, status, coalesce(answer, failure, '')) as what
                from email where status in ('PENDING', 'SENDING', 'DEAD')",
    },
];

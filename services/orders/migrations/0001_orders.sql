-- Orders: what somebody bought, what it cost then, and everything that has happened to it since.
--
-- The row of an order is the orchestrator of its saga (src/domain/saga.rs): state, version, two facts (what became of the
-- goods, what became of the money) and a deadline by which an answer is asked for again. What must never be true together
-- cannot be stored: the constraints below say so a second time, in case the code is wrong. An order is never deleted.

-- Human numbers. A sequence is atomic and waits for nobody; a number that a failed request has taken stays a gap.
create sequence order_number;

create table orders (
  -- UUIDv5 of user, idempotency key and what was asked for: a retry after a crash finds its own hold at inventory.
  id               uuid        primary key,
  -- Such as ARG-2026-000123.
  number           text        not null constraint orders_number_key unique,
  -- No foreign key: the account lives in another service.
  user_id          uuid        not null,
  -- Where mail about it goes, as the token said when it was placed.
  email            text        not null check (char_length(email) between 1 and 320),
  idempotency_key  text        not null check (octet_length(idempotency_key) between 1 and 255),
  -- SHA-256 of what was asked for: the same key with another body is refused.
  fingerprint      bytea       not null check (octet_length(fingerprint) = 32),
  state            text        not null default 'PENDING'
    check (state in ('PENDING', 'PAYMENT_PENDING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLING', 'CANCELLED', 'FAILED', 'REFUNDED')),
  -- Rises by one with each row of order_history.
  version          bigint      not null default 1 check (version >= 1),
  -- What inventory has said of the goods.
  stock            text        not null default 'HELD' check (stock in ('HELD', 'COMMITTED', 'GONE')),
  -- What payments has said of the money. FAILED: nothing was charged, and never will be.
  pay              text        not null default 'NONE' check (pay in ('NONE', 'CAPTURED', 'FAILED', 'REFUNDED')),
  -- Why it ends, once it does.
  ending           text        check (ending in ('CANCELLED', 'EXPIRED', 'DECLINED', 'OUT_OF_STOCK', 'REFUNDED')),
  -- The same for people.
  reason           text,
  currency         text        not null check (currency ~ '^[A-Z]{3}$'),
  total_minor      bigint      not null check (total_minor > 0),
  -- Has gone back, and is asked to go back.
  refunded_minor   bigint      not null default 0 check (refunded_minor >= 0),
  refunding_minor  bigint      not null default 0 check (refunding_minor >= 0),
  payment_method   text        not null check (payment_method ~ '^pm_[A-Za-z0-9_]{1,200}$'),
  shipping_address jsonb       not null check (jsonb_typeof(shipping_address) = 'object'),
  carrier          text,
  tracking_number  text,
  placed_at        timestamptz not null,
  shipped_at       timestamptz,
  -- Since when it is in this state.
  state_since      timestamptz not null,
  updated_at       timestamptz not null,
  -- When somebody is asked again who owes an answer; null while nobody does.
  deadline         timestamptz,

  constraint orders_once_per_key unique (user_id, idempotency_key),
  -- Nothing goes back that has not come.
  constraint orders_refund_is_covered
    check (refunded_minor + refunding_minor <= case when pay in ('CAPTURED', 'REFUNDED') then total_minor else 0 end),
  constraint orders_refunded_means_all check ((pay = 'REFUNDED') = (refunded_minor = total_minor)),
  constraint orders_open check (state not in ('PENDING', 'PAYMENT_PENDING') or (stock = 'HELD' and pay = 'NONE')),
  constraint orders_paid_has_money check (state <> 'PAID' or (pay = 'CAPTURED' and stock in ('HELD', 'COMMITTED'))),
  constraint orders_sent_has_both check (state not in ('SHIPPED', 'DELIVERED') or (pay = 'CAPTURED' and stock = 'COMMITTED')),
  -- Whoever has both answers is not cancelling any more.
  constraint orders_cancelling_waits check (state <> 'CANCELLING' or not (stock = 'GONE' and pay in ('FAILED', 'REFUNDED'))),
  constraint orders_cancelled_without_money check (state not in ('CANCELLED', 'FAILED') or (stock = 'GONE' and pay = 'FAILED')),
  constraint orders_refunded_without_money
    check (state <> 'REFUNDED' or (pay = 'REFUNDED' and (stock = 'GONE' or (stock = 'COMMITTED' and shipped_at is not null)))),
  constraint orders_shipped_has_time check (state not in ('SHIPPED', 'DELIVERED') or shipped_at is not null),
  constraint orders_unshipped_has_none check (shipped_at is null or state in ('SHIPPED', 'DELIVERED', 'REFUNDED')),
  constraint orders_ending_is_known
    check ((ending is not null) = (state in ('CANCELLING', 'CANCELLED', 'FAILED') or (state = 'REFUNDED' and shipped_at is null))),
  constraint orders_failed_by_decline
    check (state not in ('CANCELLED', 'FAILED') or (state = 'FAILED') = (ending = 'DECLINED')),
  -- A deadline exactly while an answer is owed.
  constraint orders_deadline_while_waiting
    check ((deadline is not null) = (
      state in ('PENDING', 'PAYMENT_PENDING', 'CANCELLING')
      or (state = 'PAID' and (stock = 'HELD' or refunding_minor > 0))
      or (state in ('SHIPPED', 'DELIVERED') and refunding_minor > 0)
    ))
) with (fillfactor = 70);
-- A shopper's own list, newest first, a page at a time; and everybody's, for admins.
create index orders_of_user on orders (user_id, placed_at desc, id desc);
create index orders_by_time on orders (placed_at desc, id desc);
-- What the deadline worker looks for.
create index orders_due on orders (deadline) where deadline is not null;
create index orders_cancelling_since on orders (state_since) where state = 'CANCELLING';

-- What was bought, as it was then: whatever happens to the product, this stays.
create table order_line (
  order_id         uuid    not null references orders (id),
  -- From 1, in the order of the request.
  position         integer not null check (position between 1 and 50),
  product_id       uuid    not null,
  variant_id       uuid    not null,
  vendor_id        uuid    not null,
  sku              text    not null,
  slug             text    not null,
  name             text    not null,
  picture          text,
  quantity         integer not null check (quantity between 1 and 999),
  unit_price_minor bigint  not null check (unit_price_minor >= 0),
  primary key (order_id, position),
  constraint order_line_once_per_variant unique (order_id, variant_id)
);
create index order_line_of_vendor on order_line (vendor_id, order_id);

-- Each turn that an order took. Written once, never changed.
create table order_history (
  order_id   uuid        not null references orders (id),
  -- From 1 without a gap.
  version    bigint      not null check (version >= 1),
  from_state text,
  to_state   text        not null,
  -- What brought it about: an event's name, or what somebody asked for.
  cause      text        not null,
  -- That event, or that somebody.
  cause_id   uuid,
  at         timestamptz not null default now(),
  primary key (order_id, version),
  constraint order_history_begins_once check ((version = 1) = (from_state is null)),
  constraint order_history_is_legal check (
    (coalesce(from_state, '') || '>' || to_state) in (
      '>PENDING', 'PENDING>PAYMENT_PENDING', 'PENDING>CANCELLING', 'PAYMENT_PENDING>PAID', 'PAYMENT_PENDING>CANCELLING',
      'PAID>PAID', 'PAID>SHIPPED', 'PAID>CANCELLING', 'SHIPPED>SHIPPED', 'SHIPPED>DELIVERED', 'SHIPPED>REFUNDED',
      'DELIVERED>DELIVERED', 'DELIVERED>REFUNDED', 'CANCELLING>CANCELLING', 'CANCELLING>CANCELLED', 'CANCELLING>FAILED',
      'CANCELLING>REFUNDED'
    )
  )
);

create function order_history_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'order_history is append only' using errcode = 'restrict_violation';
end
$$;
create trigger order_history_append_only before update or delete on order_history
  for each row execute function order_history_is_append_only();

-- Money that is asked to go back.
create table refund (
  id              uuid        primary key,
  order_id        uuid        not null references orders (id),
  amount_minor    bigint      not null check (amount_minor > 0),
  reason          text        not null check (char_length(reason) between 1 and 500),
  state           text        not null default 'REQUESTED' check (state in ('REQUESTED', 'DONE', 'FAILED')),
  -- Why it failed.
  failure         text,
  -- Who asked for it; null where the saga did.
  requested_by    uuid,
  idempotency_key text,
  fingerprint     bytea       check (octet_length(fingerprint) = 32),
  requested_at    timestamptz not null default now(),
  finished_at     timestamptz,
  constraint refund_once_per_key unique (order_id, requested_by, idempotency_key),
  check ((state = 'REQUESTED') = (finished_at is null)),
  check ((idempotency_key is null) = (fingerprint is null))
);
create index refund_of_order on refund (order_id, requested_at);

-- Events on their way to the broker, written in the transaction that makes them true (see services/chassis/src/outbox.rs).
create table outbox (
  id                bigint generated always as identity primary key,
  event_id          uuid        not null unique,
  subject           text        not null,
  aggregate_id      uuid        not null,
  aggregate_version bigint      not null,
  payload           jsonb       not null,
  created_at        timestamptz not null default now(),
  -- Where the broker put it; null until it has acknowledged. Rows stay for a week, so that a broker that lost them can be
  -- refilled.
  stream_seq        bigint,
  unique (aggregate_id, aggregate_version, subject)
);
create index outbox_unsent on outbox (id) where stream_seq is null;
create index outbox_stream_seq on outbox (stream_seq) where stream_seq is not null;

-- Which stream the rows above were sent to: one that was made anew has lost them.
create table outbox_stream (
  only_one   boolean primary key default true check (only_one),
  created_ns bigint  not null
);

-- Which events have had their effect here, per consumer; a row is written in the transaction of the effect (see
-- services/chassis/src/consumer.rs).
create table inbox (
  consumer    text        not null,
  event_id    uuid        not null,
  received_at timestamptz not null default now(),
  primary key (consumer, event_id)
);
create index inbox_received_at on inbox (received_at);

-- Messages that could not be handled, for an operator.
create table dead_letter (
  id                  bigint generated always as identity primary key,
  consumer            text        not null,
  event_id            uuid,
  subject             text        not null,
  payload             text        not null,
  reason              text        not null,
  deliveries          bigint      not null,
  failed_at           timestamptz not null default now(),
  -- Set by an operator: the consumer tries again.
  replay_requested_at timestamptz,
  replayed_at         timestamptz,
  constraint dead_letter_once unique (consumer, event_id)
);
create index dead_letter_open on dead_letter (failed_at) where replayed_at is null;

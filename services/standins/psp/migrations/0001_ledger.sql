-- The payment provider's books: what was asked of it, what it did, and what it has told about that.
--
-- Everything that one request does is one transaction, together with the answer kept under its idempotency key. So a
-- process that is killed has either done all of it, and answers the same again, or nothing.

create table payment_intents (
  id                   text primary key check (id ~ '^pi_[A-Za-z0-9]{24}$'),
  -- Lists are newest first by it; `created` alone has no order within a second.
  position             bigint generated always as identity unique,
  created_at           timestamptz not null default now(),
  -- Minor units. The upper bound is Stripe's: eight digits.
  amount               bigint not null check (amount between 1 and 99999999),
  amount_received      bigint not null default 0,
  currency             text not null check (currency ~ '^[a-z]{3}$'),
  status               text not null check (status in
                         ('requires_payment_method', 'requires_confirmation', 'processing', 'succeeded', 'canceled')),
  payment_method       text,
  payment_method_types text[] not null check (cardinality(payment_method_types) > 0),
  client_secret        text not null,
  -- Attributes that are kept and given back, and mean nothing to the simulator: description, receipt_email, …
  details              jsonb not null check (jsonb_typeof(details) = 'object'),
  metadata             jsonb not null check (jsonb_typeof(metadata) = 'object'),
  last_payment_error   jsonb,
  latest_charge        text,
  canceled_at          timestamptz,
  cancellation_reason  text,
  -- A payment that takes time (a direct debit): when it settles, and the decline code if it will fail.
  settle_at            timestamptz,
  settle_decline       text,
  -- Money has come in exactly when it succeeded.
  constraint payment_intents_received check (amount_received = case when status = 'succeeded' then amount else 0 end),
  constraint payment_intents_canceled check ((status = 'canceled') = (canceled_at is not null)),
  constraint payment_intents_settling check ((status = 'processing') = (settle_at is not null))
);

create index payment_intents_settle_at on payment_intents (settle_at) where settle_at is not null;

create table charges (
  id              text primary key check (id ~ '^ch_[A-Za-z0-9]{24}$'),
  position        bigint generated always as identity unique,
  created_at      timestamptz not null default now(),
  payment_intent  text not null references payment_intents (id),
  amount          bigint not null check (amount > 0),
  -- Never above what was charged, and nothing unless it was charged.
  amount_refunded bigint not null default 0
                  constraint charges_refunded check (amount_refunded between 0 and case when status = 'succeeded' then amount else 0 end),
  currency        text not null,
  status          text not null check (status in ('pending', 'succeeded', 'failed')),
  payment_method  text not null,
  method_type     text not null,
  failure_code    text,
  decline_code    text,
  failure_message text,
  -- The intent's, as Stripe copies it.
  metadata        jsonb not null
);

-- An intent is charged once, whatever else goes wrong.
create unique index charges_once on charges (payment_intent) where status in ('pending', 'succeeded');
create index charges_of on charges (payment_intent, position);

create table refunds (
  id             text primary key check (id ~ '^re_[A-Za-z0-9]{24}$'),
  position       bigint generated always as identity unique,
  created_at     timestamptz not null default now(),
  charge         text not null references charges (id),
  payment_intent text not null references payment_intents (id),
  amount         bigint not null check (amount > 0),
  currency       text not null,
  reason         text check (reason in ('duplicate', 'fraudulent', 'requested_by_customer')),
  metadata       jsonb not null
);

create index refunds_of on refunds (payment_intent, position);

-- The truth about money. Only ever added to.
create table psp_ledger (
  entry           bigint generated always as identity primary key,
  at              timestamptz not null default now(),
  kind            text not null check (kind in ('charge', 'refund')),
  -- The charge or the refund: each moves money once.
  reference       text not null constraint psp_ledger_once unique,
  payment_intent  text not null,
  amount          bigint not null check (amount > 0),
  currency        text not null,
  -- The key of the request that moved it; null when the request had none.
  idempotency_key text,
  -- The intent's, so that a reader finds its order.
  metadata        jsonb not null
);

create index psp_ledger_of on psp_ledger (payment_intent);

create function refuse_to_change_the_ledger() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is only ever added to';
end
$$;

create trigger append_only before update or delete on psp_ledger
  for each row execute function refuse_to_change_the_ledger();

create table idempotency_keys (
  key         text primary key check (char_length(key) between 1 and 255),
  created_at  timestamptz not null default now(),
  request_id  text not null,
  path        text not null,
  -- SHA-256 of the parameters in a fixed order.
  fingerprint text not null,
  -- Null only inside the transaction that executes the request.
  status      smallint,
  body        text
);

create index idempotency_keys_created_at on idempotency_keys (created_at);

create table events (
  id              text primary key check (id ~ '^evt_[A-Za-z0-9]{24}$'),
  position        bigint generated always as identity unique,
  created_at      timestamptz not null default now(),
  type            text not null,
  -- The object as it was when this happened.
  object          jsonb not null,
  request_id      text,
  idempotency_key text
);

-- Who is still to be told. A row is made with its event and leaves its queue at the first 2xx.
create table webhook_deliveries (
  event        text primary key references events (id),
  due_at       timestamptz not null,
  attempts     integer not null default 0,
  delivered_at timestamptz,
  -- What came of the last attempt: a status or why there was none.
  outcome      text
);

create index webhook_deliveries_due on webhook_deliveries (due_at) where delivered_at is null;

-- The fault knobs as they were set, which outlive the process. No row: as configured.
create table knobs (
  only_one boolean primary key default true check (only_one),
  value    jsonb not null
);

-- How often each fault has really happened.
create table fault_counts (
  fault text primary key,
  count bigint not null
);

-- Payments: what is asked of the provider, what came of it, and every movement of money that we know of.
--
-- The rule that everything here serves: before a request leaves for the provider, the row that makes it repeatable is
-- committed. So there is no moment at which a crash could lose the knowledge that money may have moved.

create table payment (
  -- Derived from the order, so that the provider's idempotency keys survive even the loss of this database.
  id               uuid primary key,
  -- The order of creation, for paging.
  position         bigint generated always as identity unique,
  order_id         uuid not null constraint payment_order_once unique,
  -- All null in a tombstone: a cancellation that came before the request that it cancels.
  user_id          uuid,
  amount_minor     bigint check (amount_minor > 0),
  currency         text,
  method           text,
  state            text not null check (state in
                     ('PENDING', 'IN_DOUBT', 'CAPTURED', 'DECLINED', 'CANCELLED', 'REFUND_PENDING', 'REFUNDED', 'MANUAL')),
  -- What a person has to look at.
  trouble          text check (trouble in ('UNCLEAR', 'WRONG_AMOUNT', 'BOOKS_DIFFER', 'REFUND_FAILED', 'REFUND_UNCLEAR')),
  -- Rises after a definitive decline and never otherwise: it is part of the idempotency key.
  attempt          integer not null default 1 check (attempt between 1 and 3),
  -- The provider's PaymentIntent of this attempt, once we have heard of it.
  psp_ref          text constraint payment_psp_ref_once unique,
  decline_code     text,
  captured_minor   bigint not null default 0,
  -- Refunds that are asked for or done; no two refunds together can ask for more than was captured.
  refunding_minor  bigint not null default 0,
  refunded_minor   bigint not null default 0,
  cancel_requested boolean not null default false,
  -- When a worker looks at it next; null when there is nothing to do.
  next_at          timestamptz,
  -- Until when a worker has it to itself. For speed only: what keeps two workers from charging twice is the key.
  lease_until      timestamptz,
  -- When this attempt's key was first sent: the provider forgets keys after a day.
  first_sent_at    timestamptz,
  -- Tries of this attempt that brought no result, and how many of them were failures of the provider's own.
  failures         integer not null default 0,
  server_errors    integer not null default 0,
  captured_at      timestamptz,
  -- Rises by one with each event.
  version          bigint not null default 0 check (version >= 0),
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  check (num_nonnulls(user_id, amount_minor, currency, method) in (0, 4)),
  check (amount_minor is not null or state = 'CANCELLED'),
  check ((state = 'MANUAL') = (trouble is not null)),
  check ((state in ('PENDING', 'IN_DOUBT')) = (next_at is not null)),
  constraint payment_refunds_within_capture
    check (0 <= refunded_minor and refunded_minor <= refunding_minor and refunding_minor <= captured_minor),
  check (state not in ('PENDING', 'IN_DOUBT', 'DECLINED', 'CANCELLED') or captured_minor = 0),
  check (state not in ('CAPTURED', 'REFUND_PENDING', 'REFUNDED') or captured_minor = amount_minor),
  check (state <> 'REFUNDED' or refunded_minor = captured_minor),
  check (state <> 'REFUND_PENDING' or refunding_minor > refunded_minor),
  check ((captured_minor > 0) = (captured_at is not null))
);
create index payment_due on payment (next_at) where next_at is not null;
create index payment_by_state on payment (state, position);
create index payment_captured_at on payment (captured_at) where captured_at is not null;

-- Every movement of money that the provider has told us of, under the provider's own name for it. Only added to.
create table money_ledger (
  id           bigint generated always as identity primary key,
  payment_id   uuid        not null references payment (id),
  kind         text        not null check (kind in ('charge', 'refund')),
  -- 1 is the charge of the payment itself. More charges than that are strays, and are given back.
  seq          integer     not null check (seq >= 1),
  psp_ref      text        not null constraint money_ledger_psp_ref_once unique,
  amount_minor bigint      not null check (amount_minor > 0),
  currency     text        not null,
  at           timestamptz not null default now(),
  constraint money_ledger_once unique (payment_id, kind, seq)
);

create table refund (
  -- Whoever asks for it chooses the id; it is the provider's idempotency key too.
  id            uuid primary key,
  payment_id    uuid        not null references payment (id),
  -- The PaymentIntent whose money goes back: the payment's own, or a stray one.
  intent        text        not null,
  -- A charge that nobody should have made. Nobody asked for this refund and nobody is told of it.
  is_stray      boolean     not null default false,
  amount_minor  bigint      not null check (amount_minor > 0),
  currency      text        not null,
  reason        text        not null,
  state         text        not null check (state in ('PENDING', 'IN_DOUBT', 'SUCCEEDED', 'FAILED')),
  -- Why it failed.
  failure       text,
  -- Rises only when an operator repeats a refund that the provider has definitely refused.
  attempt       integer     not null default 1 check (attempt >= 1),
  psp_ref       text constraint refund_psp_ref_once unique,
  next_at       timestamptz,
  lease_until   timestamptz,
  first_sent_at timestamptz,
  failures      integer     not null default 0,
  server_errors integer     not null default 0,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  check (next_at is null or state in ('PENDING', 'IN_DOUBT')),
  check (state <> 'PENDING' or next_at is not null),
  check ((state = 'FAILED') = (failure is not null)),
  check (state <> 'SUCCEEDED' or psp_ref is not null)
);
create index refund_due on refund (next_at) where next_at is not null;
create index refund_by_payment on refund (payment_id, created_at);
-- A stray charge is given back once.
create unique index refund_stray_once on refund (intent) where is_stray;

-- What the provider has told us; each event has its effect once.
create table psp_webhook (
  event_id    text primary key,
  kind        text        not null,
  body        text        not null,
  received_at timestamptz not null default now()
);
create index psp_webhook_received_at on psp_webhook (received_at);

-- When our books were last compared with the provider's; of several replicas one does it.
create table reconciliation (
  only_one   boolean primary key default true check (only_one),
  started_at timestamptz not null
);
insert into reconciliation (started_at) values ('epoch');

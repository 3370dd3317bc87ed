-- Mails and live updates: what is owed to people because of an event, and what became of it.
--
-- A row is written in the transaction that marks the event as seen (inbox), so an event owes its mail and its live update
-- exactly once. What happens between the mail server and our note of its answer cannot be exactly once; there the row's
-- Message-ID makes copies recognisable.

-- Whom to write to, where an event names only the account.
create table recipient (
  user_id    uuid primary key,
  email      text not null,
  first_name text not null,
  created_at timestamptz not null default now()
);

-- As much of an order as its mails say, and how far it has come: what was not sent yet must not contradict it.
create table customer_order (
  id         uuid primary key,
  user_id    uuid not null,
  -- The highest version heard of; events of one order arrive through several consumers, in any order.
  version    bigint not null check (version >= 1),
  state      text not null,
  -- Lines, total and address, once order_placed has been heard.
  placed     jsonb,
  updated_at timestamptz not null default now()
);
create index customer_order_updated_at on customer_order (updated_at);

-- One mail: owed, under way, sent, given up, or no longer true.
create table email (
  -- UUIDv5 of what happened (an order, an account, one crossing of a stock's threshold) and the template.
  id         uuid primary key,
  -- The header of every copy that may ever leave.
  message_id text not null constraint email_message_id_key unique,
  user_id    uuid not null,
  -- The order that it is about, if it is about one.
  order_id   uuid,
  template   text not null,
  recipient  text not null,
  subject    text not null,
  -- What the template says beyond the order itself.
  letter     jsonb not null,
  status     text not null default 'PENDING' check (status in ('PENDING', 'SENDING', 'SENT', 'DEAD', 'SUPERSEDED')),
  -- Counted when an attempt begins, so that one that kills the process counts too.
  attempts   integer not null default 0 check (attempts >= 0),
  -- PENDING: when the next attempt is due. SENDING: when whoever sends it is taken for dead.
  next_at    timestamptz not null,
  -- Why the last attempt came to nothing: the server was not reached, said "later", said "never", or there is nothing
  -- that could be sent.
  failure    text check (failure in ('unreachable', 'deferred', 'refused', 'unusable')),
  -- What the server said last, or our own error.
  answer     text,
  -- When the event happened.
  event_at   timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  sent_at    timestamptz,
  check ((status = 'SENT') = (sent_at is not null)),
  check (status <> 'DEAD' or failure is not null)
);
create index email_due on email (next_at) where status in ('PENDING', 'SENDING');
create index email_of_order on email (order_id) where status = 'PENDING';
create index email_by_user on email (user_id, created_at desc, id desc);
create index email_by_age on email (created_at desc, id desc);

-- The id of each user's newest live update. Locked before an update is inserted, and until its commit: so a user's ids
-- become visible in their order, and whoever has read up to n has missed nothing below it.
create table live_position (
  user_id uuid primary key,
  last_id bigint not null check (last_id >= 1)
);

-- What open pages of a user are told.
create table live_update (
  user_id    uuid not null,
  -- Counts from 1 per user, without gaps.
  id         bigint not null,
  body       jsonb not null,
  created_at timestamptz not null default now(),
  primary key (user_id, id)
);
create index live_update_created_at on live_update (created_at);

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

-- Carts: what somebody means to buy. Nothing here is promised to anybody: stock is held and prices are fixed when the order
-- is placed.

-- One for each account, and one for each browser that put something in without signing in.
create table carts (
  id           uuid primary key,
  user_id      uuid constraint carts_user_id_key unique,
  -- SHA-256 of the 32 random bytes in the browser's cookie: who reads this table can use nobody's cart.
  guest_digest bytea constraint carts_guest_digest_key unique check (octet_length(guest_digest) = 32),
  -- Rises by one with every change of its lines. Every change locks this row first, which puts the changes of one cart in a
  -- row.
  version      bigint not null default 0 check (version >= 0),
  -- Moved on by use. From then on nobody sees it, and a worker removes it.
  expires_at   timestamptz not null,
  created_at   timestamptz not null default now(),
  check (num_nonnulls(user_id, guest_digest) = 1)
);
create index carts_expires_at on carts (expires_at);

create table cart_lines (
  cart_id                uuid not null references carts (id) on delete cascade,
  variant_id             uuid not null,
  quantity               integer not null constraint cart_lines_quantity check (quantity between 1 and 99),
  -- What one cost when it was last put in, in minor units, to say when that has changed.
  price_when_added_minor bigint not null check (price_when_added_minor >= 0),
  currency               text not null check (currency ~ '^[A-Z]{3}$'),
  added_at               timestamptz not null,
  -- What the catalogue last said of it, {"productId": …, "slug": …, "price": …}: what is shown while the catalogue is away.
  facts                  jsonb not null check (jsonb_typeof(facts) = 'object'),
  primary key (cart_id, variant_id)
);

-- More lines than anybody buys at once, and few enough to ask about all of them in one call. A check sees only its own row;
-- this counts what is there when the line is in, and the cart's lock keeps others from adding to it meanwhile.
create function refuse_line_beyond_100() returns trigger language plpgsql as $$
begin
  if (select count(*) from cart_lines where cart_id = new.cart_id) > 100 then
    raise exception 'cart % would have more than 100 lines', new.cart_id
      using errcode = 'check_violation', constraint = 'cart_lines_at_most_100';
  end if;
  return null;
end
$$;
create trigger cart_lines_at_most_100 after insert on cart_lines
  for each row execute function refuse_line_beyond_100();

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

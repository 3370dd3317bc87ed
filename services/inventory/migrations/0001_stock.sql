-- Stock: what lies where, what is held for whom, and how it came to be so.
--
-- Two numbers of a shelf are kept apart: what lies there (on hand), and what of it is promised to orders (reserved). Their
-- difference can be sold. Every change of either is a row of the ledger, in the same transaction.

-- What is known of a product here, for the order of events that arrive in any order.
create table product (
  product_id  uuid primary key,
  -- Of the catalogue, of the latest facts that were taken over; 0 when they were asked for before their event came.
  version     bigint  not null check (version >= 0),
  -- Never taken back: an archived product stays archived, also when older facts arrive after that.
  is_archived boolean not null default false
);

-- Buyable forms of products, copied from the catalogue: who may fill their shelves, and how people know them.
create table variant (
  variant_id   uuid primary key,
  product_id   uuid    not null constraint variant_product_fkey references product (product_id),
  -- The account of a user. No foreign key: it lives in another service.
  vendor_id    uuid    not null,
  sku          text    not null,
  product_name text    not null,
  -- On the product's page; the lowest is what "the product" means where nobody names a variant.
  position     integer not null,
  -- It cannot be bought any more; what lies there of it still can be taken home.
  is_archived  boolean not null default false,
  -- Of the product, of the facts above.
  version      bigint  not null check (version >= 0)
);
create index variant_product on variant (product_id, position);
create index variant_vendor on variant (vendor_id, variant_id);

-- What lies of one variant in one warehouse. Rows are updated all the time and never deleted: room on each page keeps the
-- updates off the indexes.
create table stock (
  stock_id            uuid primary key,
  variant_id          uuid   not null constraint stock_variant_fkey references variant (variant_id),
  warehouse_location  text   not null check (char_length(warehouse_location) between 1 and 80),
  on_hand             bigint not null default 0 check (on_hand between 0 and 1000000000),
  reserved            bigint not null default 0,
  low_stock_threshold bigint not null check (low_stock_threshold between 0 and 1000000),
  -- What was told of it last: a level that becomes graver is told once, because this row remembers it.
  alert_level         text   not null default 'out',
  -- Rises by one with every change; 0 before the first.
  version             bigint not null default 0 check (version >= 0),
  constraint stock_reserves_what_it_has check (reserved between 0 and on_hand),
  constraint stock_knows_its_level check (
    alert_level = case
      when on_hand <= reserved then 'out'
      when on_hand - reserved <= low_stock_threshold then 'low'
      else 'ok'
    end
  ),
  constraint stock_once_per_warehouse unique (variant_id, warehouse_location)
) with (fillfactor = 50);

-- What is promised to one order. One that ended stays as a tombstone: whatever arrives late finds it ended.
create table hold (
  order_id   uuid primary key,
  state      text        not null check (state in ('HELD', 'COMMITTED', 'RELEASED', 'EXPIRED')),
  -- Missing where the release came and no hold ever did.
  expires_at timestamptz,
  -- 1 when the hold was made, one more with every answer about it.
  version    bigint      not null check (version >= 0),
  created_at timestamptz not null default now(),
  constraint hold_expires check (state <> 'HELD' or expires_at is not null)
) with (fillfactor = 80);
create index hold_due on hold (expires_at) where state = 'HELD';

-- From which shelves. Of a hold that ended unsold, the shelves that it had.
create table hold_line (
  order_id uuid   not null constraint hold_line_hold_fkey references hold (order_id),
  stock_id uuid   not null constraint hold_line_stock_fkey references stock (stock_id),
  quantity bigint not null check (quantity > 0),
  primary key (order_id, stock_id)
);

-- Every change of every shelf. The sum of a shelf's rows is the shelf.
create table stock_ledger (
  id         bigint generated always as identity primary key,
  stock_id   uuid        not null constraint stock_ledger_stock_fkey references stock (stock_id),
  d_on_hand  bigint      not null,
  d_reserved bigint      not null,
  reason     text        not null check (
    reason in ('restock', 'adjustment', 'hold', 'commit', 'release', 'expiry', 'return')
  ),
  -- The order, or the request of a vendor, that it was for.
  ref        uuid        not null,
  -- What people said of it.
  note       text,
  at         timestamptz not null default now(),
  constraint stock_ledger_moves check (d_on_hand <> 0 or d_reserved <> 0),
  -- One cause moves one shelf once for one reason, whatever is repeated.
  constraint stock_ledger_once unique (ref, stock_id, reason)
);
create index stock_ledger_shelf on stock_ledger (stock_id, id);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is only ever added to';
end
$$;
create trigger stock_ledger_is_append_only before update or delete or truncate on stock_ledger
  for each statement execute function refuse_change();

-- What vendors and admins asked for, under the key by which a repetition is recognised.
create table stock_request (
  request_id      uuid primary key,
  actor_id        uuid        not null,
  idempotency_key text        not null check (char_length(idempotency_key) between 1 and 255),
  -- SHA-256 of what was asked for.
  fingerprint     bytea       not null check (octet_length(fingerprint) = 32),
  -- The body of the answer, to the letter; missing only while the transaction of the first request runs.
  answer          text,
  created_at      timestamptz not null default now(),
  constraint stock_request_once unique (actor_id, idempotency_key)
);

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

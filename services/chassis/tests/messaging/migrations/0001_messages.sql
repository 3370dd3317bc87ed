-- What a service that reads and sends events has, and a table to see its effects in.
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

create table effect (
  id       bigint generated always as identity primary key,
  user_id  uuid not null,
  first_name text not null check (first_name <> 'breaks the transaction')
);

-- Who changed what, when, and from what to what: a row is written in the transaction of the change (see
-- services/chassis/src/audit.rs).
create table audit_entry (
  id           bigint generated always as identity primary key,
  at           timestamptz not null default now(),
  -- An account's id, and what it was then.
  actor_id     uuid        not null,
  actor_role   text        not null check (actor_role in ('customer', 'vendor', 'admin')),
  -- The operation, such as replay_dead_letter.
  action       text        not null check (action ~ '^[a-z]+(_[a-z]+)*$'),
  subject_kind text        not null,
  subject_id   text        not null,
  -- What differs; {} for what was not there, or is no more.
  before       jsonb       not null check (jsonb_typeof(before) = 'object'),
  after        jsonb       not null check (jsonb_typeof(after) = 'object')
);
create index audit_entry_actor on audit_entry (actor_id, id);
create index audit_entry_subject on audit_entry (subject_id, id);

create function refuse_change_of_audit() returns trigger language plpgsql as $$
begin
  raise exception 'the audit trail is only ever added to';
end
$$;
create trigger audit_entry_is_append_only before update or delete or truncate on audit_entry
  for each statement execute function refuse_change_of_audit();

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

-- Accounts: who somebody is, how they prove it, where they have logged in, and where things are sent to them.
--
-- Nothing in here lets anybody in who has only read it: passwords are Argon2id hashes, refresh tokens are stored as
-- SHA-256 digests of 32 random bytes, and addresses of clients as keyed digests.

create table users (
  id              uuid primary key,
  -- Normalised before it comes here: trimmed, lower case, ASCII. The check makes the unique index mean "whatever its case".
  email           text not null constraint users_email_key unique
                    check (email = lower(email) and char_length(email) between 3 and 254),
  first_name      text not null check (char_length(first_name) between 1 and 80),
  last_name       text not null check (char_length(last_name) between 1 and 80),
  -- PHC string: $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
  password_hash   text not null,
  role            text not null check (role in ('customer', 'vendor', 'admin')),
  -- What they may do beyond their role, such as orders:refund.
  permissions     text[] not null default '{}',
  -- To which text they agreed, and when. Null for accounts that the operator made.
  consent_version text,
  consent_at      timestamptz,
  -- Rises by one with every change of the account itself; events carry it.
  version         bigint not null default 1 check (version >= 1),
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  check ((consent_version is null) = (consent_at is null))
);

-- Who gave whom which rights. Rows are never changed or removed.
create table role_changes (
  id              bigint generated always as identity primary key,
  user_id         uuid not null references users (id),
  changed_by      uuid not null references users (id),
  old_role        text not null,
  new_role        text not null,
  old_permissions text[] not null,
  new_permissions text[] not null,
  changed_at      timestamptz not null default now()
);
create index role_changes_by_user on role_changes (user_id, id);

-- One log-in on one device: the family of all refresh tokens that descend from it. Its id is the `sid` of access tokens.
create table sessions (
  id         uuid primary key,
  user_id    uuid not null references users (id),
  created_at timestamptz not null default now(),
  -- No refreshing beyond this, however often it was refreshed.
  expires_at timestamptz not null,
  ended_at   timestamptz,
  -- Why: the person logged out, here or everywhere; the password or the rights changed; a used token came back.
  ended_by   text check (ended_by in ('logout', 'logout_all', 'password_changed', 'rights_changed', 'token_reused')),
  check ((ended_at is null) = (ended_by is null))
);
create index sessions_by_user on sessions (user_id) where ended_at is null;
-- What other services ask for twice a second: the sessions whose access tokens must not count any more.
create index sessions_ended on sessions (ended_at) where ended_at is not null;
create index sessions_by_expiry on sessions (expires_at);

-- Every refresh token of a session, used ones included: that is how a used one is recognised when it comes back.
create table refresh_tokens (
  digest     bytea primary key check (octet_length(digest) = 32),
  session_id uuid not null references sessions (id) on delete cascade,
  -- Counts from 1; the token that was made from generation n has n + 1.
  generation integer not null check (generation >= 1),
  used_at    timestamptz,
  constraint refresh_tokens_generation_key unique (session_id, generation)
);
-- At most one live token a session, whatever two requests do at the same time.
create unique index refresh_tokens_live on refresh_tokens (session_id) where used_at is null;

-- Failed log-ins, and registrations, by who tried. Forgotten after a day of quiet.
create table attempts (
  -- Keyed digest of what is counted: an account together with a client, or a client alone.
  subject  bytea primary key check (octet_length(subject) = 32),
  failures integer not null check (failures >= 1),
  last_at  timestamptz not null
);
create index attempts_by_age on attempts (last_at);

create table addresses (
  id         uuid primary key,
  user_id    uuid not null references users (id),
  -- What the person calls it, such as "Home".
  label      text not null default '' check (char_length(label) <= 60),
  -- Whose name is on the door, where it is not the account's.
  recipient  text not null default '' check (char_length(recipient) <= 120),
  street     text not null check (char_length(street) between 1 and 200),
  city       text not null check (char_length(city) between 1 and 120),
  state      text not null default '' check (char_length(state) <= 120),
  zip_code   text not null check (char_length(zip_code) between 1 and 20),
  country    text not null check (char_length(country) between 2 and 60),
  is_default boolean not null default false,
  created_at timestamptz not null default now()
);
create index addresses_by_user on addresses (user_id, created_at, id);
create unique index addresses_default on addresses (user_id) where is_default;

-- Events on their way to the broker, written in the transaction that makes them true (see services/chassis/src/outbox.rs).
create table outbox (
  id                bigint generated always as identity primary key,
  event_id          uuid        not null unique,
  subject           text        not null,
  aggregate_id      uuid        not null,
  aggregate_version bigint      not null,
  payload           jsonb       not null,
  created_at        timestamptz not null default now(),
  -- Where the broker put it; null until it has acknowledged. Rows stay, so that a broker that lost them can be refilled.
  stream_seq        bigint,
  unique (aggregate_id, aggregate_version, subject)
);
create index outbox_unsent on outbox (id) where stream_seq is null;

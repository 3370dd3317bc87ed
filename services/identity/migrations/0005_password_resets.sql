-- Forgotten passwords: that somebody asked for a way back in, and until when it is open. What opens it is the code in the
-- link of their mail, which is made from the id with a key (see services/contracts/src/reset_code.rs) and is stored nowhere.

create table password_resets (
  id          uuid primary key,
  user_id     uuid not null references users (id),
  created_at  timestamptz not null default now(),
  expires_at  timestamptz not null,
  -- When a new password was set, through this one, another one of the account, or by the owner who remembered the old one.
  ended_at    timestamptz,
  -- Codes that name this reset and are not its code: more than a few end it.
  wrong_codes integer not null default 0 check (wrong_codes >= 0)
);
-- How many mails an account was sent lately, and which of them still open something.
create index password_resets_by_user on password_resets (user_id, created_at);
create index password_resets_by_expiry on password_resets (expires_at);

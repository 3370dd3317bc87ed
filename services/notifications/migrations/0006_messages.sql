-- What people write to the shop. The mail that tells the shop of it is owed in the same transaction; the document, if there
-- is one, is kept here and fetched by an admin: it would make the mail too large for many servers.
create table message (
  id           uuid primary key,
  topic        text not null check (topic in ('question', 'order', 'return', 'selling')),
  -- Who wrote, where they were signed in.
  user_id      uuid,
  name         text not null,
  -- Where the answer goes, in lower case.
  email        text not null,
  -- As they wrote it: it need not be one of ours.
  order_number text,
  body         text not null,
  created_at   timestamptz not null default now()
);
-- How much somebody has written lately, and what is old.
create index message_by_sender on message (email, created_at);
create index message_created_at on message (created_at);

create table message_document (
  message_id uuid primary key references message (id) on delete cascade,
  name       text not null,
  -- What the content is, and not what its name says.
  media_type text not null check (media_type in ('application/pdf', 'image/png', 'image/jpeg', 'text/plain')),
  content    bytea not null check (octet_length(content) between 1 and 4194304)
);

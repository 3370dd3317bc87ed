-- Which trace a mail belongs to, and the event that owes it: the mail says so in its headers.
alter table email
  add column traceparent  text,
  add column causation_id text;

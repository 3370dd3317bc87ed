-- Which trace a payment or a refund belongs to, and the message that asked for it. What is said of it later, by a worker or
-- because the provider called, continues that trace.
alter table payment
  add column traceparent  text,
  add column causation_id text;
alter table refund
  add column traceparent  text,
  add column causation_id text;

-- Which trace an event belongs to (W3C Trace Context), and the message or request that caused it: sent along in its envelope
-- (see services/chassis/src/correlation.rs). Null for events that nobody asked for, and for those of before.
alter table outbox
  add column traceparent  text,
  add column causation_id text;

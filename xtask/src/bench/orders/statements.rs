//! The statements of placing an order and of holding goods, as one client alone would send them: the limit that the services are
//! compared with.

/// One order with its line, history and two events, as the service writes it.
pub(super) const PLACE: &str = "
with placed as (
  insert into orders (id, number, user_id, email, idempotency_key, fingerprint, currency, total_minor, payment_method,
    shipping_address, placed_at, state_since, updated_at, deadline)
  values (gen_random_uuid(), 'ARG-' || nextval('order_number'), gen_random_uuid(), 'bench@argosy.example', gen_random_uuid()::text,
    sha256('bench'), 'EUR', 1230, 'pm_card', '{\"street\": \"1 Bench Lane\"}', now(), now(), now(), now())
  returning id
), line as (
  insert into order_line (order_id, position, product_id, variant_id, vendor_id, sku, slug, name, quantity, unit_price_minor)
  select id, 1, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'BENCH', 'bench', 'Bench', 1, 1230 from placed
), history as (
  insert into order_history (order_id, version, to_state, cause) select id, 1, 'PENDING', 'placed' from placed
)
insert into outbox (event_id, subject, aggregate_id, aggregate_version, payload)
select gen_random_uuid(), subject, id, 1, '{\"number\": \"ARG-2026-000001\", \"email\": \"bench@argosy.example\"}'
from placed, unnest(array['shop.orders.order_placed.v1', 'shop.orders.payment_requested.v1']) as subject;
";

/// A shelf that is never empty.
pub(super) const SHELF: &str = "
insert into product (product_id, version) values ('00000000-0000-7000-8000-000000000001', 1);
insert into variant (variant_id, product_id, vendor_id, sku, product_name, position, version)
values ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', gen_random_uuid(), 'BENCH', 'Bench', 1, 1);
insert into stock (stock_id, variant_id, warehouse_location, on_hand, low_stock_threshold, alert_level)
values ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000002', 'Bench', 1000000000, 0, 'ok');
";

/// One hold of one unit, as the service writes it.
pub(super) const HOLD: &str = "
with held as (
  insert into hold (order_id, state, expires_at, version)
  values (gen_random_uuid(), 'HELD', now() + interval '1 minute', 1) returning order_id
), moved as (
  update stock set reserved = reserved + 1, version = version + 1
  where stock_id = '00000000-0000-7000-8000-000000000003' and on_hand - reserved >= 1 returning stock_id
), line as (
  insert into hold_line (order_id, stock_id, quantity) select order_id, stock_id, 1 from held, moved
)
insert into stock_ledger (stock_id, d_on_hand, d_reserved, reason, ref) select stock_id, 0, 1, 'hold', order_id from held, moved;
";

/// The simplest way to take one from a shelf that everybody wants.
pub(super) const TAKE: &str =
    "update stock set reserved = reserved + 1 where on_hand - reserved >= 1;\n";

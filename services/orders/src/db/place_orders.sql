-- New orders with their lines, history and events; see placing.rs.
with wish as (
  select numbered.*,
    'ARG-' || to_char(numbered.placed_at at time zone 'UTC', 'YYYY') || '-'
      || lpad(numbered.n::text, greatest(6, length(numbered.n::text)), '0') as number
  from (
    select w.*, nextval('order_number') as n
    from unnest(
      $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::bigint[], $8::text[], $9::jsonb[],
      $10::timestamptz[], $11::timestamptz[]
    ) as w (
      id, user_id, email, idempotency_key, fingerprint, currency, total_minor, payment_method, shipping_address,
      placed_at, deadline
    )
  ) as numbered
), placed as (
  insert into orders (
    id, number, user_id, email, idempotency_key, fingerprint, currency, total_minor, payment_method, shipping_address,
    placed_at, state_since, updated_at, deadline
  )
  select id, number, user_id, email, idempotency_key, fingerprint, currency, total_minor, payment_method,
    shipping_address, placed_at, placed_at, placed_at, deadline
  from wish
  -- Two statements that insert the same keys wait for each other in the same order.
  order by user_id, idempotency_key
  on conflict do nothing
  returning id, number, user_id, placed_at
), line as (
  insert into order_line (
    order_id, position, product_id, variant_id, vendor_id, sku, slug, name, picture, quantity, unit_price_minor
  )
  select l.order_id, l.position, l.product_id, l.variant_id, l.vendor_id, l.sku, l.slug, l.name, l.picture, l.quantity,
    l.unit_price_minor
  from unnest(
    $12::uuid[], $13::integer[], $14::uuid[], $15::uuid[], $16::uuid[], $17::text[], $18::text[], $19::text[],
    $20::text[], $21::integer[], $22::bigint[]
  ) as l (
    order_id, position, product_id, variant_id, vendor_id, sku, slug, name, picture, quantity, unit_price_minor
  )
  join placed on placed.id = l.order_id
), history as (
  insert into order_history (order_id, version, from_state, to_state, cause, cause_id, at)
  select id, 1, null, 'PENDING', 'placed', user_id, placed_at from placed
), event as (
  insert into outbox (event_id, subject, aggregate_id, aggregate_version, payload, traceparent, causation_id)
  select e.event_id, e.subject, e.order_id, 1,
    case when e.payload ? 'number' then e.payload || jsonb_build_object('number', placed.number) else e.payload end,
    e.traceparent, e.causation_id
  from unnest($23::uuid[], $24::text[], $25::uuid[], $26::jsonb[], $27::text[], $28::text[])
    with ordinality as e (event_id, subject, order_id, payload, traceparent, causation_id, position)
  join placed on placed.id = e.order_id
  order by e.position
)
select id as "id: OrderId", number from placed

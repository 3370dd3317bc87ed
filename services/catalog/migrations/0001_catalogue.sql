-- The catalogue: what the shop sells, in which categories, by whom, and what it looks like.
--
-- A product is never deleted, it is archived: orders and carts of other services refer to it by id.

-- Finds names that are nearly what somebody typed. Trusted since PostgreSQL 13: the database's owner may create it.
create extension if not exists pg_trgm;

-- A picture in three sizes, identified by what it was made from. Several products may show the same one.
create table pictures (
  -- SHA-256 of the uploaded bytes, or of the description that a drawing was made from: makes uploads idempotent.
  source_digest text primary key check (source_digest ~ '^[0-9a-f]{64}$'),
  -- Keys of the three objects in the bucket, each named after its own content and therefore cacheable for ever.
  small         text not null,
  medium        text not null,
  large         text not null,
  -- Pixels of the large one, so that a page can reserve the room before the picture arrives.
  width         integer not null check (width between 1 and 8000),
  height        integer not null check (height between 1 and 8000),
  created_at    timestamptz not null default now()
);

create table categories (
  id             uuid primary key,
  slug           text not null constraint categories_slug_key unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  name           text not null check (char_length(name) between 1 and 80),
  summary        text not null default '' check (char_length(summary) <= 300),
  -- Order in the shop's navigation.
  position       integer not null default 0,
  -- [{"key": "material", "label": "Material", "facet": true}, …]: what its products are described by, in display
  -- order, and which of it is offered as a filter.
  attributes     jsonb not null default '[]' check (jsonb_typeof(attributes) = 'array'),
  cover          text references pictures (source_digest)
);

-- How a vendor is shown. Accounts belong to the identity service: a vendor's id is the id of their user, and one who
-- has not introduced themselves yet has no row here.
create table vendors (
  id    uuid primary key,
  slug  text not null unique,
  name  text not null,
  place text not null default '',
  about text not null default ''
);

create table products (
  id          uuid primary key,
  -- The product's name in URLs. It never changes: links to it live elsewhere.
  slug        text not null constraint products_slug_key unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  -- Who may edit it. No foreign key: the account lives in another service.
  vendor_id   uuid not null,
  category_id uuid not null constraint products_category_fkey references categories (id),
  name        text not null check (char_length(name) between 1 and 200),
  summary     text not null default '' check (char_length(summary) <= 300),
  description text not null default '' check (char_length(description) <= 10000),
  -- Words that it should be found by although they stand nowhere on the page.
  keywords    text not null default '',
  status      text not null default 'active' check (status in ('active', 'archived')),
  -- Minor units (cents) of the currency. Never negative, never a float.
  price_minor bigint not null check (price_minor >= 0),
  currency    text not null check (currency ~ '^[A-Z]{3}$'),
  -- {"material": "Stoneware", …}: the table of facts on the product's page.
  attributes  jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object'),
  -- {"colour": ["Blue", "Green"], …}: the attributes together with the options of all variants. Filters and facets read
  -- this one, so that a shirt is found by a colour that only one of its variants has.
  facets      jsonb not null default '{}' check (jsonb_typeof(facets) = 'object'),
  -- The higher, the earlier in the default order.
  rank        integer not null default 0,
  -- Rises by one with every change and every event; a writer who has seen an older one is refused.
  version     bigint not null default 1 check (version >= 1),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  -- Names sort the same way whatever their case.
  sort_name   text not null generated always as (lower(name)) stored,
  -- Found by the words of any language ('simple') and by the stems of English ones.
  search      tsvector not null generated always as (
    setweight(to_tsvector('simple', name), 'A') ||
    setweight(to_tsvector('english', name), 'A') ||
    setweight(to_tsvector('english', summary || ' ' || keywords), 'B') ||
    setweight(to_tsvector('english', description), 'C')
  ) stored
);

-- One index for each order of the public list. Every order ends with the id, which makes it total: key paging needs that.
create index products_by_rank     on products (rank desc, id desc)       where status = 'active';
create index products_by_age      on products (created_at desc, id desc) where status = 'active';
create index products_by_price    on products (price_minor, id)          where status = 'active';
create index products_by_name     on products (sort_name, id)            where status = 'active';
-- And one for each way to narrow it down.
create index products_by_category on products (category_id, rank desc, id desc) where status = 'active';
create index products_by_vendor   on products (vendor_id, rank desc, id desc)   where status = 'active';
create index products_by_facet    on products using gin (facets jsonb_path_ops);
create index products_by_word     on products using gin (search);
create index products_by_trigram  on products using gin (name gin_trgm_ops);

-- What is put into a cart: every product has at least one.
create table variants (
  id          uuid primary key,
  product_id  uuid not null references products (id),
  -- Order on the page; the first one is shown first.
  position    integer not null,
  sku         text not null constraint variants_sku_key unique check (char_length(sku) between 1 and 64),
  name        text not null check (char_length(name) between 1 and 120),
  -- Where it differs from the product's, in the product's currency.
  price_minor bigint check (price_minor >= 0),
  -- {"colour": "Matt black"}: what distinguishes it from its siblings.
  options     jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
  -- Its own picture, where it looks different.
  picture     text references pictures (source_digest),
  unique (product_id, position)
);

create table product_images (
  product_id uuid not null references products (id),
  position   integer not null,
  picture    text not null references pictures (source_digest),
  alt        text not null default '' check (char_length(alt) <= 300),
  primary key (product_id, position),
  -- The same picture uploaded again is the same picture.
  constraint product_images_picture_key unique (product_id, picture)
);

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

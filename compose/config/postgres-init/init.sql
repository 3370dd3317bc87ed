-- Rendered from infra/postgres/init.sql.j2, run by psql as the superuser. It can be run again at any time: it makes
-- what is missing, and sets every password to what the secret's file says now.
\set ON_ERROR_STOP on
-- A password must not be in a log, not even when the statement that sets it fails.
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set client_min_messages = warning;

-- Nobody enters a database because he is merely somebody.
revoke connect on database postgres from public;
revoke connect on database template1 from public;
revoke create on schema public from public;

-- cart
\set password `cat '/argosy/files/secrets/postgres-cart'`
select format('create role %I login', 'cart')
where not exists (select from pg_roles where rolname = 'cart') \gexec
alter role "cart" with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';
\unset password
select format('create database %I owner %I encoding %L', 'cart', 'cart', 'UTF8')
where not exists (select from pg_database where datname = 'cart') \gexec
alter database "cart" owner to "cart";
revoke all on database "cart" from public;
grant connect, temporary on database "cart" to "cart";
\connect "cart"
set client_min_messages = warning;
revoke all on schema public from public;
alter schema public owner to "cart";
-- Only a superuser may add these.
create extension if not exists pg_trgm;
create extension if not exists unaccent;
\connect postgres
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set client_min_messages = warning;

-- catalog
\set password `cat '/argosy/files/secrets/postgres-catalog'`
select format('create role %I login', 'catalog')
where not exists (select from pg_roles where rolname = 'catalog') \gexec
alter role "catalog" with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';
\unset password
select format('create database %I owner %I encoding %L', 'catalog', 'catalog', 'UTF8')
where not exists (select from pg_database where datname = 'catalog') \gexec
alter database "catalog" owner to "catalog";
revoke all on database "catalog" from public;
grant connect, temporary on database "catalog" to "catalog";
\connect "catalog"
set client_min_messages = warning;
revoke all on schema public from public;
alter schema public owner to "catalog";
-- Only a superuser may add these.
create extension if not exists pg_trgm;
create extension if not exists unaccent;
\connect postgres
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set client_min_messages = warning;

-- identity
\set password `cat '/argosy/files/secrets/postgres-identity'`
select format('create role %I login', 'identity')
where not exists (select from pg_roles where rolname = 'identity') \gexec
alter role "identity" with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';
\unset password
select format('create database %I owner %I encoding %L', 'identity', 'identity', 'UTF8')
where not exists (select from pg_database where datname = 'identity') \gexec
alter database "identity" owner to "identity";
revoke all on database "identity" from public;
grant connect, temporary on database "identity" to "identity";
\connect "identity"
set client_min_messages = warning;
revoke all on schema public from public;
alter schema public owner to "identity";
-- Only a superuser may add these.
create extension if not exists pg_trgm;
create extension if not exists unaccent;
\connect postgres
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set client_min_messages = warning;

-- inventory
\set password `cat '/argosy/files/secrets/postgres-inventory'`
select format('create role %I login', 'inventory')
where not exists (select from pg_roles where rolname = 'inventory') \gexec
alter role "inventory" with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';
\unset password
select format('create database %I owner %I encoding %L', 'inventory', 'inventory', 'UTF8')
where not exists (select from pg_database where datname = 'inventory') \gexec
alter database "inventory" owner to "inventory";
revoke all on database "inventory" from public;
grant connect, temporary on database "inventory" to "inventory";
\connect "inventory"
set client_min_messages = warning;
revoke all on schema public from public;
alter schema public owner to "inventory";
-- Only a superuser may add these.
create extension if not exists pg_trgm;
create extension if not exists unaccent;
\connect postgres
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set client_min_messages = warning;

-- notifications
\set password `cat '/argosy/files/secrets/postgres-notifications'`
select format('create role %I login', 'notifications')
where not exists (select from pg_roles where rolname = 'notifications') \gexec
alter role "notifications" with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';
\unset password
select format('create database %I owner %I encoding %L', 'notifications', 'notifications', 'UTF8')
where not exists (select from pg_database where datname = 'notifications') \gexec
alter database "notifications" owner to "notifications";
revoke all on database "notifications" from public;
grant connect, temporary on database "notifications" to "notifications";
\connect "notifications"
set client_min_messages = warning;
revoke all on schema public from public;
alter schema public owner to "notifications";
-- Only a superuser may add these.
create extension if not exists pg_trgm;
create extension if not exists unaccent;
\connect postgres
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set client_min_messages = warning;

-- orders
\set password `cat '/argosy/files/secrets/postgres-orders'`
select format('create role %I login', 'orders')
where not exists (select from pg_roles where rolname = 'orders') \gexec
alter role "orders" with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';
\unset password
select format('create database %I owner %I encoding %L', 'orders', 'orders', 'UTF8')
where not exists (select from pg_database where datname = 'orders') \gexec
alter database "orders" owner to "orders";
revoke all on database "orders" from public;
grant connect, temporary on database "orders" to "orders";
\connect "orders"
set client_min_messages = warning;
revoke all on schema public from public;
alter schema public owner to "orders";
-- Only a superuser may add these.
create extension if not exists pg_trgm;
create extension if not exists unaccent;
\connect postgres
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set client_min_messages = warning;

-- payments
\set password `cat '/argosy/files/secrets/postgres-payments'`
select format('create role %I login', 'payments')
where not exists (select from pg_roles where rolname = 'payments') \gexec
alter role "payments" with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';
\unset password
select format('create database %I owner %I encoding %L', 'payments', 'payments', 'UTF8')
where not exists (select from pg_database where datname = 'payments') \gexec
alter database "payments" owner to "payments";
revoke all on database "payments" from public;
grant connect, temporary on database "payments" to "payments";
\connect "payments"
set client_min_messages = warning;
revoke all on schema public from public;
alter schema public owner to "payments";
-- Only a superuser may add these.
create extension if not exists pg_trgm;
create extension if not exists unaccent;
\connect postgres
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set client_min_messages = warning;

-- psp
\set password `cat '/argosy/files/secrets/postgres-psp'`
select format('create role %I login', 'psp')
where not exists (select from pg_roles where rolname = 'psp') \gexec
alter role "psp" with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';
\unset password
select format('create database %I owner %I encoding %L', 'psp', 'psp', 'UTF8')
where not exists (select from pg_database where datname = 'psp') \gexec
alter database "psp" owner to "psp";
revoke all on database "psp" from public;
grant connect, temporary on database "psp" to "psp";
\connect "psp"
set client_min_messages = warning;
revoke all on schema public from public;
alter schema public owner to "psp";
-- Only a superuser may add these.
create extension if not exists pg_trgm;
create extension if not exists unaccent;
\connect postgres
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set client_min_messages = warning;

-- Reads statistics of all databases, and no table of any.
\set password `cat '/argosy/files/secrets/postgres-exporter'`
select format('create role %I login', 'postgres_exporter')
where not exists (select from pg_roles where rolname = 'postgres_exporter') \gexec
alter role "postgres_exporter" with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';
\unset password
grant pg_monitor to postgres_exporter;
grant connect on database postgres to postgres_exporter;

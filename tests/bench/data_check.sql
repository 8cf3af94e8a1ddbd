-- Every foreign key of the tables that were loaded without their triggers, tried now. Fails at the first that does not hold.
\set QUIET on
\set ON_ERROR_STOP on
set client_min_messages = warning;
create temporary table tried as
select c.oid, c.conrelid::regclass::text as place, c.conname
  from pg_constraint c
  join pg_namespace n on n.oid = c.connamespace
 where c.contype = 'f' and n.nspname in ('application', 'identity', 'session', 'audit');
update pg_constraint c set convalidated = false from tried t where c.oid = t.oid;
select format('alter table %s validate constraint %I', t.place, t.conname) from tried t \gexec

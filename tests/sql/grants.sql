-- What the server's database roles may touch: functions of one schema each, and no table at all.
begin;
\ir lib/setup.sql
select plan(13);

create table t.role as select unnest('{loket_worker,loket_auth,loket_job}'::name[]) as name;
create table t.relation as
select c.oid, c.oid::regclass::text as name, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname in ('catalogue', 'identity', 'session', 'workflow', 'application', 'audit', 'meta') and c.relkind in ('r', 'p', 'v', 'm', 'S');
select cmp_ok((select count(*) from t.relation), '>', 50::bigint, 'the tables are looked at');

-- tried, not asked of the catalogue
create function t.attempt(role name, sql text) returns text language plpgsql as $$
declare state text; begin
  execute format('set local role %I', role);
  begin execute sql; state := 'ok';
  exception when others then state := sqlstate; end;
  reset role;
  return state; end $$;
select is_empty($$ select r.name, x.name, v from t.role r, t.relation x, unnest(array['select * from %s', 'delete from %s', 'insert into %s default values',
                     'truncate %s', 'lock table %s']) v
                    where x.relkind <> 'S' and t.attempt(r.name, format(v, x.name)) <> '42501' $$,
                'no server role reads or writes any table');
select is_empty($$ select r.name, x.name from t.role r, t.relation x, pg_attribute a
                    where x.relkind <> 'S' and a.attrelid = x.oid and a.attnum = 1
                      and t.attempt(r.name, format('update %s set %I = null', x.name, a.attname)) <> '42501' $$, 'nor changes a row');
select is_empty($$ select r.name, x.name from t.role r, t.relation x
                    where x.relkind = 'S' and t.attempt(r.name, format('select nextval(%L)', x.name)) <> '42501' $$, 'nor takes a number');

create table t.function as
select p.oid, n.nspname as schema, p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('rule', 'api', 'api_auth', 'api_job', 'meta', 'audit') and not exists (
   select from pg_depend d where d.objid = p.oid and d.deptype = 'e');
create table t.own (role name, schema name);
insert into t.own values ('loket_worker', 'api'), ('loket_auth', 'api_auth'), ('loket_job', 'api_job');
select is_empty($$ select r.name, f.name from t.role r, t.function f
                    where has_function_privilege(r.name, f.oid, 'execute') and has_schema_privilege(r.name, f.schema, 'usage')
                      and not exists (select from t.own o where o.role = r.name and o.schema = f.schema) $$,
                'a server role calls the functions of its own schema only');
select is_empty($$ select o.role, f.name from t.own o join t.function f on f.schema = o.schema
                    where not has_function_privilege(o.role, f.oid, 'execute') $$, 'and all of those');
select is_empty($$ select r.name, n.nspname from t.role r, pg_namespace n
                    where n.nspname in ('catalogue', 'identity', 'session', 'workflow', 'application', 'audit', 'rule', 'api', 'api_auth', 'api_job', 'public')
                      and (has_schema_privilege(r.name, n.oid, 'create')
                           or has_schema_privilege(r.name, n.oid, 'usage')
                              and not exists (select from t.own o where o.role = r.name and o.schema = n.nspname)
                              and n.nspname not in ('public')) $$, 'no server role looks into another schema or makes anything');
select is_empty($$ select f.name from t.function f join pg_proc p on p.oid = f.oid
                    where f.schema in ('api', 'api_auth', 'api_job')
                      and not (p.prosecdef and pg_get_userbyid(p.proowner) = 'loket_owner'
                               and p.proconfig @> '{"search_path=pg_catalog, pg_temp"}') $$,
                'every function of the api runs as the owner with a fixed search path');
select is_empty($$ select f.name from t.function f join pg_proc p on p.oid = f.oid where f.schema = 'rule' and p.prosecdef $$,
                'no inner function does');
select is((select row(rolcanlogin, rolsuper, rolbypassrls, rolcreaterole)::text from pg_roles where rolname = 'loket_owner'), '(f,f,f,f)',
          'the owner cannot log in and stands under the row policies');
select is_empty($$ select r.name from t.role r join pg_roles p on p.rolname = r.name where p.rolsuper or p.rolbypassrls or p.rolcreaterole or p.rolcreatedb $$,
                'no server role has more');
select is_empty($$ select r.name from t.role r where pg_has_role(r.name, 'loket_owner', 'member') $$, 'or can become the owner');

-- a password hash cannot come out of the api
select is_empty($$ select f.name from t.function f join pg_proc p on p.oid = f.oid where f.schema = 'api' and p.prosrc ~ 'identity\.credential' $$,
                'no function of the worker reads a password hash');
select * from finish();
rollback;

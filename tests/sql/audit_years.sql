-- The events of a year are a table; each is as guarded as all of them together.
begin;
\ir lib/setup.sql
select plan(18);

create function t.year(years int default 0) returns text language sql stable as $$
  select 'audit.event_' || extract(year from now() at time zone 'UTC')::int + years $$;
create table t.app as select t.at('verification') as a;
select t.meta_set(t.office());
select is((select count(distinct e.tableoid) || ' ' || min(e.tableoid::regclass::text) from audit.event e), '1 ' || t.year(), 'what happens now is not in this year''s table');
select ok(to_regclass(t.year(1)) is not null, 'next year has no table yet');
insert into audit.event (office_id, event_id, at, actor, action)
select t.office(), nextval('audit.event_number'), now() + years * interval '1 year', 'x', 'y' || years from unnest('{1,2,-3}'::int[]) years;
select is((select e.tableoid::regclass::text from audit.event e where e.action = 'y1'), t.year(1), 'what happens next year is not in its table');
select is((select e.tableoid::regclass::text from audit.event e where e.action = 'y-3'), t.year(), 'what was before all years is not in the first');
select is((select e.tableoid::regclass::text from audit.event e where e.action = 'y2'), 'audit.event_unforeseen', 'what nobody foresaw is lost');

-- the job process makes the next year when it is missing, and the year after only when that has come
set local session_replication_role = replica;
delete from audit.event e where e.action = 'y1';
set local session_replication_role = origin;
do $$ begin execute 'drop table ' || t.year(1); end $$;
select api_job.make_audit_year() \g /dev/null
select ok(to_regclass(t.year(1)) is not null, 'the job process does not make next year''s table');
select api_job.make_audit_year() \g /dev/null
select ok(to_regclass(t.year(2)) is null, 'it makes more than next year''s');

-- named themselves
insert into audit.event (office_id, event_id, at, actor, action)
select t.office(), nextval('audit.event_number'), now() + interval '1 year', 'x', 'y1';
create table t.named as select unnest(array[t.year(), t.year(1), 'audit.event_unforeseen']) as name;
select is(t.try(format('update %s set actor = ''X''', name)), 'LK005', name || ' is changed') from t.named;
select is(t.try(format('truncate %s', name)), 'LK005', name || ' is emptied') from t.named;
select is(t.try(format('set local role loket_owner; update %s set actor = ''X''', name)), '42501: permission denied for table ' || split_part(name, '.', 2),
          name || ' is the owner''s to change') from t.named;
select is((select array_agg(c.relrowsecurity and c.relforcerowsecurity) from pg_class c, t.named where c.oid = name::regclass), '{t,t,t}', 'a year is open to other offices');
select is((select count(distinct (i.indkey::text, pg_get_expr(i.indpred, i.indrelid))) from pg_index i, t.named where i.indrelid = name::regclass
            group by name order by 1 desc limit 1),
          (select count(*) from pg_index i where i.indrelid = 'audit.event'::regclass), 'a year lacks an index');
select * from finish();
rollback;

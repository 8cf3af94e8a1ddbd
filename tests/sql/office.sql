-- Several offices in one database never see each other, whichever function is asked.
begin;
\ir lib/setup.sql
select plan(20);

create table t.app as select t.at('verification') as a, t.submit(username => 'fo9') as other;
select is((select number from application.application where application_id = a),
          (select number from application.application where application_id = other), 'each office counts for itself') from t.app;
select is(t.try(format('select api.application_open(%L, %s)', t.token('an9'), a)), 'LK009 application_id', 'the other office cannot open it') from t.app;
select is(t.try(format('select api.application_custody(%L, %s)', t.token('an9'), a)), 'LK009 application_id', 'nor read its control slip') from t.app;
select is(t.try(t.call('an9', a, 'draft')), 'LK009 application_id', 'nor act on it') from t.app;
select is(t.try(t.call('fo9', a, 'withdraw')), 'LK009 application_id', 'nor withdraw it') from t.app;
select is(t.try(format('select api.task_claim(%L, %L, %s, null)', t.token('an9'), t.key(), t.task(a))), 'LK009 task_id', 'nor claim it') from t.app;
select is((select array_agg(r.application_id) from unnest((api.queue_list(t.token('an9'), null, null, null, 0)).rows) r), array[other],
          'its queue holds its own') from t.app;
select is((select array_agg(r.application_id) from unnest((api.application_search(t.token('an9'), 'Sari', true, null, 0)).rows) r), array[other],
          'a search by name finds its own') from t.app;
select is((select array_agg(r.application_id) from unnest((api.application_search(t.token('an9'), t.nik(), true, null, 0)).rows) r), array[other],
          'a search by NIK finds its own') from t.app;
select is((select count(*) from application.applicant where nik = t.nik()), 2::bigint, 'an applicant of two offices is registered in each');
select is((select count(*) from unnest((api.admin_users(t.token('ad9'), null, null)).users) u where u.username = 'fo1'), 0::bigint,
          'an administrator sees their own users');
select is(t.try(format('select api.admin_user_save(%L, %L, %s, 1, %L, %L, null, true, %L)', t.token('ad9'), t.key(), t.user_id('fo1'), 'fo1x', 'X', '[]')),
          'LK009 user_id', 'and changes nobody else''s');
select is((select count(*) from unnest((api.audit_list(t.token('ad9'), null, null, null, null, null)).rows) e where e.actor in ('Fo1', 'An1')),
          0::bigint, 'the audit log is the office''s own');
select is(t.try(format('select api.audit_list(%L, null, %L, null, null, null)', t.token('ad9'), 'an1')), 'LK009 username', 'nobody else''s name in it');

-- the row policies alone, as the functions' owner, whatever a function forgot to ask for
select t.meta_set(t.office('lain')) \g /dev/null
set local role loket_owner;
create temporary table seen (name text, n bigint);
do $$
declare r record;
begin
  for r in select c.oid::regclass as name from pg_class c join pg_namespace s on s.oid = c.relnamespace
            where c.relkind in ('r', 'p') and c.relrowsecurity and s.nspname in ('catalogue', 'identity', 'session', 'workflow', 'application', 'audit') loop
    execute format('insert into seen select %L, count(*) from %s x where office_id <> (select meta.current_office())', r.name, r.name);
  end loop;
end $$;
reset role;
select cmp_ok((select count(*) from seen), '>=', 30::bigint, 'every office table has a policy');
select is_empty('select name, n from seen where n <> 0', 'and shows nothing of another office');
set local role loket_owner;
select set_config('loket.office_id', '', true) \g /dev/null
create temporary table unset as select count(*) as n from application.application;
reset role;
select is((select n from unset), 0::bigint, 'without an office there is nothing to see');

-- a department's policy
create table t.visit as select t.at('assigned', 'TESV') as a;
select set_config('loket.office_id', t.office()::text, true), set_config('loket.unit_id', t.unit('PUPR')::text, true) \g /dev/null
set local role loket_owner;
create temporary table department as
select (select count(*) from application.inspection where unit_id <> meta.current_unit()) as inspections,
       (select count(*) from application.inspection_member where unit_id <> meta.current_unit()) as members,
       (select count(*) from application.task where unit_id <> meta.current_unit()) as tasks;
reset role;
select is(row(inspections, members, tasks)::text, '(0,0,0)', 'a department sees its own inspections alone') from department;
select is_empty($$ select c.oid::regclass from pg_class c join pg_namespace s on s.oid = c.relnamespace
                    join pg_attribute a on a.attrelid = c.oid and a.attname = 'office_id'
                   where c.relkind in ('r', 'p') and s.nspname in ('catalogue', 'workflow', 'application', 'audit')
                     and c.relname not in ('office', 'track_attempt')
                     and not (c.relrowsecurity and c.relforcerowsecurity) $$, 'no office table is without a forced policy');
select is_empty($$ select c.oid::regclass from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace s on s.oid = c.relnamespace
                    join pg_attribute a on a.attrelid = c.oid and a.attname = 'office_id'
                   where i.indisprimary and s.nspname in ('identity', 'workflow', 'application', 'audit') and i.indkey[0] <> a.attnum $$,
                'office_id is first in every key');
select * from finish();
rollback;

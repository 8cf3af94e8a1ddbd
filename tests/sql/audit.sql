-- The audit log: a row for every step, a chain per application, nothing ever changed.
begin;
\ir lib/setup.sql
select plan(20);

create table t.app as select t.at('closed') as a;
create function t.chain() returns bigint language sql stable as $$
  select rule.chain_break(x) from application.application x, t.app where x.application_id = a $$;
select is((select array_agg(action order by event_id) from audit.event, t.app where application_id = a and to_stage is not null),
          '{submit,draft,submit,initial,approve,issue,hand_over,file}', 'each step is a row');
select is((select array_agg(distinct actor) from audit.event, t.app where application_id = a), '{An1,Ar1,Fo1,Hd1,Sh1,system}', 'with who took it');
select is(t.chain(), null, 'the chain of hashes holds');
select is((select count(*) from audit.event e, t.app where application_id = a and hash is not null and (hash = previous_hash or octet_length(hash) <> 32)),
          0::bigint, 'every row has a hash of its own');
select is(t.try('update audit.event set actor = ''X'''), 'LK005', 'nobody changes a row, not even a superuser in passing');
select is(t.try('delete from audit.event'), 'LK005', 'nor deletes one');
select is(t.try('truncate audit.event'), 'LK005', 'nor all');
select is(t.try('set local role loket_owner; update audit.event set actor = ''X'''), '42501: permission denied for table event', 'the owner is not even allowed to try');

-- somebody with a superuser's hand in the files is found out
create table t.middle as select max(e.event_id) as id from audit.event e, t.app where e.application_id = a and e.action = 'initial';
set local session_replication_role = replica;
update audit.event set actor = 'Hd2' where event_id = (select id from t.middle);
select is(t.chain(), (select id from t.middle), 'a changed row is named');
update audit.event set actor = 'Sh1' where event_id = (select id from t.middle);
select is(t.chain(), null, '(put right again)');
create table t.kept as select e.* from audit.event e where e.event_id = (select id from t.middle);
delete from audit.event where event_id = (select id from t.middle);
select isnt(t.chain(), null, 'a missing row is noticed');
insert into audit.event select * from t.kept;
delete from audit.event e using t.app where e.application_id = a and e.event_id = (select max(x.event_id) from audit.event x, t.app where x.application_id = a and x.hash is not null);
select is(t.chain(), 0::bigint, 'a missing last row too');
set local session_replication_role = origin;

-- reading is recorded, outside the chain
create table t.read as select t.submit(applicant => t.person(t.nik(3))) as a;
select (api.application_open(t.token('au1'), a)).number from t.read \g /dev/null
select ok(exists (select from audit.event e, t.read where e.application_id = a and e.action = 'view' and e.actor = 'Au1'), 'who reads an application is recorded');
select is(t.try(format('select api.application_open(%L, %s)', t.token('ad1'), a)), 'LK005', 'an administrator does not read applications') from t.read;

-- the list
select cmp_ok(cardinality((api.audit_list(t.token(u), null, null, null, null, null)).rows), '>', 5, u || ' reads the log')
  from unnest('{ad1,au1}'::text[]) u;
select is_empty($$ select u from unnest('{fo1,an1,sh1,hd1,kd1,sd1,tr1,ar1,co1,mg1}'::text[]) u
                    where t.try(format('select api.audit_list(%L, null, null, null, null, null)', t.token(u))) <> 'LK005' $$, 'nobody else does');
select is((select array_agg(distinct r.number) from unnest((api.audit_list(t.token('au1'), (select number from application.application, t.read where application_id = a),
          null, null, null, null)).rows) r), (select array[number] from application.application, t.read where application_id = a), 'by number');
select is((select array_agg(distinct r.actor) from unnest((api.audit_list(t.token('au1'), null, 'an1', null, null, null)).rows) r), '{An1}', 'by person');
select is(cardinality((api.audit_list(t.token('au1'), null, null, '2001-01-01', '2001-12-31', null)).rows), null, 'by day');
select * from finish();
rollback;

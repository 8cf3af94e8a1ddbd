-- Pages of a queue, read by keyset and in one query, say what reading everything one by one says.
begin;
\ir lib/setup.sql
select plan(11);

-- Seven in verification, of two permit types and promised for different days; two are vulnerable, one is late, one is held.
create table t.app as
select n, t.submit(case when n % 3 = 0 then 'TESV' else 'TES' end, applicant => t.person(t.nik(n), 'Orang ' || n)) as id from generate_series(1, 7) n;
select t.meta_set(t.office());
update application.task x set urgent = a.n in (4, 6), due_on = current_date + case a.n when 2 then -3 when 5 then 0 else a.n end
  from t.app a where x.application_id = a.id and x.closed_at is null;
select from t.app a, api.task_claim(t.token('an1'), t.key(), t.task(a.id), 'x') where a.n = 7;
create function t.page(username text, filter text default null, needle text default null, after text default null, size int default 100)
returns api.queue_list_reply language sql as $$ select api.queue_list(t.token(username), filter, needle, after, size) $$;
create function t.numbers(r api.queue_list_reply) returns text language sql stable as $$
  select coalesce(string_agg(a.n::text, ' ' order by x.place), '')
    from unnest(r.rows) with ordinality x (application_id, task_id, number, applicant, permit_type, stage, stage_name, unit, promised_on, days_left,
      clock_stopped, holder_id, holder, priority, version, submitted_at, outcome, since_at, role, warning, place)
    join t.app a on a.id = x.application_id $$;

select is(t.numbers(t.page('an2')), '4 6 2 5 1 3 7', 'vulnerable applicants do not come first, or the day does not decide');
create function t.pages(username text, filter text default null) returns text language plpgsql as $$
declare
  r api.queue_list_reply;
  told text := '';
begin
  loop
    r := t.page(username, filter, after => r.next, size => 2);
    told := concat_ws(' ', nullif(told, ''), t.numbers(r));
    exit when r.next is null;
  end loop;
  return told;
end $$;
select is(t.pages('an2'), '4 6 2 5 1 3 7', 'a page repeats or leaves out what the one before ended with');
select is((select x.total from t.page('an2', size => 2) x), 7, 'a first page of two does not tell how many there are');
select is(t.numbers(t.page('an2', 'late')) || ',' || t.numbers(t.page('an2', 'today')) || ',' || t.numbers(t.page('an1', 'mine')),
          '2,2 5,7', 'late, due today and mine are not these');
select is(t.numbers(t.page('an2', needle => 'orang 3')), '3', 'part of a name does not narrow the queue');
select is(t.pages('sh1', 'unit'), '4 6 2 5 1 3 7', 'who assigns work does not see it, in its order');
select is((select string_agg(x.total::text, ' ' order by f.n)
             from (values (1, 'an2', 'today', null), (2, 'an2', 'late', null), (3, 'sh1', 'unit', null), (4, 'an2', null, 'orang'), (5, 'an1', 'mine', null))
                    f (n, who, filter, needle), t.page(f.who, f.filter, f.needle, size => 1) x),
          '2 1 7 7 1', 'how many are due today, late, the unit''s, named so or mine is not what is there');

-- an analyst of one permit type
update identity.user_role r set permit_type_id = p.permit_type_id
  from catalogue.permit_type p
 where r.office_id = t.office() and r.user_id = t.user_id('an2') and p.office_id = t.office() and p.code = 'TESV';
select is(t.pages('an2'), '6 3', 'an analyst of one permit type sees another');
select is((t.page('an2', size => 1)).total, 2, 'or is told of the others'' number');

-- what is next, in one query, is what is next by the rules that each claim is held to
update identity.user_role r set permit_type_id = null where r.office_id = t.office() and r.user_id = t.user_id('an2');
update identity.user_account u set nik = t.nik(3) where u.office_id = t.office() and u.user_id = t.user_id('an2');
select from t.app a, t.act('sh1', t.at('review', applicant => t.person(t.nik(20))), 'initial') where a.n = 1;
create table t.next as
select u.username, (select array_agg(x.task_id order by x.place) from rule.next_tasks(w.who, null, null, 100) with ordinality
                      x (office_id, task_id, application_id, stage, role, unit_id, inspection_id, permit_type_id, urgent, due_on, holder_id,
                         held_at, opened_at, closed_at, closed_by, action, on_behalf_of, place)) as fast,
       (select array_agg(x.task_id order by not x.urgent, x.due_on, x.task_id)
          from application.task x
          join application.application a on a.office_id = x.office_id and a.application_id = x.application_id
         where x.office_id = t.office() and x.closed_at is null and x.holder_id is null and x.role = any ((w.who).roles)
           and (x.unit_id is null or x.unit_id = (w.who).unit_id)
           and rule.holds_role(w.who, x.role, x.permit_type_id) and rule.is_ordered(a, x.stage, x.role)
           and rule.may_work(a, x, u.user_id)) as slow
  from identity.user_account u
 cross join lateral (select rule.enter(t.token(u.username), 'queue.list') as who) w
 where u.office_id = t.office();
select is_empty('select * from t.next where fast is distinct from slow', 'what is next is not what the rules of each claim say');
select cmp_ok((select count(*) from t.next where cardinality(fast) > 0), '>', 2::bigint, 'nobody has anything next, so nothing was compared');
select * from finish();
rollback;

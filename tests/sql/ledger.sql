-- Time as a ledger: a seeded walk of legal and illegal steps over several applications. After each step no application is in a state
-- that cannot be, and every few steps every second is accounted for once. LOKET_WALK says how many steps.
begin;
\ir lib/setup.sql
\set walk `echo "${LOKET_WALK:-10000}"`
-- the two offices by their numbers: they are asked for at every step
select format('create or replace function t.office(code text default %L) returns bigint language sql immutable as $f$ select case code when %L then %s when %L then %s end $f$',
              'uji', 'uji', t.office(), 'lain', t.office('lain')) \gexec
-- nothing was counted for the planner in this office, and it would read whole tables (whose price then asks for jit)
set local enable_seqscan = off;
set local jit = off;
select plan(6);
select setseed(0.6) \g /dev/null
insert into workflow.transition (office_id, workflow_id, version, position, from_stage, action, role, outcome, to_stage, label)
select office_id, workflow_id, version, 99, 'correction', 'lapse', 'system', 'lapsed', 'archive', 'lapse' from workflow.stage where code = 'correction' and office_id = t.office();

create table t.app (place int primary key, id bigint);
create table t.move (stage text, username text, action text);
insert into t.move values ('verification', 'an1', 'draft'), ('verification', 'an1', 'inspect'), ('verification', 'an2', 'return'), ('verification', 'an1', 'save'),
  ('verification', 'an1', 'propose_refusal'), ('verification', 'fo1', 'withdraw'), ('correction', 'fo1', 'resubmit'), ('correction', 'fo2', 'resubmit'),
  ('correction', 'job', 'lapse'), ('inspection', 'kd1', 'assign'), ('inspection', 'kp1', 'assign'), ('inspection', 'sd1', 'report'), ('inspection', 'sd2', 'sign'),
  ('inspection', 'sp1', 'report'), ('drafting', 'an1', 'submit_draft'), ('drafting', 'an1', 'submit_refusal'), ('drafting', 'an2', 'draft_back'), ('payment', 'tr1', 'confirm'),
  ('review', 'sh1', 'initial'), ('review', 'sh1', 'review_back'), ('approval', 'hd1', 'approve'), ('approval', 'hd1', 'refuse'), ('approval', 'hd1', 'approval_back'),
  ('issuance', 'job', 'issue'), ('refusal', 'job', 'issue'), ('handover', 'fo1', 'hand_over'), ('archive', 'ar1', 'file'),
  -- forward more often than back
  ('verification', 'an1', 'draft'), ('drafting', 'an1', 'submit_draft'), ('drafting', 'an2', 'submit_draft'), ('review', 'sh2', 'initial'), ('review', 'sh1', 'initial'),
  ('approval', 'hd1', 'approve'), ('approval', 'hd2', 'approve');

-- Time goes by for one application: everything that happened to it is longer ago.
create function t.pass(app bigint, span interval) returns void language sql as $$
  update application.application set submitted_at = submitted_at - span, stopped_at = stopped_at - span, closed_at = closed_at - span where office_id = t.office() and application_id = app;
  update application.stage_visit set begin_at = begin_at - span, end_at = end_at - span where office_id = t.office() and application_id = app;
  update application.custody set begin_at = begin_at - span, end_at = end_at - span where office_id = t.office() and application_id = app;
$$;

create function t.take(app bigint, username text, action text) returns text language plpgsql as $$
declare state text; said text; begin
  if username = 'job' then
    perform case action when 'issue' then t.issue_all()::text
                        else rule.lapse((select a from application.application a where application_id = app and stage = 'correction' for update), 'lapse')::text end;
  else
    execute t.call(username, app, action);
  end if;
  return 'ok';
exception when others then
  get stacked diagnostics state = returned_sqlstate, said = message_text;
  return case when state like 'LK%' then state else state || ' ' || said end;
end $$;

-- What is wrong with the state of an application; null when nothing is.
create function t.wrong_state(app bigint) returns text language sql stable as $$
  select concat_ws('; ',
      case when (select array_agg(v.stage) from application.stage_visit v where v.office_id = a.office_id and v.application_id = a.application_id and v.end_at is null)
                is distinct from case when s.kind <> 'end' then array[a.stage] end then 'the open stay is not the stage' end,
      case when (a.stopped_at is null) <> s.clock_runs and s.kind <> 'end' then 'the clock is not as its stage says' end,
      case when x.here <> case s.kind when 'end' then 0 when 'inspection' then 0 else 1 end and s.kind <> 'inspection' then 'not one piece of work' end,
      case when x.elsewhere > 0 then 'work of another stage is open' end,
      case when s.kind = 'inspection' and x.here = 0 then 'an inspection without work' end,
      case when (a.outcome is not null) <> (a.stage in ('issuance', 'refusal', 'handover', 'archive', 'closed')) then 'an outcome without its stage' end,
      case when (a.closed_at is null) <> (s.kind <> 'end') then 'closed and not at its end' end)
    from application.application a cross join lateral rule.stage_of(a) s
   cross join lateral (select count(*) filter (where t.stage = a.stage) as here, count(*) filter (where t.stage <> a.stage) as elsewhere
                         from application.task t where t.office_id = a.office_id and t.application_id = a.application_id and t.closed_at is null) x
   where a.office_id = t.office() and a.application_id = app
$$;

-- What is wrong with the whole ledger of an application: nothing that is written there goes away, so that a mistake is seen later, too.
create function t.wrong_ledger(app bigint) returns text language sql stable as $$
  select concat_ws('; ',
      case when (select coalesce(sum(spent), interval '0') from rule.stage_times(a)) <> rule.working_time(a.office_id, a.submitted_at, coalesce(a.closed_at, now()))
           then 'stages and applicant do not add up to the whole' end,
      case when exists (select from (select v.begin_at, lag(v.end_at) over (order by v.visit_id) as before, row_number() over (order by v.visit_id) as n
                                       from application.stage_visit v where v.office_id = a.office_id and v.application_id = a.application_id) x
                         where x.begin_at is distinct from case when n = 1 then a.submitted_at else x.before end) then 'there is a gap between stages' end,
      case when exists (select from application.task t
                         where t.office_id = a.office_id and t.application_id = a.application_id
                           and (select count(*) from application.custody c where c.office_id = t.office_id and c.task_id = t.task_id and c.end_at is null)
                               <> (t.closed_at is null)::int)
           then 'custody does not follow the work' end,
      case when exists (select from (select c.begin_at, lag(c.end_at) over (partition by c.task_id order by c.custody_id) as before
                                       from application.custody c where c.office_id = a.office_id and c.application_id = a.application_id) x where x.begin_at <> x.before)
           then 'there is a gap in custody' end,
      case when rule.chain_break(a) is not null then 'the chain is broken' end)
    from application.application a where a.office_id = t.office() and a.application_id = app
$$;

create table t.done (n int, app bigint, stage text, username text, action text, outcome text, promised_before date, promised_after date, stopped boolean, wrong text);

-- One step of the application at `x`: mostly what its stage allows, else anything, and sometimes by somebody else.
create function t.walk_step(step int, x t.app) returns t.done language plpgsql as $$
declare
  m t.move; was application.application; d t.done;
begin
  select * into was from application.application where office_id = t.office() and application_id = x.id;
  select * into m from t.move order by (stage = was.stage) and random() < 0.85 desc, random() limit 1;
  if m.username <> 'job' and random() < 0.1 then
    m.username := (array['fo1', 'an2', 'sh2', 'hd2', 'kd1', 'sd2', 'tr1', 'ar1', 'au1', 'mg1', 'ad1', 'co1'])[1 + floor(random() * 12)];
  end if;
  d := (step, x.id, was.stage, m.username, m.action, t.take(x.id, m.username, m.action), was.promised_on, null, was.stopped_at is not null, t.wrong_state(x.id));
  d.promised_after := (select promised_on from application.application where office_id = t.office() and application_id = x.id);
  return d;
end $$;

-- Steps of one stretch, from four new applications on. What they did is taken back at its end (a transaction can't clear away what
-- it changed itself, and would become slower with every step), what was seen stays.
create function t.walk_stretch(first int, steps int) returns setof t.done language plpgsql as $$
declare
  x t.app; seen t.done[]; id bigint; wrong text;
begin
  begin
    insert into t.app select g, t.submit((array['TES', 'TESV', 'TESL'])[g % 3 + 1], 'fo1', t.person(t.nik(g), 'Pemohon ' || g)) from generate_series(1, 4) g;
    for step in first .. first + steps - 1 loop
      select * into x from t.app order by random() limit 1;
      if t.stage(x.id) = 'closed' and random() < 0.5 then
        seen := seen || (step, x.id, 'closed', null, 'leave', 'ok', null, null, null, t.wrong_ledger(x.id))::t.done;
        update t.app set id = t.submit((array['TES', 'TESV', 'TESL'])[step % 3 + 1], 'fo2', t.person(t.nik(step % 9000 + 100), 'Pemohon ' || step)) where place = x.place
        returning * into x;
      end if;
      seen := seen || t.walk_step(step, x);
      if random() < 0.4 then
        perform t.pass(x.id, interval '1 minute' * floor(random() * 8000));
      end if;
      if step % 10 = 0 then
        seen := seen || array(select (step, a.id, t.stage(a.id), null, 'look', 'ok', null, null, null, t.wrong_ledger(a.id))::t.done from t.app a);
      end if;
    end loop;
    raise exception using errcode = 'ZZ001';
  exception when sqlstate 'ZZ001' then
    null;
  end;
  return query select * from unnest(seen);
end $$;
insert into t.done select d.* from generate_series(1, :walk, 250) first, t.walk_stretch(first, least(250, :walk - first + 1)) d;

select is_empty($$ select n, stage, action, wrong from t.done where nullif(wrong, '') is not null order by n limit 5 $$,
                'after every step the time of the stages and the applicant''s add up to the whole, and the state is a possible one');
select is_empty($$ select n, stage, username, action, outcome from t.done where outcome !~ '^(ok|LK0(05|07|08|09|10|11|12))$' limit 5 $$,
                'a step that is not possible is refused, and never fails in another way');
select is_empty($$ select n, stage, action from t.done where promised_after < promised_before limit 5 $$, 'a promise never comes nearer');
select is_empty($$ select n, stage, action from t.done where promised_after > promised_before and not (stopped and outcome = 'ok') limit 5 $$,
                'it only moves when a clock that stood goes on');
select cmp_ok((select count(*) from t.done where outcome = 'ok' and username is not null), '>', :walk / 5::bigint, 'the walk goes somewhere');
select cmp_ok((select count(distinct stage) from t.done where outcome = 'ok' and username is not null), '>=', 10::bigint, 'and through the stages');
select * from finish();
rollback;

-- The calls of tests/sql/plans: each prints 'method|answer', and the plans of all it did go to the log, which is standard error here.
set search_path = pg_catalog;
load 'auto_explain';
set plan_cache_mode = force_generic_plan;  -- as a worker's connection: server/db/pool.c
set jit = off;

create schema plans;

-- Somebody of each role that the data set has nobody of, with a session.
insert into identity.user_account (office_id, username, name)
select g.office_id, 'plans-' || replace(r.role, '_', '-'), r.role
  from bench.given g, (select distinct m.role from identity.method_role m where m.role not in (select p.role from bench.person p)) r;
insert into identity.user_role (office_id, user_id, role, unit_id)
select u.office_id, u.user_id, u.name,
       case when u.name in ('technical_coordinator', 'surveyor') then (select min(n.unit_id) from catalogue.unit n
                                                                      where n.office_id = u.office_id and n.department) end
  from identity.user_account u where u.username like 'plans-%';
insert into session.session (token_hash, office_id, user_id, address, expires_at)
select sha256(convert_to(u.username, 'UTF8')::bytea), u.office_id, u.user_id, '127.0.0.1', now() + interval '1 hour'
  from identity.user_account u where u.username like 'plans-%';
create table plans.person as
select p.role, sha256(convert_to('bench ' || min(p.place), 'UTF8')) as token from bench.person p group by p.role
union all
select u.name, convert_to(u.username, 'UTF8') from identity.user_account u where u.username like 'plans-%';

-- What is asked with: by the parameter's name, so that a new function is asked with something sensible.
create table plans.given as
select x.name, x.value
  from bench.given g
  join lateral (select t.* from application.task t where t.office_id = g.office_id and t.closed_at is null and t.stage = 'verification' and t.holder_id is null
                 order by t.task_id desc limit 1) t on true
  join lateral (select a.*, p.number as permit, p.code from application.application a
                  join application.permit p on p.office_id = a.office_id and p.application_id = a.application_id
                 where a.office_id = g.office_id order by a.application_id desc limit 1) a on true
 cross join lateral (values
   ('application_id', t.application_id::text), ('task_id', t.task_id::text), ('text', left((select n.text from bench.needle n limit 1), 8)),
   ('limit', '25'), ('days', '30'), ('first_id', a.applicant_id::text), ('second_id', (a.applicant_id - 1)::text),
   ('number', a.number), ('pin', '000000'), ('event_id', (select max(e.event_id) from audit.event e where e.office_id = g.office_id)::text),
   ('username', 'bench7'), ('from_on', (current_date - 3)::text), ('until_on', current_date::text), ('permit_number', a.permit),
   ('code', a.code), ('role', 'surveyor'), ('year', extract(year from current_date)::text), ('closed', 'true'),
   ('user_id', (select min(p.user_id) from bench.person p)::text), ('client_address', '127.0.0.1'), ('kind', 'permit'),
   ('permit_type', (select p.code from bench.permit p limit 1)), ('version', '1')) x (name, value);

-- Calls, and takes back what it did.
create function plans.try(what text, call text) returns text language plpgsql as $$
declare
  answer text := 'ok';
begin
  raise log 'method: %', what;
  begin
    execute call;
    raise exception using errcode = 'ZZ000';
  exception when others then
    if sqlstate <> 'ZZ000' then
      answer := sqlstate || ' ' || sqlerrm;
    end if;
  end;
  return what || '|' || answer;
end $$;

-- A function with every parameter that plans.given knows; `only`: with no other than these.
create function plans.call(f regproc, token bytea, only_names text[] default null, filter text default null) returns text language sql as $$
  select format('select %s(%s)', f, string_agg(
           case when a.name = 'session_token' then quote_nullable(token)
                when a.name = 'filter' then quote_nullable(filter)
                when only_names is not null and a.name <> all (only_names) then 'null'
                else coalesce((select quote_literal(g.value) from plans.given g where g.name = a.name), 'null') end
           || '::' || a.type::regtype, ', ' order by a.place))
    from pg_proc p
   cross join unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) with ordinality a (name, type, place)
   where p.oid = f::oid
$$;

create table plans.calls (what text, call text);
-- every method that reads, as each role that it admits: asked with all that is known, and as the screen does when it opens
insert into plans.calls
select m.name, plans.call(('api.' || replace(m.name, '.', '_'))::regproc, p.token, x.only_names)
  from identity.method m
  join identity.method_role r on r.method = m.name
  join plans.person p on p.role = r.role
 cross join (values (null::text[]), ('{limit,application_id,task_id}')) x (only_names)
 where m.kind = 'read' and to_regproc('api.' || replace(m.name, '.', '_')) is not null;
insert into plans.calls
select m.name, plans.call(('api.' || replace(m.name, '.', '_'))::regproc, null)
  from identity.method m where m.kind = 'public' and to_regproc('api.' || replace(m.name, '.', '_')) is not null;
-- lists that have filters, with each; another word is refused, which is no matter here
insert into plans.calls
select m.name || '(' || f || ')', plans.call(('api.' || replace(m.name, '.', '_'))::regproc, p.token, '{limit}', f)
  from identity.method m
  join identity.method_role r on r.method = m.name
  join plans.person p on p.role = r.role
 cross join unnest('{mine,today,late,unit,open,paid,unpaid,overdue,expired,ending,current,suspended,revoked,all}'::text[]) f
 where m.kind = 'read' and exists (select from pg_proc x where x.oid = to_regproc('api.' || replace(m.name, '.', '_'))
                                                            and 'filter' = any (x.proargnames));
-- what the job process looks for
insert into plans.calls
select 'job.' || p.proname, format('select api_job.%I()', p.proname)
  from pg_proc p where p.pronamespace = 'api_job'::regnamespace and p.pronargs = 0;

-- An application's whole way, each step with the work taken first.
create function plans.way() returns setof text language plpgsql as $$
declare
  app application.application;
  step record;
begin
  select a.* into app from plans.given g
    join application.application a on a.office_id = (select x.office_id from bench.given x) and a.application_id = g.value::bigint
   where g.name = 'application_id';
  for step in
    select * from (values
      (1, 'analyst', 'verify_submit', format('(select jsonb_agg(jsonb_build_object(''code'', r.code, ''accepted'', true))
         from application.requirement r where r.office_id = %s and r.application_id = %s), ''draft'', null, null, null', app.office_id, app.application_id)),
      (2, 'analyst', 'draft_submit', '''submit'', ''approve'', ''x'', null, null'),
      (3, 'section_head', 'review_decide', '''initial'', null, null'),
      (4, 'head', 'approval_decide', '''approve'', null, null'),
      (5, 'front_office', 'handover_record', '''Sari'', null, ''self'', ''counter'''),
      (6, 'archivist', 'archive_file', '''503'', ''A'', null, ''1'', null, 2, 8')) x (place, role, method, rest)
     order by place
  loop
    begin
      select a.* into app from application.application a where a.office_id = app.office_id and a.application_id = app.application_id;
      raise log 'method: step.%', step.method;
      execute format('select api.%I(%L::bytea, uuid_send(gen_random_uuid()), %s, %s, %s)', step.method,
                     (select p.token from plans.person p where p.role = step.role), app.application_id, app.version, step.rest);
      return next 'step|ok';
    exception when others then
      return next 'step|' || step.method || ' ' || sqlerrm;
    end;
    if step.method = 'approval_decide' then  -- what the job process does, and the head's key
      raise log 'method: step.issue';
      perform api_job.issue_next();
      perform rule.work_for(app.office_id, null);
      update document.signature x set state = 'given'
        from document.document d
       where d.office_id = app.office_id and d.application_id = app.application_id
         and x.office_id = d.office_id and x.document_id = d.document_id;
      update application.application a set stage = 'handover', stopped_at = null
       where a.office_id = app.office_id and a.application_id = app.application_id;
      update application.task t set stage = 'handover', role = 'front_office', holder_id = null
       where t.office_id = app.office_id and t.application_id = app.application_id and t.closed_at is null;
    end if;
  end loop;
end $$;
-- Then its applicant is erased: somebody who has nothing but this, long past its retention.
create function plans.erase() returns text language plpgsql as $$
declare
  app application.application;
  person bigint;
begin
  raise log 'method: preparation';
  select a.* into app from plans.given g
    join application.application a on a.office_id = (select x.office_id from bench.given x) and a.application_id = g.value::bigint
   where g.name = 'application_id';
  perform rule.work_for(app.office_id, null);
  insert into application.applicant (office_id, kind, name) values (app.office_id, 'person', 'Plans Person') returning applicant_id into person;
  update application.application a set applicant_id = person where a.office_id = app.office_id and a.application_id = app.application_id;
  update application.permit p set status = 'expired' where p.office_id = app.office_id and p.application_id = app.application_id;
  update document.document d set state = 'failed' where d.office_id = app.office_id and d.application_id = app.application_id and d.state in ('to_render', 'to_sign');
  update application.archive_file f set retain_until_on = current_date - 2 where f.office_id = app.office_id and f.application_id = app.application_id;
  -- some files are past their retention, and most of these people have something that still stands
  update application.archive_file f set retain_until_on = current_date - 1 - (f.application_id % 99)::int
   where f.office_id = app.office_id and f.application_id % 20 = 0;
  raise log 'method: erasure.due';
  perform api.erasure_due((select p.token from plans.person p where p.role = 'archivist'));
  raise log 'method: erasure.propose';
  perform api.erasure_propose((select p.token from plans.person p where p.role = 'front_office'), uuid_send(gen_random_uuid()), app.application_id, 'request', 'Letter 12');
  raise log 'method: erasure.decide';
  perform api.erasure_decide((select p.token from plans.person p where p.role = 'head'), uuid_send(gen_random_uuid()),
                             (select max(e.erasure_id) from application.erasure e where e.office_id = app.office_id), true, null);
  return 'step|ok';
exception when others then
  return 'step|erase ' || sqlerrm;
end $$;
set client_min_messages = log;
set auto_explain.log_nested_statements = on;
set auto_explain.log_analyze = on;
set auto_explain.log_timing = off;
set auto_explain.log_verbose = on;  -- names with their schema
set auto_explain.log_min_duration = 0;
select format('select plans.try(%L, %L)', c.what, c.call) from plans.calls c \gexec
select plans.way();
select plans.erase();

-- One application, everything about it in one answer; and its control slip (kartu kendali).

create type api.applicant as (
  applicant_id bigint, kind text, nik text, npwp text, nib text, name text, birth_place text, birth_on text, gender text,
  address text, region text, phone text, email text, responsible_name text);
create type api.field_row as (
  code text, label text, type text, value text, old_value text, changed boolean, returned boolean,
  choices text[], columns api.table_column[], min_rows int, max_rows int);
create type api.requirement_row as (
  code text, name text, required boolean, present boolean, document_number text, issued_on text, valid_until_on text,
  status text, reason text, returned boolean, changed boolean, old_document_number text, old_issued_on text,
  old_valid_until_on text, needs_number boolean, needs_expiry boolean,
  judged_in text, judged_by text, judged_as text);
create type api.inspection_row as (
  inspection_id bigint, unit text, unit_name text, status text, appointment_at bigint, surveyors text[],
  recommendation text, conditions text, findings text, visited_at bigint, task_id bigint, visit boolean);
create type api.action_row as (action text, label text, needs_reason boolean, to_stage text, blocked text);
create type api.history_row as (
  at bigint, stage_name text, action text, actor text, role text, reason text, to_stage_name text,
  on_behalf_of text);
create type api.bill_line as (item text, legal_basis text, price bigint, arithmetic text, amount bigint);
create type api.application_open_reply as (
  application_id bigint, number text, version int, permit_type text, permit_name text, kind text, stage text, stage_name text,
  outcome text, location text, priority text, submitted_at bigint, promised_on text, days_left int, clock_stopped boolean,
  applicant api.applicant, fields api.field_row[], requirements api.requirement_row[], inspections api.inspection_row[],
  history api.history_row[], actions api.action_row[], task_id bigint, holder_id bigint, holder text, held_at bigint,
  return_note text, proposal text, considerations text, conditions text, decision_reason text, decision_rule text,
  permit_number text, permit_issued_on text, permit_valid_until_on text, fee bigint, bill api.bill_line[],
  bill_number text, bill_paid_on text, classification text, room text, shelf text, box text, folder text,
  retain_active_until_on text, retain_until_on text, previous_permit text, levy boolean, inspection_units text[],
  visit_required boolean, permit_status text, permit_code text, permit_version int, deemed_on text,
  revoke_asked_by text, revoke_reason text, revoke_rule text);
create type api.custody_row as (
  stage_name text, holder text, unit text, begin_at bigint, end_at bigint, working_minutes int, reason text);
create type api.stage_time_row as (stage_name text, minutes int, days int);
create type api.application_custody_reply as (
  number text, rows api.custody_row[], total_minutes int, stages api.stage_time_row[], applicant_minutes int);

create function rule.stage_name(app application.application, stage text)
returns text
language plpgsql stable
as $$
begin
  return (
  select s.name from workflow.stage s
   where s.office_id = app.office_id and s.workflow_id = app.workflow_id and s.version = app.workflow_version
     and s.code = stage_name.stage);
end
$$;

create function rule.applicant_row(office_id bigint, applicant_id bigint, whole boolean)
returns api.applicant
language plpgsql stable
as $$
begin
  return (
  select (a.applicant_id, a.kind, rule.shown(a.office_id, a.nik, whole), rule.shown(a.office_id, a.npwp, whole), a.nib, a.name, a.birth_place, a.birth_on::text,
          a.gender, a.address, a.region, a.phone, a.email, a.responsible_name)::api.applicant
    from application.applicant a
   where a.office_id = applicant_row.office_id and a.applicant_id = applicant_row.applicant_id);
end
$$;

create function rule.field_rows(app application.application)
returns api.field_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((f.code, f.label, f.type, rule.shown(v.office_id, v.value), rule.shown(v.office_id, v.old_value), coalesce(v.changed, false),
                    coalesce(v.returned, false), rule.field_choices(f, array[v.value, v.old_value]),
                    case when f.type = 'table' then rule.table_columns(f) end, f.min_rows,
                    f.max_rows)::api.field_row
                   order by f.position)
    from catalogue.form_field f
    left join application.field_value v
      on v.office_id = app.office_id and v.application_id = app.application_id and v.code = f.code
   where f.office_id = app.office_id and f.permit_type_id = app.permit_type_id and f.version = app.permit_version);
end
$$;

create function rule.requirement_rows(app application.application)
returns api.requirement_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((r.code, c.name, c.required, r.present, rule.shown(r.office_id, r.document_number), r.issued_on::text,
                    r.valid_until_on::text, r.status, r.reason, r.returned, r.changed, rule.shown(r.office_id, r.old_document_number),
                    r.old_issued_on::text, r.old_valid_until_on::text, c.needs_number, c.needs_expiry,
                    j.number, j.judge, j.status)::api.requirement_row
                   order by c.position)
    from application.requirement r
    join catalogue.requirement c
      on c.office_id = app.office_id and c.permit_type_id = app.permit_type_id and c.version = app.permit_version
     and c.code = r.code
    left join lateral rule.judged_elsewhere(app, r) j on true
   where r.office_id = app.office_id and r.application_id = app.application_id);
end
$$;

create function rule.inspection_rows(app application.application)
returns api.inspection_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((i.inspection_id, u.code, u.name, i.status, rule.to_seconds(i.appointment_at),
                    (select array_agg(rule.user_name(m.office_id, m.user_id) order by m.position)
                       from application.inspection_member m
                      where m.office_id = i.office_id and m.inspection_id = i.inspection_id),
                    i.recommendation, i.conditions, i.findings, rule.to_seconds(i.visited_at),
                    (select max(t.task_id) from application.task t
                      where t.office_id = i.office_id and t.application_id = i.application_id
                        and t.inspection_id = i.inspection_id and t.closed_at is null),
                    i.visit)::api.inspection_row order by i.inspection_id)
    from application.inspection i
    join catalogue.unit u on u.office_id = i.office_id and u.unit_id = i.unit_id
   where i.office_id = app.office_id and i.application_id = app.application_id);
end
$$;

create function rule.history_rows(app application.application)
returns api.history_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg(x.row order by x.at, x.place)
    from (select (rule.to_seconds(e.at), s.name, e.action, e.actor, e.role, e.reason, z.name,
                  e.detail->>'on_behalf_of')::api.history_row as row, e.at, e.event_id as place
            from rule.events_of(app) e
            left join workflow.stage s on s.office_id = app.office_id and s.workflow_id = app.workflow_id
                                      and s.version = app.workflow_version and s.code = e.stage
            left join workflow.stage z on z.office_id = app.office_id and z.workflow_id = app.workflow_id
                                      and z.version = app.workflow_version and z.code = e.to_stage
           where e.hash is not null
             and e.action not in ('make_document', 'give_signature')
          union all
          select (rule.to_seconds(n.made_at), null, 'notice_' || n.state, coalesce(n.email, n.phone), null, n.subject, null,
                  null)::api.history_row,
                 n.made_at, n.notice_id
            from application.notice n
           where n.office_id = app.office_id and n.application_id = app.application_id) x);
end
$$;

-- What the caller may do now: the same transitions and guards as rule.advance().
create function rule.action_rows(app application.application, who rule.who)
returns api.action_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg(x.r order by x.position)
    from (select distinct on (t.action)
                 (t.action, t.label, t.needs_reason, t.to_stage, o.objection)::api.action_row as r, t.position
            from workflow.transition t
           cross join lateral (select (select g2 from unnest(t.guards) g, rule.guard_objection(app, g, who) g2
                                        where g2 is not null limit 1) as objection) o
           where t.office_id = app.office_id and t.workflow_id = app.workflow_id and t.version = app.workflow_version
             and t.from_stage = app.stage and t.role = any (who.roles)
             and rule.holds_role(who, t.role, app.permit_type_id)
           order by t.action, o.objection is not null, t.position) x);
end
$$;

create function api.application_open(session_token bytea, application_id bigint)
returns api.application_open_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'application.open');
  app application.application;
  v catalogue.permit_type_version;
  s workflow.stage;
  t application.task;
  p application.permit;
  b application.bill;
  f application.archive_file;
  r api.application_open_reply;
begin
  select a.* into app
    from application.application a
   where a.office_id = who.office_id and a.application_id = application_open.application_id;
  if not found or who.unit_id is not null and not exists (
       select from application.inspection i where i.office_id = app.office_id and i.application_id = app.application_id) then
    perform rule.fail(9, 'application_id', 'There is no such application');
  end if;
  select x.* into v from catalogue.permit_type_version x
   where x.office_id = app.office_id and x.permit_type_id = app.permit_type_id and x.version = app.permit_version;
  s := rule.stage_of(app);
  select x.* into t from application.task x
   where x.office_id = app.office_id and x.application_id = app.application_id and x.closed_at is null
   order by x.role = any (who.roles) and rule.holds_role(who, x.role, x.permit_type_id) desc, x.task_id
   limit 1;
  select x.* into p from application.permit x where x.office_id = app.office_id and x.application_id = app.application_id;
  select x.* into b from application.bill x where x.office_id = app.office_id and x.application_id = app.application_id;
  select x.* into f from application.archive_file x where x.office_id = app.office_id and x.application_id = app.application_id;

  r.application_id := app.application_id;
  r.number := app.number;
  r.version := app.version;
  r.permit_type := (select x.code from catalogue.permit_type x
                     where x.office_id = app.office_id and x.permit_type_id = app.permit_type_id);
  r.permit_name := v.name;
  r.kind := app.kind;
  r.stage := app.stage;
  r.stage_name := s.name;
  r.outcome := app.outcome;
  r.location := app.location;
  r.priority := app.priority;
  r.submitted_at := rule.to_seconds(app.submitted_at);
  r.promised_on := app.promised_on::text;
  r.days_left := rule.working_days_between(app.office_id, rule.office_date(app.office_id), app.promised_on);
  r.clock_stopped := app.stopped_at is not null;
  -- whole for who takes it in or checks it just now; anybody else says why (applicant.reveal)
  r.applicant := rule.applicant_row(app.office_id, app.applicant_id,
    exists (select from application.task x
             where x.office_id = app.office_id and x.application_id = app.application_id and x.closed_at is null
               and x.holder_id = who.user_id and x.role in ('front_office', 'analyst')));
  r.fields := rule.field_rows(app);
  r.requirements := rule.requirement_rows(app);
  r.inspections := rule.inspection_rows(app);
  r.history := rule.history_rows(app);
  r.actions := rule.action_rows(app, who);
  if t.role = any (who.roles) and rule.holds_role(who, t.role, t.permit_type_id) then
    r.task_id := t.task_id;
  end if;
  r.holder_id := t.holder_id;
  r.holder := rule.user_name(app.office_id, t.holder_id);
  r.held_at := rule.to_seconds(t.held_at);
  r.return_note := app.return_note;
  r.proposal := app.proposal;
  r.considerations := app.considerations;
  r.conditions := app.conditions;
  r.decision_reason := app.decision_reason;
  r.decision_rule := app.decision_rule;
  r.permit_number := p.number;
  r.permit_issued_on := p.issued_on::text;
  r.permit_valid_until_on := p.valid_until_on::text;
  r.fee := coalesce(b.amount, 0);
  r.bill := (select array_agg((l.item, l.legal_basis, l.price, l.arithmetic, l.amount)::api.bill_line order by l.position)
               from application.bill_line l where l.office_id = app.office_id and l.application_id = app.application_id);
  r.bill_number := b.number;
  r.bill_paid_on := b.paid_on::text;
  r.classification := f.classification;
  r.room := f.room;
  r.shelf := f.shelf;
  r.box := f.box;
  r.folder := f.folder;
  r.retain_active_until_on := f.active_until_on::text;
  r.retain_until_on := f.retain_until_on::text;
  r.previous_permit := app.previous_permit;
  r.levy := v.levy;
  r.inspection_units := (select array_agg(u.code order by u.code)
                           from catalogue.permit_type_unit pu
                           join catalogue.unit u on u.office_id = pu.office_id and u.unit_id = pu.unit_id
                          where pu.office_id = app.office_id and pu.permit_type_id = app.permit_type_id
                            and pu.version = app.permit_version);
  r.visit_required := rule.visit_required(app);
  r.permit_status := case when p.kind = 'permit' then rule.permit_status(p) end;
  r.permit_code := p.code;
  r.permit_version := p.version;
  r.deemed_on := rule.deemed_on(app)::text;
  select x.asked_by, x.reason, x.rule into r.revoke_asked_by, r.revoke_reason, r.revoke_rule
    from application.revocation x where x.office_id = app.office_id and x.application_id = app.application_id;
  perform rule.record(who, 'view', app.application_id, chained => false);
  return r;
end
$$;

-- Office hours of all stays in each stage. With `clock_runs` they are our time, else the applicant's.
create function rule.stage_times(app application.application)
returns table (stage text, clock_runs boolean, spent interval)
language sql stable
as $$
  select v.stage, v.clock_runs, sum(rule.working_time(v.office_id, v.begin_at, coalesce(v.end_at, now())))
    from application.stage_visit v
   where v.office_id = app.office_id and v.application_id = app.application_id
   group by v.stage, v.clock_runs;
$$;

create function rule.stage_time_rows(app application.application)
returns api.stage_time_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((s.name, rule.to_minutes(x.spent), s.days)::api.stage_time_row order by s.position)
    from rule.stage_times(app) x
    join workflow.stage s on s.office_id = app.office_id and s.workflow_id = app.workflow_id and s.version = app.workflow_version
                         and s.code = x.stage
   where x.clock_runs);
end
$$;

create function api.application_custody(session_token bytea, application_id bigint)
returns api.application_custody_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'application.custody');
  app application.application;
  reply api.application_custody_reply;
begin
  select a.* into app
    from application.application a
   where a.office_id = who.office_id and a.application_id = application_custody.application_id;
  if not found or who.unit_id is not null and not exists (
       select from application.inspection i where i.office_id = app.office_id and i.application_id = app.application_id) then
    perform rule.fail(9, 'application_id', 'There is no such application');
  end if;
  reply.number := app.number;
  select array_agg((rule.stage_name(app, t.stage), rule.user_name(c.office_id, c.holder_id), u.code,
                    rule.to_seconds(c.begin_at), rule.to_seconds(c.end_at), m.minutes, c.reason)::api.custody_row
                   order by c.begin_at, c.custody_id),
         -- departments work side by side: the promise counts the time, not the people
         (select rule.to_minutes(coalesce(sum(x.spent) filter (where x.clock_runs), interval '0')) from rule.stage_times(app) x),
         rule.stage_time_rows(app),
         (select rule.to_minutes(coalesce(sum(x.spent) filter (where not x.clock_runs), interval '0')) from rule.stage_times(app) x)
    into reply.rows, reply.total_minutes, reply.stages, reply.applicant_minutes
    from application.custody c
    join application.task t on t.office_id = c.office_id and t.task_id = c.task_id
    left join catalogue.unit u on u.office_id = t.office_id and u.unit_id = t.unit_id
   cross join lateral (select rule.working_minutes(app.office_id, c.begin_at, coalesce(c.end_at, now())) as minutes) m
   where c.office_id = app.office_id and c.application_id = app.application_id;
  return reply;
end
$$;

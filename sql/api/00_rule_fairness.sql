-- The order in which work is taken, who is away, and who gets work that opens by itself.

create function rule.is_household(app application.application, user_id bigint)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select exists (select
                   from identity.user_account u, application.applicant a
                  where u.office_id = app.office_id and u.user_id = is_household.user_id
                    and a.office_id = app.office_id and a.applicant_id = app.applicant_id
                    and (u.nik = a.nik or u.family_card = a.family_card)));
end
$$;

-- Until when somebody is away; null: they are there.
create function rule.away_until(office_id bigint, user_id bigint, day date default null)
returns date
language plpgsql stable
as $$
begin
  return (
  select max(a.until_on)
    from identity.absence a
   where a.office_id = away_until.office_id and a.user_id = away_until.user_id and a.ended_at is null
     and coalesce(day, rule.office_date(away_until.office_id)) between a.from_on and a.until_on);
end
$$;

create function rule.refuse_absent(office_id bigint, user_id bigint, field text)
returns void
language plpgsql stable
as $$
begin
  if rule.away_until(office_id, user_id) is not null then
    perform rule.fail(7, field, '%s is away: no work is given to them', rule.user_name(office_id, user_id));
  end if;
end
$$;

-- Has `absent_id`, who is away today, left `role` to the caller?
create function rule.is_delegate_of(who rule.who, absent_id bigint, role text)
returns boolean
language plpgsql stable
as $$
begin
  if absent_id is null or not who.delegate then
    return false;
  end if;
  return (
  select exists (select from rule.roles_of(who.office_id, who.user_id) r
                  where r.absent_id = is_delegate_of.absent_id and r.role = is_delegate_of.role));
end
$$;

-- Is this work taken in order? What waits for the applicant is not: the clock stands, or whoever comes to the counter is served.
create function rule.is_ordered(app application.application, stage text, role text)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select s.clock_runs and s.kind in ('task', 'inspection') and is_ordered.role not in ('front_office', 'system')
    from workflow.stage s
   where s.office_id = app.office_id and s.workflow_id = app.workflow_id and s.version = app.workflow_version
     and s.code = is_ordered.stage);
end
$$;

-- May this person work on it: not their household's, nothing to decide that they took part in, and for a surveyor their own visit.
create function rule.may_work(app application.application, t application.task, user_id bigint)
returns boolean
language plpgsql stable
as $$
declare
  person rule.who := (app.office_id, user_id, null, null, null, null, null, null);
begin
  app.stage := t.stage;
  return not rule.is_household(app, user_id)
         and (t.role <> 'surveyor'
              or exists (select from application.inspection_member m
                          where m.office_id = t.office_id and m.inspection_id = t.inspection_id and m.user_id = may_work.user_id))
         and (not exists (select from workflow.transition x
                           where x.office_id = app.office_id and x.workflow_id = app.workflow_id and x.version = app.workflow_version
                             and x.from_stage = t.stage and 'not_involved' = any (x.guards))
              or rule.guard_objection(app, 'not_involved', person) is null);
end
$$;

-- The work that the caller could take now, in the order in which it is to be taken: vulnerable applicants first, then by the
-- promised day. `role` null: of each of their roles; `before` given: only what comes before that. At most `most`. The conditions are
-- those of rule.is_ordered() and rule.may_work(), in one query: each claim asks for all that stands before it.
create function rule.next_tasks(who rule.who, role text, before application.task, most int)
returns setof application.task
language plpgsql stable
as $$
declare
  person identity.user_account;
begin
  select u.* into person from identity.user_account u where u.office_id = who.office_id and u.user_id = who.user_id;
  return query
  with allowed as materialized (
    select h.role, bool_or(h.permit_type_id is null) as every_permit, array_agg(h.permit_type_id) as permits
      from rule.roles_of(who.office_id, who.user_id) h
     where h.role = any (case when next_tasks.role is null then who.roles else array[next_tasks.role] end)
       and h.role not in ('front_office', 'system')
     group by h.role)
  select x.*
    from allowed l
   cross join (values (true), (false)) c (urgent)
   cross join lateral (
         select t.*
           from application.task t
           join application.application a on a.office_id = t.office_id and a.application_id = t.application_id
           join workflow.stage s on s.office_id = a.office_id and s.workflow_id = a.workflow_id and s.version = a.workflow_version
                                and s.code = t.stage and s.clock_runs and s.kind in ('task', 'inspection')
           join application.applicant p on p.office_id = a.office_id and p.applicant_id = a.applicant_id
          where t.office_id = who.office_id and t.closed_at is null and t.role = l.role and t.urgent = c.urgent and t.holder_id is null
            and (t.due_on, t.task_id) < (case when c.urgent = before.urgent then before.due_on else 'infinity' end,
                                         case when c.urgent = before.urgent then before.task_id else 0 end)
            and (l.every_permit or t.permit_type_id = any (l.permits))
            and (t.unit_id is null or t.unit_id = who.unit_id)
            and (person.nik = p.nik or person.family_card = p.family_card) is not true
            and (t.role <> 'surveyor'
                 or exists (select from application.inspection_member m
                             where m.office_id = t.office_id and m.inspection_id = t.inspection_id and m.user_id = who.user_id))
            and (not exists (select from workflow.transition v
                              where v.office_id = a.office_id and v.workflow_id = a.workflow_id and v.version = a.workflow_version
                                and v.from_stage = t.stage and 'not_involved' = any (v.guards))
                 or not rule.took_part(a, t.stage, who.user_id))
          order by t.due_on, t.task_id
          limit most) x
   where before.task_id is null or c.urgent or not before.urgent
   order by not x.urgent, x.due_on, x.task_id
   limit most;
end
$$;

-- Does any work of this kind that nobody has stand before it? Looks at the queue alone, so that whoever takes what is first does not pay
-- for what rule.next_tasks() asks of each; what may not be this person's counts here and does not there.
create function rule.stands_after(who rule.who, t application.task)
returns boolean
language plpgsql stable
as $$
declare
  permits bigint[] := array(select r.permit_type_id from rule.roles_of(who.office_id, who.user_id) r where r.role = t.role);
  every boolean := array_position(permits, null) is not null;
begin
  return exists (select from application.task x
                  where x.office_id = t.office_id and x.closed_at is null and x.role = t.role and x.urgent = t.urgent
                    and (x.due_on, x.task_id) < (t.due_on, t.task_id)
                    and x.holder_id is null and (every or x.permit_type_id = any (permits))
                    and (x.unit_id is null or x.unit_id = who.unit_id))
         or not t.urgent
            and exists (select from application.task x
                         where x.office_id = t.office_id and x.closed_at is null and x.role = t.role and x.urgent
                           and x.holder_id is null and (every or x.permit_type_id = any (permits))
                           and (x.unit_id is null or x.unit_id = who.unit_id));
end
$$;

-- Called before work is taken. Where something else is next, the deviation is recorded and told to the audit row; an office
-- with a strict order wants the reason. One after the other for each role, so that nobody stands accused of what a colleague
-- took a moment before. REQUIRED names the number that is next.
create function rule.keep_order(who rule.who, t application.task, reason text)
returns jsonb
language plpgsql
as $$
declare
  app application.application;
  earlier application.task[];
  next application.task;
  next_number text;
  places int;
begin
  select a.* into app from application.application a where a.office_id = t.office_id and a.application_id = t.application_id;
  if who.user_id is null or not rule.is_ordered(app, t.stage, t.role) then
    return null;
  end if;
  if not rule.stands_after(who, t) then
    return null;  -- in order: nobody has to wait for anybody
  end if;
  perform pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'order', t.role, t.unit_id), t.office_id));
  earlier := array(select x from rule.next_tasks(who, t.role, t, 200) x);
  places := cardinality(earlier);
  if places = 0 then
    return null;
  end if;
  next := earlier[1];
  select a.number into next_number from application.application a
   where a.office_id = next.office_id and a.application_id = next.application_id;
  if reason is null and (select o.work_order = 'strict' from catalogue.office o where o.office_id = t.office_id) then
    perform rule.fail(8, 'reason', 'Next in order is %s: say why you take another first', next_number);
  end if;
  insert into application.deviation (office_id, user_id, role, task_id, application_id, next_application_id, places, reason)
  values (t.office_id, who.user_id, t.role, t.task_id, t.application_id, next.application_id, places, reason);
  return jsonb_build_object('next', next_number, 'places', places, 'gained', app.applicant_id);  -- not by name: that may have to go
end
$$;

-- Who gets work that just opened: of those who may do it, the one whose turn it is, or who has the least. Null: nobody may.
create function rule.choose_holder(app application.application, t application.task, mode text, except_id bigint default null)
returns bigint
language plpgsql stable
as $$
begin
  return (
  select c.user_id
    from (select distinct r.user_id
            from identity.user_role r
            join identity.user_account u on u.office_id = r.office_id and u.user_id = r.user_id and u.active
           where r.office_id = t.office_id and r.role = t.role
             and (r.permit_type_id is null or r.permit_type_id = t.permit_type_id)
             and (t.unit_id is null or r.unit_id = t.unit_id)) c
    left join workflow.turn w on w.office_id = t.office_id and w.role = t.role and w.user_id = c.user_id
   where rule.away_until(t.office_id, c.user_id) is null and c.user_id is distinct from except_id
     and rule.may_work(app, t, c.user_id)
   order by case when mode = 'load' then (select count(*) from application.task x
                                           where x.office_id = t.office_id and x.holder_id = c.user_id and x.closed_at is null) end,
            w.at nulls first, c.user_id
   limit 1);
end
$$;

-- Gives work that just opened (or that `except_id` was late with) to somebody, where the office wants that.
create function rule.give_task(app application.application, t application.task, except_id bigint default null)
returns application.task
language plpgsql
as $$
declare
  mode text := (select o.assignment from catalogue.office o where o.office_id = t.office_id);
begin
  if mode = 'manual' or t.role = 'surveyor' or not rule.is_ordered(app, t.stage, t.role) then
    return t;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('turn ' || t.role, t.office_id));
  t.holder_id := rule.choose_holder(app, t, mode, except_id);
  if t.holder_id is not null then
    insert into workflow.turn as w (office_id, role, user_id, at) values (t.office_id, t.role, t.holder_id, clock_timestamp())
    on conflict (office_id, role, user_id) do update set at = excluded.at;
    perform rule.hold_task(rule.system_who(t.office_id, 'task.assign'), t, t.holder_id, 'assign', null,
                           jsonb_build_object('to', t.holder_id, 'by', mode));
  end if;
  return t;
end
$$;

-- Which of these surveyors visited this applicant within the office's days of rest, by name; null: none.
create function rule.surveyors_who_met(app application.application, surveyors bigint[])
returns text
language sql stable
as $$
  select string_agg(distinct rule.user_name(m.office_id, m.user_id), ', ')
    from catalogue.office o
    join application.application a on a.office_id = o.office_id and a.applicant_id = app.applicant_id
                                  and a.application_id <> app.application_id
    join application.inspection i on i.office_id = a.office_id and i.application_id = a.application_id and i.visit
    join application.inspection_member m on m.office_id = i.office_id and m.inspection_id = i.inspection_id
   where o.office_id = app.office_id and m.user_id = any (surveyors)
     and m.signed_at > now() - make_interval(days => o.surveyor_rest_days);
$$;

-- The numbers that decide what is looked at, with what they are where nobody changed them.
create function rule.threshold_standards()
returns table (place int, code text, value int, lowest int, highest int)
language sql immutable
as $$
  values (1, 'same_pair', 5, 2, 1000), (2, 'fast_minutes', 3, 1, 1440), (3, 'outside_hours', 1, 1, 1000), (4, 'returns', 3, 2, 100),
         (5, 'refusal_points', 30, 1, 100), (6, 'refusal_decisions', 10, 1, 10000),
         (7, 'duplicate_score', 75, 1, 300), (8, 'duplicate_number', 100, 0, 300), (9, 'duplicate_name', 60, 0, 300),
         (10, 'duplicate_birth', 40, 0, 300)
$$;

create function rule.threshold(office_id bigint, code text)
returns int
language plpgsql stable
as $$
begin
  return (
  select coalesce((select t.value from catalogue.threshold t where t.office_id = threshold.office_id and t.code = threshold.code),
                  (select s.value from rule.threshold_standards() s where s.code = threshold.code)));
end
$$;

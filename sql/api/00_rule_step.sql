-- What the stages' steps share: taking the work that a step is part of, and the system as an actor.

-- The version of the permit type that an application started with.
create function rule.version_of(app application.application)
returns catalogue.permit_type_version
language plpgsql stable
as $$
begin
  return (
  select x from catalogue.permit_type_version x
   where x.office_id = app.office_id and x.permit_type_id = app.permit_type_id and x.version = app.permit_version);
end
$$;

-- The system as an actor: the job process, and steps that follow by themselves.
create function rule.system_who(office_id bigint, method text)
returns rule.who
language sql immutable
as $$ select row(office_id, null, 'system', null, method, '{system}', null, null)::rule.who; $$;

-- The caller's open task at this stage, claimed for them if nobody holds it: who acts on it works on it.
-- HELD, FORBIDDEN, NOT_NOW.
create function rule.take_task(who rule.who, app application.application, stage text)
returns application.task
language plpgsql
as $$
declare
  t application.task := rule.own_task(who, app, stage);
begin
  if t.holder_id is null then
    perform rule.hold_task(who, t, who.user_id, 'claim', null, rule.keep_order(who, t, null));
    t.holder_id := who.user_id;
  end if;
  return t;
end
$$;

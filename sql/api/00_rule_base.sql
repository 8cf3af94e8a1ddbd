-- What every function of the api stands on: refusing, who is asking, doing a write once, recording it.
-- `loketd migrate` drops the schemas rule, api, api_auth and api_job, makes them anew for loket_owner, and runs
-- this folder's files in the order of their names, as loket_owner.

alter default privileges for role loket_owner revoke execute on functions from public;

-- A function in SQL that reads tables and is not inlined is planned again in every call: what a request calls is in plpgsql, whose
-- plans a connection keeps. In SQL are those that return sets (inlined into the caller's query) and plain expressions.

-- Answers of writes end in `announce`: 'office:queue:application_id:event_id' for each queue that changed.
create type api.empty as (announce text[]);
create type api.step_reply as (
  application_id bigint, number text, version int, stage text, stage_name text, announce text[]);

-- Who is asking, for the time of one call.
create type rule.who as (
  office_id bigint,
  user_id   bigint,       -- null: the job process
  name      text,
  address   text,
  method    text,
  roles     text[],       -- those of the user that the method admits
  unit_id   bigint,       -- of a technical department's people; null: the whole office
  delegate  boolean);     -- does somebody who is away today leave them a role? null: not asked

-- Refuses. `code` is enum loket_error (include/loket/error.h), `field` the request's field that is wrong,
-- `message` an English msgid with at most one %s, which `argument` replaces.
create function rule.fail(code int, field text, message text, argument text default null, retry_after_ms int default null)
returns void
language plpgsql
as $$
begin
  raise exception using
    errcode = 'LK' || lpad(code::text, 3, '0'),
    message = message,
    column = coalesce(field, ''),
    detail = coalesce(argument, ''),
    hint = coalesce('retry_after_ms=' || retry_after_ms, '');
end
$$;

-- The transaction now works for this office (and, for a technical department's people, this unit): the row
-- policies follow it.
create function rule.work_for(office_id bigint, unit_id bigint)
returns void
language plpgsql
as $$
begin
  perform set_config('loket.office_id', office_id::text, true),
          set_config('loket.unit_id', coalesce(unit_id::text, ''), true);
end
$$;

-- A role that somebody has now; `absent_id`: as the delegate of that person.
create type rule.held_role as (role text, unit_id bigint, permit_type_id bigint, absent_id bigint);

-- The one place that knows delegation: a person's own roles, and each role that somebody who is away today left to them.
create function rule.roles_of(office_id bigint, user_id bigint)
returns setof rule.held_role
language sql stable
as $$
  select r.role, r.unit_id, r.permit_type_id, null::bigint
    from identity.user_role r
   where r.office_id = roles_of.office_id and r.user_id = roles_of.user_id
  union all
  select r.role, r.unit_id, r.permit_type_id, a.user_id
    from identity.absence a
    join catalogue.office o on o.office_id = a.office_id
    join identity.user_account u on u.office_id = a.office_id and u.user_id = a.user_id and u.active
    join identity.user_role r on r.office_id = a.office_id and r.user_id = a.user_id and r.role = a.role
   where a.office_id = roles_of.office_id and a.delegate_id = roles_of.user_id and a.ended_at is null
     and (now() at time zone o.time_zone)::date between a.from_on and a.until_on;
$$;

-- First line of every function that needs a session: who is asking, and does the method admit them?
-- NOT_LOGGED_IN, PASSWORD_EXPIRED, ENROLMENT_NEEDED, FORBIDDEN. Idle limit 8 hours; the absolute limit stands in the session.
create function rule.enter(session_token bytea, method text)
returns rule.who
language plpgsql
as $$
declare
  s record;
  who rule.who;
begin
  select x.office_id, x.user_id, x.address, x.last_seen_at, x.token_hash, u.name, u.must_change_password, o.one_time_codes
    into s
    from session.session x
    join identity.user_account u on u.office_id = x.office_id and u.user_id = x.user_id
    join catalogue.office o on o.office_id = x.office_id
   where x.token_hash = sha256(session_token)
     and x.ended_at is null
     and x.expires_at > now()
     and x.last_seen_at > now() - interval '8 hours'
     and u.active;
  if not found then
    perform rule.fail(4, null, 'Log in first');
  end if;
  if s.must_change_password and method not in ('session.ping', 'session.language', 'auth.logout', 'auth.change_password',
                                               'auth.unlock') then
    perform rule.fail(17, null, 'Change your password first');
  end if;
  perform rule.work_for(s.office_id, null);
  if s.one_time_codes = 'required'
     and method not in ('session.ping', 'session.language', 'auth.logout', 'auth.change_password', 'auth.unlock', 'auth.code_begin',
                        'auth.code_confirm') and rule.must_enrol(s.office_id, s.user_id) then
    perform rule.fail(20, null, 'Set up your one-time codes first');
  end if;
  -- own roles first: what is done is recorded under the first that fits
  select array_agg(x.role order by x.own desc, x.role) filter (where x.admitted), min(x.unit_id) filter (where x.admitted),
         bool_or(x.left_to)
    into who.roles, who.unit_id, who.delegate
    from (select r.role, bool_or(r.absent_id is null) as own, bool_or(r.absent_id is not null) as left_to,
                 min(r.unit_id) filter (where r.role in ('technical_coordinator', 'surveyor')) as unit_id,
                 exists (select from identity.method_role m where m.method = enter.method and m.role = r.role) as admitted
            from rule.roles_of(s.office_id, s.user_id) r
           group by r.role) x;
  if who.roles is null then
    perform rule.fail(5, null, 'Your role may not do this');
  end if;
  who.office_id := s.office_id;
  who.user_id := s.user_id;
  who.name := s.name;
  who.address := s.address;
  who.method := method;
  if who.unit_id is not null then
    perform rule.work_for(s.office_id, who.unit_id);
  end if;
  if s.last_seen_at < now() - interval '1 minute' and not pg_is_in_recovery() then
    update session.session x set last_seen_at = now() where x.token_hash = s.token_hash;
  end if;
  return who;
end
$$;

-- The office that a public request means; '' or null where there is only one. NOT_FOUND otherwise.
create function rule.public_office(code text)
returns bigint
language plpgsql
as $$
declare
  found_id bigint;
  offices int;
begin
  select min(o.office_id), count(*)
    into found_id, offices
    from catalogue.office o
   where public_office.code is null or o.code = public_office.code;
  if offices <> 1 then
    perform rule.fail(9, 'office', 'There is no such office');
  end if;
  perform rule.work_for(found_id, null);
  return found_id;
end
$$;

-- Second line of every write: the reply that this key had before, or null when it is new. Two requests with
-- one key wait for each other here. DUPLICATE when the key was used for something else.
create function rule.replay(who rule.who, key bytea, request jsonb)
returns jsonb
language plpgsql
as $$
declare
  before session.answer;
begin
  if key is null or octet_length(key) <> 16 then
    perform rule.fail(8, 'key', 'A write needs an idempotency key of 16 bytes');
  end if;
  perform pg_advisory_xact_lock(hashtextextended(encode(key, 'hex'), who.user_id));
  select a.* into before
    from session.answer a
   where a.office_id = who.office_id and a.user_id = who.user_id and a.key = replay.key;
  if not found then
    return null;
  end if;
  if before.method <> who.method or before.request_hash <> sha256(convert_to(request::text, 'UTF8')) then
    perform rule.fail(13, 'key', 'This key was used for another request');
  end if;
  return before.reply;
end
$$;

-- Last line of every write: keeps the reply for the key, and returns it.
create function rule.remember(who rule.who, key bytea, request jsonb, reply anyelement)
returns anyelement
language plpgsql
as $$
begin
  insert into session.answer (office_id, user_id, key, method, request_hash, reply)
  values (who.office_id, who.user_id, key, who.method, sha256(convert_to(request::text, 'UTF8')),
          to_jsonb(reply) - 'announce');
  return reply;
end
$$;

-- The bytes that an event's hash covers. Instants are counted in microseconds, so that no setting of a
-- session changes them.
create function rule.event_bytes(e audit.event)
returns bytea
language sql stable
as $$
  select convert_to(jsonb_build_array(e.office_id, e.event_id, (extract(epoch from e.at) * 1000000)::bigint, e.actor_id,
           e.actor, e.role, e.address, e.action, e.application_id, e.stage, e.to_stage, e.reason, e.detail)::text, 'UTF8');
$$;

-- The absent person whom `who` acts for with `role`: where they have it only as a delegate, or the work was held by the
-- absent person. Null: for nobody but themselves.
create function rule.on_behalf_of(who rule.who, role text, application_id bigint)
returns bigint
language plpgsql stable
as $$
begin
  if not who.delegate then
    return null;
  end if;
  return (
  select min(d.absent_id)
    from rule.roles_of(who.office_id, who.user_id) d
    left join application.application a
      on a.office_id = who.office_id and a.application_id = on_behalf_of.application_id
   where d.absent_id is not null and d.role = on_behalf_of.role
     and (d.permit_type_id is null or a.application_id is null or d.permit_type_id = a.permit_type_id)
     and (not exists (select from identity.user_role o
                       where o.office_id = who.office_id and o.user_id = who.user_id and o.role = d.role
                         and (o.permit_type_id is null or a.application_id is null or o.permit_type_id = a.permit_type_id))
          or exists (select from application.task t
                      where t.office_id = a.office_id and t.application_id = a.application_id and t.holder_id = who.user_id
                        and t.role = d.role and t.on_behalf_of = d.absent_id
                        and (t.closed_at is null or t.closed_at = now()))));
end
$$;

-- Adds an event. With `chained` it goes to the end of its application's chain: the caller holds the lock on
-- the application's row. Returns its number.
create function rule.record(who rule.who, action text, application_id bigint default null, stage text default null,
                            to_stage text default null, reason text default null, detail jsonb default null,
                            role text default null, chained boolean default true)
returns bigint
language plpgsql
as $$
declare
  e audit.event;
  absent_id bigint;
begin
  -- the transaction has an id before the event has a number: the tree of events relies on it (rule.tree_horizon)
  perform pg_current_xact_id();
  e.office_id := who.office_id;
  e.event_id := nextval('audit.event_number');
  e.at := clock_timestamp();
  e.actor_id := who.user_id;
  e.actor := coalesce(who.name, 'system');
  e.role := coalesce(role, who.roles[1]);
  e.address := who.address;
  e.action := action;
  e.application_id := application_id;
  e.stage := stage;
  e.to_stage := to_stage;
  e.reason := reason;
  e.detail := detail;
  if who.user_id is not null then
    absent_id := rule.on_behalf_of(who, e.role, application_id);
    if absent_id is not null then
      e.detail := coalesce(detail, '{}') || jsonb_build_object('on_behalf_of', rule.user_name(who.office_id, absent_id),
                                                               'on_behalf_of_id', absent_id);
    end if;
  end if;
  if chained and application_id is not null then
    select a.last_hash into e.previous_hash
      from application.application a
     where a.office_id = who.office_id and a.application_id = record.application_id;
    e.hash := sha256(coalesce(e.previous_hash, ''::bytea) || rule.event_bytes(e));
    update application.application a
       set last_hash = e.hash
     where a.office_id = who.office_id and a.application_id = record.application_id;
  end if;
  insert into audit.event select e.*;
  return e.event_id;
end
$$;

-- The next number of a series, without gaps: the row stays locked until the caller's transaction ends.
create function rule.next_number(office_id bigint, series text, year int)
returns int
language sql
as $$
  insert into application.number_counter as c (office_id, series, year, last)
  values (office_id, series, year, 1)
  on conflict on constraint number_counter_pkey do update set last = c.last + 1
  returning last;
$$;

-- "1871********0001": enough to recognise a number by, not enough to use it.
create function rule.mask(number text)
returns text
language sql immutable
as $$
  select case when number ~ '^[#*][0-9a-f]{40}$' then '*' || substr(number, 2)  -- the server masks what it opens
              when length(number) > 8
              then left(number, 4) || repeat('*', length(number) - 8) || right(number, 4)
              else number end;
$$;

create function rule.to_seconds(at timestamptz)
returns bigint
language sql stable  -- as extract() is: called immutable, it could not be inlined
as $$ select extract(epoch from at)::bigint $$;

-- Does the user hold `role`, for this permit type?
create function rule.holds_role(who rule.who, role text, permit_type_id bigint)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select exists (
    select from rule.roles_of(who.office_id, who.user_id) r
     where r.role = holds_role.role
       and (r.permit_type_id is null or r.permit_type_id = holds_role.permit_type_id)));
end
$$;

-- What happened to an application. The years before it came are not looked into; the day is for a clock that was set back.
create function rule.events_of(app application.application)
returns setof audit.event
language sql stable  -- inlined
as $$
  select e.* from audit.event e
   where e.office_id = app.office_id and e.application_id = app.application_id and e.at > app.submitted_at - interval '1 day';
$$;

-- The newest event of the office: the counter that clients compare. Years that are over are looked into only when nothing happened lately.
create function rule.last_event(office_id bigint)
returns bigint
language plpgsql stable
as $$
begin
  return coalesce(
    (select e.event_id from audit.event e where e.office_id = last_event.office_id and e.at > now() - interval '30 days'
      order by e.event_id desc limit 1),
    (select e.event_id from audit.event e where e.office_id = last_event.office_id order by e.event_id desc limit 1), 0);
end
$$;

create function rule.user_name(office_id bigint, user_id bigint)
returns text
language plpgsql stable
as $$
begin
  if user_id is null then
    return null;
  end if;
  return (select u.name from identity.user_account u where u.office_id = user_name.office_id and u.user_id = user_name.user_id);
end
$$;

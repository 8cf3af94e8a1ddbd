-- Who is away, and who has one of their roles meanwhile. What a delegate may do is in rule.roles_of(), and nowhere else.

create type api.absence_row as (
  absence_id bigint, user_id bigint, name text, from_on text, until_on text, reason text, delegate text, role text, decree text,
  state text, recorded_by text, may_end boolean);
create type api.absence_list_reply as (absences api.absence_row[]);
create type api.person_row as (user_id bigint, name text, role text);
create type api.absence_people_reply as (people api.person_row[], delegates api.person_row[]);
create type api.absence_save_reply as (absence_id bigint, announce text[]);

-- May the caller record this person's absence? Everybody their own, an administrator anybody's, a section head that of the
-- people whose work they give.
create function rule.may_record_absence(who rule.who, user_id bigint)
returns boolean
language plpgsql stable
as $$
begin
  return may_record_absence.user_id = who.user_id
         or 'admin' = any (who.roles)
         or 'section_head' = any (who.roles)
            and exists (select from identity.user_role r
                         where r.office_id = who.office_id and r.user_id = may_record_absence.user_id)
            and not exists (select from identity.user_role r
                             where r.office_id = who.office_id and r.user_id = may_record_absence.user_id
                               and r.role <> all (rule.assignable_roles()));
end
$$;

-- Who may have a person's role meanwhile: whoever has it already; a head's also a section head or a manager, by decree.
create function rule.delegates_for(office_id bigint, user_id bigint)
returns setof api.person_row
language sql stable
as $$
  select distinct u.user_id, u.name, r.role
    from identity.user_role r
    join identity.user_role d
      on d.office_id = r.office_id and d.user_id <> r.user_id
     and (d.role = r.role or r.role = 'head' and d.role in ('section_head', 'manager'))
     and d.unit_id is not distinct from r.unit_id
    join identity.user_account u on u.office_id = d.office_id and u.user_id = d.user_id and u.active
   where r.office_id = delegates_for.office_id and r.user_id = delegates_for.user_id and r.role not in ('admin', 'auditor')
   order by u.name, r.role;
$$;

create function api.absence_list(session_token bytea)
returns api.absence_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'absence.list');
  today date := rule.office_date(who.office_id);
begin
  return row((
    select array_agg((x.absence_id, x.user_id, rule.user_name(x.office_id, x.user_id), x.from_on, x.until_on, x.reason,
                      rule.user_name(x.office_id, x.delegate_id), x.role, x.decree,
                      case when x.ended_at is not null then 'ended' when x.until_on < today then 'over'
                           when x.from_on > today then 'coming' else 'away' end,
                      rule.user_name(x.office_id, x.recorded_by),
                      x.ended_at is null and x.until_on >= today and rule.may_record_absence(who, x.user_id))::api.absence_row
                     order by x.from_on desc, x.absence_id desc)
      from (select a.* from identity.absence a
             where a.office_id = who.office_id and a.until_on >= today - 90
               and (a.delegate_id = who.user_id or rule.may_record_absence(who, a.user_id))
             order by a.from_on desc, a.absence_id desc
             limit 200) x))::api.absence_list_reply;
end
$$;

create function api.absence_people(session_token bytea, user_id bigint)
returns api.absence_people_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'absence.people');
  reply api.absence_people_reply;
begin
  user_id := coalesce(nullif(user_id, 0), who.user_id);
  if not rule.may_record_absence(who, user_id) then
    perform rule.fail(5, 'user_id', 'You may not record the absence of this person');
  end if;
  select array_agg((u.user_id, u.name, null)::api.person_row order by u.user_id <> who.user_id, u.name, u.user_id)
    into reply.people
    from identity.user_account u
   where u.office_id = who.office_id and u.active and rule.may_record_absence(who, u.user_id);
  reply.delegates := array(select d from rule.delegates_for(who.office_id, user_id) d);
  return reply;
end
$$;

-- The absence of a request, checked. INVALID, REQUIRED, DUPLICATE, FORBIDDEN.
create function rule.checked_absence(who rule.who, given identity.absence)
returns identity.absence
language plpgsql stable
as $$
declare
  today date := rule.office_date(who.office_id);
begin
  if given.from_on < today then
    perform rule.fail(7, 'from_on', 'This day is over');
  end if;
  if given.until_on < given.from_on then
    perform rule.fail(7, 'until_on', 'This day is before the first');
  end if;
  if given.until_on > today + 366 then
    perform rule.fail(7, 'until_on', 'This is more than a year ahead');
  end if;
  if exists (select from identity.absence a
              where a.office_id = who.office_id and a.user_id = given.user_id and a.ended_at is null
                and daterange(a.from_on, a.until_on, '[]') && daterange(given.from_on, given.until_on, '[]')) then
    perform rule.fail(13, 'from_on', '%s is recorded as away then already', rule.user_name(who.office_id, given.user_id));
  end if;
  if given.delegate_id is null then
    given.role := null;
    given.decree := null;
    return given;
  end if;
  if given.delegate_id = who.user_id and given.user_id <> who.user_id then
    perform rule.fail(5, 'delegate_id', 'Nobody names themselves');
  end if;
  if not exists (select from rule.delegates_for(who.office_id, given.user_id) d
                  where d.user_id = given.delegate_id and d.role = given.role) then
    perform rule.fail(7, 'delegate_id', 'This person cannot have that role meanwhile');
  end if;
  if exists (select from identity.absence a
              where a.office_id = who.office_id and a.user_id = given.delegate_id and a.ended_at is null
                and daterange(a.from_on, a.until_on, '[]') && daterange(given.from_on, given.until_on, '[]')) then
    perform rule.fail(7, 'delegate_id', '%s is away then, too', rule.user_name(who.office_id, given.delegate_id));
  end if;
  if given.role = 'head' then
    given.decree := rule.require(given.decree, 'decree');
  end if;
  return given;
end
$$;

create function api.absence_save(session_token bytea, idempotency_key bytea, user_id bigint, from_on text, until_on text, reason text,
                                 delegate_id bigint, role text, decree text)
returns api.absence_save_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'absence.save');
  request jsonb := jsonb_build_array(user_id, from_on, until_on, reason, delegate_id, role, decree);
  before jsonb := rule.replay(who, idempotency_key, request);
  given identity.absence;
begin
  if before is not null then
    return jsonb_populate_record(null::api.absence_save_reply, before);
  end if;
  given.user_id := coalesce(nullif(user_id, 0), who.user_id);
  -- one after the other for each person: two absences never overlap
  perform from identity.user_account u where u.office_id = who.office_id and u.user_id = given.user_id and u.active for update;
  if not found then
    perform rule.fail(9, 'user_id', 'There is no such user');
  end if;
  if not rule.may_record_absence(who, given.user_id) then
    perform rule.fail(5, 'user_id', 'You may not record the absence of this person');
  end if;
  given.from_on := rule.to_date(rule.require(from_on, 'from_on'), 'from_on');
  given.until_on := rule.to_date(rule.require(until_on, 'until_on'), 'until_on');
  given.reason := rule.text(rule.require(reason, 'reason'), 'reason', 500);
  given.delegate_id := nullif(delegate_id, 0);
  given.role := role;
  given.decree := rule.text(decree, 'decree', 100);
  given := rule.checked_absence(who, given);
  insert into identity.absence (office_id, user_id, from_on, until_on, reason, delegate_id, role, decree, recorded_by)
  values (who.office_id, given.user_id, given.from_on, given.until_on, given.reason, given.delegate_id, given.role, given.decree,
          who.user_id)
  returning absence_id into given.absence_id;
  perform rule.record(who, 'absence', null, null, null, given.reason, jsonb_strip_nulls(jsonb_build_object(
    'absence_id', given.absence_id, 'user', rule.user_name(who.office_id, given.user_id), 'from', given.from_on, 'until', given.until_on,
    'delegate', rule.user_name(who.office_id, given.delegate_id), 'role', given.role, 'decree', given.decree)));
  return rule.remember(who, idempotency_key, request,
    (given.absence_id, rule.announce_to(who.office_id, given.delegate_id, null))::api.absence_save_reply);
end
$$;

-- Back earlier than recorded, or recorded by mistake: the delegate's power ends with it.
create function api.absence_end(session_token bytea, idempotency_key bytea, absence_id bigint)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'absence.end');
  request jsonb := jsonb_build_array(absence_id);
  before jsonb := rule.replay(who, idempotency_key, request);
  a identity.absence;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  select x.* into a from identity.absence x
   where x.office_id = who.office_id and x.absence_id = absence_end.absence_id for update;
  if not found then
    perform rule.fail(9, 'absence_id', 'This absence is not there');
  end if;
  if not rule.may_record_absence(who, a.user_id) then
    perform rule.fail(5, 'absence_id', 'You may not record the absence of this person');
  end if;
  if a.ended_at is not null or a.until_on < rule.office_date(who.office_id) then
    perform rule.fail(11, 'absence_id', 'This absence is over already');
  end if;
  update identity.absence x set ended_at = now(), ended_by = who.user_id
   where x.office_id = a.office_id and x.absence_id = a.absence_id;
  perform rule.record(who, 'absence_end', detail => jsonb_build_object('absence_id', a.absence_id,
                                                                       'user', rule.user_name(who.office_id, a.user_id)));
  return rule.remember(who, idempotency_key, request, row(rule.announce_to(who.office_id, a.delegate_id, null))::api.empty);
end
$$;

-- The register of permits: what the office issued, when it ends, and the renewal that begins from it.

create type api.permit_row as (
  permit_id bigint, application_id bigint, number text, holder text, permit_type text, issued_on text, valid_until_on text,
  days_left int, status text);
create type api.permit_list_reply as (rows api.permit_row[], next text, total int);
create type api.field_value as (code text, value text);
create type api.requirement_entry as (code text, present boolean, document_number text, issued_on text, valid_until_on text);
create type api.intake_renewal_of_reply as (
  permit_type text, applicant api.applicant, fields api.field_value[], requirements api.requirement_entry[], location text);

-- The permits of a filter and, with `needle`, of a number or name, that end after the place given, in that order, at most `most`.
-- 'expired' as rule.permit_status() says it, also before the job has written it. Each way is a range of an index.
create function rule.permits_found(who rule.who, needle text, filter text, today date, after_on date, after_id bigint, most int)
returns setof application.permit
language plpgsql stable
as $$
declare
  from_on date := case filter when 'expiring' then today else '-infinity' end;
  until_on date := case filter when 'expiring' then today + 90 when 'expired' then today - 1 else 'infinity' end;
  hits bigint[];
begin
  if needle is not null then
    hits := array(select h from rule.search_applications(who, needle) h);
    return query
    select p.* from application.permit p
     where p.office_id = who.office_id and p.application_id = any (hits) and p.kind = 'permit'
       and p.valid_until_on between from_on and until_on and (p.valid_until_on, p.permit_id) > (after_on, after_id)
       and case filter when 'expiring' then p.status = 'current' when 'expired' then p.status in ('current', 'expired')
                       when 'suspended' then p.status = 'suspended' else true end
     order by p.valid_until_on, p.permit_id
     limit most;
  elsif filter = 'suspended' then
    return query
    select p.* from application.permit p
     where p.office_id = who.office_id and p.kind = 'permit' and p.status = 'suspended'
       and (p.valid_until_on, p.permit_id) > (after_on, after_id)
     order by p.valid_until_on, p.permit_id
     limit most;
  else
    return query
    select p.* from application.permit p
     where p.office_id = who.office_id and p.kind = 'permit'
       and p.valid_until_on between from_on and until_on and (p.valid_until_on, p.permit_id) > (after_on, after_id)
       and (filter is null or p.status = 'current' or filter = 'expired' and p.status = 'expired')
     order by p.valid_until_on, p.permit_id
     limit most;
  end if;
end
$$;

create function rule.permit_row(p application.permit, today date)
returns api.permit_row
language plpgsql stable
as $$
begin
  return (
  select (p.permit_id, p.application_id, p.number, x.name, t.code, p.issued_on::text, p.valid_until_on::text, p.valid_until_on - today,
          rule.permit_status(p))::api.permit_row
    from application.application a
    join application.applicant x on x.office_id = a.office_id and x.applicant_id = a.applicant_id
    join catalogue.permit_type t on t.office_id = a.office_id and t.permit_type_id = a.permit_type_id
   where a.office_id = p.office_id and a.application_id = p.application_id);
end
$$;

create function api.permit_list(session_token bytea, text text, filter text, after text, "limit" int)
returns api.permit_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'permit.list');
  today date := rule.office_date(who.office_id);
  place text[] := rule.read_cursor(after, '^[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9]{1,18}$');
  page int := least(greatest(coalesce(nullif("limit", 0), 25), 1), 100);
  needle text := lower(nullif(btrim(permit_list.text), ''));
  reply api.permit_list_reply;
begin
  if filter is not null then
    perform rule.is_one_of(filter, 'filter', 'expiring', 'expired', 'suspended');
  end if;
  if length(needle) < 3 then
    perform rule.fail(7, 'text', 'Type at least 3 characters');
  end if;
  select array_agg(rule.permit_row(x.p, today) order by (x.p).valid_until_on, (x.p).permit_id)
    into reply.rows
    from (select p
            from rule.permits_found(who, needle, filter, today, coalesce(place[1]::date, '-infinity'), coalesce(place[2]::bigint, 0), page + 1) p) x;
  reply.total := (select count(*) from rule.permits_found(who, needle, filter, today, '-infinity', 0, 1000));
  if cardinality(reply.rows) > page then
    reply.rows := reply.rows[1:page];
    reply.next := concat_ws('/', (reply.rows[page]).valid_until_on, (reply.rows[page]).permit_id);
  end if;
  return reply;
end
$$;

-- The permit that is to be renewed. NOT_FOUND, NOT_NOW (not in force), DUPLICATE (its renewal is under way).
create function rule.permit_to_renew(office_id bigint, number text)
returns application.permit
language plpgsql stable
as $$
declare
  p application.permit;
  under_way text;
begin
  select x.* into p
    from application.permit x
   where x.office_id = permit_to_renew.office_id and x.kind = 'permit' and x.number = upper(btrim(permit_to_renew.number));
  if not found then
    perform rule.fail(9, 'permit_number', 'There is no permit with this number');
  end if;
  if exists (select from application.application a
               join application.applicant x on x.office_id = a.office_id and x.applicant_id = a.applicant_id
              where a.office_id = p.office_id and a.application_id = p.application_id and x.erased_at is not null) then
    perform rule.fail(11, 'permit_number', 'The data of this person was erased');
  end if;
  if rule.permit_status(p) not in ('current', 'expired') then
    perform rule.fail(11, 'permit_number', 'This permit is not in force: %s', rule.permit_status(p));
  end if;
  select a.number into under_way
    from application.application a
   where a.office_id = p.office_id and a.previous_permit = p.number and a.kind = 'renewal' and a.outcome is null
   limit 1;
  if found then
    perform rule.fail(13, 'permit_number', 'Its renewal is under way already: %s', under_way);
  end if;
  return p;
end
$$;

-- What was there for the last permit, and may be there again: a document that ended is asked for anew.
create function rule.renewal_entries(app application.application, v catalogue.permit_type_version, today date)
returns api.requirement_entry[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((case when r.present and coalesce(r.valid_until_on >= today, true)
                         then (c.code, true, rule.shown(r.office_id, r.document_number), r.issued_on::text, r.valid_until_on::text)::api.requirement_entry
                         else (c.code, false, null, null, null)::api.requirement_entry end) order by c.position)
    from catalogue.requirement c
    left join application.requirement r on r.office_id = app.office_id and r.application_id = app.application_id and r.code = c.code
   where c.office_id = v.office_id and c.permit_type_id = v.permit_type_id and c.version = v.version);
end
$$;

create function api.intake_renewal_of(session_token bytea, permit_number text)
returns api.intake_renewal_of_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'intake.renewal_of');
  p application.permit := rule.permit_to_renew(who.office_id, rule.require(permit_number, 'permit_number'));
  app application.application;
  v catalogue.permit_type_version;
  r api.intake_renewal_of_reply;
begin
  select a.* into app from application.application a where a.office_id = p.office_id and a.application_id = p.application_id;
  perform rule.refuse_household(app, who);
  r.permit_type := (select t.code from catalogue.permit_type t where t.office_id = p.office_id and t.permit_type_id = p.permit_type_id);
  -- as the permit type is now: what it no longer asks is not taken over
  v := rule.open_permit_type(who.office_id, r.permit_type);
  if 'renewal' <> all (v.kinds) then
    perform rule.fail(11, 'permit_number', 'This permit is not renewed: apply for a new one');
  end if;
  r.applicant := rule.applicant_row(app.office_id, app.applicant_id, true);
  r.fields := (select array_agg((f.code, rule.shown(f.office_id, f.value))::api.field_value order by f.code)
                 from application.field_value f
                where f.office_id = app.office_id and f.application_id = app.application_id and f.value is not null
                  and f.code = any (rule.catalogue_codes(v, true)));
  r.requirements := rule.renewal_entries(app, v, rule.office_date(app.office_id));
  r.location := app.location;
  perform rule.record(who, 'view', app.application_id, chained => false);
  return r;
end
$$;

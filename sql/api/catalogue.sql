-- What the office gives and asks: for everybody to read.

create type api.permit_type_row as (
  code text, name text, sector text, service_days int, valid_years int, levy boolean, source text);
create type api.catalogue_list_reply as (permit_types api.permit_type_row[]);
create type api.form_field as (
  code text, label text, type text, required boolean, max_length int, choices text[], when_field text, when_value text, hint text,
  columns api.table_column[], min_rows int, max_rows int, requirement text);
create type api.requirement_type as (
  code text, name text, required boolean, needs_number boolean, needs_expiry boolean, when_field text, when_value text, hint text,
  max_bytes bigint, formats text[]);
create type api.catalogue_open_reply as (
  code text, name text, sector text, service_days int, valid_years int, legal_basis text, levy boolean,
  fields api.form_field[], requirements api.requirement_type[], kinds text[], source text);
create type api.unit_row as (code text, name text, department boolean);
create type api.units_reply as (units api.unit_row[]);
create type api.calendar_reply as (weekly_off int, holidays_on text[]);

create function api.catalogue_list(client_address text, office text)
returns api.catalogue_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  asked bigint := rule.public_office(office);
begin
  return row((
    select array_agg((t.code, v.name, v.sector, v.service_days, v.valid_years, v.levy, v.source)::api.permit_type_row order by t.code)
      from catalogue.permit_type t
      join catalogue.permit_type_version v
        on v.office_id = t.office_id and v.permit_type_id = t.permit_type_id and v.version = rule.permit_version_at(asked, t.permit_type_id, rule.office_date(asked))
     where t.office_id = asked))::api.catalogue_list_reply;
end
$$;

create function api.catalogue_open(client_address text, office text, permit_type text)
returns api.catalogue_open_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  asked bigint := rule.public_office(office);
  v catalogue.permit_type_version;
begin
  select x.* into v
    from catalogue.permit_type t
    join catalogue.permit_type_version x
      on x.office_id = t.office_id and x.permit_type_id = t.permit_type_id and x.version = rule.permit_version_at(asked, t.permit_type_id, rule.office_date(asked))
   where t.office_id = asked and t.code = upper(permit_type);
  if not found then
    perform rule.fail(9, 'permit_type', 'There is no such permit');
  end if;
  return (upper(permit_type), v.name, v.sector, v.service_days, v.valid_years, v.legal_basis, v.levy,
    (select array_agg((f.code, f.label, f.type, f.required, f.max_length, f.choices, f.when_field, f.when_value, f.hint,
                       rule.table_columns(f), f.min_rows, f.max_rows, f.requirement)::api.form_field
                      order by f.position)
       from catalogue.form_field f
      where f.office_id = v.office_id and f.permit_type_id = v.permit_type_id and f.version = v.version),
    (select array_agg((r.code, r.name, r.required, r.needs_number, r.needs_expiry, r.when_field, r.when_value, r.hint, r.max_bytes, r.formats)::api.requirement_type
                      order by r.position)
       from catalogue.requirement r
      where r.office_id = v.office_id and r.permit_type_id = v.permit_type_id and r.version = v.version),
    v.kinds, v.source)::api.catalogue_open_reply;
end
$$;

create function api.catalogue_units(session_token bytea)
returns api.units_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'catalogue.units');
begin
  return row((select array_agg((u.code, u.name, u.department)::api.unit_row order by u.code)
                from catalogue.unit u where u.office_id = who.office_id))::api.units_reply;
end
$$;

create function api.catalogue_calendar(session_token bytea)
returns api.calendar_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'catalogue.calendar');
  this_year date := date_trunc('year', rule.office_date(who.office_id)::timestamp)::date;
begin
  return ((select o.weekly_off from catalogue.office o where o.office_id = who.office_id),
          (select array_agg(h.day::text order by h.day) from catalogue.holiday h
            where h.office_id = who.office_id and h.kind <> 'half' and h.day >= this_year and h.day < this_year + interval '2 years'))::api.calendar_reply;
end
$$;

-- What `loketd keys` asks for, with the rights of the job process: what is sealed with which key, what is still plain, and the exchange of
-- one form for another. No key and no plain number is ever here but those that were plain before; each exchange tells what it replaces, so
-- that whatever changed meanwhile stays.

create type api_job.key_use as (key_id int, numbers bigint, documents bigint, arriving bigint);
create type api_job.sealed_item as (office_id bigint, id text, sealed bytea, sha256 bytea);
create type api_job.plain_item as (office_id bigint, place int, id text, value text);
create type api_job.plain_content as (office_id bigint, content_id bigint, chunks int, sha256 bytea);

-- Does this key fit what the database was filled with? The first of a number is noted.
create function api_job.key_fits(key_id int, proof bytea)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into meta.key_check (key_id, proof) values (key_id, proof) on conflict do nothing;
  return exists (select from meta.key_check k where k.key_id = key_fits.key_id and k.proof = key_fits.proof);
end
$$;

-- Is anything sealed here at all? Without keys the server then says so at its start.
create function api_job.is_sealed()
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select rule.numbers_are_sealed() $$;

create function api_job.key_uses()
returns setof api_job.key_use
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office bigint;
begin
  for office in select o.office_id from catalogue.office o order by 1 loop
    perform rule.work_for(office, null);
    return query
      select x.key_id, count(*) filter (where x.kind = 'n'), count(*) filter (where x.kind = 'd'), count(*) filter (where x.kind = 'a')
        from (select n.key_id, 'n' from identity.number n where n.office_id = office
              union all
              select c.key_id, 'd' from document.content c where c.office_id = office and c.key_id is not null
              union all
              select ('x' || encode(substr(h.bytes, 5, 4), 'hex'))::bit(32)::int, 'a'
                from document.content c
                join document.chunk h on h.office_id = c.office_id and h.content_id = c.content_id
               where c.office_id = office and c.sha256 is null and substr(h.bytes, 1, 4) = '\x4c4b5401') x(key_id, kind)
       group by x.key_id;
  end loop;
end
$$;

-- Numbers that are sealed with another key than this, at most so many.
create function api_job.numbers_to_reseal(current int, "limit" int)
returns setof api_job.sealed_item
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office bigint;
begin
  for office in select o.office_id from catalogue.office o order by 1 loop
    perform rule.work_for(office, null);
    return query select n.office_id, n.token, n.sealed, null::bytea from identity.number n
                  where n.office_id = office and n.key_id <> current limit numbers_to_reseal."limit";
    if found then
      return;
    end if;
  end loop;
end
$$;

create function api_job.number_reseal(office_id bigint, token text, before bytea, sealed bytea)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  update identity.number n set sealed = number_reseal.sealed
   where n.office_id = number_reseal.office_id and n.token = number_reseal.token and n.sealed = before;
end
$$;

-- The sealed form of a number, for a document that the job process draws.
create function api_job.number_sealed(office_id bigint, token text)
returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  return rule.shown(office_id, '#' || substr(token, 2), left(token, 1) = '#');
end
$$;

create function api_job.documents_to_reseal(current int, "limit" int)
returns setof api_job.sealed_item
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office bigint;
begin
  for office in select o.office_id from catalogue.office o order by 1 loop
    perform rule.work_for(office, null);
    return query select c.office_id, c.content_id::text, c.sealed_key, c.sha256 from document.content c
                  where c.office_id = office and c.key_id <> current limit documents_to_reseal."limit";
    if found then
      return;
    end if;
  end loop;
end
$$;

create function api_job.document_reseal(office_id bigint, content_id bigint, before bytea, sealed_key bytea)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  update document.content c set sealed_key = document_reseal.sealed_key
   where c.office_id = document_reseal.office_id and c.content_id = document_reseal.content_id and c.sealed_key = before;
end
$$;

-- Chunks on their way in that are sealed with another key than this: "upload number" as id, with the content as office_id's neighbour.
create function api_job.arriving_to_reseal(current int, "limit" int)
returns setof api_job.sealed_item
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office bigint;
begin
  for office in select o.office_id from catalogue.office o order by 1 loop
    perform rule.work_for(office, null);
    return query
      select u.office_id, concat_ws(' ', u.upload_id, u.content_id, h.number), h.bytes, null::bytea
        from document.upload u
        join document.content c on c.office_id = u.office_id and c.content_id = u.content_id and c.sha256 is null
        join document.chunk h on h.office_id = c.office_id and h.content_id = c.content_id
       where u.office_id = office and substr(h.bytes, 1, 4) = '\x4c4b5401'
         and ('x' || encode(substr(h.bytes, 5, 4), 'hex'))::bit(32)::int <> current
       limit arriving_to_reseal."limit";
    if found then
      return;
    end if;
  end loop;
end
$$;

-- The same chunk in another form. Only while its content is not fixed, or is being sealed.
create function api_job.chunk_reseal(office_id bigint, content_id bigint, number int, bytes bytea)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  perform set_config('loket.sealing', 'on', true);
  update document.chunk h set bytes = chunk_reseal.bytes
    from document.content c
   where c.office_id = chunk_reseal.office_id and c.content_id = chunk_reseal.content_id and c.sealed_key is null
     and h.office_id = c.office_id and h.content_id = c.content_id and h.number = chunk_reseal.number;
  perform set_config('loket.sealing', 'off', true);
end
$$;

-- A document of before the keys, locked: its chunks are sealed one by one (chunk_reseal), then its key is set, in this transaction.
create function api_job.content_to_seal()
returns api_job.plain_content
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office bigint;
  b document.content;
begin
  for office in select o.office_id from catalogue.office o order by 1 loop
    perform rule.work_for(office, null);
    select c.* into b from document.content c
     where c.office_id = office and c.sealed_key is null and c.sha256 is not null and c.size > 0 and c.destroyed_at is null
     order by c.content_id limit 1
       for update skip locked;
    if found then
      return (b.office_id, b.content_id, rule.chunk_count(b.size), b.sha256)::api_job.plain_content;
    end if;
  end loop;
  return null;
end
$$;

create function api_job.content_sealed(office_id bigint, content_id bigint, sealed_key bytea)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  update document.content c set sealed_key = content_sealed.sealed_key
   where c.office_id = content_sealed.office_id and c.content_id = content_sealed.content_id and c.sealed_key is null;
end
$$;

-- Where an identity number may stand: table and column.
create function rule.number_places()
returns table (place int, relation regclass, attribute text)
language sql stable
as $$
  values (1, 'application.applicant'::regclass, 'nik'), (2, 'application.applicant', 'npwp'), (3, 'identity.user_account', 'nik'),
         (4, 'application.handover', 'recipient_nik'), (5, 'application.field_value', 'value'), (6, 'application.field_value', 'old_value'),
         (7, 'application.requirement', 'document_number'), (8, 'application.requirement', 'old_document_number'),
         (9, 'application.applicant_history', 'before'), (10, 'application.applicant_merge', 'kept_before'),
         (11, 'application.permit_change', 'fields'), (12, 'document.document', 'data');
$$;

-- Rows of a place that may hold a plain number, after the one named, in the order of the table.
create function api_job.numbers_to_seal(office_id bigint, place int, after text, "limit" int)
returns setof api_job.plain_item
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  p record;
begin
  perform rule.work_for(office_id, null);
  select x.* into p from rule.number_places() x where x.place = numbers_to_seal.place;
  if not found then
    return;
  end if;
  return query execute format(
    $q$select $1, $2, t.ctid::text, t.%I::text from %s t
        where t.office_id = $1 and t.ctid > $3::tid and t.%I::text ~ '[0-9]([.\- ]?[0-9]){14}' order by t.ctid limit $4$q$,
    p.attribute, p.relation, p.attribute)
    using office_id, place, after::tid, "limit";
end
$$;

-- Tokens in the place of plain numbers, if the row still says what was read; `numbers` are kept as of a request.
create function api_job.number_seal(office_id bigint, place int, id text, before text, value text, numbers text[], proof bytea)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  p record;
  changed int;
begin
  perform rule.work_for(office_id, null);
  select x.*, format_type(a.atttypid, null) as type into p
    from rule.number_places() x
    join pg_attribute a on a.attrelid = x.relation and a.attname = x.attribute
   where x.place = number_seal.place;
  perform rule.keep_numbers(office_id, proof, numbers, false);
  execute format('update %s t set %I = $1::%s where t.office_id = $2 and t.ctid = $3::tid and t.%I::text = $4',
                 p.relation, p.attribute, p.type, p.attribute)
    using value, office_id, id, before;
  get diagnostics changed = row_count;
  return changed > 0;
end
$$;

create function api_job.offices()
returns setof bigint
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select o.office_id from catalogue.office o order by 1 $$;

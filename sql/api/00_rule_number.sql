-- Identity numbers. The server gives and takes them sealed (server/privacy/number.h): what comes in is "TOKEN:SHAPE", what is kept is
-- TOKEN, what goes out is "TOKEN:SEALED". A number as it is, in plain digits, is one from before the office had keys.

-- Is the database filled by servers that seal? From then on no plain number is taken any more.
create function rule.numbers_are_sealed()
returns boolean
language plpgsql stable
as $$
begin
  return (
  select exists (select from meta.key_check k where k.key_id = 0));
end
$$;

-- What is kept of a number that came in: its token. Anything else stays as it is.
create function rule.number_of(value text)
returns text
language sql immutable
as $$ select case when value ~ '^#[0-9a-f]{40}(:[0-9]{15,16})?$' then left(value, 41) else value end $$;

-- What can be checked of it. Null of a token alone: one that was checked when it came.
create function rule.shape_of(value text)
returns text
language sql immutable
as $$ select case when value ~ '^#[0-9a-f]{40}(:[0-9]{15,16})?$' then nullif(substr(value, 43), '') else value end $$;

-- A plain number where numbers are sealed comes of a server without the keys. UNAVAILABLE.
create function rule.refuse_plain_number(value text)
returns void
language plpgsql stable
as $$
begin
  if regexp_replace(value, '[.\- ]', '', 'g') ~ '^[0-9]{15,16}$' and rule.numbers_are_sealed() then
    perform rule.fail(15, null, 'The server does not have the keys of this database: tell the administrator');
  end if;
end
$$;

-- What is kept of a text that begins as a table does, where numbers came in as cells: of each its token, and beside it (`shapes`) what
-- can be measured of it. Any other text stays as it is.
create function rule.cells_of(value text, shapes boolean default false)
returns text
language sql immutable
as $$
  select case when value ~ '^[ \t\r\n]*\['
              then regexp_replace(value, '"(#[0-9a-f]{40}):([0-9]{15,16})"', case when shapes then '"\2"' else '"\1"' end, 'g')
              else value end;
$$;

-- A table as a reply has it.
create function rule.shown_cells(office_id bigint, value text, whole boolean)
returns text
language plpgsql stable
as $$
declare
  cell text;
begin
  for cell in select distinct m[1] from regexp_matches(value, '"(#[0-9a-f]{40})"', 'g') m loop
    value := replace(value, '"' || cell || '"', '"' || rule.shown(office_id, cell, whole) || '"');
  end loop;
  return value;
end
$$;

-- A number as a reply has it: the server opens it, whole or masked. "-" when it was erased. In a table, each cell that
-- is one.
create function rule.shown(office_id bigint, value text, whole boolean default true)
returns text
language plpgsql stable
as $$
begin
  if value is null then
    return null;
  elsif value ~ '^\[.*"#[0-9a-f]{40}"' then
    return rule.shown_cells(office_id, value, whole);
  elsif value !~ '^#[0-9a-f]{40}$' then
    return case when whole then value else rule.mask(value) end;
  end if;
  return coalesce((select case when whole then '#' else '*' end || substr(value, 2) || ':' || encode(n.sealed, 'hex')
                     from identity.number n where n.office_id = shown.office_id and n.token = value), '-');
end
$$;

-- Rows of before the keys that are looked up by this number: they follow it at once. True when there was one.
create function rule.seal_number(office bigint, plain text, sealed_as text)
returns boolean
language plpgsql
as $$
declare
  touched int;
  total int := 0;
begin
  update application.applicant a set nik = sealed_as where a.office_id = office and a.nik = plain;
  get diagnostics touched = row_count;
  total := total + touched;
  update application.applicant a set npwp = sealed_as where a.office_id = office and a.npwp = plain;
  get diagnostics touched = row_count;
  total := total + touched;
  update identity.user_account u set nik = sealed_as where u.office_id = office and u.nik = plain;
  get diagnostics touched = row_count;
  return total + touched > 0;
end
$$;

-- The index key is the one that this database was filled with; the first that comes is noted. UNAVAILABLE.
create function rule.note_index_key(proof bytea)
returns void
language plpgsql
as $$
begin
  if exists (select from meta.key_check k where k.key_id = 0 and k.proof = note_index_key.proof) then
    return;
  end if;
  insert into meta.key_check (key_id, proof) values (0, proof) on conflict do nothing;
  if not exists (select from meta.key_check k where k.key_id = 0 and k.proof = note_index_key.proof) then
    perform rule.fail(15, null, 'The server does not have the keys of this database: tell the administrator');
  end if;
end
$$;

-- Keeps numbers that come with a request, each "TOKEN:SEALED", or "TOKEN:SEALED:PLAIN" while rows of before may be there. Those of a
-- search (`only_known`) only where a row has them.
create function rule.keep_numbers(office bigint, proof bytea, numbers text[], only_known boolean)
returns void
language plpgsql
as $$
declare
  item text;
  known boolean;
begin
  perform rule.note_index_key(proof);
  foreach item in array numbers loop
    known := length(item) > 138 and rule.seal_number(office, substr(item, 140), left(item, 41));
    if known or not only_known then
      -- one that is there is locked, so that no erasure shreds it before this transaction has made use of it
      insert into identity.number as n (office_id, token, sealed) values (office, left(item, 41), decode(substr(item, 43, 96), 'hex'))
      on conflict on constraint number_pkey do update set sealed = n.sealed where false;
    end if;
  end loop;
end
$$;

-- Sent by the server before a request that holds numbers, in the same transaction: a request that is refused keeps none.
create function api.number_keep(session_token bytea, proof bytea, numbers text[], only_known boolean)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office bigint := (select s.office_id from session.session s
                     where s.token_hash = sha256(session_token) and s.ended_at is null and s.expires_at > now());
begin
  if office is null then
    perform rule.fail(4, null, 'Log in first');
  end if;
  perform rule.work_for(office, null);
  perform rule.keep_numbers(office, proof, numbers, only_known);
end
$$;

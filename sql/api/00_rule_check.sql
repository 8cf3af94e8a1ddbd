-- Numbers, dates and texts from outside: checked here, whatever the client checked before.

create function rule.require(value text, field text)
returns text
language plpgsql immutable
as $$
begin
  if coalesce(btrim(value), '') = '' then
    perform rule.fail(8, field, 'This must be filled in');
  end if;
  return btrim(value);
end
$$;

-- A text of at most `longest` characters, without control characters other than line feed; null stays null.
create function rule.text(value text, field text, longest int default 2000)
returns text
language plpgsql immutable
as $$
begin
  if length(value) > longest then
    perform rule.fail(7, field, 'This is longer than %s characters', longest::text);
  end if;
  -- C0 but the line feed, DEL, C1, and the marks that turn the direction of a line round
  if value ~ '[\u0001-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]' then
    perform rule.fail(7, field, 'This has characters that cannot be shown');
  end if;
  return nullif(btrim(value), '');
end
$$;

create function rule.to_date(value text, field text)
returns date
language plpgsql immutable
as $$
begin
  if value is null or value = '' then
    return null;
  end if;
  if value !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' then
    perform rule.fail(7, field, 'This is not a date');
  end if;
  return make_date(left(value, 4)::int, substr(value, 6, 2)::int, right(value, 2)::int);
exception
  when datetime_field_overflow then
    perform rule.fail(7, field, 'This day does not exist');
    return null;
end
$$;

create function rule.is_one_of(value text, field text, variadic allowed text[])
returns text
language plpgsql immutable
as $$
begin
  if value is null or value <> all (allowed) then
    perform rule.fail(7, field, 'This is not one of the choices');
  end if;
  return value;
end
$$;

-- NIK: 2 digits province, 2 regency, 2 district, DDMMYY of birth (a woman's day + 40), 4 serial.
-- Source: Permendagri 19/2010; Law 24/2013 art. 13.
create function rule.check_nik(nik text, field text, birth_on date default null, gender text default null)
returns text
language plpgsql stable
as $$
declare
  day int;
  month int;
  year int;
  given text := nik;
begin
  nik := rule.shape_of(given);
  if nik is null then
    return given;
  end if;
  if nik !~ '^[0-9]{16}$' then
    perform rule.fail(7, field, 'A NIK has 16 digits');
  end if;
  if not exists (select from catalogue.province p where p.code = left(nik, 2))
     or substr(nik, 3, 2) = '00' or substr(nik, 5, 2) = '00' then
    perform rule.fail(7, field, 'The region in this NIK does not exist');
  end if;
  day := substr(nik, 7, 2)::int;
  month := substr(nik, 9, 2)::int;
  year := substr(nik, 11, 2)::int;
  if (day not between 1 and 31 and day not between 41 and 71) or month not between 1 and 12 then
    perform rule.fail(7, field, 'The birth date in this NIK does not exist');
  end if;
  -- 29 February is possible when it is in either century
  if day % 40 > extract(day from make_date(2000 + year, month, 1) + interval '1 month - 1 day')
     and day % 40 > extract(day from make_date(1900 + year, month, 1) + interval '1 month - 1 day') then
    perform rule.fail(7, field, 'The birth date in this NIK does not exist');
  end if;
  if right(nik, 4) = '0000' then
    perform rule.fail(7, field, 'The last four digits of a NIK are not 0000');
  end if;
  if birth_on is not null and to_char(birth_on, 'DDMMYY') <> lpad((day % 40)::text, 2, '0') || substr(nik, 9, 4) then
    perform rule.fail(7, field, 'The birth date does not fit the NIK');
  end if;
  if gender is not null and (gender = 'f') <> (day > 40) then
    perform rule.fail(7, field, 'The sex does not fit the NIK');
  end if;
  perform rule.refuse_plain_number(given);
  return rule.number_of(given);
end
$$;

-- Its token, or the digits where nothing is sealed yet.
create function rule.npwp_kept(npwp text, digits text)
returns text
language plpgsql stable
as $$
begin
  perform rule.refuse_plain_number(npwp);
  return case when npwp like '#%' then rule.number_of(npwp) else digits end;
end
$$;

-- NPWP: 15 digits whose 9th checks the first 8 (Luhn), or 16: a NIK, or 0 and the old 15. Source: PMK 112/2022.
create function rule.check_npwp(npwp text, field text)
returns text
language plpgsql stable
as $$
declare
  digits text := regexp_replace(rule.shape_of(npwp), '[.\- ]', '', 'g');
  base text;
  total int := 0;
  d int;
begin
  if digits is null then
    return npwp;
  end if;
  if digits !~ '^[0-9]{15,16}$' then
    perform rule.fail(7, field, 'An NPWP has 15 or 16 digits');
  end if;
  if length(digits) = 16 and left(digits, 1) <> '0' then
    return rule.npwp_kept(npwp, digits);
  end if;
  base := right(digits, 15);
  for i in 1..9 loop
    d := substr(base, i, 1)::int;
    if i % 2 = 0 then
      d := d * 2;
      if d > 9 then d := d - 9; end if;
    end if;
    total := total + d;
  end loop;
  if total % 10 <> 0 or left(base, 8) = '00000000' then
    perform rule.fail(7, field, 'The check digit of this NPWP is wrong');
  end if;
  return rule.npwp_kept(npwp, digits);
end
$$;

create function rule.check_nib(nib text, field text)
returns text
language plpgsql immutable
as $$
begin
  if nib !~ '^[0-9]{13}$' then
    perform rule.fail(7, field, 'A NIB has 13 digits');
  end if;
  return nib;
end
$$;

-- A number where a form field has another type: kept as a number where any text may stand.
create function rule.check_number_as_text(value text, type text, longest int, field text)
returns text
language plpgsql immutable
as $$
begin
  if type not in ('text', 'multiline') then
    perform rule.fail(7, field, 'This is too long');
  end if;
  perform rule.text(rule.shape_of(value), field, longest);
  return rule.number_of(value);
end
$$;

-- A form field's value by its type. Returns what is kept.
create function rule.check_value(value text, type text, choices text[], longest int, field text)
returns text
language plpgsql stable
as $$
begin
  if rule.number_of(value) ~ '^#[0-9a-f]{40}$' then
    return case type when 'nik' then rule.check_nik(value, field)
                     when 'npwp' then rule.check_npwp(value, field)
                     else rule.check_number_as_text(value, type, longest, field) end;
  end if;
  perform rule.text(rule.cells_of(value, true), field, longest);
  value := rule.text(rule.cells_of(value), field, 1000000);
  if value is null then
    return null;
  end if;
  case type
    when 'number' then
      if value !~ '^[0-9]{1,15}([.,][0-9]{1,4})?$' then perform rule.fail(7, field, 'This is not a number'); end if;
      value := replace(value, ',', '.');
    when 'money' then
      value := regexp_replace(value, '^Rp *|[. ]', '', 'g');
      if value !~ '^[0-9]{1,15}$' then perform rule.fail(7, field, 'This is not an amount in rupiah'); end if;
    when 'date' then
      perform rule.to_date(value, field);
    when 'choice' then
      if not exists (select from unnest(choices) c where split_part(c, '=', 1) = check_value.value) then
        perform rule.fail(7, field, 'This is not one of the choices');
      end if;
    when 'nik' then
      value := rule.check_nik(value, field);
    when 'npwp' then
      value := rule.check_npwp(value, field);
    when 'nib' then
      value := rule.check_nib(value, field);
    when 'phone' then
      if value !~ '^\+?[0-9 ()-]{6,20}$' then perform rule.fail(7, field, 'This is not a telephone number'); end if;
    when 'postcode' then
      if value !~ '^[0-9]{5}$' then perform rule.fail(7, field, 'A postcode has 5 digits'); end if;
    when 'email' then
      if value !~ '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$' then perform rule.fail(7, field, 'This is not an e-mail address'); end if;
    else null;
  end case;
  if value ~ '\n' and type <> 'multiline' then
    perform rule.fail(7, field, 'This has characters that cannot be shown');
  end if;
  return value;
end
$$;

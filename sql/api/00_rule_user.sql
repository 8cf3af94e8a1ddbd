-- Accounts made at the machine by `loketd user`, as the owner: the first administrator of an office, and the
-- demonstration users. Everybody else is made by an administrator in loket (admin.sql).

-- The office with this code, for the rest of the transaction. NOT_FOUND.
create function rule.office_of_code(code text)
returns catalogue.office
language plpgsql
as $$
declare
  o catalogue.office;
begin
  select x.* into o from catalogue.office x where x.code = lower(office_of_code.code);
  if not found then
    perform rule.fail(9, '--office', 'There is no office "%s": load its catalogue first', code);
  end if;
  perform rule.work_for(o.office_id, null);
  return o;
end
$$;

-- One role, written role[@UNIT][:PERMIT]. INVALID, NOT_FOUND, REQUIRED: a technical department's people need
-- their department.
create function rule.user_role_add(office_id bigint, user_id bigint, spec text)
returns void
language plpgsql
as $$
declare
  part text[] := regexp_match(spec, '^([a-z_]+)(?:@([^:]+))?(?::(.+))?$');
  unit_id bigint;
  permit_type_id bigint;
begin
  if part is null or part[1] not in ('front_office', 'analyst', 'section_head', 'head', 'technical_coordinator', 'surveyor', 'treasurer',
                                     'archivist', 'complaints_officer', 'auditor', 'manager', 'admin') then
    perform rule.fail(7, '--role', 'There is no such role: "%s"', spec);
  end if;
  if part[1] in ('technical_coordinator', 'surveyor') and part[2] is null then
    perform rule.fail(8, '--role', 'This role needs its department: write %s@UNIT', part[1]);
  end if;
  if part[2] is not null then
    select u.unit_id into unit_id
      from catalogue.unit u
     where u.office_id = user_role_add.office_id and u.code = upper(part[2])
       and (u.department or part[1] not in ('technical_coordinator', 'surveyor'));
    if not found then
      perform rule.fail(9, '--role', 'There is no such unit (or it is not a department): "%s"', part[2]);
    end if;
  end if;
  if part[3] is not null then
    select p.permit_type_id into permit_type_id
      from catalogue.permit_type p
     where p.office_id = user_role_add.office_id and p.code = upper(part[3]);
    if not found then
      perform rule.fail(9, '--role', 'There is no such permit: "%s"', part[3]);
    end if;
  end if;
  insert into identity.user_role (office_id, user_id, role, unit_id, permit_type_id)
  values (office_id, user_id, part[1], unit_id, permit_type_id)
  on conflict do nothing;
end
$$;

-- The numbers that come with `loketd user`, as those of a request.
create function rule.keep_office_numbers(office text, proof bytea, numbers text[])
returns void
language plpgsql
as $$
declare
  o catalogue.office := rule.office_of_code(office);
begin
  perform rule.keep_numbers(o.office_id, proof, numbers, false);
end
$$;

-- Adds an account. `roles` as user_role_add takes them; `must_change` when somebody else knows the password.
create function rule.user_add(office text, username text, name text, nik text, roles text[], demonstration boolean,
                              password_hash text, must_change boolean)
returns bigint
language plpgsql
as $$
declare
  o catalogue.office := rule.office_of_code(office);
  added bigint;
  spec text;
begin
  if demonstration and not o.demonstration then
    perform rule.fail(5, '--demonstration', 'A real office has no demonstration accounts');
  end if;
  if username !~ '^[a-z][a-z0-9._-]{1,30}$' then
    perform rule.fail(7, '--username', 'A user name has 2 to 31 small letters, digits and . _ -, and begins with a letter');
  end if;
  if rule.text(rule.require(name, '--name'), '--name', 120) is null or cardinality(roles) = 0 then
    perform rule.fail(8, '--role', 'This must be filled in');
  end if;
  insert into identity.user_account (office_id, username, name, nik, demonstration, must_change_password)
  values (o.office_id, username, btrim(name), rule.check_nik(nullif(nik, ''), '--nik'), demonstration, must_change)
  on conflict on constraint user_account_office_id_username_key do nothing
  returning user_id into added;
  if added is null then
    perform rule.fail(13, '--username', 'There is a user "%s" already', username);
  end if;
  insert into identity.credential (office_id, user_id, password_hash) values (o.office_id, added, password_hash);
  foreach spec in array roles loop
    perform rule.user_role_add(o.office_id, added, spec);
  end loop;
  perform rule.record((o.office_id, null, 'loketd user', null, 'user.add', '{}', null, null)::rule.who, 'user_added',
                      detail => jsonb_build_object('user_id', added, 'username', username, 'roles', roles));
  return added;
end
$$;

-- A new password for an account: who lost it is out of every session until they log in with the new one.
create function rule.user_password(office text, username text, password_hash text, must_change boolean)
returns void
language plpgsql
as $$
declare
  o catalogue.office := rule.office_of_code(office);
  changed bigint;
begin
  update identity.user_account u set must_change_password = must_change, version = u.version + 1
   where u.office_id = o.office_id and u.username = user_password.username
  returning u.user_id into changed;
  if changed is null then
    perform rule.fail(9, '--username', 'There is no such user: "%s"', username);
  end if;
  perform rule.set_password(o.office_id, changed, password_hash);
  update session.session s set ended_at = now()
   where s.office_id = o.office_id and s.user_id = changed and s.ended_at is null;
  perform rule.record((o.office_id, null, 'loketd user', null, 'user.password', '{}', null, null)::rule.who, 'password_reset',
                      detail => jsonb_build_object('user_id', changed));
end
$$;

-- One-time codes taken away at the machine: the way back of an office whose only administrator lost the telephone.
create function rule.user_codes_reset(office text, username text)
returns void
language plpgsql
as $$
declare
  o catalogue.office := rule.office_of_code(office);
  id bigint;
begin
  select u.user_id into id from identity.user_account u where u.office_id = o.office_id and u.username = user_codes_reset.username;
  if id is null then
    perform rule.fail(9, '--username', 'There is no such user: "%s"', username);
  end if;
  perform rule.remove_codes((o.office_id, null, 'loketd user', null, 'user.codes', '{}', null, null)::rule.who, id);
end
$$;

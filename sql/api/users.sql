-- Users and their roles, for the administrator. Passwords are not here: auth.reset_password sets them.

create type api.user_row as (
  user_id bigint, username text, name text, active boolean, roles api.role_row[], last_login_at bigint, nik text, version int);
create type api.admin_users_reply as (users api.user_row[], next text);
create type api.admin_user_save_reply as (user_id bigint, version int, waiting boolean, announce text[]);

create function api.admin_users(session_token bytea, text text, after text)
returns api.admin_users_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'admin.users');
  needle text := lower(nullif(btrim(admin_users.text), ''));
  page constant int := 50;
  reply api.admin_users_reply;
begin
  select array_agg((x.user_id, x.username, x.name, x.active, rule.role_rows(x.office_id, x.user_id),
                    rule.to_seconds(x.last_login_at), rule.shown(x.office_id, x.nik, false), x.version)::api.user_row order by x.username)
    into reply.users
    from (select u.*
            from identity.user_account u
           where u.office_id = who.office_id
             and (after is null or u.username > after)
             and (needle is null or position(needle in u.username) > 0 or position(needle in lower(u.name)) > 0)
           order by u.username
           limit page + 1) x;
  if cardinality(reply.users) > page then
    reply.users := reply.users[1:page];
    reply.next := (reply.users[page]).username;
  end if;
  perform rule.record(who, 'list_users', detail => jsonb_build_object('text', coalesce(needle, ''), 'shown', cardinality(reply.users)));
  return reply;
end
$$;

-- The roles of a request as rows, checked. INVALID names the role that is wrong.
create function rule.checked_roles(office_id bigint, roles jsonb)
returns setof identity.user_role
language plpgsql stable
as $$
declare
  given jsonb;
  r identity.user_role;
  department boolean;
begin
  for given in select x from jsonb_array_elements(coalesce(roles, '[]')) x loop
    r.office_id := office_id;
    r.role := rule.is_one_of(given->>'role', 'roles', 'front_office', 'analyst', 'section_head', 'head', 'technical_coordinator',
                             'surveyor', 'treasurer', 'archivist', 'complaints_officer', 'auditor', 'manager', 'admin');
    r.unit_id := null;
    r.permit_type_id := null;
    department := false;
    if given->>'unit' is not null then
      select u.unit_id, u.department into r.unit_id, department
        from catalogue.unit u where u.office_id = checked_roles.office_id and u.code = given->>'unit';
      if not found then
        perform rule.fail(7, 'roles', 'There is no unit "%s"', given->>'unit');
      end if;
    end if;
    if r.role in ('technical_coordinator', 'surveyor') and not department then
      perform rule.fail(7, 'roles', 'This role needs a technical department');
    end if;
    if given->>'permit_type' is not null then
      select p.permit_type_id into r.permit_type_id
        from catalogue.permit_type p where p.office_id = checked_roles.office_id and p.code = given->>'permit_type';
      if not found then
        perform rule.fail(7, 'roles', 'There is no such permit');
      end if;
    end if;
    return next r;
  end loop;
end
$$;

-- Admin excludes every other role, and a department's people work for one department.
create function rule.check_roles_together(roles identity.user_role[])
returns void
language plpgsql
as $$
begin
  if exists (select from unnest(roles) r where r.role = 'admin') and exists (select from unnest(roles) r where r.role <> 'admin') then
    perform rule.fail(7, 'roles', 'An administrator has no other role: no part in any application');
  end if;
  if (select count(distinct r.unit_id) from unnest(roles) r where r.role in ('technical_coordinator', 'surveyor')) > 1 then
    perform rule.fail(7, 'roles', 'Somebody of a technical department works for one department only');
  end if;
end
$$;

-- Replaces a user's roles, checked before. Nobody changes their own; who loses one is logged out everywhere.
create function rule.save_roles(who rule.who, user_id bigint, roles identity.user_role[])
returns void
language plpgsql
as $$
declare
  before jsonb := to_jsonb(rule.role_rows(who.office_id, save_roles.user_id));
  after jsonb;
begin
  perform rule.check_roles_together(roles);
  delete from identity.user_role r where r.office_id = who.office_id and r.user_id = save_roles.user_id;
  insert into identity.user_role (office_id, user_id, role, unit_id, permit_type_id)
  select distinct who.office_id, save_roles.user_id, r.role, r.unit_id, r.permit_type_id from unnest(roles) r;
  after := to_jsonb(rule.role_rows(who.office_id, save_roles.user_id));
  if user_id = who.user_id and after is distinct from before then
    perform rule.fail(5, 'roles', 'Nobody changes their own roles');
  end if;
  if not before <@ after then
    update session.session s set ended_at = now()
     where s.office_id = who.office_id and s.user_id = save_roles.user_id and s.ended_at is null;
  end if;
  perform rule.record(who, 'user_roles', detail => jsonb_build_object('user_id', user_id, 'before', before, 'after', after));
end
$$;

-- Are these other roles than the user has?
create function rule.roles_differ(office_id bigint, user_id bigint, roles identity.user_role[])
returns boolean
language sql stable
as $$
  with have as (select r.role, r.unit_id, r.permit_type_id from identity.user_role r
                 where r.office_id = roles_differ.office_id and r.user_id = roles_differ.user_id),
       want as (select distinct r.role, r.unit_id, r.permit_type_id from unnest(roles) r)
  select exists (select from (table have except table want) x) or exists (select from (table want except table have) x);
$$;

-- The account itself, new or changed. STALE, NOT_FOUND, DUPLICATE.
create function rule.save_account(who rule.who, given identity.user_account)
returns identity.user_account
language plpgsql
as $$
declare
  u identity.user_account;
begin
  if exists (select from identity.user_account x
              where x.office_id = who.office_id and x.username = given.username
                and x.user_id is distinct from nullif(given.user_id, 0)) then
    perform rule.fail(13, 'username', 'This user name is taken');
  end if;
  if coalesce(given.user_id, 0) = 0 then
    insert into identity.user_account (office_id, username, name, nik, active, must_change_password)
    values (who.office_id, given.username, given.name, given.nik, given.active, true)
    returning * into u;
    return u;
  end if;
  select x.* into u from identity.user_account x
   where x.office_id = who.office_id and x.user_id = given.user_id for update;
  if not found then
    perform rule.fail(9, 'user_id', 'There is no such user');
  end if;
  if u.version <> given.version then
    perform rule.fail(10, 'version', 'Changed meanwhile by %s: read it again', 'admin');
  end if;
  if u.user_id = who.user_id and not given.active then
    perform rule.fail(5, 'active', 'Nobody closes their own account');
  end if;
  update identity.user_account x
     set username = given.username, name = given.name, nik = coalesce(given.nik, x.nik), active = given.active,
         version = x.version + 1
   where x.office_id = who.office_id and x.user_id = given.user_id
  returning x.* into u;
  if not u.active then
    update session.session s set ended_at = now()
     where s.office_id = u.office_id and s.user_id = u.user_id and s.ended_at is null;
  end if;
  return u;
end
$$;

create function api.admin_user_save(session_token bytea, idempotency_key bytea, user_id bigint, version int, username text,
                                    name text, nik text, active boolean, roles jsonb)
returns api.admin_user_save_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'admin.user_save');
  request jsonb := jsonb_build_array(user_id, version, username, name, nik, active, roles);
  before jsonb := rule.replay(who, idempotency_key, request);
  given identity.user_account;
  u identity.user_account;
  wanted identity.user_role[];
  waits boolean := false;
begin
  if before is not null then
    return jsonb_populate_record(null::api.admin_user_save_reply, before);
  end if;
  given.user_id := user_id;
  given.version := version;
  given.username := lower(rule.require(username, 'username'));
  if given.username !~ '^[a-z][a-z0-9._-]{1,30}$' then
    perform rule.fail(7, 'username', 'A user name is 2 to 31 small letters, digits, dots or dashes');
  end if;
  given.name := rule.text(rule.require(name, 'name'), 'name', 120);
  given.active := coalesce(active, false);
  if nullif(nik, '') is not null then
    given.nik := rule.check_nik(nik, 'nik');
  end if;
  u := rule.save_account(who, given);
  wanted := array(select r from rule.checked_roles(who.office_id, roles) r);
  if rule.roles_differ(who.office_id, u.user_id, wanted) then
    perform rule.need_proof(session_token);
    waits := (select o.four_eyes_roles from catalogue.office o where o.office_id = who.office_id);
    if waits then
      perform rule.check_roles_together(wanted);
      perform rule.ask_change(who, u.user_id, 'roles', coalesce(roles, '[]'), null);
    else
      perform rule.save_roles(who, u.user_id, wanted);
    end if;
  end if;
  perform rule.record(who, 'user_save', detail => jsonb_build_object('user_id', u.user_id, 'username', u.username,
                                                                    'name', u.name, 'active', u.active));
  return rule.remember(who, idempotency_key, request, (u.user_id, u.version, waits, null)::api.admin_user_save_reply);
end
$$;

-- Logging in and sessions. The api_auth functions belong to the auth process alone: it is the only one
-- that may read a password hash. They are called with plain parameters, in this order:
--
--   api_auth.login_lookup(office, username, address)           user to check, or TOO_MANY
--   api_auth.login_failed(office_id, username, address)        counts it
--   api_auth.login_done(office_id, user_id, token_hash, address, new_hash)   opens the session
--   api_auth.password_lookup(session_token)                    whose password is to change, and its hash
--   api_auth.password_change(session_token, new_hash)
--   api_auth.password_reset(session_token, user_id, new_hash)

create type api.role_row as (role text, unit text, permit_type text);
create type api.session_reply as (
  token bytea, user_id bigint, username text, name text, office text, office_name text, roles api.role_row[],
  queues text[], language text, must_change_password boolean, expires_at bigint, time_zone text);
create type api.ping_reply as (now_at bigint, counter bigint);
create type api_auth.login as (office_id bigint, user_id bigint, password_hash text);

create function rule.role_rows(office_id bigint, user_id bigint)
returns api.role_row[]
language sql stable
as $$
  select coalesce(array_agg((r.role, u.code, p.code)::api.role_row order by r.role, u.code, p.code), '{}')
    from identity.user_role r
    left join catalogue.unit u on u.office_id = r.office_id and u.unit_id = r.unit_id
    left join catalogue.permit_type p on p.office_id = r.office_id and p.permit_type_id = r.permit_type_id
   where r.office_id = role_rows.office_id and r.user_id = role_rows.user_id;
$$;

-- The same as they are today: with the roles that absent people left to this person.
create function rule.present_role_rows(office_id bigint, user_id bigint)
returns api.role_row[]
language sql stable
as $$
  select coalesce(array_agg((r.role, u.code, p.code)::api.role_row order by r.absent_id is not null, r.role, u.code, p.code), '{}')
    from rule.roles_of(office_id, user_id) r
    left join catalogue.unit u on u.office_id = present_role_rows.office_id and u.unit_id = r.unit_id
    left join catalogue.permit_type p on p.office_id = present_role_rows.office_id and p.permit_type_id = r.permit_type_id;
$$;

create function rule.user_queues(office_id bigint, user_id bigint)
returns text[]
language sql stable
as $$
  select array_append(coalesce(array_agg(distinct rule.queue_name(user_queues.office_id, r.role,
                    case when r.role in ('technical_coordinator', 'surveyor') then r.unit_id end)), '{}'), 'user/' || user_queues.user_id)
    from rule.roles_of(office_id, user_id) r
   where r.role not in ('admin', 'auditor', 'manager', 'complaints_officer');
$$;

create function rule.session_reply(office_id bigint, user_id bigint, expires_at timestamptz)
returns api.session_reply
language sql stable
as $$
  select (null, u.user_id, u.username, u.name, o.code, o.name, rule.present_role_rows(u.office_id, u.user_id),
          rule.user_queues(u.office_id, u.user_id), u.language, u.must_change_password,
          rule.to_seconds(session_reply.expires_at), o.time_zone)::api.session_reply
    from identity.user_account u
    join catalogue.office o on o.office_id = u.office_id
   where u.office_id = session_reply.office_id and u.user_id = session_reply.user_id;
$$;

-- Whom the password is to be checked against. An unknown user gives a row without user_id: the caller then
-- checks against a dummy, so that the answer takes as long. TOO_MANY after 5 failures of an account from one
-- address, or 50 from an address, in 15 minutes: an attacker is slowed, the owner elsewhere is not.
create function api_auth.login_lookup(office text, username text, address text)
returns api_auth.login
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  reply api_auth.login;
  first_at timestamptz;
begin
  reply.office_id := rule.public_office(nullif(office, ''));
  select max(x.at) into first_at
    from (select a.at from identity.login_attempt a
           where a.office_id = reply.office_id and a.username = login_lookup.username
             and a.address = login_lookup.address and a.at > now() - interval '15 minutes'
           order by a.at desc offset 4 limit 1) x;
  if first_at is null then
    select x.at into first_at
      from (select a.at from identity.login_attempt a
             where a.address = login_lookup.address and a.at > now() - interval '15 minutes'
             order by a.at desc offset 49 limit 1) x;
  end if;
  if first_at is not null then
    perform rule.fail(14, null, 'Too many failed attempts: try again in %s minutes',
                      ceil(extract(epoch from first_at + interval '15 minutes' - now()) / 60)::int::text,
                      (extract(epoch from first_at + interval '15 minutes' - now()) * 1000)::int);
  end if;
  select u.user_id, c.password_hash into reply.user_id, reply.password_hash
    from identity.user_account u
    join identity.credential c on c.office_id = u.office_id and c.user_id = u.user_id
    join catalogue.office o on o.office_id = u.office_id
   where u.office_id = reply.office_id and u.username = lower(login_lookup.username) and u.active
     and (not u.demonstration or o.demonstration);
  return reply;
end
$$;

create function api_auth.login_failed(office_id bigint, username text, address text)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  insert into identity.login_attempt (office_id, username, address)
  values (office_id, left(coalesce(username, ''), 40), address);
  perform rule.record((office_id, null, left(coalesce(username, '?'), 40), address, 'auth.login', null, null)::rule.who,
                      'login_failed');
end
$$;

-- Opens a session of 12 hours. `new_hash`, when given, replaces the stored one (its parameters rose).
create function api_auth.login_done(office_id bigint, user_id bigint, token_hash bytea, address text, new_hash text)
returns api.session_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  ends_at timestamptz := now() + interval '12 hours';
  who rule.who;
begin
  perform rule.work_for(office_id, null);
  insert into session.session (token_hash, office_id, user_id, address, expires_at)
  values (token_hash, office_id, user_id, address, ends_at);
  update identity.user_account u set last_login_at = now()
   where u.office_id = login_done.office_id and u.user_id = login_done.user_id
  returning u.name into who.name;
  if new_hash is not null then
    update identity.credential c set password_hash = new_hash
     where c.office_id = login_done.office_id and c.user_id = login_done.user_id;
  end if;
  delete from identity.login_attempt a using identity.user_account u
   where u.office_id = login_done.office_id and u.user_id = login_done.user_id
     and a.office_id = u.office_id and a.username = u.username and a.address = login_done.address;
  who.office_id := office_id;
  who.user_id := user_id;
  who.address := address;
  perform rule.record(who, 'login');
  return rule.session_reply(office_id, user_id, ends_at);
end
$$;

create function api_auth.password_lookup(session_token bytea)
returns api_auth.login
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'auth.change_password');
begin
  return (who.office_id, who.user_id,
          (select c.password_hash from identity.credential c
            where c.office_id = who.office_id and c.user_id = who.user_id))::api_auth.login;
end
$$;

-- Every other session of the user ends: whoever knew the old password is out.
create function api_auth.password_change(session_token bytea, new_hash text)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'auth.change_password');
begin
  update identity.credential c set password_hash = new_hash, changed_at = now()
   where c.office_id = who.office_id and c.user_id = who.user_id;
  update identity.user_account u set must_change_password = false
   where u.office_id = who.office_id and u.user_id = who.user_id;
  update session.session s set ended_at = now()
   where s.office_id = who.office_id and s.user_id = who.user_id and s.ended_at is null
     and s.token_hash <> sha256(session_token);
  perform rule.record(who, 'password_changed');
end
$$;

create function api_auth.password_reset(session_token bytea, user_id bigint, new_hash text)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'auth.reset_password');
begin
  if user_id = who.user_id then
    perform rule.fail(5, 'user_id', 'Change your own password in the ordinary way');
  end if;
  update identity.user_account u set must_change_password = true, version = u.version + 1
   where u.office_id = who.office_id and u.user_id = password_reset.user_id;
  if not found then
    perform rule.fail(9, 'user_id', 'There is no such user');
  end if;
  insert into identity.credential (office_id, user_id, password_hash)
  values (who.office_id, user_id, new_hash)
  on conflict on constraint credential_pkey do update set password_hash = excluded.password_hash, changed_at = now();
  update session.session s set ended_at = now()
   where s.office_id = who.office_id and s.user_id = password_reset.user_id and s.ended_at is null;
  perform rule.record(who, 'password_reset', detail => jsonb_build_object('user_id', user_id));
end
$$;

-- A session on a new connection.
create function api.auth_resume(client_address text, token bytea)
returns api.session_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  s session.session;
  before text := (select x.address from session.session x where x.token_hash = sha256(auth_resume.token));
begin
  update session.session x set address = client_address, last_seen_at = now()
   where x.token_hash = sha256(auth_resume.token) and x.ended_at is null and x.expires_at > now()
     and x.last_seen_at > now() - interval '8 hours'
     and exists (select from identity.user_account u
                  where u.office_id = x.office_id and u.user_id = x.user_id and u.active)
  returning x.* into s;
  if not found then
    perform rule.fail(4, null, 'Log in first');
  end if;
  perform rule.work_for(s.office_id, null);
  if before is distinct from client_address then
    perform rule.record((s.office_id, s.user_id, rule.user_name(s.office_id, s.user_id), client_address, 'auth.resume', null, null)::rule.who,
                        'session_moved', detail => jsonb_build_object('from', before));
  end if;
  return rule.session_reply(s.office_id, s.user_id, s.expires_at);
end
$$;

create function api.auth_logout(session_token bytea, idempotency_key bytea)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'auth.logout');
begin
  update session.session s set ended_at = now() where s.token_hash = sha256(session_token);
  perform rule.record(who, 'logout');
  return row(null::text[])::api.empty;
end
$$;

create function api.session_language(session_token bytea, idempotency_key bytea, language text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'session.language');
begin
  perform rule.is_one_of(language, 'language', 'id', 'en');
  update identity.user_account u set language = session_language.language
   where u.office_id = who.office_id and u.user_id = who.user_id;
  return row(null::text[])::api.empty;
end
$$;

-- Is the line alive, and did a queue change that no event told of?
create function api.session_ping(session_token bytea)
returns api.ping_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'session.ping');
begin
  return (rule.to_seconds(now()), rule.last_event(who.office_id))::api.ping_reply;
end
$$;

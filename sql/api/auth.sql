-- Logging in and sessions. The api_auth functions belong to the auth process alone: it is the only one
-- that may read a password hash or a sealed secret. They are called with plain parameters, in this order:
--
--   api_auth.login_lookup(office, username, address)           user to check, or TOO_MANY
--   api_auth.login_failed(office_id, username, address, kind)  counts it: 'password' or 'code'
--   api_auth.code_lookup(office_id, user_id)                   the sealed secret, when codes are in use
--   api_auth.code_spend(office_id, user_id, step)              whether the code was not used before
--   api_auth.recovery_spend(office_id, user_id, code_hash, address)
--   api_auth.login_done(office_id, user_id, token_hash, address, new_hash, proof_key, certificate)
--   api_auth.owner(session_token, method)                      whose session this is, with the hash
--   api_auth.proved(session_token, method)
--   api_auth.password_history(session_token), password_change(session_token, new_hash)
--   api_auth.password_reset(session_token, user_id, new_hash)
--   api_auth.code_begin(session_token, pending), code_pending(session_token)
--   api_auth.code_confirm(session_token, step, recovery_hashes)
--   api_auth.resume_lookup(token), resume_done(token, address, certificate)

create type api.role_row as (role text, unit text, permit_type text);
create type api.session_reply as (
  token bytea, user_id bigint, username text, name text, office text, office_name text, roles api.role_row[],
  queues text[], language text, must_change_password boolean, expires_at bigint, time_zone text, must_enrol boolean);
create type api.ping_reply as (now_at bigint, counter bigint, roles api.role_row[], queues text[]);
create type api_auth.login as (office_id bigint, user_id bigint, password_hash text, username text, names text);

create function rule.role_rows(office_id bigint, user_id bigint)
returns api.role_row[]
language plpgsql stable
as $$
begin
  return (
  select coalesce(array_agg((r.role, u.code, p.code)::api.role_row order by r.role, u.code, p.code), '{}')
    from identity.user_role r
    left join catalogue.unit u on u.office_id = r.office_id and u.unit_id = r.unit_id
    left join catalogue.permit_type p on p.office_id = r.office_id and p.permit_type_id = r.permit_type_id
   where r.office_id = role_rows.office_id and r.user_id = role_rows.user_id);
end
$$;

-- The same as they are today: with the roles that absent people left to this person.
create function rule.present_role_rows(office_id bigint, user_id bigint)
returns api.role_row[]
language plpgsql stable
as $$
begin
  return (
  select coalesce(array_agg((r.role, u.code, p.code)::api.role_row order by r.absent_id is not null, r.role, u.code, p.code), '{}')
    from rule.roles_of(office_id, user_id) r
    left join catalogue.unit u on u.office_id = present_role_rows.office_id and u.unit_id = r.unit_id
    left join catalogue.permit_type p on p.office_id = present_role_rows.office_id and p.permit_type_id = r.permit_type_id);
end
$$;

create function rule.user_queues(office_id bigint, user_id bigint)
returns text[]
language plpgsql stable
as $$
begin
  return (
  select array_append(coalesce(array_agg(distinct rule.queue_name(user_queues.office_id, r.role,
                    case when r.role in ('technical_coordinator', 'surveyor') then r.unit_id end)), '{}'), 'user/' || user_queues.user_id)
    from rule.roles_of(office_id, user_id) r
   where r.role not in ('admin', 'auditor', 'manager', 'complaints_officer'));
end
$$;

create function rule.session_reply(office_id bigint, user_id bigint, expires_at timestamptz)
returns api.session_reply
language plpgsql stable
as $$
begin
  return (
  select (null, u.user_id, u.username, u.name, o.code, o.name, rule.present_role_rows(u.office_id, u.user_id),
          rule.user_queues(u.office_id, u.user_id), u.language, u.must_change_password,
          rule.to_seconds(session_reply.expires_at), o.time_zone, rule.must_enrol(u.office_id, u.user_id))::api.session_reply
    from identity.user_account u
    join catalogue.office o on o.office_id = u.office_id
   where u.office_id = session_reply.office_id and u.user_id = session_reply.user_id);
end
$$;

-- What failures are counted by. A home line of IPv6 has 2^64 addresses: its network counts as one.
create function rule.address_key(address text)
returns text
language sql immutable
as $$
  select case when address like '::ffff:%.%' then substr(address, 8)
              when address like '%:%' then network(set_masklen(address::inet, 64))::text
              else address end;
$$;

-- TOO_MANY after 5 failures of an account from one address, or 50 from an address, in 15 minutes. Whoever logged in
-- at that address before is not stopped by what others do there; whoever tries elsewhere stops nobody here.
create function rule.refuse_too_many(office_id bigint, user_id bigint, username text, address text)
returns void
language plpgsql
as $$
declare
  place text := rule.address_key(address);
  first_at timestamptz;
begin
  select max(x.at) into first_at
    from (select a.at from identity.login_attempt a
           where a.office_id = refuse_too_many.office_id and a.username = lower(refuse_too_many.username)
             and a.address = place and a.at > now() - interval '15 minutes'
           order by a.at desc offset 4 limit 1) x;
  if first_at is null and not exists (
       select from identity.known_address k
        where k.office_id = refuse_too_many.office_id and k.user_id = refuse_too_many.user_id and k.address = place) then
    select x.at into first_at
      from (select a.at from identity.login_attempt a
             where a.address = place and a.at > now() - interval '15 minutes'
             order by a.at desc offset 49 limit 1) x;
  end if;
  if first_at is not null then
    perform rule.fail(14, null, 'Too many failed attempts: try again in %s minutes',
                      ceil(extract(epoch from first_at + interval '15 minutes' - now()) / 60)::int::text,
                      (extract(epoch from first_at + interval '15 minutes' - now()) * 1000)::int);
  end if;
end
$$;

-- What a user's password must not be made of.
create function rule.names_of(o catalogue.office, u identity.user_account)
returns text
language sql immutable
as $$ select concat_ws(' ', u.username, u.name, o.code, o.name, o.city); $$;

-- Whom the password is to be checked against. An unknown user gives a row without user_id: the caller then
-- checks against a dummy, so that the answer takes as long.
create function api_auth.login_lookup(office text, username text, address text)
returns api_auth.login
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  reply api_auth.login;
begin
  reply.office_id := rule.public_office(nullif(office, ''));
  select u.user_id, c.password_hash, u.username into reply.user_id, reply.password_hash, reply.username
    from identity.user_account u
    join identity.credential c on c.office_id = u.office_id and c.user_id = u.user_id
    join catalogue.office o on o.office_id = u.office_id
   where u.office_id = reply.office_id and u.username = lower(login_lookup.username) and u.active
     and (not u.demonstration or o.demonstration);
  perform rule.refuse_too_many(reply.office_id, reply.user_id, username, address);
  return reply;
end
$$;

create function api_auth.login_failed(office_id bigint, username text, address text, kind text)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  insert into identity.login_attempt (office_id, username, address, kind)
  values (office_id, lower(left(coalesce(username, ''), 40)), rule.address_key(address), kind);
  perform rule.record((office_id, null, left(coalesce(username, '?'), 40), address, 'auth.login', null, null, null)::rule.who,
                      'login_failed', detail => case when kind = 'code' then '{"kind":"code"}'::jsonb end);
end
$$;

-- The secret of a user whose codes are in use; no row otherwise. TOO_MANY after 20 wrong codes in an hour, from
-- wherever: who gets that far has the password, and a code has only a million values.
create function api_auth.code_lookup(office_id bigint, user_id bigint)
returns setof bytea
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  if (select count(*) >= 20 from identity.login_attempt a
       where a.office_id = code_lookup.office_id and a.kind = 'code' and a.at > now() - interval '1 hour'
         and a.username = (select u.username from identity.user_account u
                            where u.office_id = code_lookup.office_id and u.user_id = code_lookup.user_id)) then
    perform rule.fail(14, 'code', 'Too many wrong codes: somebody knows your password. Tell the administrator, and try again in an hour',
                      null, 3600000);
  end if;
  return query
    select c.secret from identity.one_time_code c
     where c.office_id = code_lookup.office_id and c.user_id = code_lookup.user_id and c.confirmed_at is not null;
end
$$;

-- A code counts once: false when this step or a later one was used.
create function api_auth.code_spend(office_id bigint, user_id bigint, step bigint)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  update identity.one_time_code c set last_step = step
   where c.office_id = code_spend.office_id and c.user_id = code_spend.user_id and c.last_step < step;
  return found;
end
$$;

create function api_auth.recovery_spend(office_id bigint, user_id bigint, code_hash bytea, address text)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  update identity.recovery_code c set used_at = now()
   where c.office_id = recovery_spend.office_id and c.user_id = recovery_spend.user_id
     and c.code_hash = recovery_spend.code_hash and c.used_at is null;
  if not found then
    return false;
  end if;
  perform rule.record((office_id, user_id, rule.user_name(office_id, user_id), address, 'auth.login', null, null, null)::rule.who,
                      'recovery_code_used');
  return true;
end
$$;

-- Opens a session of 12 hours. `new_hash`, when given, replaces the stored one (its parameters rose).
create function api_auth.login_done(office_id bigint, user_id bigint, token_hash bytea, address text, new_hash text,
                                    proof_key bytea, certificate text)
returns api.session_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  ends_at timestamptz := now() + interval '12 hours';
  who rule.who;
begin
  perform rule.work_for(office_id, null);
  insert into session.session (token_hash, office_id, user_id, address, expires_at, proof_key, proved_at, certificate)
  values (token_hash, office_id, user_id, address, ends_at, proof_key, now(), certificate);
  update identity.user_account u set last_login_at = now()
   where u.office_id = login_done.office_id and u.user_id = login_done.user_id
  returning u.name into who.name;
  if new_hash is not null then
    update identity.credential c set password_hash = new_hash
     where c.office_id = login_done.office_id and c.user_id = login_done.user_id;
  end if;
  delete from identity.login_attempt a using identity.user_account u
   where u.office_id = login_done.office_id and u.user_id = login_done.user_id
     and a.office_id = u.office_id and a.username = u.username and a.address = rule.address_key(login_done.address);
  insert into identity.known_address (office_id, user_id, address)
  values (office_id, user_id, coalesce(rule.address_key(address), ''))
  on conflict on constraint known_address_pkey do update set last_at = now();
  who.office_id := office_id;
  who.user_id := user_id;
  who.address := address;
  perform rule.record(who, 'login', detail => case when certificate is not null
                                                   then jsonb_build_object('certificate', certificate) end);
  return rule.session_reply(office_id, user_id, ends_at);
end
$$;

-- Whose session this is, for a method that asks for their password (or code) again.
create function api_auth.owner(session_token bytea, method text)
returns api_auth.login
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, method);
  u identity.user_account;
  o catalogue.office;
begin
  select x.* into u from identity.user_account x where x.office_id = who.office_id and x.user_id = who.user_id;
  select x.* into o from catalogue.office x where x.office_id = who.office_id;
  perform rule.refuse_too_many(who.office_id, who.user_id, u.username, who.address);
  return (who.office_id, who.user_id,
          (select c.password_hash from identity.credential c
            where c.office_id = who.office_id and c.user_id = who.user_id),
          u.username, rule.names_of(o, u))::api_auth.login;
end
$$;

-- The person at the keyboard proved again who they are.
create function api_auth.proved(session_token bytea, method text)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, method);
begin
  update session.session s set proved_at = now() where s.token_hash = sha256(session_token);
  delete from identity.login_attempt a using identity.user_account u
   where u.office_id = who.office_id and u.user_id = who.user_id
     and a.office_id = u.office_id and a.username = u.username and a.address = rule.address_key(who.address);
  perform rule.record(who, case method when 'auth.unlock' then 'unlocked' else 'proved' end);
end
$$;

-- The hashes of the passwords before this one.
create function api_auth.password_history(session_token bytea)
returns setof text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'auth.change_password');
begin
  return query
    select h.password_hash from identity.password_history h
     where h.office_id = who.office_id and h.user_id = who.user_id
     order by h.history_id desc;
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
  perform rule.set_password(who.office_id, who.user_id, new_hash);
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
  perform rule.set_password(who.office_id, user_id, new_hash);
  update session.session s set ended_at = now()
   where s.office_id = who.office_id and s.user_id = password_reset.user_id and s.ended_at is null;
  perform rule.record(who, 'password_reset', detail => jsonb_build_object('user_id', user_id));
end
$$;

-- A new secret for one-time codes, sealed. What was in use stays in use until a code of the new one came.
create function api_auth.code_begin(session_token bytea, pending bytea)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'auth.code_begin');
begin
  insert into identity.one_time_code as c (office_id, user_id, pending)
  values (who.office_id, who.user_id, pending)
  on conflict on constraint one_time_code_pkey do update set pending = excluded.pending;
  perform rule.record(who, 'codes_begun');
end
$$;

create function api_auth.code_pending(session_token bytea)
returns bytea
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'auth.code_confirm');
  reply bytea;
begin
  select c.pending into reply
    from identity.one_time_code c
   where c.office_id = who.office_id and c.user_id = who.user_id;
  if reply is null then
    perform rule.fail(11, 'code', 'There is nothing to confirm: begin again');
  end if;
  return reply;
end
$$;

-- The user's telephone makes the right codes: they are asked for from now on. Old recovery codes end.
create function api_auth.code_confirm(session_token bytea, step bigint, recovery_hashes bytea[])
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'auth.code_confirm');
begin
  update identity.one_time_code c
     set secret = c.pending, pending = null, confirmed_at = now(), last_step = step
   where c.office_id = who.office_id and c.user_id = who.user_id and c.pending is not null;
  if not found then
    perform rule.fail(11, 'code', 'There is nothing to confirm: begin again');
  end if;
  delete from identity.recovery_code c where c.office_id = who.office_id and c.user_id = who.user_id;
  insert into identity.recovery_code (office_id, user_id, code_hash)
  select who.office_id, who.user_id, h from unnest(recovery_hashes) h;
  update session.session s set ended_at = now()
   where s.office_id = who.office_id and s.user_id = who.user_id and s.ended_at is null
     and s.token_hash <> sha256(session_token);
  perform rule.record(who, 'codes_confirmed');
end
$$;

-- The session of a token, for a new connection. NOT_LOGGED_IN.
create function rule.resumable(token bytea)
returns session.session
language plpgsql
as $$
declare
  s session.session;
begin
  select x.* into s
    from session.session x
   where x.token_hash = sha256(resumable.token) and x.ended_at is null and x.expires_at > now()
     and x.last_seen_at > now() - interval '8 hours'
     and exists (select from identity.user_account u
                  where u.office_id = x.office_id and u.user_id = x.user_id and u.active);
  if not found then
    perform rule.fail(4, 'token', 'Log in first');
  end if;
  perform rule.work_for(s.office_id, null);
  if s.by_certificate and not rule.certificate_suffices(s.office_id, s.user_id) then
    perform rule.fail(4, 'token', 'Log in first');
  end if;
  return s;
end
$$;

-- The key that must have signed for the new connection; null when there is none.
create function api_auth.resume_lookup(token bytea)
returns bytea
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  s session.session := rule.resumable(token);
begin
  return s.proof_key;
end
$$;

create function api_auth.resume_done(token bytea, address text, certificate text)
returns api.session_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  s session.session := rule.resumable(token);
begin
  if s.address is distinct from resume_done.address then
    perform rule.record((s.office_id, s.user_id, rule.user_name(s.office_id, s.user_id), resume_done.address, 'auth.resume', null, null, null)::rule.who,
                        'session_moved', detail => jsonb_build_object('from', s.address));
  end if;
  update session.session x set address = resume_done.address, certificate = resume_done.certificate, last_seen_at = now()
   where x.token_hash = s.token_hash;
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

-- Is the line alive, did a queue change that no event told of, and which roles are there by now?
create function api.session_ping(session_token bytea)
returns api.ping_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'session.ping');
begin
  return (rule.to_seconds(now()), rule.last_event(who.office_id), rule.present_role_rows(who.office_id, who.user_id),
          rule.user_queues(who.office_id, who.user_id))::api.ping_reply;
end
$$;

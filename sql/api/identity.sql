-- One's own sessions, everybody's for the administrator, and what waits for a second administrator.

create type api.session_row as (
  session_id bigint, address text, since_at bigint, seen_at bigint, this_one boolean, certificate text);
create type api.session_list_reply as (sessions api.session_row[]);
create type api.account_change_row as (
  change_id bigint, kind text, user_id bigint, username text, name text, before api.role_row[], after api.role_row[],
  reason text, asked_by text, asked_at bigint, mine boolean);
create type api.account_changes_reply as (changes api.account_change_row[]);

-- The open sessions of a user, the last used first.
create function rule.session_rows(office_id bigint, user_id bigint, session_token bytea)
returns api.session_row[]
language sql stable
as $$
  select array_agg((s.session_id, s.address, rule.to_seconds(s.created_at), rule.to_seconds(s.last_seen_at),
                    s.token_hash = sha256(session_token), s.certificate)::api.session_row
                   order by s.last_seen_at desc, s.session_id desc)
    from session.session s
   where s.office_id = session_rows.office_id and s.user_id = session_rows.user_id and s.ended_at is null
     and s.expires_at > now() and s.last_seen_at > now() - interval '8 hours';
$$;

create function api.session_list(session_token bytea)
returns api.session_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'session.list');
begin
  return row(rule.session_rows(who.office_id, who.user_id, session_token))::api.session_list_reply;
end
$$;

create function api.admin_sessions(session_token bytea, user_id bigint)
returns api.session_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'admin.sessions');
begin
  return row(rule.session_rows(who.office_id, user_id, session_token))::api.session_list_reply;
end
$$;

-- Ends one session; `owner` null: anybody's of the office. Its next request is refused.
create function rule.end_session(who rule.who, session_token bytea, session_id bigint, owner bigint)
returns void
language plpgsql
as $$
declare
  s session.session;
begin
  select x.* into s
    from session.session x
   where x.session_id = end_session.session_id and x.office_id = who.office_id and x.ended_at is null
     and (owner is null or x.user_id = owner)
     for update;
  if not found then
    perform rule.fail(9, 'session_id', 'This session is not there any more');
  end if;
  if s.token_hash = sha256(session_token) then
    perform rule.fail(11, 'session_id', 'This is the session that you are in: log out instead');
  end if;
  update session.session x set ended_at = now() where x.token_hash = s.token_hash;
  perform rule.record(who, 'session_ended',
                      detail => jsonb_build_object('session_id', s.session_id, 'user_id', s.user_id, 'address', s.address));
end
$$;

create function api.session_end(session_token bytea, idempotency_key bytea, session_id bigint)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'session.end');
  request jsonb := jsonb_build_array(session_id);
  before jsonb := rule.replay(who, idempotency_key, request);
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  perform rule.end_session(who, session_token, session_id, who.user_id);
  return rule.remember(who, idempotency_key, request, row(null::text[])::api.empty);
end
$$;

create function api.admin_session_end(session_token bytea, idempotency_key bytea, session_id bigint)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'admin.session_end');
  request jsonb := jsonb_build_array(session_id);
  before jsonb := rule.replay(who, idempotency_key, request);
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  perform rule.end_session(who, session_token, session_id, null);
  return rule.remember(who, idempotency_key, request, row(null::text[])::api.empty);
end
$$;

-- A lost telephone: one administrator asks, another decides.
create function api.admin_codes_reset(session_token bytea, idempotency_key bytea, user_id bigint, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'admin.codes_reset');
  request jsonb := jsonb_build_array(user_id, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  perform rule.need_proof(session_token);
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 2000);
  if not exists (select from identity.one_time_code c where c.office_id = who.office_id and c.user_id = admin_codes_reset.user_id) then
    perform rule.fail(11, 'user_id', 'This user has no one-time codes');
  end if;
  perform rule.ask_change(who, user_id, 'codes', null, reason);
  return rule.remember(who, idempotency_key, request, row(null::text[])::api.empty);
end
$$;

create function rule.role_rows_of(roles jsonb)
returns api.role_row[]
language sql immutable
as $$
  select coalesce(array_agg((x->>'role', x->>'unit', x->>'permit_type')::api.role_row), '{}')
    from jsonb_array_elements(coalesce(roles, '[]')) x;
$$;

create function api.admin_changes(session_token bytea)
returns api.account_changes_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'admin.changes');
begin
  return row((
    select array_agg((c.change_id, c.kind, c.user_id, u.username, u.name, rule.role_rows_of(c.roles_before),
                      rule.role_rows_of(c.roles_after), c.reason, rule.user_name(c.office_id, c.asked_by),
                      rule.to_seconds(c.asked_at), c.asked_by = who.user_id)::api.account_change_row order by c.change_id)
      from identity.account_change c
      join identity.user_account u on u.office_id = c.office_id and u.user_id = c.user_id
     where c.office_id = who.office_id and c.decided_at is null))::api.account_changes_reply;
end
$$;

-- Does what was asked. STALE when the user got other roles meanwhile.
create function rule.apply_change(who rule.who, c identity.account_change)
returns void
language plpgsql
as $$
begin
  if c.kind = 'codes' then
    perform rule.remove_codes(who, c.user_id);
    return;
  end if;
  perform from identity.user_account u where u.office_id = c.office_id and u.user_id = c.user_id for update;
  if to_jsonb(rule.role_rows(c.office_id, c.user_id)) <> c.roles_before then
    perform rule.fail(10, 'change_id', 'The roles have changed since this was asked for: reject it');
  end if;
  perform rule.save_roles(who, c.user_id, array(select r from rule.checked_roles(c.office_id, c.roles_after) r));
  update identity.user_account u set version = u.version + 1 where u.office_id = c.office_id and u.user_id = c.user_id;
end
$$;

-- Nobody approves what they asked for, and nobody decides about themselves. Who asked may take it back.
create function api.admin_change_decide(session_token bytea, idempotency_key bytea, change_id bigint, approve boolean, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'admin.change_decide');
  request jsonb := jsonb_build_array(change_id, approve, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  c identity.account_change;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  approve := coalesce(approve, false);
  perform rule.need_proof(session_token);
  select x.* into c
    from identity.account_change x
   where x.office_id = who.office_id and x.change_id = admin_change_decide.change_id
     for update;
  if not found then
    perform rule.fail(9, 'change_id', 'This change is not there any more');
  end if;
  if c.decided_at is not null then
    perform rule.fail(11, 'change_id', 'This change is decided already');
  end if;
  if c.user_id = who.user_id or approve and c.asked_by = who.user_id then
    perform rule.fail(5, 'change_id', 'Another administrator must decide this');
  end if;
  if approve then
    perform rule.apply_change(who, c);
  elsif c.asked_by <> who.user_id then
    reason := rule.text(rule.require(reason, 'reason'), 'reason', 2000);
  end if;
  update identity.account_change x
     set decided_by = who.user_id, decided_at = now(), approved = approve, decision_reason = admin_change_decide.reason
   where x.office_id = c.office_id and x.change_id = c.change_id;
  perform rule.record(who, case when approve then 'account_change_approved' else 'account_change_rejected' end, reason => reason,
                      detail => jsonb_build_object('change_id', c.change_id, 'user_id', c.user_id, 'kind', c.kind,
                                                   'asked_by', rule.user_name(c.office_id, c.asked_by)));
  return rule.remember(who, idempotency_key, request, row(null::text[])::api.empty);
end
$$;

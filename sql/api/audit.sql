-- The audit log, to be read; and the check of an application's chain of hashes.

create type api.audit_row as (
  event_id bigint, at bigint, actor text, role text, address text, action text, number text, detail text);
create type api.audit_list_reply as (rows api.audit_row[], next text);

-- What an event says in one line: from where to where, why, and the rest.
create function rule.event_line(e audit.event)
returns text
language plpgsql stable
as $$
begin
  return (
  select concat_ws(' | ', case when e.to_stage is not null then concat_ws(' → ', e.stage, e.to_stage) else e.stage end,
                   e.reason, (select string_agg(d.key || ': ' || d.value, ', ' order by d.key) from jsonb_each_text(e.detail) d)));
end
$$;

create function api.audit_list(session_token bytea, number text, username text, from_on text, until_on text, after text)
returns api.audit_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'audit.list');
  zone text := (select o.time_zone from catalogue.office o where o.office_id = who.office_id);
  begin_at timestamptz := rule.to_date(from_on, 'from_on')::timestamp at time zone zone;
  end_at timestamptz := (rule.to_date(until_on, 'until_on') + 1)::timestamp at time zone zone;
  before_id bigint := (rule.read_cursor(after, '^[0-9]{1,18}$'))[1]::bigint;
  page constant int := 50;
  wanted_application bigint;
  wanted_actor bigint;
  events audit.event[];
  reply api.audit_list_reply;
begin
  if nullif(number, '') is not null then
    select a.application_id into wanted_application
      from application.application a where a.office_id = who.office_id and a.number = audit_list.number;
    if not found then
      perform rule.fail(9, 'number', 'There is no such application');
    end if;
  end if;
  if nullif(username, '') is not null then
    select u.user_id into wanted_actor
      from identity.user_account u where u.office_id = who.office_id and u.username = lower(audit_list.username);
    if not found then
      perform rule.fail(9, 'username', 'There is no such user');
    end if;
  end if;
  -- only the conditions that are given: each has its index, and one plan for all of them would read through the log
  execute 'select array(select e from audit.event e where e.office_id = $1'
          || case when wanted_application is not null then ' and e.application_id = $2' else '' end
          || case when wanted_actor is not null then ' and e.actor_id = $3' else '' end
          || case when begin_at is not null then ' and e.at >= $4' else '' end
          || case when end_at is not null then ' and e.at < $5' else '' end
          || case when before_id is not null then ' and e.event_id < $6' else '' end
          || ' order by e.event_id desc limit $7)'
     into events
    using who.office_id, wanted_application, wanted_actor, begin_at, end_at, before_id, page + 1;
  reply.rows := (
    select array_agg((x.event_id, rule.to_seconds(x.at), x.actor, x.role, x.address, x.action,
                      (select a.number from application.application a
                        where a.office_id = x.office_id and a.application_id = x.application_id),
                      rule.event_line(x))::api.audit_row order by x.event_id desc)
      from unnest(events) x);
  if cardinality(reply.rows) > page then
    reply.rows := reply.rows[1:page];
    reply.next := (reply.rows[page]).event_id::text;
  end if;
  if before_id is null then
    perform rule.record(who, 'read_audit', wanted_application, chained => false,
                        detail => jsonb_strip_nulls(jsonb_build_object('user', nullif(username, ''))));
  end if;
  return reply;
end
$$;

-- The first event of an application whose hash does not fit, or null when the whole chain does, up to the hash
-- that the application itself keeps.
create function rule.chain_break(app application.application)
returns bigint
language plpgsql stable
as $$
declare
  e audit.event;
  previous bytea;
begin
  for e in
    select x.* from audit.event x
     where x.office_id = app.office_id and x.application_id = app.application_id and x.hash is not null
     order by x.event_id
  loop
    if e.previous_hash is distinct from previous
       or e.hash <> sha256(coalesce(previous, ''::bytea) || rule.event_bytes(e)) then
      return e.event_id;
    end if;
    previous := e.hash;
  end loop;
  return case when previous is distinct from app.last_hash then 0 end;
end
$$;

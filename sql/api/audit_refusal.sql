-- What did not become a step and is an event all the same: refusals, logins that were stopped, sessions that ended by themselves,
-- and readings of personal data. The functions that read call rule.record() themselves; here is what has no other place.

-- A call that was refused as FORBIDDEN, told by the worker after it was rolled back. A user's refusals are recorded up to 60
-- in an hour; the sixtieth says that the rest is not, so that nobody fills the log.
create type api.session_refused_reply as (recorded boolean);

create function api.session_refused(session_token bytea, method text, application_id bigint, field text, message text)
returns api.session_refused_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'session.refused');
  most constant int := 60;
  earlier bigint := (select count(*)
                       from (select from audit.event e
                              where e.office_id = who.office_id and e.actor_id = who.user_id and e.action = 'forbidden'
                                and e.at > now() - interval '1 hour'
                              limit most) x);
  known bigint := (select a.application_id from application.application a
                    where a.office_id = who.office_id and a.application_id = session_refused.application_id);
begin
  if earlier < most then
    perform rule.record(who, 'forbidden', known, reason => message, chained => false,
                        detail => jsonb_strip_nulls(jsonb_build_object('method', method, 'field', nullif(field, ''),
                                    'not_recorded_for', case when earlier = most - 1 then '1 hour' end)));
  end if;
  return row(earlier < most)::api.session_refused_reply;
end
$$;

-- A login that was stopped because too many failed before: once for an account and address in 15 minutes.
create function api_auth.login_blocked(office text, username text, address text)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  of_office bigint := rule.public_office(nullif(office, ''));
  who rule.who := (of_office, null, left(coalesce(username, '?'), 40), address, 'auth.login', null, null, null)::rule.who;
begin
  if not exists (select from audit.event e
                  where e.office_id = of_office and e.at > now() - interval '15 minutes'
                    and e.action = 'login_blocked' and e.actor = who.name and e.address = who.address) then
    perform rule.record(who, 'login_blocked');
  end if;
end
$$;

-- Sessions whose time is over end, and that is an event: nobody logged out.
create function rule.end_sessions()
returns void
language plpgsql
as $$
declare
  s record;
begin
  for s in
    update session.session x set ended_at = now()
     where x.ended_at is null and (x.expires_at <= now() or x.last_seen_at < now() - interval '8 hours')
    returning x.office_id, x.user_id, x.address, x.created_at
  loop
    perform rule.work_for(s.office_id, null);
    perform rule.record((s.office_id, s.user_id, rule.user_name(s.office_id, s.user_id), s.address, 'job.prune', null, null, null)::rule.who,
                        'session_ended', detail => jsonb_build_object('since', s.created_at));
  end loop;
end
$$;

-- What was looked for, in the log: an identity number is masked there as everywhere.
create function rule.search_detail(text text, hits bigint)
returns jsonb
language plpgsql immutable
as $$
declare
  number constant text := rule.number_of(text);
  digits constant text := regexp_replace(text, '[^0-9]', '', 'g');
begin
  return jsonb_build_object('found', hits, 'text',
    case when number ~ '^#[0-9a-f]{40}$' then rule.mask(number)
         when length(digits) >= 13 then rule.mask(digits)
         else regexp_replace(left(text, 100), '([[:alpha:]])[[:alpha:]]{2,}', '\1…', 'g') end);
end
$$;

-- Notices that did not go out: listed, and sent again by hand.

create type api.notice_row as (
  notice_id bigint, application_id bigint, number text, kind text, subject text, email text, state text, tries int, problem text,
  made_at bigint, next_try_at bigint);
create type api.notice_list_reply as (rows api.notice_row[]);

-- "bu***@kota.example": enough to see a typing mistake in what follows the @, for whoever looks after the mail alone.
create function rule.mask_email(email text)
returns text
language sql immutable
as $$ select regexp_replace(email, '^(.{1,2})[^@]*@', '\1***@') $$;

-- `filter`: 'failed' (the default), 'waiting' (put off, or never tried), 'sent'. Newest first.
create function api.notice_list(session_token bytea, filter text)
returns api.notice_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'notice.list');
  may_read boolean := who.roles && '{front_office,auditor}';
begin
  filter := coalesce(filter, 'failed');
  perform rule.is_one_of(filter, 'filter', 'failed', 'waiting', 'sent');
  return row((
    select array_agg((n.notice_id, n.application_id, a.number, n.kind, n.subject,
                      case when may_read then n.email else rule.mask_email(n.email) end, n.state, n.tries, n.problem,
                      rule.to_seconds(n.made_at), rule.to_seconds(n.next_try_at))::api.notice_row order by n.notice_id desc)
      from (select x.* from application.notice x
             where x.office_id = who.office_id and x.state = notice_list.filter
             order by x.notice_id desc
             limit 200) n
      join application.application a on a.office_id = n.office_id and a.application_id = n.application_id))::api.notice_list_reply;
end
$$;

-- To the address that the applicant has now: the one that failed may have been corrected since. Recorded in the application's chain.
create function api.notice_resend(session_token bytea, idempotency_key bytea, notice_id bigint)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'notice.resend');
  request jsonb := jsonb_build_array(notice_id);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  n application.notice;
  address text;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  select a.* into app
    from application.notice x
    join application.application a on a.office_id = x.office_id and a.application_id = x.application_id
   where x.office_id = who.office_id and x.notice_id = notice_resend.notice_id;
  if not found then
    perform rule.fail(9, 'notice_id', 'This notice is not there');
  end if;
  app := rule.lock_application(who, app.application_id, null);
  select x.* into n from application.notice x
   where x.office_id = who.office_id and x.notice_id = notice_resend.notice_id for update;
  if n.state = 'sent' then
    perform rule.fail(11, 'notice_id', 'This notice was sent already');
  end if;
  if n.state = 'waiting' and n.tries = 0 and n.email is not null then
    perform rule.fail(11, 'notice_id', 'This notice is about to be sent');
  end if;
  address := (select p.email from application.applicant p where p.office_id = app.office_id and p.applicant_id = app.applicant_id);
  if address is null then
    perform rule.fail(11, 'notice_id', 'This applicant has no e-mail address: call them');
  end if;
  update application.notice x
     set state = 'waiting', tries = 0, next_try_at = now(), problem = null, email = address
   where x.office_id = n.office_id and x.notice_id = n.notice_id;
  perform rule.record(who, 'resend_notice', app.application_id, app.stage, null, null,
                      jsonb_build_object('notice_id', n.notice_id, 'kind', n.kind, 'problem', n.problem));
  return rule.remember(who, idempotency_key, request,
    row(array[rule.announcement(who.office_id, 'system', null, app.application_id, rule.last_event(who.office_id))])::api.empty);
end
$$;

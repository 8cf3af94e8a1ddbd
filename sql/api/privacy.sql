-- A person's data: numbers seen whole as an act with a reason, and everything that the office knows given to the person who asks.

create type api.applicant_reveal_reply as (applicant api.applicant);
create type api.applicant_export_row as (section text, item text, name text, value text);
create type api.applicant_export_reply as (name text, rows api.applicant_export_row[]);

create function api.applicant_reveal(session_token bytea, application_id bigint, reason text)
returns api.applicant_reveal_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'applicant.reveal');
  app application.application := rule.readable_application(who, application_id);
begin
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 500);
  if length(reason) < 10 then
    perform rule.fail(7, 'reason', 'Say in at least %s characters what the number is needed for', '10');
  end if;
  perform rule.record(who, 'reveal_number', app.application_id, app.stage, null, reason,
                      jsonb_build_object('applicant_id', app.applicant_id), chained => false);
  return row(rule.applicant_row(app.office_id, app.applicant_id, true))::api.applicant_reveal_reply;
end
$$;

-- Whose data this is, and what was done with them: the parts of an export, each as rows.
create function rule.export_applicant(a application.applicant)
returns setof api.applicant_export_row
language sql stable
as $$
  select 'applicant', '', x.key, x.value
    from jsonb_each_text(to_jsonb(rule.as_applicant(a))) x where x.key <> 'applicant_id' and x.value is not null
  union all
  select 'earlier', h.at::text, x.key, x.value
    from unnest(rule.applicant_history_rows(a)) h
   cross join lateral jsonb_each_text(to_jsonb(h.before)) x
   where x.key <> 'applicant_id' and x.value is not null;
$$;

create function rule.export_application(app application.application)
returns setof api.applicant_export_row
language sql stable
as $$
  select 'application', app.number, x.key, x.value
    from jsonb_each_text(jsonb_build_object(
           'permit_type', (rule.version_of(app)).name, 'kind', app.kind, 'submitted_at', app.submitted_at, 'promised_on', app.promised_on,
           'stage', rule.stage_name(app, app.stage), 'outcome', app.outcome, 'location', app.location, 'priority', app.priority,
           'decision_reason', app.decision_reason, 'decision_rule', app.decision_rule, 'closed_at', app.closed_at)) x
   where x.value is not null
  union all
  select 'form', app.number, f.label, f.value from unnest(rule.field_rows(app)) f where f.value is not null
  union all
  select 'requirement', app.number, r.name, r.document_number from unnest(rule.requirement_rows(app)) r where r.present
  union all
  select 'document', app.number, d.name, concat_ws(' ', b.media_type, b.size, encode(b.sha256, 'hex'))
    from document.document d
    join document.content b on b.office_id = d.office_id and b.content_id = d.content_id
   where d.office_id = app.office_id and d.application_id = app.application_id and not d.preview
  union all
  select 'permit', app.number, p.number, concat_ws(' ', p.issued_on, p.valid_until_on, rule.permit_status(p))
    from application.permit p where p.office_id = app.office_id and p.application_id = app.application_id
  union all
  select 'handover', app.number, h.recipient, rule.shown(h.office_id, h.recipient_nik)
    from application.handover h where h.office_id = app.office_id and h.application_id = app.application_id
  union all
  select 'notice', app.number, n.subject, n.text
    from application.notice n where n.office_id = app.office_id and n.application_id = app.application_id
  union all
  (select 'access', app.number, concat_ws(' ', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), e.action), concat_ws(', ', e.actor, e.role, e.reason)
     from audit.event e
    where e.office_id = app.office_id and e.application_id = app.application_id
      and e.action in ('view', 'view_applicant', 'read_document', 'reveal_number', 'export_data')
    order by e.event_id desc limit 500);
$$;

create function api.applicant_export(session_token bytea, application_id bigint, reason text)
returns api.applicant_export_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'applicant.export');
  app application.application := rule.readable_application(who, application_id);
  a application.applicant;
  reply api.applicant_export_reply;
begin
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 500);
  select x.* into a from application.applicant x where x.office_id = app.office_id and x.applicant_id = app.applicant_id;
  perform rule.record(who, 'export_data', app.application_id, app.stage, null, reason,
                      jsonb_build_object('applicant_id', a.applicant_id), chained => false);
  reply.name := a.name;
  select array_agg(x.x) into reply.rows
    from (select r from rule.export_applicant(a) r
          union all
          select r from application.application y cross join lateral rule.export_application(y) r
           where y.office_id = a.office_id and y.applicant_id = a.applicant_id) x(x);
  return reply;
end
$$;

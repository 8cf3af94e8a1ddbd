-- A further permit in a visit: what its application may begin with.

create function rule.visit_rows(office_id bigint, visit_id bigint)
returns api.visit_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((a.number, (rule.version_of(a)).name, rule.stage_name(a, a.stage), a.outcome, a.promised_on::text,
                    coalesce(rule.levy_estimate(a), 0))::api.visit_row order by a.application_id)
    from application.application a where a.office_id = visit_rows.office_id and a.visit_id = visit_rows.visit_id);
end
$$;

-- What a receipt says of it.
create function rule.visit_data(app application.application)
returns jsonb
language sql stable
as $$
  select coalesce((select jsonb_build_object('visit', jsonb_build_object('code', v.code), 'applications', (
                            select jsonb_agg(jsonb_build_object('number', r.number, 'name', r.permit_name, 'promised_on', r.promised_on, 'fee', r.fee))
                              from unnest(rule.visit_rows(v.office_id, v.visit_id)) r))
                     from rule.visit_of(app) v where v.visit_id is not null), '{}');
$$;

create function api.intake_beside(session_token bytea, application_id bigint, pin text)
returns api.intake_renewal_of_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'intake.beside');
  app application.application := rule.first_of_visit(who, application_id, pin);
  r api.intake_renewal_of_reply;
begin
  r.applicant := rule.applicant_row(app.office_id, app.applicant_id, true);
  r.location := app.location;
  r.requirements := (
    select array_agg((x.code, true, x.document_number, x.issued_on::text, x.valid_until_on::text)::api.requirement_entry order by x.code)
      from (select distinct on (q.code) q.*
              from application.requirement q
              join application.application a on a.office_id = q.office_id and a.application_id = q.application_id
             where q.office_id = app.office_id and q.present and (a.application_id = app.application_id or a.visit_id = app.visit_id)
             order by q.code, q.application_id) x);
  perform rule.record(who, 'view', app.application_id, chained => false);
  return r;
end
$$;

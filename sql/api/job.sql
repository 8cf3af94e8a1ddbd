-- The job process: numbers and issues what was decided, and clears away what nobody needs any more.
-- It reads a decision, it never makes one.

-- "503/{NNNN}/{J}/{MM}/{YYYY}" filled in: as many digits as N's, the permit type, the month in Roman numerals.
create function rule.format_number(pattern text, running int, permit_type text, day date)
returns text
language plpgsql immutable
as $$
declare
  width int := length((regexp_match(pattern, '\{(N+)\}'))[1]);
begin
  pattern := regexp_replace(pattern, '\{N+\}', lpad(running::text, greatest(width, length(running::text)), '0'));
  pattern := replace(pattern, '{J}', permit_type);
  pattern := replace(pattern, '{DD}', to_char(day, 'DD'));
  pattern := replace(pattern, '{MM}', btrim(to_char(day, 'RM')));
  pattern := replace(pattern, '{mm}', to_char(day, 'MM'));
  return replace(pattern, '{YYYY}', to_char(day, 'YYYY'));
end
$$;

-- The next number of a permit type and year. Refusal letters and decrees of revocation are counted apart and marked, so that
-- permits have no gaps. Types whose pattern does not name the type share a count; a pattern without the year counts on for ever.
create function rule.next_permit_number(v catalogue.permit_type_version, kind text, day date)
returns text
language plpgsql
as $$
declare
  code text := (select t.code from catalogue.permit_type t
                 where t.office_id = v.office_id and t.permit_type_id = v.permit_type_id);
  pattern text := v.number_pattern;
  series text;
begin
  pattern := pattern || case kind when 'refusal' then '/TOLAK' when 'revocation' then '/CABUT' else '' end;
  series := kind || ':' || case when position('{J}' in pattern) > 0 then code else pattern end;
  return rule.format_number(pattern, rule.next_number(v.office_id, series,
           case when position('{YYYY}' in pattern) > 0 then extract(year from day)::int else 0 end), code, day);
end
$$;

-- The permit, the refusal letter or the decree of revocation of a decided application, and the step that follows.
create function rule.issue(app application.application, stage workflow.stage)
returns text[]
language plpgsql
as $$
declare
  v catalogue.permit_type_version := rule.version_of(app);
  p application.permit;
  signer bigint := coalesce(app.changed_by, rule.head_for(app));   -- who decided; nobody did what counts as granted
  step api.step_reply;
  electronic boolean;
begin
  p.kind := case when stage.kind = 'refuse' then 'refusal' when app.kind = 'revoke' then 'revocation' else 'permit' end;
  p.issued_on := rule.office_date(app.office_id);
  if p.kind = 'permit' then
    p.valid_until_on := rule.valid_until(app, p.issued_on);
  end if;
  p.number := rule.next_permit_number(v, p.kind, p.issued_on);
  insert into application.permit (office_id, application_id, permit_type_id, kind, number, issued_on, valid_until_on, code)
  values (app.office_id, app.application_id, app.permit_type_id, p.kind, p.number, p.issued_on, p.valid_until_on, rule.random_code())
  returning * into p;
  if p.kind = 'permit' and app.kind in ('renewal', 'change') then
    update application.permit x set status = 'replaced'
     where x.office_id = app.office_id and x.number = app.previous_permit and x.permit_type_id = app.permit_type_id
       and x.kind = 'permit' and x.status = 'current';
  end if;
  step := rule.advance(rule.system_who(app.office_id, 'job.issue'), app, 'issue', null,
                       jsonb_build_object('number', p.number, 'valid_until_on', p.valid_until_on));
  select a.* into app from application.application a where a.office_id = app.office_id and a.application_id = app.application_id;
  electronic := (rule.stage_of(app)).kind = 'sign';
  perform rule.produce(rule.system_who(app.office_id, 'job.issue'), app, k, rule.decision_data(app, p, signer, electronic),
                       signer_id => case when electronic then signer end)
     from unnest(case p.kind when 'permit' then '{decree,permit}' else array[p.kind] end::text[]) k
    where stage.produces = '{}' or k = any (stage.produces) or k = 'revocation';
  if p.kind = 'revocation' and not electronic then
    perform rule.revoke_permit(app);   -- signed by hand
  end if;
  if electronic then
    -- who decided signs: the work is theirs from the start
    perform rule.hold_task(rule.system_who(app.office_id, 'job.issue'), t, signer, 'assign', null, jsonb_build_object('to', signer))
       from application.task t
      where t.office_id = app.office_id and t.application_id = app.application_id and t.closed_at is null;
  end if;
  return step.announce;
end
$$;

-- Issues the next decided application of any office and returns what to announce; null when nothing is due. Any number
-- of job processes may ask at once. What cannot be issued is passed over, with a warning in the database's log.
create function api_job.issue_next()
returns text[]
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office catalogue.office;
  due record;
  app application.application;
begin
  for office in select o.* from catalogue.office o order by o.office_id loop
    perform rule.work_for(office.office_id, null);
    for due in
      select t.application_id, t.task_id
        from application.task t
       where t.office_id = office.office_id and t.role = 'system' and t.closed_at is null
       order by t.urgent desc, t.due_on, t.task_id
    loop
      begin
        select a.* into app
          from application.application a
         where a.office_id = office.office_id and a.application_id = due.application_id
           and exists (select from application.task t
                        where t.office_id = office.office_id and t.task_id = due.task_id and t.closed_at is null)
           for no key update skip locked;
        continue when not found or (rule.stage_of(app)).kind not in ('issue', 'refuse');
        return rule.issue(app, rule.stage_of(app));
      exception
        when others then
          raise warning 'application % of office % cannot be issued: %', due.application_id, office.code, sqlerrm;
      end;
    end loop;
  end loop;
  return null;
end
$$;

-- Removes answers older than 7 days, sessions that ended, and counted failures that no limit looks at any more. Versions
-- of rules whose day has come begin here too, when nobody took in an application yet.
create function api_job.prune()
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office catalogue.office;
begin
  perform rule.end_sessions();
  for office in select o.* from catalogue.office o loop
    perform rule.work_for(office.office_id, null);
    delete from session.answer a where a.office_id = office.office_id and a.at < now() - interval '7 days';
    delete from identity.known_address k where k.office_id = office.office_id and k.last_at < now() - interval '90 days';
    perform rule.prune_documents(office.office_id);
    perform rule.begin_versions(office.office_id);
  end loop;
  delete from session.session s where s.expires_at < now() - interval '1 day';
  delete from session.session s where s.ended_at < now() - interval '1 day';
  delete from identity.login_attempt a where a.at < now() - interval '1 day';
  delete from application.track_attempt a where a.at < now() - interval '2 days';
end
$$;

-- Makes the table of next year's events, long before it is needed. It waits only for who reads events at the moment, and not for long:
-- the next round tries again.
create function api_job.make_audit_year()
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '1s'
as $$
begin
  call audit.make_year(extract(year from now() at time zone 'UTC')::int + 1);
end
$$;

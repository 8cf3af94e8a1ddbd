-- The archive: where the file lies and until when it is kept.

create function api.archive_file(session_token bytea, idempotency_key bytea, application_id bigint, version int,
                                 classification text, room text, shelf text, box text, folder text,
                                 active_years int, inactive_years int)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'archive.file');
  request jsonb := jsonb_build_array(application_id, version, classification, room, shelf, box, folder, active_years, inactive_years);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  f application.archive_file;
  v catalogue.permit_type_version;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  app := rule.lock_application(who, application_id, version);
  perform rule.take_task(who, app, 'archive');
  v := rule.version_of(app);
  f.classification := rule.text(rule.require(classification, 'classification'), 'classification', 60);
  f.room := rule.text(rule.require(room, 'room'), 'room', 60);
  f.shelf := rule.text(shelf, 'shelf', 60);
  f.box := rule.text(rule.require(box, 'box'), 'box', 60);
  f.folder := rule.text(folder, 'folder', 60);
  if coalesce(active_years, 0) not between 1 and 100 then
    perform rule.fail(7, 'active_years', 'Give 1 to 100 years');
  end if;
  if coalesce(inactive_years, -1) not between 0 and 100 then
    perform rule.fail(7, 'inactive_years', 'Give 0 to 100 years');
  end if;
  if active_years < v.active_years then
    perform rule.fail(7, 'active_years', 'The retention schedule says at least %s years', v.active_years::text);
  end if;
  if inactive_years < v.inactive_years then
    perform rule.fail(7, 'inactive_years', 'The retention schedule says at least %s years', v.inactive_years::text);
  end if;
  f.active_until_on := (rule.office_date(app.office_id) + make_interval(years => active_years))::date;
  f.retain_until_on := (f.active_until_on + make_interval(years => inactive_years))::date;
  insert into application.archive_file (office_id, application_id, classification, room, shelf, box, folder,
                                        active_until_on, retain_until_on, filed_by)
  values (app.office_id, app.application_id, f.classification, f.room, f.shelf, f.box, f.folder,
          f.active_until_on, f.retain_until_on, who.user_id);
  return rule.remember(who, idempotency_key, request,
    rule.advance(who, app, 'file', null, jsonb_build_object('classification', f.classification, 'room', f.room,
                 'shelf', f.shelf, 'box', f.box, 'folder', f.folder, 'retain_until_on', f.retain_until_on)));
end
$$;

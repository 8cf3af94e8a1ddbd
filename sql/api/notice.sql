-- Notices: what the applicant is told, in Indonesian, made from small texts here. A notice is a row first, whatever becomes of
-- the mail: it stands in the application's history.

-- "24 November 2026"
create function rule.date_words(day date)
returns text
language sql immutable
as $$
  select concat_ws(' ', extract(day from day),
                   ('{Januari,Februari,Maret,April,Mei,Juni,Juli,Agustus,September,Oktober,November,Desember}'::text[])[extract(month from day)::int],
                   extract(year from day));
$$;

-- What was returned: fields, then documents with what is wrong with them.
create function rule.returned_rows(app application.application)
returns api.missing_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((x.code, concat_ws(': ', x.name, x.why))::api.missing_row order by x.part, x.position)
    from (select 1 as part, f.position, f.code, f.label as name, null as why
            from application.field_value s
            join catalogue.form_field f on f.office_id = s.office_id and f.permit_type_id = app.permit_type_id
                                       and f.version = app.permit_version and f.code = s.code
           where s.office_id = app.office_id and s.application_id = app.application_id and s.returned
          union all
          select 2, c.position, c.code, c.name, s.reason
            from application.requirement s
            join catalogue.requirement c on c.office_id = s.office_id and c.permit_type_id = app.permit_type_id
                                        and c.version = app.permit_version and c.code = s.code
           where s.office_id = app.office_id and s.application_id = app.application_id and s.returned) x);
end
$$;

-- Until when a returned application may be answered; null while the clock runs.
create function rule.lapse_on(app application.application)
returns date
language plpgsql stable
as $$
begin
  return (
  select rule.add_working_days(app.office_id, rule.office_date(app.office_id, app.stopped_at), v.lapse_days)
    from rule.version_of(app) v where app.stopped_at is not null);
end
$$;

create function rule.notice_subject(app application.application, kind text)
returns text
language sql immutable
as $$
  select format(case kind when 'registered' then 'Permohonan %s diterima'
                          when 'returned' then 'Permohonan %s perlu dilengkapi'
                          when 'decided' then 'Keputusan atas permohonan %s'
                          when 'ready' then 'Hasil permohonan %s dapat diambil'
                          when 'lapse_reminder' then 'Pengingat: permohonan %s belum dilengkapi'
                          when 'lapsed' then 'Permohonan %s dinyatakan gugur'
                          when 'permit_ends' then 'Izin dari permohonan %s segera berakhir' end, app.number);
$$;

-- The part of a notice that is its own.
create function rule.notice_body(app application.application, kind text)
returns text
language plpgsql stable
as $$
begin
  return (
  select case notice_body.kind
    when 'registered' then format(
      'Permohonan Anda untuk %s telah diterima dengan nomor %s. Janji layanan: selesai paling lambat %s (%s hari kerja). '
      'Ikuti permohonan Anda dengan nomor ini dan PIN pada tanda terima.',
      v.name, app.number, rule.date_words(app.promised_on), app.service_days)
    when 'returned' then concat_ws(E'\n', format('Permohonan Anda nomor %s belum dapat diproses. Mohon melengkapi:', app.number),
      (select string_agg('- ' || r.name, E'\n') from unnest(rule.returned_rows(app)) r), app.return_note,
      format('Waktu layanan berhenti sampai Anda melengkapinya. Tanpa jawaban sampai %s permohonan dinyatakan gugur.',
             rule.date_words(rule.lapse_on(app))))
    when 'decided' then case app.outcome when 'approved' then case
        when app.decision_rule is null then format('Permohonan Anda nomor %s untuk %s disetujui.', app.number, v.name)
        else format('Permohonan Anda nomor %s untuk %s dianggap dikabulkan karena tidak diputuskan dalam waktu yang dijanjikan. Dasar: %s',
                    app.number, v.name, app.decision_rule) end
      else concat_ws(E'\n', format('Permohonan Anda nomor %s untuk %s ditolak.', app.number, v.name),
                     'Alasan: ' || app.decision_reason, 'Dasar: ' || app.decision_rule) end
    when 'ready' then format('%s nomor %s dapat diambil di kantor kami pada jam kerja. Bawalah kartu identitas.',
      case p.kind when 'refusal' then 'Surat penolakan' else 'Izin' end, p.number)
    when 'lapse_reminder' then format('Permohonan Anda nomor %s dikembalikan dan belum dilengkapi. Tanpa jawaban sampai %s permohonan '
      'dinyatakan gugur.', app.number, rule.date_words(rule.lapse_on(app)))
    when 'lapsed' then format('Permohonan Anda nomor %s dinyatakan gugur karena tidak dilengkapi dalam %s hari kerja. Anda dapat mengajukan '
      'permohonan baru kapan saja.', app.number, v.lapse_days)
    when 'permit_ends' then format('Izin Anda nomor %s (%s) berlaku sampai %s. Ajukan perpanjangan sebelum berakhir bila masih '
      'diperlukan.', p.number, v.name, rule.date_words(p.valid_until_on)) end
    from rule.version_of(app) v
    left join application.permit p on p.office_id = app.office_id and p.application_id = app.application_id);
end
$$;

-- Writes a notice, once for each kind and occasion. True when it is new.
create function rule.notify(app application.application, kind text, occasion text default '')
returns boolean
language plpgsql
as $$
begin
  insert into application.notice (office_id, application_id, kind, occasion, subject, text, email, phone)
  select app.office_id, app.application_id, notify.kind, notify.occasion,
         coalesce(rule.revocation_notice(app, notify.kind, true), rule.notice_subject(app, notify.kind)),
         concat_ws(E'\n\n', 'Yth. ' || x.name || ',',
                   coalesce(rule.revocation_notice(app, notify.kind, false), rule.notice_body(app, notify.kind)), concat_ws(E'\n', o.name, nullif(o.address, ''), nullif(o.phone, ''))),
         x.email, x.phone
    from application.applicant x, catalogue.office o
   where x.office_id = app.office_id and x.applicant_id = app.applicant_id and o.office_id = app.office_id
  on conflict do nothing;
  return found;
end
$$;

-- What a step says to the applicant. The workflow's rows decide it, not the names of its stages.
create function rule.notify_step(app application.application, before workflow.stage, after workflow.stage, outcome text, event_id bigint)
returns void
language plpgsql
as $$
declare
  kind text := case when app.version = 1 then 'registered'
                    when outcome in ('approved', 'refused') then 'decided'
                    when outcome = 'lapsed' then 'lapsed'
                    when after.role = 'front_office' and not after.clock_runs then 'returned'
                    when after.role = 'front_office' and before.kind in ('issue', 'refuse', 'sign') then 'ready' end;
begin
  if kind is not null then
    -- the row as the step left it
    select a.* into app from application.application a where a.office_id = app.office_id and a.application_id = app.application_id;
    perform rule.notify(app, kind, case when kind in ('returned', 'decided') then event_id::text else '' end);
  end if;
end
$$;

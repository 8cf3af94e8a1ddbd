-- Applications of the kind `revoke`: a permit ends before its day, at the holder's request or because the office has a legal reason. They
-- go through the office's workflow `revocation`; the permit is revoked when the decree is signed, and not before.

-- The permit, if it can be revoked. NOT_NOW.
create function rule.refuse_unrevocable(p application.permit, field text)
returns void
language plpgsql stable
as $$
begin
  if rule.permit_status(p) not in ('current', 'suspended') then
    perform rule.fail(11, field, 'This permit is not in force: %s', rule.permit_status(p));
  end if;
end
$$;

create function rule.revoked_permit(app application.application)
returns application.permit
language plpgsql stable
as $$
begin
  return (
  select p from application.revocation r
    join application.permit p on p.office_id = r.office_id and p.permit_id = r.permit_id
   where r.office_id = app.office_id and r.application_id = app.application_id);
end
$$;

-- Before a head approves it: the permit may have ended meanwhile, or been renewed.
create function rule.check_revocable(app application.application)
returns void
language plpgsql stable
as $$
begin
  if app.kind = 'revoke' then
    perform rule.refuse_unrevocable(rule.revoked_permit(app), 'action');
  end if;
end
$$;

-- What the office began for its own reasons is not withdrawn at the counter: a head refuses it. FORBIDDEN.
create function rule.refuse_withdrawal(app application.application)
returns void
language plpgsql stable
as $$
begin
  if exists (select from application.revocation r
              where r.office_id = app.office_id and r.application_id = app.application_id and r.asked_by = 'office') then
    perform rule.fail(5, 'action', 'The office began this: only a head ends it');
  end if;
end
$$;

-- The decree is signed: the permit is revoked. Recorded in the permit's own application too.
create function rule.revoke_permit(app application.application)
returns void
language plpgsql
as $$
declare
  r application.revocation;
  p application.permit;
begin
  select x.* into r from application.revocation x
   where x.office_id = app.office_id and x.application_id = app.application_id and app.outcome = 'approved' and x.revoked_at is null
     for update;
  if not found then
    return;
  end if;
  perform from application.application a
    join application.permit x on x.office_id = a.office_id and x.application_id = a.application_id
   where x.office_id = r.office_id and x.permit_id = r.permit_id for update of a;
  update application.permit x set status = 'revoked'
   where x.office_id = r.office_id and x.permit_id = r.permit_id and x.status in ('current', 'suspended', 'expired')
  returning x.* into p;
  if not found then
    return;
  end if;
  update application.revocation x set revoked_at = now() where x.office_id = r.office_id and x.application_id = r.application_id;
  perform rule.record(rule.system_who(app.office_id, 'job.revoke'), 'revocation', p.application_id, reason => r.reason,
    detail => jsonb_build_object('number', p.number, 'rule', r.rule, 'asked_by', r.asked_by, 'application', app.number, 'begun_by', r.begun_by));
end
$$;

-- What documents say of it.
create function rule.revocation_data(app application.application)
returns jsonb
language sql stable
as $$
  select coalesce((select jsonb_build_object('revocation', jsonb_build_object('number', p.number, 'issued_on', p.issued_on,
                            'asked_by', r.asked_by, 'reason', r.reason, 'rule', r.rule))
                     from application.revocation r
                     join application.permit p on p.office_id = r.office_id and p.permit_id = r.permit_id
                    where r.office_id = app.office_id and r.application_id = app.application_id), '{}');
$$;

-- What the holder is told; null: what every applicant is told.
create function rule.revocation_notice(app application.application, kind text, subject boolean)
returns text
language plpgsql stable
as $$
begin
  return (
  select case revocation_notice.kind
    when 'registered' then case
      when subject then format('Pencabutan izin %s', p.number)
      when r.asked_by = 'holder' then format('Permohonan Anda untuk mencabut izin nomor %s telah diterima dengan nomor %s.', p.number, app.number)
      else concat_ws(E'\n', format('Kami memproses pencabutan izin Anda nomor %s (perkara nomor %s).', p.number, app.number),
                     'Alasan: ' || r.reason, 'Dasar: ' || r.rule, 'Tanggapan Anda dapat disampaikan di kantor kami pada jam kerja.') end
    when 'decided' then case
      when subject then format('Keputusan pencabutan izin %s', p.number)
      when app.outcome = 'approved' then format('Pencabutan izin nomor %s disetujui. Izin berakhir saat keputusannya ditandatangani.', p.number)
      else concat_ws(E'\n', format('Izin nomor %s tidak dicabut.', p.number), 'Alasan: ' || app.decision_reason, 'Dasar: ' || app.decision_rule) end
    when 'ready' then case
      when subject then format('Pencabutan izin %s', p.number)
      when app.outcome = 'approved' then concat_ws(E'\n', format('Izin Anda nomor %s telah dicabut dan tidak berlaku lagi.', p.number),
                     'Alasan: ' || r.reason, 'Dasar: ' || r.rule, 'Surat keputusannya dapat diambil di kantor kami pada jam kerja.') end end
    from application.revocation r
    join application.permit p on p.office_id = r.office_id and p.permit_id = r.permit_id
   where r.office_id = app.office_id and r.application_id = app.application_id);
end
$$;

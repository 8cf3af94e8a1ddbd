-- Signatures of heads on permits, decrees and letters. The key stays on the head's machine: what goes out is a hash,
-- what comes back is a CMS that the job process checks and puts into the file.

create type api.signature_asked_row as (
  document_id bigint, application_id bigint, number text, kind text, applicant text, digest bytea, given boolean,
  problem text, argument text);
create type api.signature_list_reply as (rows api.signature_asked_row[]);

create function api.signature_list(session_token bytea)
returns api.signature_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'signature.list');
begin
  return row((
    select array_agg((s.document_id, d.application_id, p.number, d.kind, x.name, s.digest, s.state = 'given', s.problem, s.argument)
                     ::api.signature_asked_row order by s.document_id)
      from (select * from document.signature y
             where y.office_id = who.office_id and y.signer_id = who.user_id and y.state <> 'done'
             order by y.document_id limit 200) s
      join document.document d on d.office_id = s.office_id and d.document_id = s.document_id and d.state in ('to_render', 'to_sign')
      join application.application a on a.office_id = d.office_id and a.application_id = d.application_id
      join application.applicant x on x.office_id = a.office_id and x.applicant_id = a.applicant_id
      join application.permit p on p.office_id = a.office_id and p.application_id = a.application_id))::api.signature_list_reply;
end
$$;

create function api.signature_submit(session_token bytea, idempotency_key bytea, document_id bigint, cms bytea)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'signature.submit');
  request jsonb := jsonb_build_array(document_id, encode(sha256(coalesce(cms, '')), 'hex'));
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  s document.signature;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  if cms is null or octet_length(cms) > 16384 then
    perform rule.fail(7, 'cms', 'This signature is empty or too long');
  end if;
  select a.* into app
    from document.document d
    join application.application a on a.office_id = d.office_id and a.application_id = d.application_id
   where d.office_id = who.office_id and d.document_id = signature_submit.document_id;
  if not found then
    perform rule.fail(9, 'document_id', 'There is no such document');
  end if;
  app := rule.lock_application(who, app.application_id, null);
  select x.* into s
    from document.signature x
   where x.office_id = who.office_id and x.document_id = signature_submit.document_id
     for update;
  if not found then
    perform rule.fail(11, 'document_id', 'This document is not to be signed');
  end if;
  if s.signer_id <> who.user_id then
    perform rule.fail(5, 'document_id', 'Somebody else decided this: only they sign it');
  end if;
  if s.state <> 'asked' or s.digest is null then
    perform rule.fail(11, 'document_id', 'This document is not to be signed now');
  end if;
  update document.signature x
     set state = 'given', cms = signature_submit.cms, problem = null, argument = null, signed_at = now()
   where x.office_id = s.office_id and x.document_id = s.document_id;
  perform rule.record(who, 'give_signature', app.application_id, app.stage, detail => jsonb_build_object('document_id', s.document_id,
                      'digest', encode(s.digest, 'hex')));
  return rule.remember(who, idempotency_key, request, row(array[
    rule.announcement(who.office_id, 'system', null, app.application_id, rule.last_event(who.office_id))])::api.empty);
end
$$;

-- The work of signing passes to another head: the documents are made anew, for the one who will sign them.
create function rule.ask_signatures_of(app application.application, signer_id bigint)
returns void
language plpgsql
as $$
begin
  update document.document d
     set state = 'to_render', tries = 0,
         data = rule.merged(d.data, jsonb_build_object('signatory', jsonb_build_object('name', rule.user_name(app.office_id, ask_signatures_of.signer_id),
                                                                                      'title', rule.signatory_title(app, ask_signatures_of.signer_id))))
   where d.office_id = app.office_id and d.application_id = app.application_id and d.state in ('to_sign', 'to_render')
     and exists (select from document.signature s
                  where s.office_id = d.office_id and s.document_id = d.document_id and s.state <> 'done'
                    and s.signer_id <> ask_signatures_of.signer_id);
  update document.signature s
     set signer_id = ask_signatures_of.signer_id, state = 'asked', digest = null, prepared_id = null, cms = null, problem = null
    from document.document d
   where d.office_id = app.office_id and d.application_id = app.application_id
     and s.office_id = d.office_id and s.document_id = d.document_id and s.state <> 'done'
     and s.signer_id <> ask_signatures_of.signer_id;
end
$$;

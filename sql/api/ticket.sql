-- Logging in by a certificate of the office's SSH gateway, instead of the password: for who inspects and does nothing else.
-- The auth process has checked the certificate, and that the client holds its key, before it asks.
--
--   api_auth.certificate_lookup(office, username, address)     whose it is, as api_auth.login_lookup; TOO_MANY
--   api_auth.certificate_done(office_id, user_id, token_hash, address, proof_key, certificate)

-- Where a password or a second person is asked for, a stolen gateway must not be enough: whoever is anything else than a surveyor,
-- be it for an absent colleague, logs in with the password.
create function rule.certificate_suffices(office_id bigint, user_id bigint)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select coalesce(bool_and(r.role = 'surveyor'), false)
    from rule.roles_of(certificate_suffices.office_id, certificate_suffices.user_id) r);
end
$$;

-- A user whom a certificate does not log in is one that is not known.
create function api_auth.certificate_lookup(office text, username text, address text)
returns api_auth.login
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  reply api_auth.login := api_auth.login_lookup(office, username, address);
begin
  if reply.user_id is not null and not rule.certificate_suffices(reply.office_id, reply.user_id) then
    reply.user_id := null;
    reply.password_hash := null;
  end if;
  return reply;
end
$$;

-- Nothing was typed: the session has no proof of presence, and the audit row says how it began.
create function api_auth.certificate_done(office_id bigint, user_id bigint, token_hash bytea, address text, proof_key bytea, certificate text)
returns api.session_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  reply api.session_reply;
begin
  perform rule.work_for(office_id, null);
  if not rule.certificate_suffices(office_id, user_id) then
    perform rule.fail(5, 'certificate', 'A certificate logs in surveyors only: log in with your password');
  end if;
  reply := api_auth.login_done(office_id, user_id, token_hash, address, null, proof_key, 'by certificate ' || certificate);
  update session.session s set by_certificate = true, proved_at = null
   where s.token_hash = certificate_done.token_hash;
  return reply;
end
$$;

-- What several functions need to know of a person: passwords of before, one-time codes, proofs, and second administrators.

-- Roles whose holders can do harm that no other person stops: they need one-time codes where the office says so.
create function rule.must_enrol(office_id bigint, user_id bigint)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select exists (select from catalogue.office o where o.office_id = must_enrol.office_id and o.one_time_codes = 'required')
     and exists (select from identity.user_role r
                  where r.office_id = must_enrol.office_id and r.user_id = must_enrol.user_id
                    and r.role in ('head', 'admin', 'auditor', 'treasurer'))
     and not exists (select from identity.one_time_code c
                      where c.office_id = must_enrol.office_id and c.user_id = must_enrol.user_id
                        and c.confirmed_at is not null));
end
$$;

-- PROOF_NEEDED unless the password or a code was given in this session within five minutes. Nothing where the office
-- does not ask for it.
create function rule.need_proof(session_token bytea)
returns void
language plpgsql
as $$
begin
  if exists (select from session.session s
               join catalogue.office o on o.office_id = s.office_id and o.step_up
              where s.token_hash = sha256(session_token)
                and coalesce(s.proved_at < now() - interval '5 minutes', true)) then
    perform rule.fail(19, null, 'Your password once more: this is done in your name');
  end if;
end
$$;

-- A new password in the place of the old one, which is kept among the last five.
create function rule.set_password(office_id bigint, user_id bigint, new_hash text)
returns void
language plpgsql
as $$
begin
  insert into identity.password_history (office_id, user_id, password_hash)
  select c.office_id, c.user_id, c.password_hash
    from identity.credential c
   where c.office_id = set_password.office_id and c.user_id = set_password.user_id;
  delete from identity.password_history h
   where h.office_id = set_password.office_id and h.user_id = set_password.user_id
     and h.history_id not in (select x.history_id from identity.password_history x
                               where x.office_id = set_password.office_id and x.user_id = set_password.user_id
                               order by x.history_id desc limit 5);
  insert into identity.credential (office_id, user_id, password_hash)
  values (office_id, user_id, new_hash)
  on conflict on constraint credential_pkey do update set password_hash = excluded.password_hash, changed_at = now();
end
$$;

-- The user's one-time codes and recovery codes are no longer good; their sessions end.
create function rule.remove_codes(who rule.who, user_id bigint)
returns void
language plpgsql
as $$
begin
  delete from identity.one_time_code c where c.office_id = who.office_id and c.user_id = remove_codes.user_id;
  if not found then
    perform rule.fail(11, 'user_id', 'This user has no one-time codes');
  end if;
  update session.session s set ended_at = now()
   where s.office_id = who.office_id and s.user_id = remove_codes.user_id and s.ended_at is null;
  perform rule.record(who, 'codes_removed', detail => jsonb_build_object('user_id', user_id));
end
$$;

-- One administrator asks; another decides: admin.change_decide.
create function rule.ask_change(who rule.who, user_id bigint, kind text, roles jsonb, reason text)
returns void
language plpgsql
as $$
declare
  asked bigint;
begin
  if user_id = who.user_id then
    perform rule.fail(5, case kind when 'roles' then 'roles' else 'user_id' end, 'Nobody asks for a change of their own account');
  end if;
  insert into identity.account_change (office_id, user_id, kind, roles_before, roles_after, reason, asked_by)
  values (who.office_id, user_id, kind,
          case when kind = 'roles' then to_jsonb(rule.role_rows(who.office_id, ask_change.user_id)) end,
          case when kind = 'roles' then roles end, reason, who.user_id)
  on conflict do nothing
  returning change_id into asked;
  if asked is null then
    perform rule.fail(11, case kind when 'roles' then 'roles' else 'user_id' end,
                      'Such a change of this user waits already: have it decided first');
  end if;
  perform rule.record(who, 'account_change_asked', reason => reason,
                      detail => jsonb_build_object('change_id', asked, 'user_id', user_id, 'kind', kind, 'roles', roles));
end
$$;

-- Logging in by a certificate: for surveyors and nobody else, known as what it is, and no proof of presence.
begin;
\ir lib/setup.sql
select plan(14);

select t.add_user('uji', 'sv9', 'surveyor', (select code from catalogue.unit where office_id = t.office() limit 1));
insert into identity.credential (office_id, user_id, password_hash)
select u.office_id, u.user_id, 'hash of ' || u.username from identity.user_account u where u.office_id = t.office()
    on conflict do nothing;

create function t.known(username text) returns boolean language sql as $$
  select (api_auth.certificate_lookup('uji', username, '192.0.2.9')).user_id is not null $$;
create function t.enter_by(username text, token text) returns text language sql as $$
  select format('select api_auth.certificate_done(%s, %s, sha256(%L), ''192.0.2.9'', %L, ''3F of gateway'')', t.office(), t.user_id(username),
                token::bytea, sha256('key')) $$;
create function t.resumes(token text) returns text language sql as $$ select format('select api_auth.resume_lookup(%L)', token::bytea) $$;

select ok(t.known('sv9'), 'a surveyor logs in by one');
select is(array_agg(u order by u), null, 'nobody else does') from unnest('{fo1,an1,sh1,hd1,ar1,ad1}'::text[]) u where t.known(u);
select is(t.known('nobody'), false, 'nor who is not known');
select is(t.try(t.enter_by('hd1', 'h')), 'LK005 certificate', 'a head is refused whatever the auth process says');

select lives_ok(t.enter_by('sv9', 's'), 'the session is opened');
select is((select row(by_certificate, proved_at is null, proof_key = sha256('key'), address)::text from session.session where token_hash = sha256('s')),
          '(t,t,t,192.0.2.9)', 'known as one by certificate, bound to its key, without a proof of presence');
select is((select detail ->> 'certificate' from audit.event where action = 'login' order by event_id desc limit 1), 'by certificate 3F of gateway',
          'the audit row says how it began');
select is((select actor from audit.event where action = 'login' order by event_id desc limit 1),
          (select name from identity.user_account where user_id = t.user_id('sv9')), 'and who it was');
select lives_ok(t.resumes('s'), 'it goes on in another connection');

insert into identity.user_role (office_id, user_id, role) values (t.office(), t.user_id('sv9'), 'head');
select is(t.known('sv9'), false, 'who became a head needs the password');
select is(t.try(t.resumes('s')), 'LK004 token', 'and the session of before does not go on as a head''s');
delete from identity.user_role where user_id = t.user_id('sv9') and role = 'head';

insert into identity.absence (office_id, user_id, role, delegate_id, from_on, until_on, reason, decree, recorded_by)
select t.office(), t.user_id('hd1'), 'head', t.user_id('sv9'), current_date - 1, current_date + 1, 'Leave', 'SK 1', t.user_id('hd1');
select is(t.known('sv9'), false, 'nor does it log in who stands in for a head');
delete from identity.absence where delegate_id = t.user_id('sv9');

update identity.user_account set active = false where user_id = t.user_id('sv9');
select is(t.known('sv9'), false, 'who left the office has no use of one');
update identity.user_account set active = true where user_id = t.user_id('sv9');
insert into identity.login_attempt (office_id, username, address, kind)
select t.office(), 'sv9', '192.0.2.9', 'password' from generate_series(1, 5);
select is(t.try('select t.known(''sv9'')'), 'LK014', 'five failures stop it like a password');
select * from finish();
rollback;

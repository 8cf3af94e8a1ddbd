-- The second lock on the same door: every function of the api, called as every role straight in the database, where no
-- worker has asked before. Whom the method table does not admit is refused before a parameter is looked at.
begin;
\ir lib/setup.sql
select plan(3);

create function t.person_of(role text) returns text language sql immutable as $$
  select case role when 'front_office' then 'fo1' when 'analyst' then 'an1' when 'section_head' then 'sh1' when 'head' then 'hd1'
                   when 'technical_coordinator' then 'kd1' when 'surveyor' then 'sd1' when 'treasurer' then 'tr1'
                   when 'archivist' then 'ar1' when 'complaints_officer' then 'co1' when 'auditor' then 'au1'
                   when 'manager' then 'mg1' when 'admin' then 'ad1' end $$;

-- The method's function with this token and nothing else.
create function t.bare_call(method text, token bytea) returns text language sql stable as $$
  select format('select api.%I(%L%s)', p.proname, token, repeat(', null', p.pronargs - 1))
    from pg_proc p where p.pronamespace = 'api'::regnamespace and p.proname = replace(method, '.', '_') $$;

create table t.tried as
  select m.name, r.role, t.try(t.bare_call(m.name, t.token(t.person_of(r.role)))) as answer,
         exists (select from identity.method_role x where x.method = m.name and x.role = r.role) as admitted
    from identity.method m, (select distinct role from identity.method_role) r
   where m.kind <> 'public' and t.bare_call(m.name, ''::bytea) is not null;

select ok(count(distinct name) > 40 and count(distinct role) = 12, 'every method of the api is tried as every role') from t.tried;
select is_empty($$ select name, role, answer from t.tried where not admitted and answer <> 'LK005' $$,
                'no function admits a role that the matrix does not');
select is_empty($$ select m.name, t.try(t.bare_call(m.name, sha256('nobody'))) from identity.method m
                    where m.kind <> 'public' and t.bare_call(m.name, ''::bytea) is not null
                      and t.try(t.bare_call(m.name, sha256('nobody'))) <> 'LK004' $$, 'nor anybody without a session');
select * from finish();
rollback;

-- A name is found by any part of it, and by nothing else.
begin;
\ir lib/setup.sql
select plan(18);

create table t.app as
select n, t.submit('TES', applicant => t.person(t.nik(n::int), name)) as id
  from unnest('{Siti Abdurrahman Wahid,Sri Rahayu,"O''Neill_100% Ünal",Nurul Ana-Anamaria Annisa Kusumawardhani Prawirodirdjo}'::text[])
       with ordinality x (name, n);
select t.meta_set(t.office());
create function t.found(needle text, username text default 'an1') returns text language sql as $$
  select coalesce(string_agg(a.n::text, ' ' order by x.place), '')
    from unnest((api.application_search(t.token(username), needle, true, null, 0)).rows) with ordinality x (application_id, task_id, number, applicant,
      permit_type, stage, stage_name, unit, promised_on, days_left, clock_stopped, holder_id, holder, priority, version, submitted_at, outcome,
      since_at, role, warning, place)
    join t.app a on a.id = x.application_id $$;

select is(t.found(needle), found, format('what %L finds', needle))
  from (values ('rahman', '1'), ('  Rahman wah ', '1'), ('siti abdurrahman wahid', '1'), ('rah', '2 1'), ('hid', '1'), ('rahmanw', ''),
               ('O''neill_', '3'), ('_100%', '3'), ('%%%', ''), ('ünal', '3'), ('ana', '4'),
               -- longer than what the index keeps
               ('annisa kusumawardhani prawirodirdjo', '4'), ('annisa kusumawardhani prawirodirdja', ''), ('a-anamaria annisa kusumawardhani', '4'),
               ('sri rahayu '||repeat('x', 300), '')) x (needle, found);
select is(t.try($$ select t.found('id') $$), 'LK007 text', 'two characters are searched for');

update application.search_name n set name = 'sri wahyuni' from t.app a where n.application_id = a.id and a.n = 2;
select is(t.found('rahayu') || t.found('wahyuni'), '2', 'who was renamed is found by the old name, or not by the new one');
delete from application.search_name n using t.app a where n.application_id = a.id and a.n = 1;
select is_empty($$ select p.part from application.name_part p join t.app a on a.id = p.application_id and a.n = 1 $$, 'something of a removed name stays');
select * from finish();
rollback;

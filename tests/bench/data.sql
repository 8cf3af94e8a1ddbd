-- What the speed is measured on: an office with people and applications of several years, made of a seed. The same seed and size on
-- the same day give the same rows. Variables: n (applications), people, seed, proof_key (hex: of the sessions).
--
-- Every constraint holds (data_check.sql tries each foreign key), every chain and the tree of events are what loketd would have
-- written. Left out: documents but the receipts of what is under way, which share one content (bytes are no part of these figures);
-- visits of departments, bills, most notices.

\set QUIET on
\set ON_ERROR_STOP on
set client_min_messages = warning;

create schema bench;
create extension if not exists pg_trgm with schema meta;

create table bench.given as
select o.office_id, :n::bigint as n, :seed::bigint as seed, current_date as today, w.workflow_id, w.current_version as workflow_version,
       greatest(5, :n / 500000) as years,
       greatest(:n / 100, least(:n, 2000))::bigint as open,  -- the last ones are still under way
       (select coalesce(max(application_id), 0) from application.application) as application_base,
       (select coalesce(max(applicant_id), 0) from application.applicant) as applicant_base,
       (select coalesce(max(event_id), 0) from audit.event) as event_base,
       (select coalesce(max(task_id), 0) from application.task) as task_base,
       (select coalesce(max(custody_id), 0) from application.custody) as custody_base,
       (select coalesce(max(visit_id), 0) from application.stage_visit) as visit_base,
       (select coalesce(max(permit_id), 0) from application.permit) as permit_base
  from catalogue.office o
  join workflow.workflow w on w.office_id = o.office_id and w.code = 'standard'
 order by o.office_id limit 1;

-- The paper of every receipt.
with c as (
  insert into document.content (office_id, size, sha256, media_type)
  select g.office_id, 4, sha256('%PDF'), 'application/pdf' from bench.given g returning office_id, content_id),
b as (insert into document.chunk (office_id, content_id, number, bytes) select c.office_id, c.content_id, 0, '%PDF' from c)
select c.content_id, (select t.template_id from document.template t
                       where t.office_id = c.office_id and t.kind = 'receipt' and t.current order by t.template_id limit 1) as template_id
  into bench.paper from c;

-- 0 .. most - 1, always the same for the same seed, subject and number.
create function bench.pick(seed bigint, subject text, number bigint, most bigint) returns bigint
language sql immutable parallel safe
as $$ select (hashtextextended(subject, hashint8extended(number, seed)) & 4611686018427387903) % most $$;

create function bench.word(seed bigint, subject text, number bigint) returns text
language sql immutable parallel safe
as $$
  select string_agg(('{ba,ra,ni,su,ti,wa,ha,ru,mi,lu,an,di,ka,sa,na,ta,pri,har,to,ya,wi,ma,la,gu,da,san,dra,ku,sum,ja,ri,no}'::text[])
                    [1 + bench.pick(seed, subject || part, number, 32)], '')
    from generate_series(1, 4) part
$$;

create function bench.name(seed bigint, number bigint) returns text
language sql immutable parallel safe
as $$
  select initcap(('{sari,budi,dewi,agus,rina,hendra,wati,ratna,yusuf,tono,lina,maya,joko,nina,gita,eko,fitri,adi,slamet,ningsih}'::text[])
                 [1 + bench.pick(seed, 'first', number, 20)]
                 || ' ' || bench.word(seed, 'middle', number) || ' ' || bench.word(seed, 'last', number))
$$;

-- The steps of an application that goes through; `day` after it was submitted.
create table bench.step (k int primary key, action text, stage text, to_stage text, role text);
insert into bench.step values
  (0, 'submit', 'intake', 'verification', 'front_office'), (1, 'draft', 'verification', 'drafting', 'analyst'),
  (2, 'submit', 'drafting', 'review', 'analyst'), (3, 'initial', 'review', 'approval', 'section_head'),
  (4, 'approve', 'approval', 'issuance', 'head'), (5, 'issue', 'issuance', 'handover', 'system'),
  (6, 'hand_over', 'handover', 'archive', 'front_office'), (7, 'file', 'archive', 'closed', 'archivist');

-- Permit types that cost nothing and that nobody has to visit for.
create table bench.permit as
select row_number() over (order by p.code) - 1 as place, p.permit_type_id, p.code, p.current_version as version
  from bench.given g
  join catalogue.permit_type p on p.office_id = g.office_id
  join catalogue.permit_type_version v on v.office_id = p.office_id and v.permit_type_id = p.permit_type_id and v.version = p.current_version
 where not v.levy and v.source = 'counter' and v.visit <> 'always' and v.workflow = 'standard';

-- Two hundred and fifty-six copies of one, each the work of one person: what a closed loop needs, so that nobody takes an application
-- out of its order for no other reason than that the loop never ends.
insert into catalogue.permit_type (office_id, code, current_version)
select g.office_id, 'UKUR' || s, 1 from bench.given g, generate_series(0, 255) s;
insert into catalogue.permit_type_version (office_id, permit_type_id, version, name, sector, service_days, valid_years, number_pattern,
  legal_basis, workflow, content_hash)
select g.office_id, p.permit_type_id, 1, p.code, v.sector, v.service_days, v.valid_years, v.number_pattern, v.legal_basis, v.workflow, '\x00'
  from bench.given g
  join bench.permit b on b.place = 0
  join catalogue.permit_type_version v on v.office_id = g.office_id and v.permit_type_id = b.permit_type_id and v.version = b.version
  join catalogue.permit_type p on p.office_id = g.office_id and p.code like 'UKUR%';

-- ------------------------------------------------------------------------------------------------ people
create table bench.person (place int primary key, user_id bigint, name text, role text, nth int, unique (role, nth));
insert into bench.person (place, name, role, nth)
select x.place, bench.name(g.seed, -x.place), x.role, row_number() over (partition by x.role order by x.place) - 1
  from bench.given g,
       (select s as place, case when s > :people then 'step' when s % 20 < 6 then 'front_office' when s % 20 < 12 then 'analyst' when s % 20 < 15 then 'section_head'
                                when s % 20 < 16 then 'head' when s % 20 < 17 then 'treasurer' else 'archivist' end as role
          from generate_series(1, :people + 256) s) x;
with made as (
  insert into identity.user_account (office_id, username, name)
  select g.office_id, 'bench' || p.place, p.name from bench.given g, bench.person p order by p.place
  returning username, user_id)
update bench.person p set user_id = m.user_id from made m where m.username = 'bench' || p.place;
-- one analyst in five does some permit types only
insert into identity.user_role (office_id, user_id, role, permit_type_id)
select g.office_id, p.user_id, p.role, t.permit_type_id
  from bench.given g, bench.person p
  left join bench.permit t on p.role = 'analyst' and p.nth % 5 = 4 and t.place % 2 = p.nth % 2
 where p.role <> 'step'
union all
select g.office_id, p.user_id, r.role, t.permit_type_id
  from bench.given g
 cross join (values ('section_head'), ('analyst')) r (role)
  join bench.person p on p.role = 'step'
  join catalogue.permit_type t on t.office_id = g.office_id and t.code = 'UKUR' || p.nth;
insert into session.session (token_hash, office_id, user_id, address, expires_at, proof_key)
select sha256(sha256(convert_to('bench ' || p.place, 'UTF8'))), g.office_id, p.user_id, '127.0.0.1', now() + interval '12 hours',
       decode(:'proof_key', 'hex')
  from bench.given g, bench.person p;

-- -------------------------------------------------------------------------------------------- applications
-- Whose turn it is at a step: never the one who took it in.
create function bench.worker(role text, seed bigint, i bigint) returns int
language sql stable parallel safe
as $$ select p.place from bench.person p
       where p.role = worker.role
         and p.nth = bench.pick(seed, worker.role, i, (select count(*) from bench.person x where x.role = worker.role)) $$;

create unlogged table bench.plan as
select i, g.application_base + i as application_id, g.applicant_base + (i + 1) / 2 as applicant_id,
       case when i <= g.n - g.open then 8
            else ('{1,1,1,1,1,1,2,2,2,3,3,3,4,6,6,7,7,7}'::int[])[1 + bench.pick(g.seed, 'stage', i, 18)] end as steps,
       -- office hours of a day, evenly over the years until yesterday
       g.today - interval '1 day' - make_interval(secs => (g.n - i) * (g.years * 365 * 86400.0 / g.n)) as submitted_at,
       (bench.pick(g.seed, 'permit', i, (select count(*) from bench.permit)))::int as permit,
       bench.pick(g.seed, 'urgent', i, 40) = 0 as urgent,
       bench.pick(g.seed, 'front_office', i, (select count(*) from bench.person where role = 'front_office')) as front_office,
       bench.pick(g.seed, 'analyst', i, (select count(*) from bench.person where role = 'analyst')) as analyst,
       bench.pick(g.seed, 'section_head', i, (select count(*) from bench.person where role = 'section_head')) as section_head,
       bench.pick(g.seed, 'head', i, (select count(*) from bench.person where role = 'head')) as head,
       bench.pick(g.seed, 'archivist', i, (select count(*) from bench.person where role = 'archivist')) as archivist
  from bench.given g, generate_series(1, :n::bigint) i;
analyze bench.plan, bench.person, bench.permit, bench.step, bench.given;

-- Each step that was taken, with who took it. An event's number follows its time: what happened in one week stands together.
create view bench.done as
select p.i, p.application_id, p.steps, s.k, s.action, s.stage, s.to_stage, s.role, w.user_id, coalesce(w.name, 'system') as actor,
       p.submitted_at + s.k * case when p.steps = 8 then interval '1 day' else interval '1 hour' end as at,
       g.event_base + (p.i + s.k * (g.n / (g.years * 365))) * 8 + s.k + 1 as event_id, p.permit, p.urgent
  from bench.given g, bench.plan p
  join bench.step s on s.k < p.steps
  left join bench.person w on w.role = s.role
                          and w.nth = case s.role when 'front_office' then p.front_office when 'analyst' then p.analyst
                                                  when 'section_head' then p.section_head when 'head' then p.head
                                                  when 'archivist' then p.archivist end;

-- The tables of the years that the office has behind it: an office that begins has none.
select set_config('bench.years', g.years::text, false) from bench.given g \g /dev/null
set role loket_owner;
do $$
declare
  this constant int := extract(year from now() at time zone 'UTC');
begin
  execute format('alter table audit.event detach partition audit.event_%s', this);
  execute format('alter table audit.event attach partition audit.event_%s for values from (%L) to (%L)', this,
                 make_timestamptz(this, 1, 1, 0, 0, 0, 'UTC'), make_timestamptz(this + 1, 1, 1, 0, 0, 0, 'UTC'));
  for year in this - current_setting('bench.years')::int .. this - 1 loop
    call audit.make_year(year);
  end loop;
end
$$;
reset role;

-- What is still to be made again when everything is in: indexes that are no constraint.
create table bench.dropped as
select i.indexrelid::regclass::text as name, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') as definition,
       row_number() over (order by i.indrelid::regclass::text, i.indexrelid) as place
  from pg_index i
 where not exists (select from pg_constraint c where c.conindid = i.indexrelid)
   and i.indrelid = any ('{audit.event,audit.tree_node,application.application,application.applicant,application.search_name,application.task,
                          application.custody,application.stage_visit,application.requirement,application.permit}'::regclass[]);
select 'drop index ' || name from bench.dropped \gexec
-- and the key of the largest table, which nothing refers to
insert into bench.dropped
select 'application.name_part_pkey', 'alter table application.name_part add primary key (office_id, part, application_id)', 1 + max(d.place)
  from bench.dropped d;
alter table application.name_part drop constraint name_part_pkey;

create function bench.link(before bytea, bytes bytea) returns bytea
language plpgsql immutable parallel safe
as $$ begin return sha256(before || bytes); end $$;
create aggregate bench.chain(bytea) (sfunc = bench.link, stype = bytea, initcond = '');
create unlogged table bench.last (i bigint, hash bytea);

-- Sequences, the tree over all events (level by level: what the job process would have grown), statistics.
\set QUIET on
\set ON_ERROR_STOP on
set client_min_messages = warning;
set session_replication_role = replica;
set synchronous_commit = off;
set work_mem = '512MB';
set jit = off;

select format('select setval(pg_get_serial_sequence(%L, %L), greatest(1, (select max(%I) from %s)))', t, c, c, t)
  from (values ('application.application', 'application_id'), ('application.applicant', 'applicant_id'), ('audit.event', 'event_id'),
               ('application.task', 'task_id'), ('application.custody', 'custody_id'), ('application.stage_visit', 'visit_id'),
               ('application.permit', 'permit_id')) x (t, c) \gexec

create table bench.needle (place int primary key, text text not null);
insert into bench.needle
select s, left(n.name, length(n.name) / 2)
  from bench.given g, generate_series(0, 1023) s, application.search_name n
 where n.office_id = g.office_id and n.application_id = g.application_base + 1 + bench.pick(g.seed, 'needle', s, g.n);

-- What the step of the measurement works on: each of the 256 has one of their own, in review.
create table bench.review (place int primary key, application_id bigint);
insert into bench.review
select x.place, x.application_id
  from (select row_number() over (order by t.task_id) - 1 as place, t.application_id
          from bench.given g
          join application.task t on t.office_id = g.office_id and t.closed_at is null and t.stage = 'review'
         where t.application_id > g.application_base) x
 where x.place < 256;
update application.application a set permit_type_id = p.permit_type_id, permit_version = 1
  from bench.given g, bench.review r, catalogue.permit_type p
 where a.office_id = g.office_id and a.application_id = r.application_id and p.office_id = g.office_id and p.code = 'UKUR' || r.place;
update application.task t set permit_type_id = p.permit_type_id
  from bench.given g, bench.review r, catalogue.permit_type p
 where t.office_id = g.office_id and t.application_id = r.application_id and p.office_id = g.office_id and p.code = 'UKUR' || r.place;
-- what pgbench asks with: the load knows both from a file
create function bench.look(place int, out app bigint, out v int) language sql stable security definer
as $$ select r.application_id, a.version from bench.review r
        join application.application a on a.application_id = r.application_id where r.place = look.place $$;
create function bench.needle(place int) returns text language sql stable security definer
as $$ select n.text from bench.needle n where n.place = needle.place $$;
grant usage on schema bench to loket_worker;
grant execute on all functions in schema bench to loket_worker;

\if :tree
create temporary table level (place bigint, hash bytea);
insert into level
select row_number() over (order by e.event_id) - 1, rule.leaf_hash(e) from bench.given g join audit.event e on e.office_id = g.office_id;
delete from audit.tree_node n using bench.given g where n.office_id = g.office_id;
insert into audit.tree_node (office_id, number, hash, leaf, event_id)
select g.office_id, rule.node_number(l.place, 0), l.hash, l.place, e.event_id
  from bench.given g, level l
  join (select x.event_id, row_number() over (order by x.event_id) - 1 as place
          from bench.given g join audit.event x on x.office_id = g.office_id) e on e.place = l.place
 order by 2;
do $$
declare
  depth int := 0;
begin
  while (select count(*) from level) > 1 loop
    depth := depth + 1;
    create temporary table upper on commit drop as
    select l.place / 2 as place, rule.node_hash(l.hash, r.hash) as hash
      from level l join level r on r.place = l.place + 1
     where l.place % 2 = 0;
    truncate level;
    insert into level select * from upper;
    drop table upper;
    insert into audit.tree_node (office_id, number, hash)
    select g.office_id, rule.node_number(((l.place + 1) << depth) - 1, depth), l.hash from bench.given g, level l order by 2;
  end loop;
  insert into audit.tree (office_id) select g.office_id from bench.given g on conflict do nothing;
  update audit.tree t
     set size = (select count(*) from audit.event e where e.office_id = t.office_id),
         last_event = (select max(e.event_id) from audit.event e where e.office_id = t.office_id), seen_event = null, seen_xid = null
    from bench.given g where t.office_id = g.office_id;
end
$$;
\else
-- too large to be worth the time: the tree begins after what was loaded
insert into audit.tree (office_id) select g.office_id from bench.given g on conflict do nothing;
update audit.tree t set last_event = (select max(e.event_id) from audit.event e where e.office_id = t.office_id), seen_event = null, seen_xid = null
  from bench.given g where t.office_id = g.office_id;
\endif

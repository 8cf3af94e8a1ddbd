-- The events of applications :from to :until, chained, and the applications that they end in.
\set QUIET on
\set ON_ERROR_STOP on
set client_min_messages = warning;
set session_replication_role = replica;
set synchronous_commit = off;
set work_mem = '512MB';
set jit = off;

with bare as materialized (
  select d.i, d.k, d.steps,
         (g.office_id, d.event_id, d.at, d.user_id, d.actor, d.role, '192.0.2.' || 1 + d.i % 200, d.action, d.application_id, d.stage,
          d.to_stage, null, null, null, null)::audit.event as e
    from bench.given g, bench.done d
   where d.i between :from and :until),
hashed as (
  select b.*, bench.chain(rule.event_bytes(b.e)) over (partition by b.i order by b.k) as hash from bare b),
linked as materialized (
  select h.i, h.k, h.steps, h.e, h.hash, lag(h.hash) over (partition by h.i order by h.k) as previous from hashed h),
ends as (
  insert into bench.last select l.i, l.hash from linked l where l.k = l.steps - 1)
insert into audit.event (office_id, event_id, at, actor_id, actor, role, address, action, application_id, stage, to_stage, reason, detail,
  previous_hash, hash)
overriding system value
select (l.e).office_id, (l.e).event_id, (l.e).at, (l.e).actor_id, (l.e).actor, (l.e).role, (l.e).address, (l.e).action,
       (l.e).application_id, (l.e).stage, (l.e).to_stage, (l.e).reason, (l.e).detail, l.previous, l.hash
  from linked l
 order by (l.e).event_id;

analyze bench.last;
insert into application.application (office_id, application_id, number, version, applicant_id, permit_type_id, permit_version, workflow_id,
  workflow_version, kind, location, priority, stage, outcome, pin_hash, service_days, submitted_at, promised_on, changed_by, proposal,
  considerations, last_hash, closed_at)
overriding system value
select g.office_id, p.application_id,
       concat(extract(year from g.today)::int - g.years + (p.i - 1) * g.years / g.n, '-',
              lpad((1 + (p.i - 1) - ((p.i - 1) * g.years / g.n) * g.n / g.years)::text, 6, '0')),
       p.steps, p.applicant_id, t.permit_type_id, t.version, g.workflow_id, g.workflow_version, 'new', 'Jalan Ukur ' || p.i % 500,
       case when p.urgent then 'elderly' end, s.to_stage, case when p.steps > 4 then 'approved' end, sha256(int8send(p.i)), 15,
       p.submitted_at, p.submitted_at::date + 21, null, case when p.steps > 2 then 'approve' end,
       case when p.steps > 2 then 'Lengkap dan benar' end, l.hash, case when p.steps = 8 then p.submitted_at + interval '7 days' end
  from bench.given g
 cross join bench.plan p
  join bench.permit t on t.place = p.permit
  join bench.step s on s.k = p.steps - 1
  join bench.last l on l.i = p.i
 where p.i between :from and :until
 order by p.i;

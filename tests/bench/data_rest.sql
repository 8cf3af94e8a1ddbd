-- Everything else of applications :from to :until (odd to even: an applicant has two).
\set QUIET on
\set ON_ERROR_STOP on
set client_min_messages = warning;
set session_replication_role = replica;
set synchronous_commit = off;
set work_mem = '256MB';
set jit = off;

insert into application.applicant (office_id, applicant_id, kind, nik, name, birth_place, birth_on, gender, address, region, phone)
overriding system value
select g.office_id, p.applicant_id, 'person', '18' || lpad(p.applicant_id::text, 14, '0'), bench.name(g.seed, p.applicant_id), 'Metro',
       date '1960-01-01' + bench.pick(g.seed, 'birth', p.applicant_id, 16000)::int, case when p.applicant_id % 2 = 0 then 'f' else 'm' end,
       'Jalan Ukur ' || p.applicant_id % 500, 'Metro Pusat', '0812' || lpad(p.applicant_id::text, 8, '0')
  from bench.given g
 cross join bench.plan p
 where p.i between :from and :until and p.i % 2 = 1;
insert into application.search_name (office_id, application_id, name)
select g.office_id, p.application_id, lower(bench.name(g.seed, p.applicant_id))
  from bench.given g
 cross join bench.plan p
 where p.i between :from and :until;
insert into application.name_part (office_id, part, application_id)
select n.office_id, x, n.application_id
  from bench.given g
  join bench.plan p on p.i between :from and :until
  join application.search_name n on n.office_id = g.office_id and n.application_id = p.application_id
 cross join application.name_parts(n.name) x;

insert into application.field_value (office_id, application_id, code, value)
select g.office_id, p.application_id, f.code,
       case f.type when 'choice' then split_part(f.choices[1], '=', 1) when 'date' then '2030-01-01'
                   when 'number' then '1' when 'money' then '1000' else 'Isian ' || p.i % 1000 end
  from bench.given g
 cross join bench.plan p
  join bench.permit t on t.place = p.permit
  join catalogue.form_field f on f.office_id = g.office_id and f.permit_type_id = t.permit_type_id and f.version = t.version
                             and f.position <= 3
 where p.i between :from and :until;
insert into application.requirement (office_id, application_id, code, present, document_number, issued_on, valid_until_on, status)
select g.office_id, p.application_id, r.code, true, 'D-' || p.i, p.submitted_at::date - 100, case when r.needs_expiry then date '2099-12-31' end,
       case when p.steps > 1 then 'accepted' else 'pending' end
  from bench.given g
 cross join bench.plan p
  join bench.permit t on t.place = p.permit
  join catalogue.requirement r on r.office_id = g.office_id and r.permit_type_id = t.permit_type_id and r.version = t.version
                              and r.position <= 4
 where p.i between :from and :until;

insert into document.document (office_id, application_id, kind, name, state, content_id, template_id, data)
select g.office_id, p.application_id, 'receipt', concat('receipt-B', p.i, '.pdf'), 'current', r.content_id, r.template_id, '{}'
  from bench.given g
 cross join bench.paper r
 cross join bench.plan p
 where p.i between :from and :until and p.steps < 8;

-- The work after step k is closed by step k + 1; who did a step held its work. The job's own steps are no work.
create temporary view work as
select g.office_id, g.task_base + d.i * 8 + d.k as task_id, d.application_id, d.i, d.k, d.to_stage as stage, n.role, d.permit, d.urgent,
       p.submitted_at::date + 21 as due_on, d.at as opened_at, x.at as closed_at,
       case when x.i is not null then x.user_id
            when n.role in ('front_office', 'analyst') and bench.pick(g.seed, 'held', d.i, 5) = 0 then h.user_id end as holder_id, x.action
  from bench.given g, bench.done d
  join bench.plan p on p.i = d.i
  join bench.step n on n.k = d.k + 1 and n.role <> 'system'
  left join bench.done x on x.i = d.i and x.k = d.k + 1
  left join bench.person h on h.role = n.role and h.nth = case n.role when 'analyst' then p.analyst else p.front_office end
 where d.i between :from and :until;
insert into application.task (office_id, task_id, application_id, stage, role, permit_type_id, urgent, due_on, holder_id, held_at, opened_at,
  closed_at, closed_by, action)
overriding system value
select w.office_id, w.task_id, w.application_id, w.stage, w.role, t.permit_type_id, w.urgent, w.due_on, w.holder_id,
       case when w.holder_id is not null then w.opened_at end, w.opened_at, w.closed_at, case when w.closed_at is not null then w.holder_id end,
       w.action
  from work w
  join bench.permit t on t.place = w.permit
 order by w.task_id;
insert into application.custody (office_id, custody_id, application_id, task_id, holder_id, reason, begin_at, end_at)
overriding system value
select g.office_id, g.custody_base + w.i * 8 + w.k, w.application_id, w.task_id, w.holder_id,
       case when w.holder_id is null then 'waiting' else 'working' end, w.opened_at, w.closed_at
  from bench.given g, work w
 order by w.i, w.k;
insert into application.stage_visit (office_id, visit_id, application_id, stage, clock_runs, begin_at, end_at)
overriding system value
select g.office_id, g.visit_base + d.i * 8 + d.k, d.application_id, d.to_stage, true, d.at, x.at
  from bench.given g, bench.done d
  left join bench.done x on x.i = d.i and x.k = d.k + 1
 where d.i between :from and :until and d.to_stage <> 'closed';

insert into application.permit (office_id, permit_id, application_id, permit_type_id, kind, number, issued_on, valid_until_on, status, code)
overriding system value
select g.office_id, g.permit_base + p.i, p.application_id, t.permit_type_id, 'permit', concat('503/B', p.i, '/', t.code),
       p.submitted_at::date + 5, p.submitted_at::date + 5 + 5 * 365,
       case when p.submitted_at::date + 5 + 5 * 365 < g.today then 'expired' else 'current' end,
       upper(regexp_replace(left(md5(g.seed || ' ' || p.i), 16), '(....)(....)(....)(....)', '\1-\2-\3-\4'))
  from bench.given g
 cross join bench.plan p
  join bench.permit t on t.place = p.permit
 where p.i between :from and :until and p.steps > 5;
-- whoever's permit ends soon was told: the job process has nothing left from before
insert into application.notice (office_id, application_id, kind, occasion, subject, text, state, sent_at)
select g.office_id, p.application_id, 'permit_ends', g.today + days || '/' || case when days <= 7 then '7' when days <= 30 then '30' else '90' end,
       'Izin segera berakhir', 'Izin segera berakhir', 'sent', now()
  from bench.given g
 cross join bench.plan p
 cross join lateral (select p.submitted_at::date + 5 + 5 * 365 - g.today) d (days)
 where p.i between :from and :until and p.steps > 5 and days between 0 and 90;
insert into application.handover (office_id, application_id, recipient, relation, method, at, recorded_by)
select g.office_id, d.application_id, 'Pemohon', 'self', 'counter', d.at, d.user_id
  from bench.given g, bench.done d
 where d.i between :from and :until and d.k = 6;
insert into application.archive_file (office_id, application_id, classification, room, shelf, box, folder, active_until_on, retain_until_on,
  filed_by)
select g.office_id, d.application_id, '503', 'A', (d.i % 40)::text, (d.i / 100)::text, (d.i % 100)::text, d.at::date + 730, d.at::date + 3650,
       d.user_id
  from bench.given g, bench.done d
 where d.i between :from and :until and d.k = 7;

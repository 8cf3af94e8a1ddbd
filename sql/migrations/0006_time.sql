-- Time: the calendar that the office keeps itself, the ledger of the stages, warnings before a promise is broken, what is
-- returned and never answered, the end of permits, and notices to applicants.

set local role loket_owner;

-- A half day is a working day with hours of its own. Once an office keeps its calendar itself, its files no longer do.
alter table catalogue.holiday
  add column kind   text not null default 'national' check (kind in ('national', 'collective', 'half')),
  add column opens  time,
  add column closes time,
  add check ((kind = 'half') = (opens is not null and closes is not null)),
  add check (closes > opens);
alter table catalogue.office add column own_calendar boolean not null default false;

alter table catalogue.permit_type_version
  add column lapse_days      int not null default 30 check (lapse_days between 1 and 365),
  add column deemed_approval boolean not null default false,    -- what nobody decided in time counts as granted
  add column deemed_basis    text,                              -- the rule that says so
  add check (not deemed_approval or deemed_basis is not null);
alter table workflow.stage
  add column days     int check (days between 1 and 365),    -- working days for this stage; null: the promise alone
  add column reassign boolean not null default false;        -- who is late lets go of it

alter table workflow.transition drop constraint transition_outcome_check;
alter table workflow.transition add check (outcome in ('approved', 'refused', 'withdrawn', 'lapsed'));
alter table application.application drop constraint application_outcome_check;
alter table application.application add check (outcome in ('approved', 'refused', 'withdrawn', 'lapsed'));
alter table application.custody drop constraint custody_reason_check;
alter table application.custody add check (reason in ('working', 'waiting', 'applicant', 'office'));

create index application_open on application.application (office_id, promised_on) where closed_at is null;
create index application_renews on application.application (office_id, previous_permit) where previous_permit is not null;
create index permit_by_end on application.permit (office_id, valid_until_on, permit_id) where kind = 'permit';
create index permit_in_force on application.permit (office_id, valid_until_on, permit_id) where kind = 'permit' and status = 'current';

-- Each stay of an application in a stage, one after the other without a gap. Departments work side by side, and their time is
-- in custody; this is what the applicant waits.
create table application.stage_visit (
  office_id      bigint not null,
  visit_id       bigint generated always as identity,
  application_id bigint not null,
  stage          text not null,
  clock_runs     boolean not null,
  begin_at       timestamptz not null default now(),
  end_at         timestamptz,
  primary key (office_id, visit_id),
  foreign key (office_id, application_id) references application.application,
  check (end_at >= begin_at)
);
create index stage_visit_of on application.stage_visit (office_id, application_id, begin_at);
create unique index stage_visit_open on application.stage_visit (office_id, application_id) where end_at is null;

-- Each warning is given once. The officer is warned at three quarters of the promise, the section head when it is broken, the head
-- a working day later.
create table application.warning (
  office_id      bigint not null,
  application_id bigint not null,
  stage          text not null,
  level          text not null check (level in ('officer', 'section_head', 'head')),
  holder_id      bigint,                       -- who worked on it then
  at             timestamptz not null default now(),
  primary key (office_id, application_id, stage, level),
  foreign key (office_id, application_id) references application.application,
  foreign key (office_id, holder_id) references identity.user_account
);

-- What the applicant is told, as it was written: also the outbox of the mail.
create table application.notice (
  office_id      bigint not null,
  notice_id      bigint generated always as identity,
  application_id bigint not null,
  kind           text not null check (kind in ('registered', 'returned', 'decided', 'ready', 'lapse_reminder', 'lapsed',
                                               'permit_ends')),
  occasion       text not null default '',     -- tells notices of one kind apart: each is made once
  subject        text not null,
  text           text not null,
  email          text,
  phone          text,
  state          text not null default 'waiting' check (state in ('waiting', 'sent', 'failed')),
  tries          int not null default 0,
  next_try_at    timestamptz not null default now(),
  sent_at        timestamptz,
  problem        text,
  made_at        timestamptz not null default clock_timestamp(),
  primary key (office_id, notice_id),
  unique (office_id, application_id, kind, occasion),
  foreign key (office_id, application_id) references application.application
);
create index notice_due on application.notice (office_id, next_try_at) where state = 'waiting' and email is not null;

call meta.keep_office('application.stage_visit', 'application.warning', 'application.notice');

-- What is under way already: its stays are in the audit log.
do $$
declare
  office bigint;
begin
  for office in select o.office_id from catalogue.office o loop
    perform set_config('loket.office_id', office::text, true);
    insert into application.stage_visit (office_id, application_id, stage, clock_runs, begin_at, end_at)
    select a.office_id, a.application_id, e.to_stage, s.clock_runs, e.at, e.until
      from application.application a
      join (select x.office_id, x.application_id, x.to_stage, x.at,
                   lead(x.at) over (partition by x.application_id order by x.event_id) as until
              from audit.event x
             where x.office_id = office and x.to_stage is not null) e
        on e.office_id = a.office_id and e.application_id = a.application_id
      join workflow.stage s on s.office_id = a.office_id and s.workflow_id = a.workflow_id and s.version = a.workflow_version
                           and s.code = e.to_stage and s.kind <> 'end'
     where a.office_id = office;
  end loop;
  perform set_config('loket.office_id', '', true);
end
$$;

-- Fairness: the order of work and who leaves it, thresholds of the auditor's patterns, turns, absence and delegates; and the
-- applicant's own data: corrections with their reason, duplicates, merges that can be taken back.

set local role loket_owner;

alter table catalogue.office
  add column work_order          text not null default 'advisory' check (work_order in ('strict', 'advisory')),
  add column assignment          text not null default 'manual' check (assignment in ('manual', 'turn', 'load')),
  add column surveyor_rest_days  int not null default 180 check (surveyor_rest_days between 0 and 3650);

-- A number that an administrator changed; what is not here has the standard of rule.threshold_standards().
create table catalogue.threshold (
  office_id  bigint not null references catalogue.office,
  code       text not null,
  value      int not null check (value between 0 and 100000),
  changed_by bigint not null,
  changed_at timestamptz not null default now(),
  primary key (office_id, code),
  foreign key (office_id, changed_by) references identity.user_account
);

-- Somebody is away, and perhaps somebody else has one of their roles for that time.
create table identity.absence (
  office_id   bigint not null references catalogue.office,
  absence_id  bigint generated always as identity,
  user_id     bigint not null,
  from_on     date not null,
  until_on    date not null,
  reason      text not null,
  delegate_id bigint,
  role        text,                            -- that the delegate has meanwhile
  decree      text,                            -- number of the decree that names a head's delegate
  recorded_by bigint not null,
  recorded_at timestamptz not null default now(),
  ended_at    timestamptz,                     -- back earlier, or recorded by mistake
  ended_by    bigint,
  primary key (office_id, absence_id),
  foreign key (office_id, user_id) references identity.user_account,
  foreign key (office_id, delegate_id) references identity.user_account,
  check (until_on >= from_on),
  check (delegate_id <> user_id),
  check ((delegate_id is null) = (role is null)),
  check (role <> 'head' or decree is not null),
  check (role not in ('admin', 'auditor'))
);
create index absence_of on identity.absence (office_id, user_id, until_on) where ended_at is null;
create index absence_of_delegate on identity.absence (office_id, delegate_id, until_on) where ended_at is null and delegate_id is not null;

-- Whom the holder of this work acts for.
alter table application.task add column on_behalf_of bigint;

-- When somebody was last given work by turn.
create table workflow.turn (
  office_id bigint not null,
  role      text not null,
  user_id   bigint not null,
  at        timestamptz not null,
  primary key (office_id, role, user_id),
  foreign key (office_id, user_id) references identity.user_account
);

-- Work that was taken before what was next.
create table application.deviation (
  office_id           bigint not null,
  deviation_id        bigint generated always as identity,
  at                  timestamptz not null default now(),
  user_id             bigint not null,
  role                text not null,
  task_id             bigint not null,
  application_id      bigint not null,         -- that was taken: its applicant gained
  next_application_id bigint not null,         -- that was next
  places              int not null check (places > 0),
  reason              text,                    -- null: the office only advises the order
  primary key (office_id, deviation_id),
  foreign key (office_id, user_id) references identity.user_account,
  foreign key (office_id, task_id) references application.task,
  foreign key (office_id, application_id) references application.application,
  foreign key (office_id, next_application_id) references application.application
);
create index deviation_by_time on application.deviation (office_id, at);

-- Whom a surveyor met.
create index inspection_member_of on application.inspection_member (office_id, user_id, inspection_id desc);

alter table application.applicant add column merged_into bigint;
alter table application.applicant add foreign key (office_id, merged_into) references application.applicant;
alter table application.applicant add check (merged_into <> applicant_id);

-- A number belongs to one applicant; one that was merged away keeps what it said, and stands in nobody's way.
drop index application.applicant_person;
drop index application.applicant_company_npwp;
drop index application.applicant_company_nib;
create unique index applicant_person on application.applicant (office_id, nik) where kind = 'person' and merged_into is null;
create unique index applicant_company_npwp on application.applicant (office_id, npwp)
  where kind = 'company' and npwp is not null and merged_into is null;
create unique index applicant_company_nib on application.applicant (office_id, nib)
  where kind = 'company' and nib is not null and merged_into is null;
create index applicant_nik on application.applicant (office_id, nik) where nik is not null;
create index applicant_nib on application.applicant (office_id, nib) where nib is not null;
create index applicant_birth on application.applicant (office_id, birth_on) where birth_on is not null;
create index applicant_by_change on application.applicant (office_id, changed_at);

alter table application.applicant_history
  add column action text not null default 'intake' check (action in ('intake', 'correct', 'merge', 'undo_merge')),
  add column reason text;

-- Two records that became one, and what is needed to take it back.
create table application.applicant_merge (
  office_id    bigint not null,
  merge_id     bigint generated always as identity,
  kept_id      bigint not null,
  merged_id    bigint not null,
  kept_before  jsonb not null,                 -- the survivor's row as it was
  moved        bigint[] not null,              -- applications that went to the survivor
  reason       text not null,
  merged_by    bigint not null,
  merged_at    timestamptz not null default now(),
  kept_at      timestamptz not null,           -- changed_at of the survivor since the merge
  undone_by    bigint,
  undone_at    timestamptz,
  undo_reason  text,
  primary key (office_id, merge_id),
  foreign key (office_id, kept_id) references application.applicant,
  foreign key (office_id, merged_id) references application.applicant
);
create unique index applicant_merge_open on application.applicant_merge (office_id, merged_id) where undone_at is null;
create index applicant_merge_by_time on application.applicant_merge (office_id, merged_at);

-- Two that look alike and were found to be two.
create table application.applicant_distinct (
  office_id bigint not null,
  first_id  bigint not null,
  second_id bigint not null,
  reason    text not null,
  by_id     bigint not null,
  at        timestamptz not null default now(),
  primary key (office_id, first_id, second_id),
  foreign key (office_id, first_id) references application.applicant,
  foreign key (office_id, second_id) references application.applicant,
  check (first_id < second_id)
);

call meta.keep_office('catalogue.threshold', 'identity.absence', 'workflow.turn', 'application.deviation', 'application.applicant_merge',
  'application.applicant_distinct');

-- An application, from the counter to the archive.

create extension if not exists pg_trgm with schema meta;
set local role loket_owner;

create table application.applicant (
  office_id        bigint not null references catalogue.office,
  applicant_id     bigint generated always as identity,
  kind             text not null check (kind in ('person', 'company')),
  nik              text check (nik ~ '^[0-9]{16}$'),
  npwp             text check (npwp ~ '^[0-9]{15,16}$'),
  nib              text check (nib ~ '^[0-9]{13}$'),
  family_card      text,
  name             text not null check (length(name) between 1 and 200),
  birth_place      text,
  birth_on         date,
  gender           text check (gender in ('m', 'f')),
  address          text,
  region           text,
  phone            text,
  email            text,
  responsible_name text,
  changed_at       timestamptz not null default now(),
  primary key (office_id, applicant_id)
);
create unique index applicant_person on application.applicant (office_id, nik) where kind = 'person';
create unique index applicant_company_npwp on application.applicant (office_id, npwp) where kind = 'company' and npwp is not null;
create unique index applicant_company_nib on application.applicant (office_id, nib) where kind = 'company' and nib is not null;
create index applicant_npwp on application.applicant (office_id, npwp) where npwp is not null;

-- What an applicant's data was before a change, and who changed it.
create table application.applicant_history (
  office_id    bigint not null,
  applicant_id bigint not null,
  at           timestamptz not null default now(),
  changed_by   bigint not null,
  before       jsonb not null,
  foreign key (office_id, applicant_id) references application.applicant
);
create index applicant_history_of on application.applicant_history (office_id, applicant_id, at);

create table application.application (
  office_id        bigint not null references catalogue.office,
  application_id   bigint generated always as identity,
  number           text not null,              -- "2026-001234"
  version          int not null default 1,     -- each step adds one
  applicant_id     bigint not null,
  permit_type_id   bigint not null,
  permit_version   int not null,
  workflow_id      bigint not null,
  workflow_version int not null,
  kind             text not null check (kind in ('new', 'renewal', 'change', 'copy')),
  location         text,
  priority         text check (priority in ('elderly', 'disabled', 'pregnant')),
  previous_permit  text,
  stage            text not null,
  outcome          text check (outcome in ('approved', 'refused', 'withdrawn')),
  pin_hash         bytea not null,
  service_days     int not null,
  submitted_at     timestamptz not null default now(),
  promised_on      date not null,
  stopped_at       timestamptz,                -- since when the clock stands still
  changed_by       bigint,                     -- of the last step, to tell who when a version is stale
  return_note      text,
  proposal         text check (proposal in ('approve', 'refuse')),
  considerations   text,
  conditions       text,
  decision_reason  text,
  decision_rule    text,
  last_hash        bytea,                      -- end of this application's audit chain
  closed_at        timestamptz,
  primary key (office_id, application_id),
  unique (office_id, number),
  foreign key (office_id, applicant_id) references application.applicant,
  foreign key (office_id, permit_type_id, permit_version) references catalogue.permit_type_version,
  foreign key (office_id, workflow_id, workflow_version, stage) references workflow.stage
);
create index application_of_applicant on application.application (office_id, applicant_id, application_id desc);

-- For search by part of a name. No row policy: trigram operators are not leakproof, and under a policy they
-- could not use the index. Only rule.search_applications() reads it, with the office in its own condition.
create table application.search_name (
  office_id      bigint not null,
  application_id bigint not null,
  name           text not null,                -- lower case
  primary key (office_id, application_id),
  foreign key (office_id, application_id) references application.application
);
create index search_name_part on application.search_name using gin (name meta.gin_trgm_ops);

create table application.field_value (
  office_id      bigint not null,
  application_id bigint not null,
  code           text not null,
  value          text,
  old_value      text,
  changed        boolean not null default false,
  returned       boolean not null default false,
  primary key (office_id, application_id, code),
  foreign key (office_id, application_id) references application.application
);

create table application.requirement (
  office_id          bigint not null,
  application_id     bigint not null,
  code               text not null,
  present            boolean not null default false,
  document_number    text,
  issued_on          date,
  valid_until_on     date,
  status             text not null default 'pending' check (status in ('pending', 'accepted', 'refused')),
  reason             text,
  returned           boolean not null default false,
  changed            boolean not null default false,
  old_document_number text,
  old_issued_on      date,
  old_valid_until_on date,
  primary key (office_id, application_id, code),
  foreign key (office_id, application_id) references application.application,
  check (status <> 'refused' or reason is not null)
);

create table application.inspection (
  office_id      bigint not null,
  inspection_id  bigint generated always as identity,
  application_id bigint not null,
  unit_id        bigint not null,
  version        int not null default 1,
  status         text not null default 'asked' check (status in ('asked', 'assigned', 'reported', 'done', 'cancelled')),
  visit          boolean not null default true,
  instruction    text,
  appointment_at timestamptz,
  visited_at     timestamptz,
  coordinates    text,
  findings       text,
  recommendation text check (recommendation in ('approve', 'approve_with_conditions', 'refuse')),
  conditions     text,
  primary key (office_id, inspection_id),
  foreign key (office_id, application_id) references application.application,
  foreign key (office_id, unit_id) references catalogue.unit
);
create index inspection_of on application.inspection (office_id, application_id);

create table application.inspection_member (
  office_id     bigint not null,
  inspection_id bigint not null,
  unit_id       bigint not null,
  user_id       bigint not null,
  position      int not null,
  signed_at     timestamptz,
  primary key (office_id, inspection_id, user_id),
  foreign key (office_id, inspection_id) references application.inspection,
  foreign key (office_id, user_id) references identity.user_account
);

create table application.inspection_answer (
  office_id     bigint not null,
  inspection_id bigint not null,
  unit_id       bigint not null,
  code          text not null,
  answer        text not null check (answer in ('yes', 'no', 'not_applicable')),
  note          text,
  primary key (office_id, inspection_id, code),
  foreign key (office_id, inspection_id) references application.inspection
);

-- One open piece of work. The queue of a person is the open tasks of their roles.
create table application.task (
  office_id      bigint not null,
  task_id        bigint generated always as identity,
  application_id bigint not null,
  stage          text not null,
  role           text not null,
  unit_id        bigint,
  inspection_id  bigint,
  permit_type_id bigint not null,
  urgent         boolean not null default false,  -- a vulnerable applicant: openly first
  due_on         date not null,
  holder_id      bigint,
  held_at        timestamptz,
  opened_at      timestamptz not null default now(),
  closed_at      timestamptz,
  closed_by      bigint,
  action         text,
  primary key (office_id, task_id),
  foreign key (office_id, application_id) references application.application,
  foreign key (office_id, inspection_id) references application.inspection,
  foreign key (office_id, holder_id) references identity.user_account,
  foreign key (office_id, unit_id) references catalogue.unit
);
create index task_open on application.task (office_id, role, urgent desc, due_on, task_id) where closed_at is null;
create index task_held on application.task (office_id, holder_id) where closed_at is null;
create index task_of on application.task (office_id, application_id, task_id);

-- Who had it, from when to when, and for whom the time counts: the ledger behind the control slip.
create table application.custody (
  office_id      bigint not null,
  custody_id     bigint generated always as identity,
  application_id bigint not null,
  task_id        bigint not null,
  holder_id      bigint,
  reason         text not null check (reason in ('working', 'waiting', 'applicant')),
  begin_at       timestamptz not null default now(),
  end_at         timestamptz,
  primary key (office_id, custody_id),
  foreign key (office_id, task_id) references application.task
);
create index custody_of on application.custody (office_id, application_id, begin_at);
create unique index custody_one_open on application.custody (office_id, task_id) where end_at is null;

create table application.bill (
  office_id      bigint not null,
  application_id bigint not null,
  number         text not null,
  amount         bigint not null check (amount > 0),
  issued_at      timestamptz not null default now(),
  paid_on        date,
  payment_reference text,
  confirmed_by   bigint,
  primary key (office_id, application_id),
  unique (office_id, number),
  foreign key (office_id, application_id) references application.application
);
create table application.bill_line (
  office_id      bigint not null,
  application_id bigint not null,
  position       int not null,
  item           text not null,
  legal_basis    text not null,
  price          bigint not null,
  arithmetic     text not null,
  amount         bigint not null,
  primary key (office_id, application_id, position),
  foreign key (office_id, application_id) references application.bill
);

-- What was issued: a permit or a refusal letter.
create table application.permit (
  office_id      bigint not null,
  permit_id      bigint generated always as identity,
  application_id bigint not null,
  permit_type_id bigint not null,
  kind           text not null check (kind in ('permit', 'refusal')),
  number         text not null,
  issued_on      date not null,
  valid_until_on date,
  status         text not null default 'current' check (status in ('current', 'replaced', 'suspended', 'revoked', 'expired')),
  primary key (office_id, permit_id),
  unique (office_id, application_id),
  unique (office_id, number),
  foreign key (office_id, application_id) references application.application
);

-- Running numbers without gaps: the row's lock is held until the number is committed with what it numbers.
create table application.number_counter (
  office_id bigint not null references catalogue.office,
  series    text not null,
  year      int not null,
  last      int not null default 0,
  primary key (office_id, series, year)
);

create table application.handover (
  office_id      bigint not null,
  application_id bigint not null,
  recipient      text not null,
  recipient_nik  text,
  relation       text not null check (relation in ('self', 'family', 'proxy', 'employee')),
  method         text not null check (method in ('counter', 'electronic')),
  at             timestamptz not null default now(),
  recorded_by    bigint not null,
  primary key (office_id, application_id),
  foreign key (office_id, application_id) references application.application
);

create table application.archive_file (
  office_id        bigint not null,
  application_id   bigint not null,
  classification   text not null,
  room             text not null,
  shelf            text,
  box              text not null,
  folder           text,
  active_until_on  date not null,
  retain_until_on  date not null,
  filed_by         bigint not null,
  primary key (office_id, application_id),
  foreign key (office_id, application_id) references application.application
);

create table application.track_attempt (
  office_id bigint not null references catalogue.office,
  number    text not null,
  address   text not null,
  at        timestamptz not null default now()
);
create index track_attempt_of on application.track_attempt (office_id, number, at);
create index track_attempt_from on application.track_attempt (address, at);

call meta.keep_office('application.applicant', 'application.applicant_history', 'application.application', 'application.field_value',
  'application.requirement', 'application.inspection', 'application.inspection_member', 'application.inspection_answer',
  'application.task', 'application.custody', 'application.bill', 'application.bill_line', 'application.permit',
  'application.number_counter', 'application.handover', 'application.archive_file');

-- A technical department sees its own inspections only, whatever the function that asks.
create policy unit on application.inspection as restrictive
  using ((select meta.current_unit()) is null or unit_id = (select meta.current_unit()));
create policy unit on application.inspection_member as restrictive
  using ((select meta.current_unit()) is null or unit_id = (select meta.current_unit()));
create policy unit on application.inspection_answer as restrictive
  using ((select meta.current_unit()) is null or unit_id = (select meta.current_unit()));
create policy unit on application.task as restrictive
  using ((select meta.current_unit()) is null or unit_id is null or unit_id = (select meta.current_unit()));

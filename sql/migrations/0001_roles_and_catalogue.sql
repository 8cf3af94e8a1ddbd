-- Roles, schemas, and the catalogue: what an office is and which permits it gives.
-- Every table of an office's work has office_id as the first column of its keys.

do $$
begin
  perform pg_advisory_xact_lock(7443);  -- roles belong to the cluster: two databases may be set up at once
  if not exists (select from pg_roles where rolname = 'loket_owner') then create role loket_owner nologin; end if;
  if not exists (select from pg_roles where rolname = 'loket_worker') then create role loket_worker login; end if;
  if not exists (select from pg_roles where rolname = 'loket_auth') then create role loket_auth login; end if;
  if not exists (select from pg_roles where rolname = 'loket_job') then create role loket_job login; end if;
end
$$;

revoke all on schema public from public;
create schema catalogue authorization loket_owner;
create schema identity authorization loket_owner;
create schema session authorization loket_owner;
create schema workflow authorization loket_owner;
create schema application authorization loket_owner;
create schema audit authorization loket_owner;
create schema if not exists meta;
alter schema meta owner to loket_owner;

set local role loket_owner;

-- Who the current transaction works for: set by rule.enter(), read by the row policies. They live here, not
-- with the functions that every migrate makes anew, because policies depend on them.
create function meta.current_office() returns bigint
language sql stable parallel safe
as $$ select nullif(current_setting('loket.office_id', true), '')::bigint $$;

create function meta.current_unit() returns bigint
language sql stable parallel safe
as $$ select nullif(current_setting('loket.unit_id', true), '')::bigint $$;

-- Row policies that keep each office to itself, on every table named.
create procedure meta.keep_office(variadic tables regclass[])
language plpgsql
as $$
declare
  t regclass;
begin
  foreach t in array tables loop
    execute format('alter table %s enable row level security', t);
    execute format('alter table %s force row level security', t);
    execute format('create policy office on %s using (office_id = (select meta.current_office()))', t);
  end loop;
end
$$;

create table catalogue.office (
  office_id     bigint generated always as identity primary key,
  code          text not null unique check (code ~ '^[a-z][a-z0-9-]{1,30}$'),
  name          text not null,
  city          text not null,
  address       text not null default '',
  phone         text not null default '',
  time_zone     text not null default 'Asia/Jakarta',
  weekly_off    int not null default 96 check (weekly_off between 0 and 126),  -- bit 0 Monday ... bit 6 Sunday
  demonstration boolean not null default false,
  created_at    timestamptz not null default now()
);

create table catalogue.office_hours (
  office_id bigint not null references catalogue.office,
  weekday   int not null check (weekday between 1 and 7),  -- ISO: 1 Monday
  opens     time not null,
  closes    time not null,
  primary key (office_id, weekday, opens),
  check (closes > opens)
);

create table catalogue.holiday (
  office_id bigint not null references catalogue.office,
  day       date not null,
  name      text not null,
  primary key (office_id, day)
);

-- Each day with its place in the count of working days, so that "in 3 working days" and "2 days late" are
-- two look-ups and a subtraction. Written by rule.calendar_build() from weekly_off and the holidays.
create table catalogue.calendar_day (
  office_id bigint not null references catalogue.office,
  day       date not null,
  working   boolean not null,
  ordinal   int not null,                      -- working days up to this day, itself included
  primary key (office_id, day)
);
create index calendar_day_working on catalogue.calendar_day (office_id, ordinal) include (day) where working;

create table catalogue.province (
  code text primary key check (code ~ '^[0-9]{2}$'),
  name text not null
);

create table catalogue.unit (
  office_id  bigint not null references catalogue.office,
  unit_id    bigint generated always as identity,
  code       text not null check (code ~ '^[A-Z][A-Z0-9-]{1,30}$'),
  name       text not null,
  department boolean not null default false,  -- one of the technical departments (OPD)
  primary key (office_id, unit_id),
  unique (office_id, code)
);

-- A permit type is a code; what it asks is a version. An application keeps the version it started with.
create table catalogue.permit_type (
  office_id      bigint not null references catalogue.office,
  permit_type_id bigint generated always as identity,
  code           text not null check (code ~ '^[A-Z][A-Z0-9-]{1,30}$'),
  current_version int not null default 0,
  primary key (office_id, permit_type_id),
  unique (office_id, code)
);

create table catalogue.permit_type_version (
  office_id      bigint not null,
  permit_type_id bigint not null,
  version        int not null check (version > 0),
  name           text not null,
  sector         text not null,
  service_days   int not null check (service_days between 1 and 365),
  valid_years    int not null check (valid_years between 1 and 100),
  valid_not_past text,                        -- a requirement's code: not valid longer than that document
  number_pattern text not null,
  legal_basis    text not null default '',
  source         text not null default 'counter' check (source in ('counter', 'oss')),
  visit          text not null default 'never' check (visit in ('never', 'always', 'when')),
  visit_field    text,
  visit_value    text,
  levy           boolean not null default false,
  workflow       text not null,
  kinds          text[] not null default '{new,renewal,change,copy}',
  content_hash   bytea not null,
  created_at     timestamptz not null default now(),
  primary key (office_id, permit_type_id, version),
  foreign key (office_id, permit_type_id) references catalogue.permit_type
);

create table catalogue.permit_type_unit (
  office_id      bigint not null,
  permit_type_id bigint not null,
  version        int not null,
  unit_id        bigint not null,
  primary key (office_id, permit_type_id, version, unit_id),
  foreign key (office_id, permit_type_id, version) references catalogue.permit_type_version,
  foreign key (office_id, unit_id) references catalogue.unit
);

create table catalogue.requirement (
  office_id      bigint not null,
  permit_type_id bigint not null,
  version        int not null,
  code           text not null check (code ~ '^[A-Z][A-Z0-9_]{0,30}$'),
  position       int not null,
  name           text not null,
  required       boolean not null default true,
  needs_number   boolean not null default false,
  needs_expiry   boolean not null default false,
  when_field     text,
  when_value     text,
  hint           text,
  primary key (office_id, permit_type_id, version, code),
  foreign key (office_id, permit_type_id, version) references catalogue.permit_type_version
);

create table catalogue.form_field (
  office_id      bigint not null,
  permit_type_id bigint not null,
  version        int not null,
  code           text not null check (code ~ '^[a-z][a-z0-9_]{0,30}$'),
  position       int not null,
  label          text not null,
  type           text not null check (type in ('text', 'multiline', 'number', 'money', 'date', 'choice', 'nik',
                                               'npwp', 'nib', 'phone', 'postcode', 'email')),
  required       boolean not null default false,
  max_length     int not null default 200 check (max_length between 1 and 4000),
  choices        text[] not null default '{}',  -- "code=label"
  when_field     text,
  when_value     text,
  hint           text,
  primary key (office_id, permit_type_id, version, code),
  foreign key (office_id, permit_type_id, version) references catalogue.permit_type_version
);

create table catalogue.checklist_item (
  office_id      bigint not null,
  permit_type_id bigint not null,
  version        int not null,
  unit_code      text not null,               -- the department that answers it; '*' for each
  code           text not null check (code ~ '^[a-z][a-z0-9_]{0,30}$'),
  position       int not null,
  question       text not null,
  primary key (office_id, permit_type_id, version, unit_code, code),
  foreign key (office_id, permit_type_id, version) references catalogue.permit_type_version
);

-- A levy is the sum of its items: price times the product of the named form fields.
create table catalogue.levy_item (
  office_id       bigint not null,
  permit_type_id  bigint not null,
  version         int not null,
  code            text not null,
  position        int not null,
  name            text not null,
  legal_basis     text not null,
  price           bigint not null check (price >= 0),  -- rupiah
  valid_from      date not null,
  quantity_fields text[] not null default '{}',
  when_field      text,
  when_value      text,
  primary key (office_id, permit_type_id, version, code, valid_from),
  foreign key (office_id, permit_type_id, version) references catalogue.permit_type_version
);

-- The workflow as data. A transition that is not a row here is impossible.
create table workflow.workflow (
  office_id       bigint not null references catalogue.office,
  workflow_id     bigint generated always as identity,
  code            text not null,
  current_version int not null default 0,
  primary key (office_id, workflow_id),
  unique (office_id, code)
);

create table workflow.version (
  office_id    bigint not null,
  workflow_id  bigint not null,
  version      int not null check (version > 0),
  content_hash bytea not null,
  created_at   timestamptz not null default now(),
  primary key (office_id, workflow_id, version),
  foreign key (office_id, workflow_id) references workflow.workflow
);

create table workflow.stage (
  office_id   bigint not null,
  workflow_id bigint not null,
  version     int not null,
  code        text not null check (code ~ '^[a-z][a-z_]{1,30}$'),
  position    int not null,
  name        text not null,
  role        text not null,                   -- who works here; 'system' for the job process, '' at the end
  clock_runs  boolean not null default true,
  kind        text not null default 'task' check (kind in ('task', 'inspection', 'issue', 'refuse', 'end')),
  primary key (office_id, workflow_id, version, code),
  foreign key (office_id, workflow_id, version) references workflow.version
);

create table workflow.transition (
  office_id    bigint not null,
  workflow_id  bigint not null,
  version      int not null,
  from_stage   text not null,
  action       text not null check (action ~ '^[a-z][a-z_]{1,30}$'),
  to_stage     text not null,
  position     int not null,
  label        text not null,
  role         text not null,
  guards       text[] not null default '{}'
               check (guards <@ '{all_accepted,some_refused,no_visit_needed,inspections_done,levy_due,no_levy,fee_paid,initialled,not_involved}'),
  needs_reason boolean not null default false,
  outcome      text check (outcome in ('approved', 'refused', 'withdrawn')),
  primary key (office_id, workflow_id, version, from_stage, action, to_stage),
  foreign key (office_id, workflow_id, version, from_stage) references workflow.stage,
  foreign key (office_id, workflow_id, version, to_stage) references workflow.stage
);

call meta.keep_office('catalogue.office_hours', 'catalogue.holiday', 'catalogue.calendar_day', 'catalogue.unit', 'catalogue.permit_type',
  'catalogue.permit_type_version', 'catalogue.permit_type_unit', 'catalogue.requirement', 'catalogue.form_field',
  'catalogue.checklist_item', 'catalogue.levy_item', 'workflow.workflow', 'workflow.version', 'workflow.stage',
  'workflow.transition');

-- Forms with places, tables and files; several permits of one visit; revocations by a decree.

set local role loket_owner;

-- Where an office's places may lie: south, west, north, east, in degrees. null: anywhere.
alter table catalogue.office
  add column bounds numeric[] check (cardinality(bounds) = 4 and bounds[1] < bounds[3] and bounds[2] < bounds[4]
                                     and bounds[1] >= -90 and bounds[3] <= 90 and bounds[2] >= -180 and bounds[4] <= 180);

alter table catalogue.form_field drop constraint form_field_type_check;
alter table catalogue.form_field
  add check (type in ('text', 'multiline', 'number', 'money', 'date', 'choice', 'nik', 'npwp', 'nib', 'phone', 'postcode', 'email',
                      'coordinates', 'table', 'file')),
  add column inside      boolean not null default false,        -- coordinates: within the office's bounds
  add column min_rows    int not null default 0 check (min_rows between 0 and 500),     -- of a table
  add column max_rows    int not null default 100 check (max_rows between 1 and 500),
  add column requirement text,                                  -- of a file: whose formats and size hold
  add check ((type = 'file') = (requirement is not null)),
  add check (min_rows <= max_rows);

-- A column of a form's table.
create table catalogue.form_column (
  office_id      bigint not null,
  permit_type_id bigint not null,
  version        int not null,
  field          text not null,
  code           text not null check (code ~ '^[a-z][a-z0-9_]{0,30}$'),
  position       int not null,
  label          text not null,
  type           text not null check (type in ('text', 'number', 'money', 'date', 'choice', 'nik', 'npwp', 'nib', 'phone', 'postcode',
                                               'email')),
  required       boolean not null default false,
  max_length     int not null default 200 check (max_length between 1 and 1000),
  choices        text[] not null default '{}',
  primary key (office_id, permit_type_id, version, field, code),
  foreign key (office_id, permit_type_id, version, field) references catalogue.form_field
);

call meta.keep_office('catalogue.form_column');

-- ----------------------------------------------------------------------------------------------- revocations

alter table application.application drop constraint application_kind_check;
alter table application.application add check (kind in ('new', 'renewal', 'change', 'copy', 'revoke'));
-- a decree of revocation has a number and a code of its own
alter table application.permit drop constraint permit_kind_check;
alter table application.permit add check (kind in ('permit', 'refusal', 'revocation'));
alter table document.document drop constraint document_kind_check;
alter table document.document
  add check (kind in ('requirement', 'receipt', 'missing', 'inspection_report', 'bill', 'decree', 'permit', 'refusal', 'handover',
                      'certified_copy', 'disposal', 'revocation'));

-- What an application of the kind `revoke` is about: which permit, at whose request, and why.
create table application.revocation (
  office_id      bigint not null,
  application_id bigint not null,
  permit_id      bigint not null,
  asked_by       text not null check (asked_by in ('holder', 'office')),
  reason         text not null,
  rule           text check (asked_by = 'holder' or rule is not null),  -- that the office rests it on
  begun_by       bigint not null,
  revoked_at     timestamptz,                  -- when the decree was signed
  primary key (office_id, application_id),
  foreign key (office_id, application_id) references application.application,
  foreign key (office_id, permit_id) references application.permit
);
create index revocation_of on application.revocation (office_id, permit_id);

call meta.keep_office('application.revocation');

-- ---------------------------------------------------------------------------------------------------- visits

-- Several applications of one applicant on one day: one code and one PIN to follow them all.
create table application.visit (
  office_id bigint not null references catalogue.office,
  visit_id  bigint generated always as identity,
  code      text not null,                     -- "V-2026-000012"
  pin_hash  bytea not null,
  begun_by  bigint not null,
  begun_at  timestamptz not null default now(),
  primary key (office_id, visit_id),
  unique (office_id, code)
);
alter table application.application
  add column visit_id bigint,
  add foreign key (office_id, visit_id) references application.visit;
create index application_of_visit on application.application (office_id, visit_id) where visit_id is not null;

-- who looked at a document last, for the analysts of the visit's other applications
alter table application.requirement
  add column judged_by bigint,
  add column judged_at timestamptz;

-- The document of another application of the visit whose file this is: linked, not copied.
alter table document.document
  add column shared_from bigint,
  add foreign key (office_id, shared_from) references document.document;

call meta.keep_office('application.visit');

-- Documents: what applicants bring, what the office writes, and the permits that it signs. Bytes are kept here and not
-- in files, so that one backup has everything.

create schema document authorization loket_owner;

set local role loket_owner;

alter table workflow.stage drop constraint stage_kind_check;
alter table workflow.stage add check (kind in ('task', 'inspection', 'issue', 'refuse', 'sign', 'end'));
alter table workflow.transition drop constraint transition_guards_check;
alter table workflow.transition add check (guards <@ '{all_accepted,some_refused,no_visit_needed,inspections_done,levy_due,no_levy,
  fee_paid,initialled,not_involved,signature_due,no_signature}');

alter table catalogue.office
  add column header               text not null default '',     -- above the name on every letter
  add column signatory_title      text not null default '',
  add column verification_address text not null default '',     -- with {code}; in the QR of a permit
  add column electronic_signature boolean not null default false,
  add column arms                 bytea;                        -- PNG

alter table catalogue.requirement
  add column max_bytes bigint not null default 10485760 check (max_bytes between 1 and 1073741824),
  add column formats   text[] not null default '{pdf,jpeg,png,tiff}'
                       check (formats <@ '{pdf,jpeg,png,tiff}' and cardinality(formats) > 0);

alter table application.permit
  add column code    text check (code ~ '^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$'),  -- to check the permit by; null: issued before there were codes
  add column version int not null default 1;
create unique index permit_code on application.permit (office_id, code);

-- A text that documents are made from. A changed one is a new row, so that what was asked for before is made as it was then.
create table document.template (
  office_id   bigint not null references catalogue.office,
  template_id bigint generated always as identity,
  kind        text not null,
  permit_type text,                            -- code; null: for every permit type
  path        text not null,
  text        text not null,
  sha256      bytea not null,
  current     boolean not null default true,
  loaded_at   timestamptz not null default now(),
  primary key (office_id, template_id)
);
create unique index template_current on document.template (office_id, kind, coalesce(permit_type, '')) where current;

-- The bytes of a file. Without a hash it is still arriving; with one it never changes and, unless it is temporary, never goes.
create table document.content (
  office_id  bigint not null references catalogue.office,
  content_id bigint generated always as identity,
  size       bigint not null check (size >= 0),
  sha256     bytea check (octet_length(sha256) = 32),
  media_type text,
  temporary  boolean not null default false,
  created_at timestamptz not null default now(),
  checked_at timestamptz,                      -- last read back and found whole
  damaged_at timestamptz,                      -- last read back and found different
  primary key (office_id, content_id)
);
-- the same bytes are kept once
create unique index content_once on document.content (office_id, sha256, size) where not temporary and sha256 is not null;
create index content_by_check on document.content (office_id, checked_at nulls first) where not temporary and sha256 is not null;

create table document.chunk (
  office_id  bigint not null,
  content_id bigint not null,
  number     int not null check (number between 0 and 16383),
  bytes      bytea not null check (octet_length(bytes) between 1 and 65536),
  primary key (office_id, content_id, number),
  foreign key (office_id, content_id) references document.content on delete cascade
);
alter table document.chunk alter column bytes set storage external;  -- scans are compressed already

create function document.keep_bytes() returns trigger
language plpgsql
as $$
begin
  if tg_op = 'UPDATE' then
    raise exception 'the bytes of a document never change' using errcode = 'LK005';
  elsif exists (select from document.content c
                 where c.office_id = old.office_id and c.content_id = old.content_id and c.sha256 is not null and not c.temporary) then
    raise exception 'the bytes of a document are kept' using errcode = 'LK005';
  end if;
  return old;
end
$$;
create trigger keep_bytes before update or delete on document.chunk for each row execute function document.keep_bytes();

create function document.keep_content() returns trigger
language plpgsql
as $$
begin
  if old.sha256 is null or old.temporary then
    return case tg_op when 'DELETE' then old else new end;
  elsif tg_op = 'DELETE' then
    raise exception 'the bytes of a document are kept' using errcode = 'LK005';
  elsif (new.size, new.sha256, new.media_type, new.temporary) is distinct from (old.size, old.sha256, old.media_type, old.temporary) then
    raise exception 'the bytes of a document never change' using errcode = 'LK005';
  end if;
  return new;
end
$$;
create trigger keep_content before update or delete on document.content for each row execute function document.keep_content();

-- One document of an application: a file for a requirement, or something that the office wrote.
create table document.document (
  office_id      bigint not null,
  document_id    bigint generated always as identity,
  application_id bigint,                       -- null: the list of what is missing, before anything is registered
  kind           text not null check (kind in ('requirement', 'receipt', 'missing', 'inspection_report', 'bill', 'decree', 'permit',
                                               'refusal', 'handover', 'certified_copy')),
  code           text,                         -- of the requirement, or of the inspecting department
  name           text not null,                -- the file's
  version        int not null default 1,
  state          text not null check (state in ('to_render', 'to_sign', 'current', 'replaced', 'failed')),
  content_id     bigint,                       -- null until it is rendered
  template_id    bigint,
  data           jsonb,                        -- what it says: as it was when it was asked for
  preview        boolean not null default false,
  tries          int not null default 0,
  problem        text,
  replaces       bigint,
  added_by       bigint,                       -- null: the system
  added_at       timestamptz not null default now(),
  primary key (office_id, document_id),
  foreign key (office_id, application_id) references application.application,
  foreign key (office_id, content_id) references document.content,
  foreign key (office_id, template_id) references document.template,
  foreign key (office_id, replaces) references document.document,
  check (state in ('to_render', 'to_sign', 'failed') or content_id is not null),
  check ((kind = 'requirement') = (template_id is null))
);
create index document_of on document.document (office_id, application_id, document_id);
create index document_to_render on document.document (office_id, document_id) where state = 'to_render';
create index document_with on document.document (office_id, content_id);
create index document_preview on document.document (office_id, added_at) where preview;

-- A file on its way in. Its chunks are already those of its content.
create table document.upload (
  office_id      bigint not null,
  upload_id      bigint generated always as identity,
  user_id        bigint not null,
  application_id bigint not null,
  code           text not null,
  replaces       bigint,
  name           text not null,
  size           bigint not null check (size > 0),
  sha256         bytea not null check (octet_length(sha256) = 32),
  content_id     bigint,
  state          text not null default 'receiving' check (state in ('receiving', 'checking', 'done', 'refused')),
  problem        text,
  argument       text,
  begun_at       timestamptz not null default now(),
  heard_at       timestamptz not null default now(),
  primary key (office_id, upload_id),
  foreign key (office_id, application_id) references application.application,
  foreign key (office_id, user_id) references identity.user_account,
  foreign key (office_id, content_id) references document.content
);
create index upload_of on document.upload (office_id, application_id, upload_id);
create index upload_checking on document.upload (office_id, upload_id) where state = 'checking';
create index upload_by_age on document.upload (office_id, heard_at) where state <> 'done';

-- The signature that a document waits for, or has. `prepared_id` is the file with room for it.
create table document.signature (
  office_id   bigint not null,
  document_id bigint not null,
  signer_id   bigint not null,
  state       text not null default 'asked' check (state in ('asked', 'given', 'done')),
  digest      bytea check (octet_length(digest) = 32),  -- null until the document is rendered
  prepared_id bigint,
  cms         bytea check (octet_length(cms) <= 16384),
  problem     text,                            -- why the last one that was given is none
  argument    text,
  signer      text,                            -- the certificate's: name, issuer, serial number, SHA-256
  issuer      text,
  serial      text,
  fingerprint bytea check (octet_length(fingerprint) = 32),
  signed_at   timestamptz,
  retry_at    timestamptz,                     -- not before: the time-stamping service was away
  stamped     boolean not null default false,  -- with an RFC 3161 time stamp
  primary key (office_id, document_id),
  foreign key (office_id, document_id) references document.document on delete cascade,
  foreign key (office_id, signer_id) references identity.user_account,
  foreign key (office_id, prepared_id) references document.content
);
create index signature_asked on document.signature (office_id, signer_id) where state <> 'done';
create index signature_given on document.signature (office_id, document_id) where state = 'given';

-- Whose certificate it is: the first who signs with it. Nobody signs with another's.
create table document.certificate (
  office_id   bigint not null,
  fingerprint bytea not null check (octet_length(fingerprint) = 32),
  user_id     bigint not null,
  subject     text not null,
  first_at    timestamptz not null default now(),
  primary key (office_id, fingerprint),
  foreign key (office_id, user_id) references identity.user_account
);

-- Who reads what, from when on: chunks are only given for one of these.
create table document.reading (
  office_id   bigint not null,
  reading_id  bigint generated always as identity,
  document_id bigint not null,
  content_id  bigint not null,
  user_id     bigint not null,
  at          timestamptz not null default now(),
  primary key (office_id, reading_id),
  foreign key (office_id, document_id) references document.document on delete cascade,
  foreign key (office_id, content_id) references document.content on delete cascade
);
create index reading_by_age on document.reading (office_id, at);

-- Reprints and certified copies: each with its number and reason.
create table document.copy (
  office_id      bigint not null,
  copy_id        bigint generated always as identity,
  application_id bigint not null,
  document_id    bigint not null,              -- what was copied
  certified      boolean not null,
  number         text not null,
  reason         text not null,
  made_by        bigint not null,
  made_at        timestamptz not null default now(),
  copy_document_id bigint,                     -- a certified copy is a document of its own
  primary key (office_id, copy_id),
  unique (office_id, number),
  foreign key (office_id, document_id) references document.document,
  foreign key (office_id, copy_document_id) references document.document
);
create index copy_of on document.copy (office_id, application_id);

-- A change of an issued permit: proposed by one, decided by the head.
create table application.permit_change (
  office_id   bigint not null,
  change_id   bigint generated always as identity,
  permit_id   bigint not null,
  kind        text not null check (kind in ('correction', 'suspension', 'revocation', 'reinstatement')),
  reason      text not null,
  rule        text not null,                   -- that it rests on
  fields      jsonb,                           -- of a correction: {"code": value}
  proposed_by bigint not null,
  proposed_at timestamptz not null default now(),
  decided_by  bigint,
  decided_at  timestamptz,
  approved    boolean,
  decision_reason text,
  primary key (office_id, change_id),
  foreign key (office_id, permit_id) references application.permit,
  check (decided_by <> proposed_by)
);
create unique index permit_change_open on application.permit_change (office_id, permit_id) where decided_at is null;
create index permit_change_of on application.permit_change (office_id, permit_id);

call meta.keep_office('document.template', 'document.content', 'document.chunk', 'document.document', 'document.upload',
  'document.signature', 'document.certificate', 'document.reading', 'document.copy', 'application.permit_change');

-- A technical department's people see the documents of what they inspect.
create policy unit on document.document as restrictive
  using ((select meta.current_unit()) is null
         or exists (select from application.inspection i
                     where i.office_id = document.office_id and i.application_id = document.application_id));

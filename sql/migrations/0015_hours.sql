-- The end of an archive: a retention schedule for each permit type, files that are due, and their disposal, which one person
-- proposes and another approves. What a document said goes; that it was there, and its hash, stay.

set local role loket_owner;

alter table catalogue.permit_type_version
  add column active_years   int check (active_years between 1 and 100),      -- null: the archivist says it for each file
  add column inactive_years int check (inactive_years between 0 and 100),
  add column disposal       text not null default 'keep' check (disposal in ('keep', 'destroy')),
  add check (disposal = 'keep' or active_years is not null and inactive_years is not null);

alter table document.document drop constraint document_kind_check;
alter table document.document add check (kind in ('requirement', 'receipt', 'missing', 'inspection_report', 'bill', 'decree', 'permit',
                                                  'refusal', 'handover', 'certified_copy', 'disposal'));

-- A change of data and a copy go a shorter way than what is new: null is the way of all.
alter table catalogue.permit_type_version
  add column short_workflow text,
  add column short_days     int check (short_days between 1 and 365);

create table application.disposal (
  office_id       bigint not null references catalogue.office,
  disposal_id     bigint generated always as identity,
  reason          text not null,                   -- the schedule or decision that it rests on
  proposed_by     bigint not null,
  proposed_at     timestamptz not null default now(),
  decided_by      bigint,
  decided_at      timestamptz,
  approved        boolean,
  decision_reason text,
  number          text,                            -- of the certificate
  document_id     bigint,                          -- the certificate
  primary key (office_id, disposal_id),
  unique (office_id, number),
  foreign key (office_id, proposed_by) references identity.user_account,
  foreign key (office_id, decided_by) references identity.user_account,
  foreign key (office_id, document_id) references document.document,
  check (decided_by <> proposed_by),
  check ((decided_at is null) = (approved is null) and (decided_at is null) = (decided_by is null)),
  check ((number is not null) = (approved is true))
);
create index disposal_open on application.disposal (office_id, disposal_id) where decided_at is null;

create table application.disposal_item (
  office_id      bigint not null,
  disposal_id    bigint not null,
  application_id bigint not null,
  state          text not null default 'proposed' check (state in ('proposed', 'destroyed', 'kept')),
  documents      int not null default 0,           -- that were destroyed
  bytes          bigint not null default 0,
  primary key (office_id, disposal_id, application_id),
  foreign key (office_id, disposal_id) references application.disposal,
  foreign key (office_id, application_id) references application.application
);
-- a file is proposed once at a time, and destroyed once
create unique index disposal_item_once on application.disposal_item (office_id, application_id) where state <> 'kept';
create index archive_file_due on application.archive_file (office_id, retain_until_on, application_id);

call meta.keep_office('application.disposal', 'application.disposal_item');

-- The bytes are gone, and may come again: what is destroyed is not "the same bytes, kept once".
alter table document.content add column destroyed_at timestamptz;
drop index document.content_once;
create unique index content_once on document.content (office_id, sha256, size)
  where not temporary and sha256 is not null and destroyed_at is null;

create or replace function document.keep_bytes() returns trigger
language plpgsql
as $$
begin
  if tg_op = 'UPDATE' then
    if current_setting('loket.sealing', true) is distinct from 'on'
       or (new.office_id, new.content_id, new.number) is distinct from (old.office_id, old.content_id, old.number) then
      raise exception 'the bytes of a document never change' using errcode = 'LK005';
    end if;
    return new;
  elsif exists (select from document.content c
                 where c.office_id = old.office_id and c.content_id = old.content_id and c.sha256 is not null and not c.temporary
                   and c.destroyed_at is null) then
    raise exception 'the bytes of a document are kept' using errcode = 'LK005';
  end if;
  return old;
end
$$;

-- Destroyed only when each file that has these bytes was approved for it; never undone.
create or replace function document.keep_content() returns trigger
language plpgsql
as $$
begin
  if old.sha256 is null or old.temporary then
    return case tg_op when 'DELETE' then old else new end;
  elsif tg_op = 'DELETE' then
    raise exception 'the bytes of a document are kept' using errcode = 'LK005';
  elsif (new.size, new.sha256, new.media_type, new.temporary) is distinct from (old.size, old.sha256, old.media_type, old.temporary) then
    raise exception 'the bytes of a document never change' using errcode = 'LK005';
  elsif new.destroyed_at is distinct from old.destroyed_at
        and (old.destroyed_at is not null
             or exists (select from document.document d
                         where d.office_id = old.office_id and d.content_id = old.content_id
                           and not exists (select from application.disposal_item i
                                             join application.disposal x on x.office_id = i.office_id and x.disposal_id = i.disposal_id
                                            where i.office_id = d.office_id and i.application_id = d.application_id
                                              and i.state = 'destroyed' and x.approved))) then
    raise exception 'the bytes of a document are kept' using errcode = 'LK005';
  end if;
  return new;
end
$$;

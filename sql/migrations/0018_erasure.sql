-- The end of personal data: what the office knows of a person is replaced by a mark once no law keeps it any more. One person proposes,
-- another approves. That there was an application, its steps, its hashes and the erasure itself stay.

set local role loket_owner;

alter table document.document drop constraint document_kind_check;
alter table document.document
  add check (kind in ('requirement', 'receipt', 'missing', 'inspection_report', 'bill', 'decree', 'permit', 'refusal', 'handover',
                      'certified_copy', 'disposal', 'revocation', 'erasure'));

alter table application.applicant add column erased_at timestamptz;     -- since then there is nothing in it
alter table application.archive_file add column erased boolean not null default false;

create table application.erasure (
  office_id       bigint not null references catalogue.office,
  erasure_id      bigint generated always as identity,
  applicant_id    bigint not null,
  application_id  bigint not null,                 -- that it was proposed from
  ground          text not null check (ground in ('request', 'retention')),
  reason          text not null,                   -- without the name: it stays
  proposed_by     bigint not null,
  proposed_at     timestamptz not null default now(),
  decided_by      bigint,
  decided_at      timestamptz,
  approved        boolean,
  decision_reason text,
  applications    int not null default 0,          -- that were the person's
  documents       int not null default 0,          -- that were destroyed
  number          text,                            -- of the certificate
  document_id     bigint,                          -- the certificate
  primary key (office_id, erasure_id),
  unique (office_id, number),
  foreign key (office_id, applicant_id) references application.applicant,
  foreign key (office_id, application_id) references application.application,
  foreign key (office_id, proposed_by) references identity.user_account,
  foreign key (office_id, decided_by) references identity.user_account,
  foreign key (office_id, document_id) references document.document,
  check (decided_by <> proposed_by),
  check ((decided_at is null) = (approved is null) and (decided_at is null) = (decided_by is null)),
  check ((number is not null) = (approved is true))
);
create unique index erasure_open on application.erasure (office_id, applicant_id) where decided_at is null;

-- Which application uses a sealed number in its form, its documents or its handover: a number that another one uses is not shredded.
create table application.number_use (
  office_id      bigint not null,
  token          text not null,
  application_id bigint not null,
  primary key (office_id, token, application_id),
  foreign key (office_id, application_id) references application.application
);
create index number_use_of on application.number_use (office_id, application_id);

call meta.keep_office('application.erasure', 'application.number_use');

create function application.note_numbers() returns trigger
language plpgsql
as $$
begin
  insert into application.number_use (office_id, token, application_id)
  select distinct new.office_id, m[1], new.application_id from regexp_matches(to_jsonb(new)::text, '(#[0-9a-f]{40})', 'g') m
  on conflict do nothing;
  return null;
end
$$;
create trigger note_numbers after insert or update on application.field_value
  for each row when (new.value like '%#%') execute function application.note_numbers();
create trigger note_numbers after insert or update on application.requirement
  for each row when (new.document_number like '#%') execute function application.note_numbers();
create trigger note_numbers after insert or update on application.handover
  for each row when (new.recipient_nik like '#%') execute function application.note_numbers();

-- what is there already
do $$
declare
  office bigint;
begin
  for office in select o.office_id from catalogue.office o loop
    perform set_config('loket.office_id', office::text, true), set_config('loket.unit_id', '', true);
    insert into application.number_use (office_id, token, application_id)
    select distinct office, m[1], x.application_id
      from (select f.application_id, concat_ws(' ', f.value, f.old_value) as said from application.field_value f
             where f.office_id = office and (f.value like '%#%' or f.old_value like '%#%')
            union all
            select r.application_id, concat_ws(' ', r.document_number, r.old_document_number) from application.requirement r
             where r.office_id = office and (r.document_number like '#%' or r.old_document_number like '#%')
            union all
            select h.application_id, h.recipient_nik from application.handover h where h.office_id = office and h.recipient_nik like '#%') x
     cross join lateral regexp_matches(x.said, '(#[0-9a-f]{40})', 'g') m;
  end loop;
  perform set_config('loket.office_id', '', true);
end
$$;

-- whom retention no longer covers, the longest ago first
create index archive_file_kept on application.archive_file (office_id, retain_until_on, application_id) where not erased;
-- everything that belongs to a person or an application, without reading all
create index applicant_merged on application.applicant (office_id, merged_into) where merged_into is not null;
create index applicant_merge_kept on application.applicant_merge (office_id, kept_id);
create index applicant_merge_merged on application.applicant_merge (office_id, merged_id);
create index applicant_distinct_second on application.applicant_distinct (office_id, second_id);
create index deviation_of on application.deviation (office_id, application_id);
create index waiver_of on application.waiver (office_id, application_id);
create index bank_line_of on application.bank_line (office_id, reference);
-- lists of what was missing were given out before anything was registered: they know a person by the name alone
alter table document.document
  add column missing_for text generated always as
    (case when kind = 'missing' and application_id is null then lower(data->'applicant'->>'name') end) stored;
create index document_missing_for on document.document (office_id, missing_for) where missing_for is not null;

-- May what this document says be destroyed? Its file was approved for disposal, or its applicant was erased.
create function document.may_destroy(d document.document) returns boolean
language sql stable
as $$
  select exists (select from application.disposal_item i
                   join application.disposal x on x.office_id = i.office_id and x.disposal_id = i.disposal_id
                  where i.office_id = d.office_id and i.application_id = d.application_id and i.state = 'destroyed' and x.approved)
         or exists (select from application.application a
                      join application.applicant p on p.office_id = a.office_id and p.applicant_id = a.applicant_id
                     where a.office_id = d.office_id and a.application_id = d.application_id and p.erased_at is not null)
         -- the list of what is missing, before anything is registered: its applicant is a name in what it says
         or d.application_id is null and d.kind = 'missing' and d.data is null;
$$;

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
                         where d.office_id = old.office_id and d.content_id = old.content_id and not document.may_destroy(d))) then
    raise exception 'the bytes of a document are kept' using errcode = 'LK005';
  end if;
  return new;
end
$$;

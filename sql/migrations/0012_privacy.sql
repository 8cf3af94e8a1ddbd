-- Personal data at rest. An identity number is kept as a token ("#" and a keyed hash, see server/privacy/number.h); the number itself
-- lies once in identity.number, sealed with a key that is in no database. A document's bytes are sealed with a key of its own, which is
-- sealed the same way. Rows from before the keys stay readable as they are until `loketd keys seal` has been over them.

set local role loket_owner;

create table identity.number (
  office_id bigint not null references catalogue.office,
  token     text not null check (token ~ '^#[0-9a-f]{40}$'),
  sealed    bytea not null check (octet_length(sealed) = 48),
  key_id    int not null generated always as
              (get_byte(sealed, 0) << 24 | get_byte(sealed, 1) << 16 | get_byte(sealed, 2) << 8 | get_byte(sealed, 3)) stored,
  primary key (office_id, token)
);
create index number_by_key on identity.number (office_id, key_id, token);

call meta.keep_office('identity.number');

-- What the database may know of a key: whether it is the one that it was filled with. Key 0 is that of the tokens.
create table meta.key_check (
  key_id   int primary key,
  proof    bytea not null check (octet_length(proof) = 16),
  noted_at timestamptz not null default now()
);

alter table application.applicant
  drop constraint applicant_nik_check,
  drop constraint applicant_npwp_check,
  add constraint applicant_nik_check check (nik ~ '^([0-9]{16}|#[0-9a-f]{40})$'),
  add constraint applicant_npwp_check check (npwp ~ '^([0-9]{15,16}|#[0-9a-f]{40})$');

alter table document.content
  add column sealed_key bytea check (octet_length(sealed_key) = 64),  -- null: its bytes are plain, or still on their way in
  add column key_id int generated always as
    (get_byte(sealed_key, 0) << 24 | get_byte(sealed_key, 1) << 16 | get_byte(sealed_key, 2) << 8 | get_byte(sealed_key, 3)) stored;
create index content_by_key on document.content (office_id, key_id, content_id);

-- a tag more for each chunk; mark, nonce and number of the key too while it is on its way in
alter table document.chunk
  drop constraint chunk_bytes_check,
  add constraint chunk_bytes_check check (octet_length(bytes) between 1 and 65536 + 36);

-- Only the form in which the same bytes are kept may change, and only where the functions that seal say so.
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
                 where c.office_id = old.office_id and c.content_id = old.content_id and c.sha256 is not null and not c.temporary) then
    raise exception 'the bytes of a document are kept' using errcode = 'LK005';
  end if;
  return old;
end
$$;

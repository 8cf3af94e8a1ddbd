-- What happened. Rows are only ever added: nobody may change or remove one, the owner included.

set local role loket_owner;

create table audit.event (
  office_id      bigint not null,
  event_id       bigint generated always as identity,
  at             timestamptz not null default clock_timestamp(),
  actor_id       bigint,
  actor          text not null,                -- the name as it was
  role           text,
  address        text,
  action         text not null,
  application_id bigint,
  stage          text,
  to_stage       text,
  reason         text,
  detail         jsonb,
  previous_hash  bytea,                        -- of this application's event before; null at the first
  hash           bytea,                        -- null for what belongs to no application
  primary key (office_id, event_id)
);
create index event_of_application on audit.event (office_id, application_id, event_id) where application_id is not null;
create index event_of_actor on audit.event (office_id, actor_id, event_id);
create index event_by_time on audit.event (office_id, at);

create function audit.refuse_change() returns trigger
language plpgsql
as $$
begin
  raise exception 'audit.event is append-only' using errcode = 'LK005';
end
$$;
create trigger append_only before update or delete on audit.event
  for each row execute function audit.refuse_change();
create trigger no_truncate before truncate on audit.event
  for each statement execute function audit.refuse_change();

revoke update, delete, truncate on audit.event from loket_owner;
call meta.keep_office('audit.event');

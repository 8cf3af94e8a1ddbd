-- The events of a year are a table of their own: what is vacuumed, copied or moved to a slower disk is a year, and the indexes that are
-- written to stay as large as one. Nothing is ever removed.

-- read before the row policies count
select set_config('loket.year', extract(year from greatest(now(), max(e.at)) at time zone 'UTC')::text, true) from audit.event e;
set local role loket_owner;

-- Rights and row policies count for the table that a statement names: a year that is named itself is as guarded as all of them are.
create procedure audit.keep_year(events regclass)
language plpgsql
as $$
begin
  execute format('create trigger no_truncate before truncate on %s for each statement execute function audit.refuse_change()', events);
  execute format('revoke update, delete, truncate on %s from loket_owner', events);
  execute format('alter table %s set (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)', events);
  call meta.keep_office(events);
end
$$;

-- Makes the table of a year (in UTC) when there is none. Attached, and not made as a partition: so it never waits for who adds an event.
create procedure audit.make_year(year int)
language plpgsql
as $$
declare
  named constant text := 'audit.event_' || year;
begin
  if to_regclass(named) is not null then
    return;
  end if;
  execute format('create table %s (like audit.event including defaults)', named);
  execute format('alter table audit.event attach partition %s for values from (%L) to (%L)', named,
                 make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'), make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC'));
  call audit.keep_year(named::regclass);
end
$$;

create sequence audit.event_number;
select setval('audit.event_number', s.last_value, s.is_called) from audit.event_event_id_seq s;

-- What there is becomes this year's table, with all that was before.
do $$
declare
  year constant int := current_setting('loket.year');
  named constant text := 'event_' || year;
  i text;
begin
  foreach i in array '{event_of_application,event_of_actor,event_by_time,event_of_rules,event_forbidden,event_pkey}'::text[] loop
    execute format('alter index audit.%I rename to %I', i, replace(i, 'event', named));
  end loop;
  execute format('alter table audit.event rename to %I', named);
  execute format('alter table audit.%I alter event_id drop identity, drop constraint %I, add primary key (office_id, event_id, at)', named,
                 named || '_pkey');
  execute format('drop trigger append_only on audit.%I', named);
  execute format('drop trigger no_truncate on audit.%I', named);
  execute format('drop policy office on audit.%I', named);

  -- partitions have no identity column in PostgreSQL 15; a number that nobody else takes is unique beyond a year
  execute format('create table audit.event (like audit.%I including defaults) partition by range (at)', named);
  alter table audit.event add primary key (office_id, event_id, at);
  create index event_of_application on audit.event (office_id, application_id, event_id) where application_id is not null;
  create index event_of_actor on audit.event (office_id, actor_id, event_id);
  create index event_by_time on audit.event (office_id, at);
  create index event_of_rules on audit.event (office_id, event_id) where action like 'rules%';
  create index event_forbidden on audit.event (office_id, actor_id, at) where action = 'forbidden';
  create trigger append_only before update or delete on audit.event for each row execute function audit.refuse_change();
  create trigger no_truncate before truncate on audit.event for each statement execute function audit.refuse_change();
  revoke update, delete, truncate on audit.event from loket_owner;
  call meta.keep_office('audit.event');

  execute format('alter table audit.event attach partition audit.%I for values from (minvalue) to (%L)', named,
                 make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC'));
  call audit.keep_year(('audit.' || named)::regclass);
  call audit.make_year(year + 1);
end
$$;
alter sequence audit.event_number owned by audit.event.event_id;
alter table audit.event alter event_id set default nextval('audit.event_number');

-- What happens in a year that has no table, because the clock was wrong or the job process did not run for a year, is kept as well.
create table audit.event_unforeseen partition of audit.event default;
call audit.keep_year('audit.event_unforeseen');

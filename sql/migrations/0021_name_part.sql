-- A search by part of a name walks one range of an index, so that it costs in an office of five million applications what it costs in a
-- small one. Trigrams intersect lists that grow with the office.

set local role loket_owner;

drop index application.search_name_part;

-- What begins at each letter of a name: a part of the name is the beginning of one of these. No foreign key: an index for it would be as
-- large again; the trigger below keeps both alike.
create table application.name_part (
  office_id      bigint not null,
  part           text collate "C" not null,    -- 3 to 24 characters
  application_id bigint not null,
  primary key (office_id, part, application_id)
);
alter table application.name_part set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.05);
-- Many: a name of 20 characters has about 18.
create function application.name_parts(name text) returns setof text
language sql immutable parallel safe
as $$
  select distinct substr(name, place, 24) from generate_series(1, length(name) - 2) place where substr(name, place, 1) <> ' '
$$;

create function application.keep_name_parts() returns trigger
language plpgsql
as $$
begin
  if tg_op <> 'INSERT' then
    delete from application.name_part p
     where p.office_id = old.office_id and p.application_id = old.application_id
       and p.part = any (array(select application.name_parts(old.name) collate "C"));
  end if;
  if tg_op <> 'DELETE' then
    insert into application.name_part (office_id, part, application_id)
    select new.office_id, x, new.application_id from application.name_parts(new.name) x;
  end if;
  return null;
end
$$;
create trigger name_parts after insert or delete or update of name on application.search_name
  for each row execute function application.keep_name_parts();

-- what is there already, of all offices: no policy is there yet
insert into application.name_part (office_id, part, application_id)
select n.office_id, x, n.application_id from application.search_name n, application.name_parts(n.name) x
 order by 1, x collate "C", 3;
-- comparing text is leakproof, as the operators of trigrams were not: both tables are kept by policy now
call meta.keep_office('application.name_part', 'application.search_name');

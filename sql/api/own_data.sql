-- The applicant's own data: corrected with its history, and two records of one applicant made one. A merge is always somebody's
-- decision, and can be taken back.

create type api.applicant_change as (at bigint, officer text, action text, reason text, before api.applicant);
create type api.applicant_open_reply as (applicant api.applicant, version bigint, history api.applicant_change[]);
create type api.applicant_side as (applicant api.applicant, version bigint, numbers text[]);
create type api.applicant_pair_reply as (sides api.applicant_side[]);
create type api.duplicate_row as (
  first_id bigint, first text, second_id bigint, second text, score int, equal text[]);
create type api.merge_row as (merge_id bigint, kept text, merged text, officer text, at bigint, reason text, applications int);
create type api.applicant_duplicates_reply as (duplicates api.duplicate_row[], merges api.merge_row[]);

-- Counts with each change of the row.
create function rule.applicant_version(a application.applicant)
returns bigint
language sql immutable
as $$ select (extract(epoch from a.changed_at) * 1000000)::bigint $$;

create function rule.as_applicant(a application.applicant)
returns api.applicant
language sql stable
as $$
  select (a.applicant_id, a.kind, rule.shown(a.office_id, a.nik), rule.shown(a.office_id, a.npwp), a.nib, a.name, a.birth_place, a.birth_on::text, a.gender, a.address, a.region,
          a.phone, a.email, a.responsible_name)::api.applicant;
$$;

-- The applicant, locked for a change of `version`. NOT_FOUND, NOT_NOW (merged away), STALE.
create function rule.lock_applicant(office_id bigint, applicant_id bigint, version bigint, field text)
returns application.applicant
language plpgsql
as $$
declare
  a application.applicant;
begin
  select x.* into a from application.applicant x
   where x.office_id = lock_applicant.office_id and x.applicant_id = lock_applicant.applicant_id for update;
  if not found then
    perform rule.fail(9, field, 'There is no such applicant');
  end if;
  if a.merged_into is not null then
    perform rule.fail(11, field, 'This record was merged into another');
  end if;
  if a.erased_at is not null then
    perform rule.fail(11, field, 'The data of this person was erased');
  end if;
  if version is not null and rule.applicant_version(a) <> version then
    perform rule.fail(10, 'version', 'Changed meanwhile by %s: read it again', coalesce(
      (select rule.user_name(h.office_id, h.changed_by) from application.applicant_history h
        where h.office_id = a.office_id and h.applicant_id = a.applicant_id order by h.at desc limit 1), 'system'));
  end if;
  return a;
end
$$;

-- The changed row in the place of what it was; what it was goes into the history. DUPLICATE when a number is another's.
create function rule.change_applicant(who rule.who, before application.applicant, a application.applicant, action text, reason text)
returns void
language plpgsql
as $$
begin
  insert into application.applicant_history (office_id, applicant_id, changed_by, before, action, reason)
  values (who.office_id, before.applicant_id, who.user_id, to_jsonb(before) - 'office_id', action, reason);
  update application.applicant x
     set kind = a.kind, nik = a.nik, npwp = a.npwp, nib = a.nib, name = a.name, birth_place = a.birth_place, birth_on = a.birth_on,
         gender = a.gender, address = a.address, region = a.region, phone = a.phone, email = a.email,
         responsible_name = a.responsible_name, family_card = a.family_card, merged_into = a.merged_into, changed_at = a.changed_at
   where x.office_id = before.office_id and x.applicant_id = before.applicant_id;
  update application.search_name n set name = lower(a.name)
    from application.application y
   where y.office_id = before.office_id and y.applicant_id = before.applicant_id
     and n.office_id = y.office_id and n.application_id = y.application_id;
exception
  when unique_violation then
    perform rule.fail(13, 'applicant.nik', 'Another applicant has this NIK, NPWP or NIB: see the possible duplicates');
end
$$;

-- Which fields differ, by name.
create function rule.changed_fields(a api.applicant, b api.applicant)
returns text[]
language sql immutable
as $$
  select coalesce(array_agg(x.key order by x.key), '{}')
    from jsonb_each_text(to_jsonb(a)) x
    join jsonb_each_text(to_jsonb(b)) y on y.key = x.key
   where x.key <> 'applicant_id' and x.value is distinct from y.value;
$$;

create function rule.applicant_history_rows(a application.applicant)
returns api.applicant_change[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((rule.to_seconds(h.at), rule.user_name(h.office_id, h.changed_by), h.action, h.reason,
                    rule.as_applicant(jsonb_populate_record(null::application.applicant, h.before || jsonb_build_object('office_id', h.office_id))))::api.applicant_change order by h.at desc)
    from (select x.* from application.applicant_history x
           where x.office_id = a.office_id and x.applicant_id = a.applicant_id
           order by x.at desc limit 50) h);
end
$$;

create function api.applicant_open(session_token bytea, application_id bigint)
returns api.applicant_open_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'applicant.open');
  app application.application := rule.readable_application(who, application_id);
  a application.applicant;
begin
  select x.* into a from application.applicant x where x.office_id = app.office_id and x.applicant_id = app.applicant_id;
  perform rule.record(who, 'view_applicant', app.application_id, chained => false);
  return (rule.as_applicant(a), rule.applicant_version(a), rule.applicant_history_rows(a))::api.applicant_open_reply;
end
$$;

create function api.applicant_correct(session_token bytea, idempotency_key bytea, application_id bigint, version bigint,
                                      applicant jsonb, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'applicant.correct');
  request jsonb := jsonb_build_array(application_id, version, applicant, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  old application.applicant;
  given application.applicant;
  fields text[];
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  app := rule.lock_application(who, application_id, null);
  old := rule.lock_applicant(who.office_id, app.applicant_id, version, 'application_id');
  given := rule.checked_applicant(applicant || jsonb_build_object('kind', old.kind), rule.office_date(who.office_id));
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 500);
  given.office_id := old.office_id;
  given.applicant_id := old.applicant_id;
  given.family_card := old.family_card;
  given.changed_at := clock_timestamp();
  fields := rule.changed_fields(rule.as_applicant(old), rule.as_applicant(given));
  if cardinality(fields) = 0 then
    perform rule.fail(8, 'applicant.name', 'Nothing was corrected');
  end if;
  perform rule.change_applicant(who, old, given, 'correct', reason);
  -- which fields, not what they say: the data itself is kept in one place, the history
  perform rule.record(who, 'correct_applicant', app.application_id, null, null, reason,
                      jsonb_build_object('applicant_id', old.applicant_id, 'fields', array_to_string(fields, ' ')));
  return rule.remember(who, idempotency_key, request, row(null::text[])::api.empty);
end
$$;

-- ------------------------------------------------------------------------------------------------ duplicates

-- How much two records look like one applicant.
create function rule.likeness(a application.applicant, b application.applicant, number_points int, name_points int, birth_points int)
returns int
language sql stable
as $$
  select (case when a.nik = b.nik or a.npwp in (b.npwp, b.nik) or b.npwp = a.nik or a.nib = b.nib then number_points else 0 end
          + round(meta.similarity(lower(a.name), lower(b.name)) * name_points)
          + case when a.birth_on = b.birth_on then birth_points else 0 end)::int;
$$;

-- Pairs that look like one applicant: by an equal number, whatever the kind, or by the day of birth and a name that is similar
-- enough. Of the records that were new or changed in so many days, at most the newest 5000; each is compared with all by index.
create function rule.duplicate_pairs(office bigint, days int)
returns table (one bigint, other bigint)
language sql stable
as $$
  with points as materialized (
    select rule.threshold(office, 'duplicate_name') as of_name, rule.threshold(office, 'duplicate_birth') as of_birth,
           rule.threshold(office, 'duplicate_score') as wanted),
  recent as materialized (
    select a.* from application.applicant a
     where a.office_id = office and a.changed_at > now() - make_interval(days => days) and a.merged_into is null
     order by a.changed_at desc
     limit 5000)
  select distinct least(a.applicant_id, b.applicant_id), greatest(a.applicant_id, b.applicant_id)
    from recent a
   cross join points p
   cross join lateral (
     select x.applicant_id from application.applicant x
      where x.office_id = office and x.nik in (a.nik, a.npwp) and x.merged_into is null
     union all
     select x.applicant_id from application.applicant x
      where x.office_id = office and x.npwp in (a.npwp, a.nik) and x.merged_into is null
     union all
     select x.applicant_id from application.applicant x
      where x.office_id = office and x.nib = a.nib and x.merged_into is null
     union all
     select x.applicant_id from application.applicant x
      where x.office_id = office and x.birth_on = a.birth_on and x.merged_into is null
        and round(meta.similarity(lower(x.name), lower(a.name)) * p.of_name) + p.of_birth >= p.wanted) b
   where b.applicant_id <> a.applicant_id;
$$;

create function rule.duplicate_rows(office bigint, days int)
returns api.duplicate_row[]
language sql stable
as $$
  with points as materialized (
    select rule.threshold(office, 'duplicate_number') as of_number, rule.threshold(office, 'duplicate_name') as of_name,
           rule.threshold(office, 'duplicate_birth') as of_birth, rule.threshold(office, 'duplicate_score') as wanted),
  scored as (
    select a as one, b as other, rule.likeness(a, b, p.of_number, p.of_name, p.of_birth) as score, p.wanted
      from rule.duplicate_pairs(office, days) x
     cross join points p
      join application.applicant a on a.office_id = office and a.applicant_id = x.one
      join application.applicant b on b.office_id = office and b.applicant_id = x.other
     where not exists (select from application.applicant_distinct d
                        where d.office_id = office and d.first_id = x.one and d.second_id = x.other))
  select array_agg(((p.one).applicant_id, (p.one).name, (p.other).applicant_id, (p.other).name, p.score,
                    array_remove(array[case when (p.one).nik = (p.other).nik then 'nik' end,
                                       case when (p.one).npwp = (p.other).npwp then 'npwp' end,
                                       case when (p.one).nib = (p.other).nib then 'nib' end,
                                       case when (p.one).birth_on = (p.other).birth_on then 'birth_on' end], null))::api.duplicate_row
                   order by p.score desc, (p.one).applicant_id)
    from (select * from scored where scored.score >= scored.wanted
           order by scored.score desc, (scored.one).applicant_id limit 200) p;
$$;

create function api.applicant_duplicates(session_token bytea, days int)
returns api.applicant_duplicates_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'applicant.duplicates');
  period int := least(greatest(coalesce(nullif(days, 0), 90), 1), 3660);
  reply api.applicant_duplicates_reply;
begin
  reply.duplicates := rule.duplicate_rows(who.office_id, period);
  select array_agg((m.merge_id, k.name, g.name, rule.user_name(m.office_id, m.merged_by), rule.to_seconds(m.merged_at), m.reason,
                    cardinality(m.moved))::api.merge_row order by m.merged_at desc)
    into reply.merges
    from (select x.* from application.applicant_merge x
           where x.office_id = who.office_id and x.undone_at is null and x.merged_at > now() - make_interval(days => period)
           order by x.merged_at desc limit 100) m
    join application.applicant k on k.office_id = m.office_id and k.applicant_id = m.kept_id
    join application.applicant g on g.office_id = m.office_id and g.applicant_id = m.merged_id;
  perform rule.record(who, 'view_duplicates', detail => jsonb_build_object('days', period));
  return reply;
end
$$;

create function rule.applicant_side(a application.applicant)
returns api.applicant_side
language sql stable
as $$
  select (rule.as_applicant(a), rule.applicant_version(a),
          (select array_agg(x.number order by x.application_id desc)
             from (select y.* from application.application y
                    where y.office_id = a.office_id and y.applicant_id = a.applicant_id
                    order by y.application_id desc limit 50) x))::api.applicant_side;
$$;

create function api.applicant_pair(session_token bytea, first_id bigint, second_id bigint)
returns api.applicant_pair_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'applicant.pair');
  reply api.applicant_pair_reply;
begin
  select array_agg(rule.applicant_side(a) order by a.applicant_id <> first_id)
    into reply.sides
    from application.applicant a
   where a.office_id = who.office_id and a.applicant_id in (first_id, second_id) and a.merged_into is null;
  if coalesce(cardinality(reply.sides), 0) <> 2 then
    perform rule.fail(9, 'first_id', 'There is no such applicant');
  end if;
  perform rule.record(who, 'view_applicant', detail => jsonb_build_object('applicants', concat_ws(' ', first_id, second_id)));
  return reply;
end
$$;

-- Nobody decides about a record of their own or their household's. FORBIDDEN.
create function rule.refuse_own_record(who rule.who, applicant_id bigint)
returns void
language plpgsql stable
as $$
declare
  app application.application;
begin
  app.office_id := who.office_id;
  app.applicant_id := applicant_id;
  perform rule.refuse_household(app, who);
end
$$;

-- The survivor with the values that were chosen of the other. INVALID names a field that there is not.
create function rule.merged_applicant(kept application.applicant, other application.applicant, from_other text[])
returns application.applicant
language plpgsql stable
as $$
declare
  code text;
  chosen jsonb := '{}';
begin
  foreach code in array coalesce(from_other, '{}') loop
    perform rule.is_one_of(code, 'from_other', 'kind', 'nik', 'npwp', 'nib', 'name', 'birth_place', 'birth_on', 'gender', 'address',
                           'region', 'phone', 'email', 'responsible_name');
    chosen := chosen || jsonb_build_object(code, to_jsonb(other)->code);
  end loop;
  kept := jsonb_populate_record(kept, chosen);
  kept.changed_at := clock_timestamp();
  if kept.kind = 'company' and coalesce(kept.npwp, kept.nib) is null then
    perform rule.fail(8, 'from_other', 'A company needs an NPWP or a NIB');
  end if;
  return kept;
end
$$;

-- The applications of a record go to another one; each with its audit row.
create function rule.move_applications(who rule.who, ids bigint[], to_id bigint, action text, reason text, detail jsonb)
returns void
language plpgsql
as $$
declare
  id bigint;
begin
  foreach id in array ids loop
    perform rule.lock_application(who, id, null);
    update application.application a set applicant_id = to_id
     where a.office_id = who.office_id and a.application_id = id;
    perform rule.record(who, action, id, null, null, reason, detail);
  end loop;
end
$$;

create function api.applicant_merge(session_token bytea, idempotency_key bytea, kept_id bigint, kept_version bigint, merged_id bigint,
                                    merged_version bigint, from_other text[], reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'applicant.merge');
  request jsonb := jsonb_build_array(kept_id, kept_version, merged_id, merged_version, from_other, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  kept application.applicant;
  other application.applicant;
  survivor application.applicant;
  gone application.applicant;
  moved bigint[];
  detail jsonb;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  if kept_id = merged_id then
    perform rule.fail(7, 'merged_id', 'These are the same record');
  end if;
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 500);
  perform rule.refuse_own_record(who, x) from unnest(array[kept_id, merged_id]) x;
  -- applications first, then applicants: the order of locks of every step
  moved := array(select a.application_id from application.application a
                  where a.office_id = who.office_id and a.applicant_id = merged_id order by a.application_id for no key update);
  if kept_id < merged_id then
    kept := rule.lock_applicant(who.office_id, kept_id, kept_version, 'kept_id');
    other := rule.lock_applicant(who.office_id, merged_id, merged_version, 'merged_id');
  else
    other := rule.lock_applicant(who.office_id, merged_id, merged_version, 'merged_id');
    kept := rule.lock_applicant(who.office_id, kept_id, kept_version, 'kept_id');
  end if;
  survivor := rule.merged_applicant(kept, other, from_other);
  gone := other;
  gone.merged_into := kept.applicant_id;
  perform rule.change_applicant(who, other, gone, 'merge', reason);
  perform rule.change_applicant(who, kept, survivor, 'merge', reason);
  insert into application.applicant_merge (office_id, kept_id, merged_id, kept_before, moved, reason, merged_by, kept_at)
  values (who.office_id, kept_id, merged_id, to_jsonb(kept), moved, reason, who.user_id, survivor.changed_at);
  detail := jsonb_build_object('kept', kept_id, 'merged', merged_id, 'taken', array_to_string(from_other, ' '));
  perform rule.move_applications(who, moved, kept_id, 'merge_applicant', reason, detail);
  update application.search_name n set name = lower(survivor.name)
   where n.office_id = who.office_id and n.application_id = any (moved);
  perform rule.record(who, 'merge_applicant', null, null, null, reason, detail || jsonb_build_object('applications', cardinality(moved)));
  return rule.remember(who, idempotency_key, request, row(null::text[])::api.empty);
end
$$;

-- Both records as they were, each with its applications. What came to the survivor after the merge stays with it. STALE when
-- the survivor was changed since: undoing would lose that.
create function api.applicant_undo_merge(session_token bytea, idempotency_key bytea, merge_id bigint, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'applicant.undo_merge');
  request jsonb := jsonb_build_array(merge_id, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  m application.applicant_merge;
  kept application.applicant;
  other application.applicant;
  restored application.applicant;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 500);
  select x.* into m from application.applicant_merge x
   where x.office_id = who.office_id and x.merge_id = applicant_undo_merge.merge_id for update;
  if not found or m.undone_at is not null then
    perform rule.fail(9, 'merge_id', 'This merge is not there any more');
  end if;
  perform rule.refuse_own_record(who, x) from unnest(array[m.kept_id, m.merged_id]) x;
  perform from application.application a
    where a.office_id = who.office_id and a.application_id = any (m.moved) order by a.application_id for no key update;
  select x.* into kept from application.applicant x where x.office_id = m.office_id and x.applicant_id = m.kept_id for update;
  select x.* into other from application.applicant x where x.office_id = m.office_id and x.applicant_id = m.merged_id for update;
  if kept.erased_at is not null then
    perform rule.fail(11, 'merge_id', 'The data of this person was erased');
  end if;
  if kept.changed_at <> m.kept_at or kept.merged_into is not null then
    perform rule.fail(10, 'merge_id', 'The data was changed after the merge: take that back first');
  end if;
  restored := jsonb_populate_record(null::application.applicant, m.kept_before);
  perform rule.change_applicant(who, kept, restored, 'undo_merge', reason);
  perform rule.move_applications(who, m.moved, m.merged_id, 'undo_merge', reason,
                                 jsonb_build_object('kept', m.kept_id, 'merged', m.merged_id));
  kept := other;
  kept.merged_into := null;
  perform rule.change_applicant(who, other, kept, 'undo_merge', reason);
  update application.applicant_merge x
     set undone_by = who.user_id, undone_at = now(), undo_reason = applicant_undo_merge.reason
   where x.office_id = m.office_id and x.merge_id = m.merge_id;
  perform rule.record(who, 'undo_merge', null, null, null, reason,
                      jsonb_build_object('kept', m.kept_id, 'merged', m.merged_id, 'applications', cardinality(m.moved)));
  return rule.remember(who, idempotency_key, request, row(null::text[])::api.empty);
end
$$;

-- They look alike and are two: not listed again.
create function api.applicant_distinct(session_token bytea, idempotency_key bytea, first_id bigint, second_id bigint, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'applicant.distinct');
  request jsonb := jsonb_build_array(first_id, second_id, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 500);
  if first_id = second_id or (select count(*) from application.applicant a
                               where a.office_id = who.office_id and a.applicant_id in (first_id, second_id)) <> 2 then
    perform rule.fail(9, 'first_id', 'There is no such applicant');
  end if;
  insert into application.applicant_distinct (office_id, first_id, second_id, reason, by_id)
  values (who.office_id, least(applicant_distinct.first_id, applicant_distinct.second_id),
          greatest(applicant_distinct.first_id, applicant_distinct.second_id), reason, who.user_id)
  on conflict do nothing;
  perform rule.record(who, 'distinct_applicants', null, null, null, reason,
                      jsonb_build_object('applicants', concat_ws(' ', first_id, second_id)));
  return rule.remember(who, idempotency_key, request, row(null::text[])::api.empty);
end
$$;

-- Rules as files on a screen: the text that `loketd workflow export` prints, and a file that becomes a draft.

create type api.rule_export_reply as (text text);
create type api.rule_import_reply as (draft_id bigint, lines text[], announce text[]);

-- Of a version, (0) of the one in force, or of a draft.
create function api.rules_export(session_token bytea, kind text, code text, version int, draft_id bigint)
returns api.rule_export_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.export');
  document jsonb;
begin
  if coalesce(draft_id, 0) <> 0 then
    select d.document into document from workflow.draft d where d.office_id = who.office_id and d.draft_id = rules_export.draft_id;
    if not found then
      perform rule.fail(9, 'draft_id', 'There is no such draft');
    end if;
  else
    document := rule.rule_document(who.office_id, rule.is_one_of(kind, 'kind', 'workflow', 'permit'), rule.require(code, 'code'), coalesce(version, 0));
  end if;
  if document is null then
    perform rule.fail(9, 'code', 'There is no such rule');
  end if;
  return row(rule.document_ini(document))::api.rule_export_reply;
end
$$;

-- A file of ours, or workflows of DIGIT (JSON). Nothing is in force by it: the drafts go the way of all drafts.
create function api.rules_import(session_token bytea, idempotency_key bytea, text text)
returns api.rule_import_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.import');
  request jsonb := jsonb_build_array(text);
  before jsonb := rule.replay(who, idempotency_key, request);
  reply api.rule_import_reply;
  d workflow.draft;
begin
  if before is not null then
    return jsonb_populate_record(null::api.rule_import_reply, before);
  end if;
  text := rule.require(text, 'text');
  if text ~ '^[\ufeff[:space:]]*(\{|\[[[:space:]]*\{)' then
    reply.lines := array(select l from rule.import_services(who, text) l);
    select x.draft_id into reply.draft_id
      from workflow.draft x where x.office_id = who.office_id and x.state = 'open' and x.authors = array[who.user_id] order by x.draft_id desc limit 1;
  else
    d := rule.import_file(who, text);
    reply.draft_id := d.draft_id;
  end if;
  return rule.remember(who, idempotency_key, request, reply);
end
$$;

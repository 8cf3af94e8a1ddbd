-- The documents of a workflow's stages: which stage writes which (the work in it does, see `rule.stage_products`), and the
-- refusal to go on while one is missing that the stage demands.

-- What the work in a stage writes: by its code where it is one with work of its own, else by its kind. A stage can say less
-- (then the permit alone is written at the issue), never more.
create function rule.stage_products(code text, kind text)
returns text[]
language sql immutable
as $$
  select coalesce((select p.products from (values ('inspection', '{inspection_report}'::text[]), ('issue', '{decree,permit}'),
                                                  ('refuse', '{refusal}'), ('sign', '{signed_decision}')) p(kind, products)
                    where p.kind = stage_products.kind),
                  (select p.products from (values ('intake', '{receipt}'::text[]), ('drafting', '{draft_decree,bill}'),
                                                  ('payment', '{bill}'), ('handover', '{handover}')) p(code, products)
                    where p.code = stage_products.code and stage_products.kind = 'task'), '{}');
$$;

-- Is this document to be expected of this application at all? Nobody inspects what needs no visit, a refusal has no permit, and
-- what was decided while the office did not sign electronically is not signed afterwards.
create function rule.document_expected(app application.application, document text)
returns boolean
language plpgsql stable
as $$
begin
  return case document
    when 'inspection_report' then
      app.proposal is distinct from 'refuse' and rule.visit_required(app)
      or exists (select from application.inspection i
                  where i.office_id = app.office_id and i.application_id = app.application_id and i.status <> 'cancelled')
    when 'bill' then rule.levy_due(app)
    when 'draft_decree' then coalesce(app.outcome, 'approved') in ('approved', 'refused')
    when 'decree' then app.outcome = 'approved'
    when 'permit' then app.outcome = 'approved'
    when 'refusal' then app.outcome = 'refused'
    when 'signed_decision' then
      exists (select from document.signature s join document.document d on d.office_id = s.office_id and d.document_id = s.document_id
               where d.office_id = app.office_id and d.application_id = app.application_id)
    when 'handover' then app.outcome in ('approved', 'refused')
    else true end;
end
$$;

-- Was a document of this kind written, and is it or will it be drawn? What it says is fixed in the step that asks for it.
create function rule.has_written(app application.application, kind text)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select exists (select from document.document d
                  where d.office_id = app.office_id and d.application_id = app.application_id and d.kind = has_written.kind
                    and not d.preview and d.state <> 'failed'));
end
$$;

create function rule.document_there(app application.application, document text)
returns boolean
language plpgsql stable
as $$
begin
  return case document
    when 'inspection_report' then
      rule.has_written(app, document)
      and not exists (select from application.inspection i
                       where i.office_id = app.office_id and i.application_id = app.application_id and i.status not in ('done', 'cancelled'))
    when 'bill' then
      exists (select from application.bill b where b.office_id = app.office_id and b.application_id = app.application_id)
    when 'draft_decree' then app.proposal is not null
    when 'signed_decision' then
      not exists (select from document.signature s join document.document d on d.office_id = s.office_id and d.document_id = s.document_id
                       where d.office_id = app.office_id and d.application_id = app.application_id and s.state = 'asked')
    else rule.has_written(app, document) end;
end
$$;

-- Why an application cannot go on without a document, as a msgid.
create function rule.missing_document(document text)
returns text
language sql immutable
as $$
  select case document
    when 'receipt' then 'The receipt is missing: it must be there before this step'
    when 'inspection_report' then 'The inspection report is missing: it must be there before this step'
    when 'bill' then 'The bill is missing: it must be there before this step'
    when 'draft_decree' then 'The draft of the decision is missing: it must be there before this step'
    when 'decree' then 'The decree is missing: it must be there before this step'
    when 'permit' then 'The permit is missing: it must be there before this step'
    when 'refusal' then 'The letter of refusal is missing: it must be there before this step'
    when 'signed_decision' then 'The signature on the decision is missing: it must be there before this step'
    when 'handover' then 'The receipt of the handover is missing: it must be there before this step'
    else 'A document is missing: it must be there before this step' end;
$$;

-- NOT_NOW when a step that leads on leaves a stage whose demanded documents are not all there. What gives up (a refusal, a
-- withdrawal, a lapse), returns to the applicant or leads back to an earlier stage needs no document.
create function rule.refuse_missing(app application.application, here workflow.stage, step workflow.transition)
returns void
language plpgsql stable
as $$
declare
  missing text;
begin
  if here.demands = '{}' or step.action = 'return' or step.outcome in ('refused', 'withdrawn', 'lapsed')
     or exists (select from workflow.stage s
                 where s.office_id = here.office_id and s.workflow_id = here.workflow_id and s.version = here.version
                   and s.code = step.to_stage and s.position < here.position) then
    return;
  end if;
  select d into missing
    from unnest(here.demands) with ordinality x(d, n)
   where rule.document_expected(app, d) and not rule.document_there(app, d)
   order by n limit 1;
  if found then
    perform rule.fail(11, 'action', rule.missing_document(missing));
  end if;
end
$$;

-- What each stage of a workflow asks to be there before an application goes on from it, and what is written in it.

set local role loket_owner;

-- A version from before says nothing: its applications go on as they did.
alter table workflow.stage
  add column demands  text[] not null default '{}'
    check (demands <@ '{receipt,inspection_report,bill,draft_decree,decree,permit,refusal,signed_decision,handover}'),
  add column produces text[] not null default '{}'
    check (produces <@ '{receipt,inspection_report,bill,draft_decree,decree,permit,refusal,signed_decision,handover}');

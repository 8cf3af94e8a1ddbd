-- Rules that an office changes itself: drafts of workflows and permit types, versions that start on a day, and the
-- move of running applications from one version of a workflow to another. Each change is proposed by one and approved
-- by another.

set local role loket_owner;

-- From which day new applications take a version: the one with the latest day that has come. What was there before
-- this migration has always been in force. `document` is what the version was made of, as server/catalogue_json.c
-- makes it of a file; null for versions from before.
alter table workflow.version
  add column starts_on date not null default '-infinity',
  add column document  jsonb,
  add column draft_id  bigint;
alter table catalogue.permit_type_version
  add column starts_on date not null default '-infinity',
  add column document  jsonb,
  add column draft_id  bigint;
create index version_by_start on workflow.version (office_id, workflow_id, starts_on, version);
create index permit_type_version_by_start on catalogue.permit_type_version (office_id, permit_type_id, starts_on, version);

create table workflow.draft (
  office_id         bigint not null references catalogue.office,
  draft_id          bigint generated always as identity,
  kind              text not null check (kind in ('workflow', 'permit')),
  code              text not null,
  document          jsonb not null check (jsonb_typeof(document) = 'array'),
  base_version      int not null default 0,    -- that it was made from; 0: none
  version           int not null default 1,    -- each change adds one
  state             text not null default 'open' check (state in ('open', 'proposed', 'published', 'discarded')),
  report            text[] not null default '{}',  -- what an imported file means differently here
  authors           bigint[] not null default '{}',  -- who changed it: none of them may approve it
  starts_on         date,
  reason            text,
  proposed_by       bigint,
  proposed_at       timestamptz,
  decided_by        bigint,
  decided_at        timestamptz,
  decision_reason   text,                      -- why it was sent back
  published_version int,
  changed_at        timestamptz not null default now(),
  primary key (office_id, draft_id),
  foreign key (office_id, proposed_by) references identity.user_account,
  foreign key (office_id, decided_by) references identity.user_account,
  check (state <> 'proposed' or (proposed_by is not null and starts_on is not null)),
  check (state <> 'published' or (decided_by is not null and decided_by <> proposed_by and published_version is not null))
);
-- One draft at a time: two would overwrite each other when they are published.
create unique index draft_open on workflow.draft (office_id, kind, code) where state in ('open', 'proposed');

-- Running applications of one version are to go on under another. `mapping` says for each stage where they stand now
-- in which stage they go on: {"review": "legal"}.
create table workflow.move (
  office_id    bigint not null,
  move_id      bigint generated always as identity,
  workflow_id  bigint not null,
  from_version int not null,
  to_version   int not null check (to_version <> from_version),
  mapping      jsonb not null check (jsonb_typeof(mapping) = 'object'),
  reason       text not null,
  state        text not null default 'proposed' check (state in ('proposed', 'done', 'rejected')),
  proposed_by  bigint not null,
  proposed_at  timestamptz not null default now(),
  decided_by   bigint,
  decided_at   timestamptz,
  moved        int,
  primary key (office_id, move_id),
  foreign key (office_id, workflow_id, from_version) references workflow.version,
  foreign key (office_id, workflow_id, to_version) references workflow.version,
  foreign key (office_id, proposed_by) references identity.user_account,
  foreign key (office_id, decided_by) references identity.user_account,
  check ((state = 'proposed') = (decided_by is null)),
  check (decided_by <> proposed_by)
);
create unique index move_open on workflow.move (office_id, workflow_id) where state = 'proposed';

-- The history of the rules is read without looking through everything else that happened.
create index event_of_rules on audit.event (office_id, event_id) where action like 'rules%';
-- How many applications run under a version, and which.
create index application_of_workflow on application.application (office_id, workflow_id, workflow_version) where closed_at is null;
create index application_of_permit_version on application.application (office_id, permit_type_id, permit_version) where closed_at is null;

call meta.keep_office('workflow.draft', 'workflow.move');

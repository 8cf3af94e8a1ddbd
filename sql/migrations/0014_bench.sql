-- Speed that stays: tables whose rows change are given room to change in place, and are cleaned by what changed and not by how much
-- there is, so that a large office's queues are as quick as a small one's.

set local role loket_owner;

-- A step changes these rows several times; without room on the page each change writes all of their indexes again.
alter table application.application set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.02);
alter table application.task set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.02);
alter table application.custody set (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_analyze_scale_factor = 0.02);
alter table application.stage_visit set (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_analyze_scale_factor = 0.02);
alter table application.requirement set (fillfactor = 90);
alter table session.session set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- Only added to: what is new is frozen and marked visible soon, so that a long history needs no great vacuum of its own.
alter table audit.event set (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table audit.tree_node set (autovacuum_vacuum_insert_scale_factor = 0.02);

-- What somebody holds. With the rows that nobody holds in it, the planner took it for a short way to those: all waiting work of the office.
drop index application.task_held;
create index task_held on application.task (office_id, holder_id) where closed_at is null and holder_id is not null;

create index permit_suspended on application.permit (office_id, valid_until_on, permit_id) where kind = 'permit' and status = 'suspended';
create index event_forbidden on audit.event (office_id, actor_id, at) where action = 'forbidden';

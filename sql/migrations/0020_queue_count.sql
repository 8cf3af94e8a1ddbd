-- A queue's page and how many wait in it are read from this index; with what the permits and the row policies ask for in it, the
-- number needs no row.

set local role loket_owner;

drop index application.task_open;
create index task_open on application.task (office_id, role, urgent desc, due_on, task_id) include (permit_type_id, unit_id)
  where closed_at is null;

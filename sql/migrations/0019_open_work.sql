-- Every step asks for the open work of one application. task_of finds it among all that ever was, which a file that went to and fro
-- has much of.

set local role loket_owner;

create index task_open_of on application.task (office_id, application_id, task_id) where closed_at is null;

"""Reads everything when the work is over, and compares it with what was answered."""
from collections import Counter

from machine import loketd, sql

ACTIONS = "('submit', 'draft', 'initial', 'approve')"


class Count:
    """What was answered, and how often each of it is there."""

    def __init__(self, desks):
        self.answered = Counter((key, action) for desk in desks for key, _, actions in desk.done for action in actions)
        self.unknown = Counter(row for desk in desks for row in desk.unknown)
        self.numbers = [number for desk in desks for _, number, _ in desk.done]
        self.found = Counter()
        for line in sql("select application_id || ' ' || action || ' ' || count(*) from audit.event where hash is not null and "
                        f"action in {ACTIONS} group by application_id, action").splitlines():
            key, action, count = line.split()
            self.found[int(key), action] = int(count)
        self.known = {key for key, _ in self.answered}

    def lost(self):
        return sum(max(0, count - self.found[row]) for row, count in self.answered.items())

    def too_many(self):
        """What is there, was not answered, and was not asked for by a client that was killed; and intakes beyond those."""
        extra = sum(max(0, count - self.answered[row] - self.unknown[row]) for row, count in self.found.items() if row[0] in self.known)
        strangers = [count for (key, action), count in self.found.items() if key not in self.known]
        return extra + sum(count - 1 for count in strangers) + max(0, len(strangers) - self.unknown[None, "submit"])


def none(query):
    return sql(f"select count(*) from ({query}) x") == "0"


def check(desks):
    """Pairs of what must hold and whether it does."""
    count = Count(desks)
    yield "no desk stopped", not any(desk.error for desk in desks)
    yield f"no acknowledged step is lost ({count.lost()} are)", count.lost() == 0
    yield f"nothing is there that was not asked for, or twice ({count.too_many()} are)", count.too_many() == 0
    yield "no number was given to two", len(count.numbers) == len(set(count.numbers))
    yield "application numbers have no gap", sql(
        "select coalesce(max(right(number, 6)::int), 0) = count(*) from application.application") == "t"
    yield "permit numbers have no gap and no double", sql(
        "select coalesce(max(substring(number from '/([0-9]+)/')::int), 0) = count(*) and count(*) = count(distinct number)"
        " from application.permit") == "t"
    yield "each approved application has one permit, and no other has", none(
        "select from application.application a where (select count(*) from application.permit p where p.office_id = a.office_id and"
        " p.application_id = a.application_id) <> (select count(*) from audit.event e where e.office_id = a.office_id and"
        " e.application_id = a.application_id and e.action = 'approve' and e.hash is not null)")
    yield "every audit chain holds", none(
        "select from (select e.hash, e.previous_hash, lag(e.hash) over (partition by e.office_id, e.application_id order by e.event_id) as before,"
        " sha256(coalesce(e.previous_hash, ''::bytea) || rule.event_bytes(e)) as own from audit.event e where e.hash is not null) y"
        " where y.own <> y.hash or y.previous_hash is distinct from y.before")
    verified = loketd("audit", "verify")
    yield f"the trail is what the checkpoints say {verified.stdout.strip().splitlines()[-1:]}", verified.returncode == 0
    yield "an application has one open task at most, and none when it has ended", none(
        "select from application.application a join application.task t using (office_id, application_id) where t.closed_at is null"
        " group by a.application_id, a.closed_at having count(*) > 1 or a.closed_at is not null")
    yield "the ledger of time has no hole and no overlap", none(
        "select from (select begin_at, lag(end_at) over (partition by office_id, application_id order by visit_id) as before"
        " from application.stage_visit) y where y.before is distinct from y.begin_at and y.before is not null")
    yield "each document is made or waits, none failed, none twice", sql(
        "select count(*) filter (where state = 'failed') = 0 and count(*) = count(distinct (application_id, kind, code)) from document.document") == "t"
    yield "the store has no file without its row and no row without its file", none(
        "select from document.content c where c.sha256 is not null and not c.temporary and not exists (select from document.document d where"
        " d.office_id = c.office_id and d.content_id = c.content_id) and not exists (select from document.upload u where"
        " u.office_id = c.office_id and u.content_id = c.content_id) and not exists (select from document.signature g where"
        " g.office_id = c.office_id and g.prepared_id = c.content_id)") and none(
        "select from document.document d where d.content_id is not null and not exists (select from document.chunk k where"
        " k.office_id = d.office_id and k.content_id = d.content_id)")
    yield "each file is whole", loketd("documents", "check").returncode == 0

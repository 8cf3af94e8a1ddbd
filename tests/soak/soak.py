"""An office at work for SOAK_MINUTES; then the first minute (after one to warm up) beside the last. What grows beyond its tolerance
fails: a leak that nobody sees in a minute closes an office after a month. Ends with 'N passed, N failed'."""
import os
import statistics
import sys
import time

import sample
from office import Measures, ended, everybody
from sample import sql

MINUTES = int(os.environ.get("SOAK_MINUTES", "5"))
EVERY = 5          # seconds between two samples
CALLS_AT_LEAST = 20  # of a method in a minute, for its median to say something

# By the beginning of its name: the last minute may be so many times the first and so much more.
TOLERANCES = (("memory of the database", 1.15, 8192), ("memory", 1.10, 2048), ("open files", 1.0, 8), ("database connections", 1.0, 2),
              ("locks", 1.5, 40), ("forgotten", 1.0, 0))
SLOWER, SLOWER_MS = 1.5, 10.0  # of a method's median


def tolerated(name, first):
    times, more = next((times, more) for begin, times, more in TOLERANCES if name.startswith(begin))
    return first * times + more


def watch(measures):
    """Samples of each minute, until the time is over."""
    minutes = {}
    size = []
    while (minute := measures.minute()) < MINUTES:
        taken, megabytes = sample.take()
        minutes.setdefault(minute, []).append(taken)
        size.append(megabytes)
        time.sleep(EVERY)
    return minutes, size


def held_table(minutes, first, last):
    for name in minutes[first][0]:
        before, after = (statistics.median(row[name] for row in minutes[minute]) for minute in (first, last))
        yield name, before, after, after <= tolerated(name, before)


def speed_table(measures, first, last):
    for method in sorted({method for _, method in measures.calls}):
        before, after = measures.calls.get((first, method), ()), measures.calls.get((last, method), ())
        if min(len(before), len(after)) < CALLS_AT_LEAST:
            continue
        before, after = 1000 * statistics.median(before), 1000 * statistics.median(after)
        yield f"{method} (ms)", before, after, after <= before * SLOWER + SLOWER_MS


def tell(rows):
    results = []
    print(f"{'':44}{'first minute':>14}{'last minute':>14}")
    for name, before, after, good in rows:
        print(f"{name:44}{before:14.1f}{after:14.1f}{'' if good else '  grows'}")
        results.append((f"{name} does not grow", good))
    return results


def none(query):
    return sql(f"select count(*) from ({query}) x") == "0"


def main():
    if MINUTES < 3:
        sys.exit("SOAK_MINUTES is 3 at least: one to warm up, a first, and a last")
    measures = Measures()
    people = everybody(measures)
    for person in people:
        person.start()
    minutes, size = watch(measures)
    ended.set()
    for person in people:
        person.join(30)
    first, last = 1, MINUTES - 1
    results = tell([*held_table(minutes, first, last), *speed_table(measures, first, last)])
    stages = sql("select string_agg(stage || ' ' || n, ', ' order by n desc) from (select stage, count(*) as n from application.application group by 1) x")
    calls = sum(len(row) for row in measures.calls.values())
    print(f"{len(people)} people, {MINUTES} minutes, {calls} calls ({calls / MINUTES / 60:.0f} a second), {sum(p.done for p in people)} steps; "
          f"applications by stage: {stages}; database {size[0]} to {size[-1]} MiB")
    print("refused: " + (", ".join(f"{method} {code} {n}" for (method, code), n in sorted(measures.refusals.items())) or "nothing"))
    for person in people:
        if person.error:
            print(f"{person.user}: {person.error!r}")
    results += [("nobody had to stop", not any(person.error or person.is_alive() for person in people)),
                ("applications went through all stages", not none("select from application.application where stage = 'closed'")),
                ("no session is left when everybody has logged out", none("select from session.session where ended_at is null"))]
    for what, good in results:
        if not good:
            print("not ok " + what)
    failed = sum(not good for _, good in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return failed != 0


sys.exit(main())

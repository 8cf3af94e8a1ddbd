"""Office work by several people while everything falls, again and again; then everything is read and counted.

FAULT_ROUNDS faults, each of another kind than the one before, in an order that FAULT_SEED repeats; FAULT_KINDS names some ("kill a
worker,fill the disk"). The next fault comes when work goes on again. Ends with 'N passed, N failed'."""
import os
import random
import sys
import time

import loket_pb2 as pb
import machine
from checker import check
from line import Line
from machine import sql
from office import Desk, ended
from wire_test import ADDRESS

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "100"))
SEED = int(os.environ.get("FAULT_SEED", str(random.randrange(1 << 30))))
PATIENCE = 60  # seconds until work must go on after a fault
TEAMS = (("rina", "dewi", "hendra", "ratna"), ("budi", "agus", "wati", "bambang"))


def kill_a_client(desks):
    random.choice(random.choice(desks).people).kill()


def cut_lines(desks):
    for desk in desks:
        for person in desk.people:
            person.cut()


def faults_of(desks, line):
    return {
        "kill a worker": lambda: machine.kill_one("worker"),
        "kill the auth process": lambda: machine.kill_one("auth"),
        "kill the job process": lambda: machine.kill_one("job"),
        "kill the master": machine.kill_master,
        "kill the whole server": machine.kill_server,
        "kill a client": lambda: kill_a_client(desks),
        "read the configuration anew": machine.reload_server,
        "freeze a process for seconds": machine.freeze_one,
        "stop the database at once": machine.stop_database,
        "kill a process of the database": machine.kill_backend,
        "end every database connection": machine.end_backends,
        "forbid database connections": machine.forbid_connections,
        "fill up the database's connections": machine.fill_connections,
        "lock in the other order": machine.deadlock,
        "refuse the database's writes": machine.refuse_writes,
        "fill the disk": machine.fill_disk,
        "set the clock forward and back": machine.jump_clock,
        "cut every line": lambda: cut_lines(desks),
        "cut lines in the middle of a frame": lambda: machine.with_line(line, (1, 3), cut_one_in=20),
        "a slow line": lambda: machine.with_line(line, (2, 4), delay=0.08),
        "a line that swallows everything": lambda: machine.with_line(line, (1, 5), swallows=True),
        "take the network down": machine.link_down,
        "delay packets": lambda: machine.emulate("delay", "80ms", "40ms"),
        "lose packets": lambda: machine.emulate("loss", "20%"),
    }


class Rounds:
    """One fault after the other; each kind once before any comes again."""

    def __init__(self, faults):
        wanted = os.environ.get("FAULT_KINDS")
        self.faults = {name: fault for name, fault in faults.items() if not wanted or name in wanted.split(",")}
        self.counts = dict.fromkeys(self.faults, 0)
        self.skipped, self.stuck, self.longest = {}, [], 0.0
        self.bag = []

    def next_name(self):
        if not self.bag:
            self.bag = [name for name in self.faults if name not in self.skipped]
            random.shuffle(self.bag)
        return self.bag.pop()

    def one(self, desks):
        name = self.next_name()
        if os.environ.get("FAULT_VERBOSE"):
            print(f"{time.strftime('%T')} {name}", flush=True)
        before = [desk.steps() for desk in desks]
        try:
            self.faults[name]()
        except machine.NotHere as why:
            self.skipped[name] = str(why)
            return False
        self.counts[name] += 1
        begun = time.monotonic()
        while any(desk.steps() <= was for desk, was in zip(desks, before)):
            if time.monotonic() > begun + PATIENCE or any(desk.error for desk in desks):
                self.stuck.append(name)
                print("work does not go on; the database does:\n" + machine.activity(), flush=True)
                break
            time.sleep(0.02)
        self.longest = max(self.longest, time.monotonic() - begun)
        return True

    def all(self, desks):
        done = 0
        while done < ROUNDS and len(self.skipped) < len(self.faults) and len(self.stuck) < 3:
            done += self.one(desks)
        return done


def settle(desks):
    """The people finish what they have in hand; the job process draws what is to be drawn."""
    ended.set()
    for desk in desks:
        desk.join(120)
    end = time.monotonic() + 60
    while sql("select count(*) from document.document where state = 'to_render'") != "0" and time.monotonic() < end:
        time.sleep(0.2)
    machine.loketd("audit", "checkpoint")


def came_back(desks):
    """Does everybody still work on the line that came back by itself?"""
    if any(desk.is_alive() for desk in desks):
        return False
    for desk in desks:
        for person in desk.people:
            person.killed.clear()
            person.ask("session.ping", pb.Empty(), pb.PingReply)
    return True


def refused(desks):
    """How often each code was answered."""
    codes = {}
    for person in (person for desk in desks for person in desk.people):
        for code, count in person.refusals.items():
            codes[code] = codes.get(code, 0) + count
    return codes


def tell(rounds, done, desks):
    for name, count in rounds.counts.items():
        why = rounds.skipped.get(name)
        print(f"{count:5} times: {name}" + (f" (skipped: {why})" if why else ""))
    people = [person for desk in desks for person in desk.people]
    refusals = refused(desks)
    print(f"seed {SEED}: {done} rounds, {sum(desk.steps() for desk in desks)} steps acknowledged, {sum(p.repeated for p in people)} writes sent again,"
          f" {sum(p.lost for p in people)} lines lost, {sum(len(desk.unknown) for desk in desks)} steps of killed clients,"
          f" {sql('select sum(deadlocks) from pg_stat_database')} deadlocks, work went on after {rounds.longest:.1f} s at most")
    print("answered in between: " + (", ".join(f"{code} {count}" for code, count in sorted(refusals.items())) or "nothing"))


def main():
    random.seed(SEED)
    print(f"seed {SEED}", flush=True)
    line = Line(ADDRESS)
    line.start()
    desks = [Desk(people, line.address) for people in TEAMS]
    rounds = Rounds(faults_of(desks, line))
    for desk in desks:
        desk.start()
    done = rounds.all(desks)
    settle(desks)
    tell(rounds, done, desks)
    results = [(f"work went on after each fault {sorted(set(rounds.stuck)) or ''}", not rounds.stuck),
               ("every client came back by itself", came_back(desks)),
               ("nobody is told that the server failed, where trying again helps", "INTERNAL" not in refused(desks)), *check(desks)]
    for what, holds in results:
        print(("ok " if holds else "not ok ") + what)
    for desk in desks:
        if desk.error:
            print(repr(desk.error))
    failed = sum(not holds for _, holds in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return failed != 0


sys.exit(main())

"""What the office's processes, and their database, hold at one moment."""
import os
import re
import subprocess

ROOT, VAR = os.environ["LOKET_ROOT"], os.environ["LOKET_VAR"]
ROLES = ("master", "worker", "auth", "job")
COUNTS = ("select (select count(*) from pg_stat_activity where usename like 'loket_%'), (select count(*) from pg_locks l join pg_stat_activity a"
          " using (pid) where a.usename like 'loket_%'), (select count(*) from pg_stat_activity where usename like 'loket_%' and state like 'idle in%'"
          " and state_change < now() - interval '5 seconds'), (select pg_database_size(current_database()) / 1048576)")


def sql(query):
    answer = subprocess.run([f"{ROOT}/server/dev/cluster", "psql", "-At", "-F", " ", "-c", query], check=True, capture_output=True, text=True)
    return answer.stdout.strip()


def processes():
    """(role, pid) of those that run: the log says who is who."""
    with open(f"{VAR}/log/loketd.log", encoding="utf-8", errors="replace") as log:
        found = sorted(set(re.findall(r"process=(\w+) pid=(\d+)", log.read())))
    return [(role, int(pid)) for role, pid in found if role in ROLES and os.path.exists(f"/proc/{pid}/smaps_rollup")]


def memory(pid, field="Pss"):
    """KiB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        found = re.search(rf"^{field}:\s+(\d+)", rollup.read(), re.MULTILINE)
    return int(found.group(1)) if found else 0


def database_memory():
    """KiB that the database's processes for us hold besides the shared buffers, which fill up to their limit."""
    pids = sql("select pid from pg_stat_activity where usename like 'loket_%'").split()
    return sum(memory(pid, "Pss_Anon") for pid in pids if os.path.exists(f"/proc/{pid}/smaps_rollup"))


def take():
    """A name and a number of each thing that must not grow."""
    sample = {}
    for role in ROLES:
        pids = [pid for name, pid in processes() if name == role]
        sample[f"memory of {role} (KiB)"] = sum(memory(pid) for pid in pids)
        sample[f"open files of {role}"] = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)
    sample["memory of the database's processes (KiB)"] = database_memory()
    connections, locks, stuck, size = sql(COUNTS).split()
    sample["database connections"] = int(connections)
    sample["locks held at once"] = int(locks)
    sample["forgotten transactions"] = int(stuck)
    return sample, int(size)

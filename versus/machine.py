"""What the comparisons ask of the machine: processors, its name, who else is busy; and the raw files."""

import csv
import os
import pathlib
import resource
import sys


def pin(threads):
    """Keeps this process and its children on `threads` processors, each of another core."""
    cores = {}
    for cpu in sorted(os.sched_getaffinity(0)):
        path = pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.setdefault(path.read_text().strip() if path.is_file() else str(cpu), cpu)
    chosen = list(cores.values())[:threads]
    if len(chosen) < threads:
        raise SystemExit(f"--threads {threads}: there are {len(cores)} cores")
    os.sched_setaffinity(0, chosen)
    return chosen


def machine_seconds():
    """Processor seconds that all programs, and other machines on this one's cores, have used since it started."""
    user, nice, system, _, _, irq, soft, steal = map(int, pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def child_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def slug(name):
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def kept(raw, again):
    """Rows of the file but those of works that are run again."""
    if not raw.is_file():
        return []
    with raw.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["work"] not in again]


def write(raw, fields, rows):
    raw.parent.mkdir(parents=True, exist_ok=True)
    with raw.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def say(text):
    print(text, file=sys.stderr, flush=True)

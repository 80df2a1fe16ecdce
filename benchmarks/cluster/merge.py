#!/usr/bin/env python3
"""How long `qyolo merge` takes, and how much memory, for the run folder that make_shards made.

    benchmarks/cluster/merge.py --qyolo build/qyolo --run RUN [--threads 2] [--rounds 3]

First every record's AP must be what make_shards computed from the detections themselves, bit for bit.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time


def merge(arguments):
    records = arguments.run / "records.jsonl"
    records.unlink(missing_ok=True)
    command = [arguments.qyolo, "merge", str(arguments.run), "--threads", str(arguments.threads), "-q"]
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    if status != 0:
        sys.exit(f"{' '.join(command)}: status {status}")
    expected = json.loads((arguments.run / "expected.json").read_text())
    found = {}
    for line in records.read_text().splitlines():
        record = json.loads(line)
        found[record["key"]] = record["metrics"]["AP"]
    if found != expected:
        sys.exit("the records' AP is not that of the detections")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qyolo", default="build/qyolo")
    parser.add_argument("--run", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    tasks = list((arguments.run / "tasks").glob("*.task"))
    size = sum(task.stat().st_size for task in tasks)
    rounds = [merge(arguments) for _ in range(arguments.rounds)]
    cells = len(json.loads((arguments.run / "expected.json").read_text()))
    print(f"{len(tasks)} tasks of {cells} cells, {size / 2**20:.0f} MiB; every AP as expected")
    for name, unit, values in zip(("wall", "CPU", "peak memory"), ("s", "s", "MiB"), zip(*rounds)):
        print(f"{name}: {statistics.median(values):.1f} {unit} ({min(values):.1f} to {max(values):.1f})")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Times `qyolo score` beside the COCO evaluators that are installed, and checks that all agree.

    cmake --preset release -DQYOLO_BUILD_BENCHMARKS=ON
    cmake --build --preset release --target qyolo make_coco_problem
    build/benchmarks/make_coco_problem --out /tmp/problem
    benchmarks/score/compare.py --problem /tmp/problem --python /tmp/venv/bin/python

Peers are the Python packages that --python can import (pip install ultrafast-pycocotools hotcoco
vernier faster-coco-eval pycocotools), each used in the fastest way that its documentation shows,
and the command-line programs of hotcoco (coco-eval) and vernier where they are on the PATH.

First the 12 summary numbers of every peer are compared with qyolo's. Then every contender runs in
a process of its own, from its start to its exit: load both files, evaluate, accumulate, summarize.
All contenders take turns in each round, so that what else the machine does meets all of them; the
ratio to qyolo is the median over rounds of the ratio within a round. Contenders that take more than
--slow seconds run in the first --slow-rounds rounds only. With N threads a process is bound to N
cores and told N by its own setting. Needs nothing outside Python's standard library.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

AGREEMENT = 1e-12

# Arguments: annotation file, results file, threads, and where the 12 numbers go ("" for nowhere).
PRELUDE = """
import json, sys
truth, found, threads, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
def done(stats):
    if out:
        with open(out, "w") as file:
            json.dump([float(value) for value in stats], file)
"""

COCO_API = """
truth = COCO(truth)
evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
evaluation.evaluate()
evaluation.accumulate()
evaluation.summarize()
done(evaluation.stats)
"""

PACKAGES = {
    "ultrafast-pycocotools": """
from ultrafast_pycocotools import COCO, COCOeval
truth = COCO(truth)
evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
evaluation.run()
done(evaluation.stats)
""",
    "hotcoco": """
from hotcoco import COCO, COCOeval
truth = COCO(truth)
evaluation = COCOeval(truth, truth.load_res(found), "bbox")
evaluation.run()
done(evaluation.stats)
""",
    "vernier": """
from pathlib import Path
from vernier.instance import Bbox, CocoDataset, Evaluator
truth = CocoDataset.from_json(Path(truth).read_bytes())
evaluator = Evaluator(iou=Bbox(), parity_mode="strict")
summary = evaluator.evaluate(truth, Path(found).read_bytes(), num_threads=threads)
print("\\n".join(summary.pretty_lines()))
done(summary.stats)
""",
    "faster-coco-eval": """
from faster_coco_eval import COCO, COCOeval_faster as COCOeval
"""
    + COCO_API,
    "pycocotools": """
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
"""
    + COCO_API,
}

# Name, program on the PATH, arguments. Their summary lines have 3 decimals.
PROGRAMS = [
    ("hotcoco (coco-eval)", "coco-eval", ["eval", "--gt", "{truth}", "--dt", "{found}"]),
    (
        "vernier (command line)",
        "vernier",
        ["eval", "--gt", "{truth}", "--dt", "{found}", "--iou-type", "bbox", "--threads", "{n}"],
    ),
]


class Contender:
    def __init__(self, name, version, command, printed=False):
        self.name, self.version = name, version
        self.command = command  # (threads, file for the numbers or "") -> argv
        self.printed = printed  # the numbers are those that it prints
        self.samples = {}  # round -> (wall, cpu, peak MiB)

    def run(self, threads, stats=""):
        cores = sorted(os.sched_getaffinity(0))[:threads]
        environment = dict(os.environ)
        for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            environment[name] = str(threads)
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            begin = time.perf_counter()
            process = subprocess.Popen(
                self.command(threads, stats),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=environment,
                preexec_fn=lambda: os.sched_setaffinity(0, cores),
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                errors.seek(0)
                raise RuntimeError(f"{self.name} failed: {errors.read().decode()[-2000:]}")
            output.seek(0)
            printed = output.read().decode()
        return printed, (wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)

    def numbers(self, threads):
        with tempfile.TemporaryDirectory() as folder:
            stats = os.path.join(folder, "stats.json")
            printed, _ = self.run(threads, stats)
            if self.printed:
                lines = [line for line in printed.splitlines() if "@[" in line]
                return [float(line.split("=")[-1]) for line in lines]
            if self.name == "qyolo":
                return json.loads(printed)["stats"]
            return json.loads(pathlib.Path(stats).read_text())


def qyolo(binary, truth, found):
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)

    def command(threads, stats):
        output = ["-o", "json"] if stats else []
        return [binary, "score", truth, found, "--threads", str(threads)] + output

    return Contender("qyolo", version.stdout.split()[1], command)


def package(python, name, code, truth, found):
    ask = f"import importlib.metadata as m; print(m.version({name!r}))"
    version = subprocess.run([python, "-c", ask], capture_output=True, text=True)
    if version.returncode != 0:
        return None

    def command(threads, stats):
        return [python, "-c", PRELUDE + code, truth, found, str(threads), stats]

    return Contender(name, version.stdout.strip(), command)


def program(name, file, arguments, truth, found):
    path = shutil.which(file)
    if path is None:
        return None
    version = subprocess.run([path, "--version"], capture_output=True, text=True)

    def command(threads, _):
        return [path] + [a.format(truth=truth, found=found, n=threads) for a in arguments]

    return Contender(name, (version.stdout.split() or ["?"])[-1], command, printed=True)


def check_agreement(contenders, threads):
    expected = contenders[0].numbers(threads)
    for contender in contenders[1:]:
        found = contender.numbers(threads)
        tolerance = 5.0001e-4 if contender.printed else AGREEMENT
        if len(found) != 12:
            sys.exit(f"{contender.name}: {len(found)} numbers, expected 12")
        difference = max(abs(a - b) for a, b in zip(expected, found))
        print(f"{contender.name} {contender.version}: largest difference {difference:.3g}", file=sys.stderr)
        if difference > tolerance:
            sys.exit(f"{contender.name} does not agree with qyolo: {found}, expected {expected}")
    return expected


def measure(contenders, threads, options):
    for contender in contenders:
        contender.samples = {}
    for turn in range(options.rounds):
        shift = turn % len(contenders)
        for contender in contenders[shift:] + contenders[:shift]:
            first = contender.samples.get(min(contender.samples, default=-1))
            if turn >= options.slow_rounds and first is not None and first[0] > options.slow:
                continue
            contender.samples[turn] = contender.run(threads)[1]
        print(f"{threads} threads: round {turn + 1} of {options.rounds}", file=sys.stderr)


def table(contenders, threads):
    ours = contenders[0]
    plural = "s" if threads > 1 else ""
    lines = [
        f"{threads} thread{plural}:",
        "",
        "| | version | wall, median | min to max | CPU | peak memory | qyolo / it, wall | CPU | memory |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for contender in contenders:
        columns = list(zip(*contender.samples.values()))
        wall, cpu, memory = (statistics.median(column) for column in columns)

        def ratio(i):
            return statistics.median(
                ours.samples[turn][i] / sample[i] for turn, sample in contender.samples.items()
            )

        ratios = ["–"] * 3 if contender is ours else [f"{ratio(i):.3f}" for i in range(3)]
        lines.append(
            f"| {contender.name} | {contender.version} | {wall:.3f} s "
            f"| {min(columns[0]):.3f} to {max(columns[0]):.3f} | {cpu:.3f} s "
            f"| {memory:.0f} MiB | " + " | ".join(ratios) + " |"
        )
    return "\n".join(lines) + "\n"


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problem", required=True, help="folder that make_coco_problem wrote")
    parser.add_argument("--qyolo", default=str(root / "build/qyolo"))
    parser.add_argument("--python", default=sys.executable, help="the one that has the peers")
    parser.add_argument("--threads", default="2,1")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--slow", type=float, default=3, help="seconds")
    parser.add_argument("--slow-rounds", type=int, default=3)
    parser.add_argument("--only", help="comma-separated names of peers")
    options = parser.parse_args()
    truth = str(pathlib.Path(options.problem) / "annotations.json")
    found = str(pathlib.Path(options.problem) / "detections.json")
    peers = [package(options.python, *item, truth, found) for item in PACKAGES.items()]
    peers += [program(*item, truth, found) for item in PROGRAMS]
    wanted = options.only.split(",") if options.only else None
    peers = [p for p in peers if p is not None and (wanted is None or p.name in wanted)]
    contenders = [qyolo(options.qyolo, truth, found)] + peers
    counts = [int(n) for n in options.threads.split(",")]
    stats = check_agreement(contenders, counts[0])
    load = os.getloadavg()[0]
    tables = []
    for threads in counts:
        measure(contenders, threads, options)
        tables.append(table(contenders, threads))
    sizes = ", ".join(f"{os.path.getsize(path) / 1e6:.1f} MB" for path in (truth, found))
    python = subprocess.run(
        [options.python, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    print(f"{cpu_model()}, {os.cpu_count()} cores, {python}; files of {sizes}; AP {stats[0]:.12f};")
    print(f"{options.rounds} rounds, load average {load:.1f} before and {os.getloadavg()[0]:.1f} after.\n")
    print("\n".join(tables), end="")


if __name__ == "__main__":
    main()

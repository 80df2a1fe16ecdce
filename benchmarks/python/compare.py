#!/usr/bin/env python3
"""Times COCO evaluation of boxes from within Python: the package qyolo beside others.

    pip install . pycocotools faster-coco-eval hotcoco ultrafast-pycocotools
    cmake --build --preset release --target make_coco_problem
    build/benchmarks/make_coco_problem --out /tmp/problem
    benchmarks/python/compare.py --problem /tmp/problem --python /tmp/venv/bin/python

Three ways in which detections come: as a results file, as a list of dictionaries, and as an array of N x 7
numbers, the last two in memory already, as a training loop has them; a package that does not take one is
listed with what it says. Each contender runs in a process of its own. Timed is, after the imports and with
the detections in memory where they are given so: the annotation file read, detections taken, evaluate,
accumulate, summarize, by each package's own calls in the fastest way that its documentation shows. Peak
memory is that of the whole process, imports and given detections included; what a process of Python with
NumPy and the detections takes without any of the packages is the first line.

First everyone's 12 numbers must be equal to qyolo's (within 1e-12). Then they take turns in each round;
ratios are medians over rounds of the ratio within a round. Of contenders that take more than --slow seconds
that first run is the one that counts. Needs nothing outside Python's standard library; numpy in --python.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

AGREEMENT = 1e-12
FORMS = ("file", "list", "array")

# Arguments: annotation file, results file, form. `detections` is what is given to the package. Answers a line
# of JSON.
PRELUDE = """
import contextlib, io, json, resource, sys, time
import numpy as np
truth, found, form = sys.argv[1:4]
with open(found) as file:
    detections = found if form == "file" else json.load(file)
if form == "array":
    detections = np.array(
        [[d["image_id"], *d["bbox"], d["score"], d["category_id"]] for d in detections], dtype=np.float64
    )
def main():
    begin = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        stats = evaluate(truth, detections)
    wall, cpu = time.perf_counter() - begin[0], time.process_time() - begin[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak, "stats": [float(value) for value in stats]}))
"""

CALLS = """
def evaluate(truth, detections):
    truth = COCO(truth)
    evaluation = COCOeval(truth, truth.loadRes(detections), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats
"""

NOTHING = ("(nothing evaluated)", "numpy", "def evaluate(truth, detections):\n    return []\n")

# Name, distribution, code.
PACKAGES = [
    ("qyolo", "qyolo", "from qyolo.coco import COCO\nfrom qyolo.cocoeval import COCOeval\n" + CALLS),
    (
        "qyolo.score",
        "qyolo",
        "import warnings\nimport qyolo\nwarnings.simplefilter('ignore')\n"
        "def evaluate(truth, detections):\n"
        "    return [-1 if v is None else v for v in qyolo.score(truth, detections)['metrics'].values()]\n",
    ),
    (
        "ultrafast-pycocotools",
        "ultrafast-pycocotools",
        "from ultrafast_pycocotools import COCO, COCOeval\n"
        "def evaluate(truth, detections):\n"
        "    truth = COCO(truth)\n"
        "    evaluation = COCOeval(truth, truth.loadRes(detections), 'bbox')\n"
        "    evaluation.run()\n"
        "    return evaluation.stats\n",
    ),
    (
        "hotcoco",
        "hotcoco",
        "from hotcoco import COCO, COCOeval\n"
        "def evaluate(truth, detections):\n"
        "    truth = COCO(truth)\n"
        "    evaluation = COCOeval(truth, truth.load_res(detections), 'bbox')\n"
        "    evaluation.run()\n"
        "    return evaluation.stats\n",
    ),
    (
        "faster-coco-eval",
        "faster-coco-eval",
        "from faster_coco_eval import COCO, COCOeval_faster as COCOeval\n" + CALLS,
    ),
    (
        "pycocotools",
        "pycocotools",
        "from pycocotools.coco import COCO\nfrom pycocotools.cocoeval import COCOeval\n" + CALLS,
    ),
]


class Contender:
    def __init__(self, python, name, version, code):
        self.python, self.name, self.version, self.code = python, name, version, code
        self.samples = {}  # round -> answer
        self.refusal = None

    def run(self, form, options):
        cores = sorted(os.sched_getaffinity(0))[: options.threads]
        environment = dict(os.environ)
        for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            environment[name] = str(options.threads)
        run = subprocess.run(
            [self.python, "-c", PRELUDE + self.code + "\nmain()\n", options.truth, options.found, form],
            capture_output=True,
            text=True,
            env=environment,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        if run.returncode != 0:
            self.refusal = (run.stderr.strip().splitlines() or ["no word"])[-1]
            return None
        return json.loads(run.stdout.strip().splitlines()[-1])


def installed(python, distribution):
    ask = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    version = subprocess.run([python, "-c", ask], capture_output=True, text=True)
    return version.stdout.strip() if version.returncode == 0 else None


def measure(form, contenders, options):
    expected = None
    taking = []
    for contender in contenders:
        contender.samples, contender.refusal = {}, None
        answer = contender.run(form, options)
        if answer is None:
            print(f"{form}: {contender.name}: {contender.refusal}", file=sys.stderr)
            continue
        contender.first = answer["wall"]
        if contender.first > options.slow:
            contender.samples[0] = answer
        taking.append(contender)
        if not answer["stats"]:
            continue
        expected = expected or answer["stats"]
        difference = max(abs(a - b) for a, b in zip(expected, answer["stats"]))
        print(f"{form}: {contender.name}: largest difference {difference:.3g}", file=sys.stderr)
        if len(answer["stats"]) != len(expected) or difference > AGREEMENT:
            sys.exit(f"{contender.name} does not agree with {contenders[1].name}")
    for turn in range(options.rounds):
        shift = turn % len(taking)
        for contender in taking[shift:] + taking[:shift]:
            if contender.first <= options.slow:
                contender.samples[turn] = contender.run(form, options)
        print(f"{form}: round {turn + 1} of {options.rounds}", file=sys.stderr)


def table(form, contenders):
    ours = contenders[1]
    lines = [
        f"Detections as {'an' if form[0] in 'a' else 'a'} {form}:",
        "",
        "| | version | wall, median | min to max | CPU | peak memory | qyolo / it, wall | CPU | memory |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for contender in contenders:
        if not contender.samples:
            lines.append(f"| {contender.name} | {contender.version} | does not take it: {contender.refusal} |||||||")
            continue

        def values(key):
            return [sample[key] for sample in contender.samples.values()]

        def ratio(key):
            shares = [
                ours.samples[turn][key] / sample[key]
                for turn, sample in contender.samples.items()
                if turn in ours.samples
            ]
            return f"{statistics.median(shares):.3f}"

        if contender is contenders[0]:
            lines.append(f"| {contender.name} | {contender.version} | | | | {statistics.median(values('peak')):.0f} MiB | | | |")
            continue
        ratios = ["–"] * 3 if contender is ours else [ratio(key) for key in ("wall", "cpu", "peak")]
        lines.append(
            f"| {contender.name} | {contender.version} | {statistics.median(values('wall')):.3f} s "
            f"| {min(values('wall')):.3f} to {max(values('wall')):.3f} | {statistics.median(values('cpu')):.3f} s "
            f"| {statistics.median(values('peak')):.0f} MiB | " + " | ".join(ratios) + " |"
        )
    return "\n".join(lines) + "\n"


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problem", required=True, help="folder that make_coco_problem wrote")
    parser.add_argument("--python", default=sys.executable, help="the one that has the packages")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--slow", type=float, default=5, help="seconds")
    parser.add_argument("--only", help="comma-separated names of packages")
    parser.add_argument("--forms", default=",".join(FORMS))
    options = parser.parse_args()
    options.truth = str(pathlib.Path(options.problem) / "annotations.json")
    options.found = str(pathlib.Path(options.problem) / "detections.json")
    contenders = []
    for name, distribution, code in [NOTHING, *PACKAGES]:
        if options.only and distribution not in ("numpy", "qyolo") and name not in options.only.split(","):
            continue
        version = installed(options.python, distribution)
        if version is None:
            print(f"{distribution} is not installed in {options.python}", file=sys.stderr)
        else:
            contenders.append(Contender(options.python, name, version, code))
    if len(contenders) < 2 or contenders[1].name != "qyolo":
        sys.exit(f"qyolo is not installed in {options.python}")
    version = subprocess.run([options.python, "--version"], capture_output=True, text=True, check=True)
    print(f"{cpu_model()}, {os.cpu_count()} cores, {version.stdout.strip()}, threads: {options.threads};")
    print(f"{options.rounds} rounds; load average before: {os.getloadavg()[0]:.1f}.\n")
    for form in options.forms.split(","):
        measure(form, contenders, options)
        print(table(form, contenders), flush=True)
    print(f"Load average after: {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()

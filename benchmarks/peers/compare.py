#!/usr/bin/env python3
"""Times one forward of a YOLOv7 in qyolo and in other runtimes on this CPU, one table.

    python3 -m venv /tmp/peers
    /tmp/peers/bin/pip install -r benchmarks/peers/requirements.txt
    git clone https://github.com/WongKinYiu/yolov7 /tmp/yolov7
    cmake --build --preset release --target qyolo
    benchmarks/peers/compare.py yolov7.pt --repository /tmp/yolov7 --python /tmp/peers/bin/python

Every contender is a process of its own that is prepared once and then waits. All run the same
network on the same input, a batch of square images, up to the convolutions of the head: no decoding.
In each round every contender runs twice, and its second forward counts; the order moves on by one
each round, so that what else the machine does meets all alike. Outputs are compared first, qyolo's
too: an FP32 contender that differs by more than 1e-3 of the reference's range is not timed. What
cannot be set up is listed with the reason. Needs nothing outside Python's standard library itself.

The reference is the official network in PyTorch, where --repository has its code; the checkpoint is a
pickle, and loading it so runs code from it. Without --repository the network is `qyolo export`'s and
the reference is what ONNX Runtime makes of it: numpy, pillow, onnxruntime and openvino are enough.

--scenario latency times one image (or --batch); offline times --batch images (8) as fast as they go:
OpenVINO's throughput hint with requests of one image side by side, the others a batch at a time.
"""
import argparse
import datetime
import hashlib
import json
import os
import pathlib
import platform
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PRECISIONS = ["fp32", "bf16", "int8"]
AGREEMENT = 1e-3  # of the range of the outputs
PAUSE = 0.05  # seconds before each turn: threads of the one before have gone to sleep
# Threads that wait do not take the cores of the one whose turn it is.
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
INSTRUCTION_SETS = ["avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16"]
INSTRUCTION_SETS += ["amx_int8", "amx_bf16"]


class Unavailable(Exception):
    """A contender that cannot be set up; the message says why."""


def last_line(log):
    log.seek(0)
    lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "no message")


class Process:
    def __init__(self, command, options):
        self.log = tempfile.TemporaryFile()
        cores = sorted(os.sched_getaffinity(0))[: options.threads]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.log,
                env={**os.environ, **ENVIRONMENT, "OMP_NUM_THREADS": str(options.threads)},
                preexec_fn=lambda: os.sched_setaffinity(0, cores),
            )
        except OSError as error:
            raise Unavailable(f"{command[0]}: {error.strerror}") from error
        self.out_of_turn = 0
        self.cpu = None

    def reply(self, timeout):
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        line = self.process.stdout.readline().decode().strip() if ready else ""
        if not line:
            reason = last_line(self.log) if ready else f"no answer within {timeout} s"
            self.end()
            raise Unavailable(reason)
        return line

    def forward(self):
        try:
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # reply() says why
        return float(self.reply(600))

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def turn(self):
        if self.cpu is not None:
            self.out_of_turn += self.cpu_seconds() - self.cpu
        self.forward()
        milliseconds = self.forward()
        time.sleep(PAUSE)
        self.cpu = self.cpu_seconds()
        return milliseconds

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Contender:
    def __init__(self, name, version, precision, process, outputs):
        self.name, self.version, self.precision = name, version, precision
        self.process = process
        self.outputs = outputs  # what worker.py says about them; None: not known
        self.samples = []

    @property
    def median(self):
        return statistics.median(self.samples)


def run_networks(options, arguments):
    """networks.py with these arguments."""
    with tempfile.TemporaryFile() as log:
        status = subprocess.run(
            [options.python, HERE / "networks.py", *map(str, arguments)],
            stdout=log,
            stderr=log,
            preexec_fn=lambda: os.nice(5),
        )
        if status.returncode != 0:
            raise Unavailable(last_line(log))


def prepare_folder(options):
    """The folder of this checkpoint, size and set of packages, with the exported network in it."""
    digest = hashlib.sha256()
    for part in (options.checkpoint, HERE / "networks.py", HERE / "requirements.txt"):
        digest.update(part.read_bytes())
    digest.update(f"{options.batch} {options.repository}".encode())
    for image in sorted(options.images.iterdir()):
        digest.update(image.name.encode())
    folder = options.cache / f"{options.checkpoint.stem}-{options.img}-{digest.hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "network.onnx").exists():
        print("exporting the network", file=sys.stderr)
        run_networks(options, ["export", folder, *network_arguments(options)])
    return folder


def network_arguments(options):
    arguments = ["--checkpoint", options.checkpoint, "--qyolo", options.qyolo]
    arguments += ["--img", options.img, "--images", options.images, "--batch", options.batch]
    return arguments + (["--repository", options.repository] if options.repository else [])


def start_peer(options, folder, entry):
    if entry["name"].startswith("PyTorch") and not options.repository:
        raise Unavailable("needs the official code (--repository)")
    for step in entry["needs"]:
        print(f"{entry['name']}: {step}", file=sys.stderr)
        run_networks(options, [step, folder, *network_arguments(options)])
    command = [options.python, HERE / "worker.py", "serve", folder, "--contender", entry["name"]]
    command += ["--threads", options.threads, "--batch", options.batch, "--scenario", options.scenario]
    command += ["--checkpoint", options.checkpoint]
    command += ["--repository", options.repository] if options.repository else []
    process = Process([str(part) for part in command], options)
    prepared = json.loads(process.reply(600))
    if entry["precision"] == "fp32" and not prepared["difference"] <= AGREEMENT:
        process.end()
        raise Unavailable(f"its outputs are off by {prepared['difference']:.2g} of their range")
    return Contender(entry["name"], prepared["version"], entry["precision"], process, prepared)


def qyolo_version(options):
    """Its own and oneDNN's, as its measurements have them."""
    command = [options.qyolo, "bench", options.checkpoint, "--precision", "fp32", "--img", "64"]
    command += ["--rounds", "1", "--no-memory", "--no-energy", "-o", "json"]
    try:
        ran = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    except OSError as error:
        raise Unavailable(f"{options.qyolo}: {error.strerror}") from error
    if ran.returncode != 0:
        raise Unavailable((ran.stderr.strip().splitlines() or ["no message"])[-1])
    versions = json.loads(ran.stdout)["versions"]
    return f"{versions['qyolo']}, {versions['onednn']}"


def start_qyolo(options, folder, precision):
    version = qyolo_version(options)
    with tempfile.TemporaryDirectory() as outputs:
        command = [options.qyolo, "bench", options.checkpoint, "--engine-worker"]
        command += ["--precision", precision, "--img", options.img, "--threads", options.threads]
        command += ["--batch", options.batch]
        if folder is not None:
            command += ["--engine-input", folder / "input.npy", "--engine-outputs", outputs]
        process = Process([str(part) for part in command], options)
        if (line := process.reply(600)) != "ready":
            process.end()
            raise Unavailable(f"said {line!r}, expected 'ready'")
        compared = compare_outputs(options, folder, outputs) if folder is not None else None
    if compared and precision == "fp32" and not compared["difference"] <= AGREEMENT:
        process.end()
        raise Unavailable(f"its outputs are off by {compared['difference']:.2g} of their range")
    return Contender("qyolo", version, precision, process, compared)


def compare_outputs(options, folder, outputs):
    command = [options.python, HERE / "worker.py", "compare", folder, "--outputs", outputs]
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if ran.returncode != 0:
        raise Unavailable((ran.stderr.strip().splitlines() or ["no message"])[-1])
    return json.loads(ran.stdout)


def start_all(options):
    wanted = options.only.split(",") if options.only else None
    try:
        listed = subprocess.run(
            [options.python, HERE / "worker.py", "list"], capture_output=True, text=True
        )
    except OSError as error:
        sys.exit(f"--python {options.python}: {error.strerror}")
    if listed.returncode != 0:
        message = listed.stderr.strip().splitlines()[-1]
        sys.exit(f"{options.python} cannot run worker.py: {message}")
    plans = [(entry["name"], entry["precision"], entry) for entry in json.loads(listed.stdout)]
    plans += [("qyolo", precision, None) for precision in PRECISIONS]
    plans = [plan for plan in plans if wanted is None or plan[0] in wanted]
    if not plans:
        names = [entry["name"] for entry in json.loads(listed.stdout)] + ["qyolo"]
        sys.exit(f"--only {options.only}: no such contender; there are {', '.join(names)}")
    try:
        folder, reason = prepare_folder(options), None
    except Unavailable as error:
        folder, reason = None, f"the network was not exported: {error}"
    contenders, skipped = [], []
    for name, precision, entry in plans:
        try:
            if entry is not None and folder is None:
                raise Unavailable(reason)
            started = (
                start_peer(options, folder, entry)
                if entry
                else start_qyolo(options, folder, precision)
            )
            contenders.append(started)
            print(f"{name}, {precision}: ready", file=sys.stderr)
        except Unavailable as error:
            skipped.append((name, precision, str(error)))
            print(f"warning: {name}, {precision} skipped: {error}", file=sys.stderr)
    return contenders, skipped


def measure(contenders, rounds):
    for turn in range(rounds):
        shift = turn % len(contenders)
        for contender in contenders[shift:] + contenders[:shift]:
            contender.samples.append(contender.process.turn())
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)


def best_peers(contenders):
    """Precision -> the fastest contender that is not qyolo."""
    best = {}
    for contender in contenders:
        if contender.name == "qyolo":
            continue
        fastest = best.get(contender.precision)
        if fastest is None or contender.median < fastest.median:
            best[contender.precision] = contender
    return best


def summary(contender, best):
    low, _, high = statistics.quantiles(contender.samples, n=4, method="inclusive")
    peer = best.get(contender.precision)
    speed = None
    if peer is not None and peer is not contender:
        speed = statistics.median(b / own for b, own in zip(peer.samples, contender.samples))
    return {
        "contender": contender.name,
        "version": contender.version,
        "precision": contender.precision,
        "median_ms": contender.median,
        "min_ms": min(contender.samples),
        "iqr_ms": high - low,
        "speed_of_best_peer": speed,
        "best_peer": peer.name if peer else None,
        "outputs": contender.outputs,
        "samples_ms": contender.samples,
        "cpu_out_of_turn_s": contender.process.out_of_turn,
    }


def agreement(row):
    if row["outputs"] is None:
        return "not compared"
    if row["precision"] == "fp32":
        return f"differ by {row['outputs']['difference']:.1e} of range"
    return f"cosine {row['outputs']['cosine']:.4f}"


def speed(row):
    if row["speed_of_best_peer"] is not None:
        return f"{row['speed_of_best_peer']:.2f}x"
    return "best peer" if row["best_peer"] == row["contender"] else "–"


def table(report):
    lines = [
        "| | version | precision | median | min | IQR | images/s | speed, best peer = 1 | outputs |",
        "|---|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for row in report["contenders"]:
        lines.append(
            f"| {row['contender']} | {row['version']} | {row['precision']} | {row['median_ms']:.1f} ms "
            f"| {row['min_ms']:.1f} ms | {row['iqr_ms']:.1f} ms "
            f"| {1e3 * report['settings']['batch'] / row['median_ms']:.2f} | {speed(row)} | {agreement(row)} |"
        )
    host, settings = report["host"], report["settings"]
    lines += [
        "",
        f"{host['cpu']}, {host['cores']} cores ({', '.join(host['instruction_sets']) or 'no AVX2'}), "
        f"{settings['threads']} threads, {host['system']}, {report['date']}; {settings['checkpoint']} at "
        f"{settings['img']}x{settings['img']}, {settings['scenario']}, batch {settings['batch']}, "
        f"{settings['rounds']} rounds interleaved. The ratio "
        "is the median over rounds of the ratio within a round.",
        f"Waiting without spinning: {', '.join(f'{k}={v}' for k, v in ENVIRONMENT.items())}, "
        f"ONNX Runtime's threads stop at the end of a run. "
        f"CPU time that contenders took out of turn: {report['cpu_out_of_turn_s']:.2f} s in all. "
        f"Load average {host['load_before']:.1f} before, {host['load_after']:.1f} after.",
    ]
    if report["skipped"]:
        lines += ["", "Skipped:", ""]
        lines += [f"- {s['contender']}, {s['precision']}: {s['reason']}" for s in report["skipped"]]
    return "\n".join(lines) + "\n"


def host():
    information = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", information, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.*)$", information, re.MULTILINE)
    present = flags[1].split() if flags else []
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "instruction_sets": [name for name in INSTRUCTION_SETS if name in present],
        "system": f"Linux {platform.release()}",
        "load_before": os.getloadavg()[0],
    }


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    path = pathlib.Path
    parser.add_argument("checkpoint", type=path, help="an official .pt file that you trust")
    parser.add_argument("--repository", type=path,
                        help="clone of WongKinYiu/yolov7; without it PyTorch is left out")
    parser.add_argument("--scenario", choices=("latency", "offline"), default="latency")
    parser.add_argument("--batch", type=int, help="images of a forward (default: 1; offline: 8)")
    parser.add_argument("--qyolo", type=path, default=ROOT / "build/qyolo")
    parser.add_argument("--python", default=sys.executable, help="the one that has the peers")
    parser.add_argument("--img", type=int, default=640, help="side of the square input")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", help="comma-separated names of contenders")
    parser.add_argument("--images", type=path, default=ROOT / "datasets/parts/calib/images",
                        help="what INT8 contenders are calibrated with; the first is the input")
    parser.add_argument("--cache", type=path, default=path(tempfile.gettempdir()) / "qyolo-peers")
    parser.add_argument("--out", type=path, help="also write the table to this file")
    parser.add_argument("--json", type=path, help="also write every number to this file")
    options = parser.parse_args()
    options.batch = options.batch or (8 if options.scenario == "offline" else 1)
    return options


def main():
    options = arguments()
    if options.rounds < 2 or options.threads < 1 or options.img < 32 or options.img % 32:
        sys.exit("expected at least 2 rounds, 1 thread, and a side that is a multiple of 32")
    for name in ("checkpoint", "repository", "images"):
        if getattr(options, name) and not getattr(options, name).exists():
            sys.exit(f"{name}: there is no {getattr(options, name)}")
    contenders, skipped = start_all(options)
    if not contenders:
        sys.exit("nothing to time")
    report = {"date": datetime.date.today().isoformat(), "host": host()}
    keep = ("img", "threads", "rounds", "scenario", "batch")
    report["settings"] = {name: getattr(options, name) for name in keep}
    report["settings"] |= {"checkpoint": options.checkpoint.name, "environment": ENVIRONMENT}
    measure(contenders, options.rounds)
    report["host"]["load_after"] = os.getloadavg()[0]
    best = best_peers(contenders)
    contenders.sort(key=lambda c: (PRECISIONS.index(c.precision), c.median))
    report["contenders"] = [summary(contender, best) for contender in contenders]
    report["cpu_out_of_turn_s"] = sum(c.process.out_of_turn for c in contenders)
    report["skipped"] = [dict(zip(("contender", "precision", "reason"), s)) for s in skipped]
    for contender in contenders:
        contender.process.end()
    text = table(report)
    print(text, end="")
    if options.out:
        options.out.write_text(text)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()

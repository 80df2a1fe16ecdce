#!/usr/bin/env python3
"""Compares evaluate_coco with pycocotools on random cases, byte for byte.

    parity_fuzz.py --binary build/tests/metrics/coco_parity --cases 2000 --seed 1
    parity_fuzz.py --binary build/tests/metrics/coco_parity --cases 0      until it is stopped

precision, recall, scores and the 12 stats must be equal in every byte. A difference prints the
command that repeats it, and exits with 1.

With --qyolo build/qyolo, every --qyolo-every-th case that can be written as files also goes through
`qyolo score` and its options: the arrays must be equal in every byte, too, the numbers of the JSON
document in every bit, and the APs of the classes up to rounding.

Cases are small and nasty: tied scores, boxes on a coarse grid (IoUs equal to a threshold, touching
boxes), crowds, areas on the bounds of the ranges, classes with detections only, images without
either, more than 100 and 1,000 detections, degenerate boxes, custom grids in any order, use of
categories or not. Annotation ids are anything, 0 and duplicates among them; pycocotools, which
takes id 0 for "no match" and sees only the last of duplicates, gets the same case with the ids
1, 2, 3... The last line says how many cases had what.

pycocotools is imported from the Python that runs this, else from the one that QYOLO_PYTHON names,
else from $QYOLO_DEPS/python (${XDG_CACHE_HOME:-~/.cache}/qyolo/python by default), a virtual
environment. Where none has it, the exit status is 77 (skipped).

Protocol with the binary, little-endian, 8 bytes per value, lists led by their length. In: 1; image
ids; category ids; annotations {id, image, category, crowd, x, y, w, h, area}; detections {image,
category, x, y, w, h, score}; use categories; threads; IoU thresholds; recall thresholds; area
ranges {low, high}; maximum detections (of these four, an empty list: the default grid). 0 ends. Out:
precision, recall, scores, stats.
"""
import argparse
import collections
import contextlib
import io
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
except ImportError as missing:
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.environ.get("QYOLO_DEPS") or os.path.join(cache, "qyolo")
    other = os.environ.pop("QYOLO_PYTHON", "") or os.path.join(folder, "python/bin/python3")
    if os.access(other, os.X_OK) and "QYOLO_PARITY_RETRIED" not in os.environ:
        os.environ["QYOLO_PARITY_RETRIED"] = "1"
        os.execv(other, [other] + sys.argv)
    print(f"skipped: {missing} (tried {sys.executable}; QYOLO_PYTHON names another Python)")
    sys.exit(77)

AREA_NAMES = ["all", "small", "medium", "large"]


def random_box(rng, style):
    if style == "grid":  # few distinct values: equal IoUs, contact, containment
        return [float(rng.randint(0, 6) * 8) for _ in range(2)] + [
            float(rng.randint(1, 6) * 8) for _ in range(2)
        ]
    if style == "bounds":  # areas around 32^2 and 96^2
        side = rng.choice([32.0, 96.0, 16.0, 64.0])
        other = rng.choice([side, side, side * 2, side / 2, side + 1e-9, side - 1e-9])
        return [rng.uniform(0, 40), rng.uniform(0, 40), side, other]
    if style == "degenerate":
        sizes = [0.0, 1e-200, 1e-170, 1e-5, 5.0, 1e160, 5e307, -3.0]
        return [rng.choice([0.0, 0.0, 1e16, 2.0]) for _ in range(2)] + [
            rng.choice(sizes) for _ in range(2)
        ]
    return [round(rng.uniform(0, 200), 2) for _ in range(2)] + [
        round(rng.uniform(0, 200), 2) for _ in range(2)
    ]


def near_box(rng, box):
    shift = rng.choice([0.0, 0.0, 1.0, 2.0, 8.0])
    scale = rng.choice([1.0, 1.0, 0.95, 0.9, 0.75, 0.5, 2.0])
    return [
        box[0] + shift * rng.choice([-1, 0, 1]),
        box[1] + shift * rng.choice([-1, 0, 1]),
        box[2] * scale,
        box[3] * rng.choice([1.0, scale]),
    ]


def random_score(rng, style):
    if style == "ties":
        return rng.choice([0.1, 0.5, 0.5, 0.9])
    if style == "equal":
        return 0.25
    if style == "odd":
        return rng.choice([0.0, -0.0, -1.5, 2.0, 1e-300, 1e300, 0.5, 0.5 + 2**-53, 0.5 + 2**-40])
    return round(rng.random(), 5) if style == "five-digits" else rng.random()


def distinct(rng, low, high, count):
    return rng.sample(range(low, high), count)


def random_ids(rng, count):
    style = rng.choice(["distinct", "distinct", "from 0", "duplicates", "all 0"])
    if style == "from 0":
        return list(range(count))
    if style == "duplicates":
        return [rng.randint(0, max(1, count // 2)) for _ in range(count)]
    return [0] * count if style == "all 0" else distinct(rng, 1, 1000000, count)


def default_grids():
    params = COCOeval(iouType="bbox").params
    return {
        "iou": [float(t) for t in params.iouThrs],
        "recall": [float(r) for r in params.recThrs],
        "areas": [[float(v) for v in bounds] for bounds in params.areaRng],
        "max": list(params.maxDets),
    }


DEFAULT_GRIDS = default_grids()


def random_grids(rng):
    grids = default_grids()
    if rng.random() < 0.3:
        choice = [0.5, 0.75, 1.0, 0.0, 0.1, 0.25, 1 / 3, 0.9, 1.5, -0.5, rng.random()]
        grids["iou"] = [rng.choice(choice) for _ in range(rng.choice([1, 2, 5, 12]))]
        if rng.random() < 0.1:
            grids["iou"] = [rng.random() for _ in range(rng.choice([63, 64, 65, 130]))]
    if rng.random() < 0.3:
        choice = [0.0, 1.0, 0.5, 0.1, 1 / 3, -1.0, 1.1, 1 + 2**-52, rng.random(), rng.random()]
        grids["recall"] = [rng.choice(choice) for _ in range(rng.choice([1, 3, 11]))]
    if rng.random() < 0.3:
        bounds = [0.0, 64.0, 100.0, 1024.0, 4096.0, 9216.0, 1e5, float("inf")]
        grids["areas"] = [
            sorted(rng.sample(bounds, 2)) for _ in range(rng.choice([1, 2, 4, 6]))
        ]
    if rng.random() < 0.4:
        choice = [1, 2, 3, 5, 10, 50, 100, 101, 300, 1000, 5000]
        grids["max"] = rng.sample(choice, rng.choice([1, 2, 3, 4]))
    return grids


def random_case(rng):
    box_style = rng.choice(["grid", "grid", "bounds", "free", "free", "degenerate"])
    score_style = rng.choice(["ties", "ties", "equal", "odd", "five-digits", "free"])
    crowd = rng.choice([0.0, 0.1, 0.5])
    scale = 100000 if rng.random() < 0.5 else 12
    images = distinct(rng, -scale // 4, scale, rng.randint(1, 6))
    categories = distinct(rng, 0, rng.choice([10, 100000]), rng.randint(1, 5))
    foreign_category = max(categories) + rng.randint(1, 5)
    annotations, detections = [], []
    crowded = rng.random()
    for image in images:
        for category in categories + [foreign_category]:
            known = category != foreign_category
            truth = [random_box(rng, box_style) for _ in range(rng.choice([0, 0, 1, 2, 3, 6]))]
            for box in truth if known or rng.random() < 0.1 else []:
                area = rng.choice([box[2] * box[3], box[2] * box[3], 1024.0, 9216.0, 500.0, 0.0])
                annotations.append([image, category, rng.random() < crowd, box, area])
            count = rng.choice([0, 0, 1, 3, 8])
            if crowded < 0.03:
                count = rng.choice([99, 100, 101, 150])
            elif crowded < 0.036:
                count = rng.choice([0, 0, 1001, 1200])
            for _ in range(count if known or rng.random() < 0.1 else 0):
                box = random_box(rng, box_style)
                if truth and rng.random() < 0.7:
                    box = near_box(rng, rng.choice(truth))
                detections.append([image, category, box, random_score(rng, score_style)])
    if rng.random() < 0.8:
        rng.shuffle(annotations)
        rng.shuffle(detections)
    if rng.random() < 0.05:  # of an image that is not listed
        annotations.append([max(images) + 1, categories[0], False, [0.0, 0.0, 9.0, 9.0], 81.0])
    ids = random_ids(rng, len(annotations))
    annotations = [[number] + rest for number, rest in zip(ids, annotations)]
    case = {"images": images, "categories": categories, "annotations": annotations}
    case.update(detections=detections, use_categories=rng.random() < 0.75, **random_grids(rng))
    case["threads"] = rng.choice([1, 2, 3])
    return case


def encode(case):
    out = [struct.pack("<q", 1)]

    def integers(values):
        out.append(struct.pack(f"<{len(values)}q", *values))

    def doubles(values):
        out.append(struct.pack(f"<{len(values)}d", *values))

    for ids in (case["images"], case["categories"]):
        integers([len(ids)] + ids)
    integers([len(case["annotations"])])
    for number, image, category, crowd, box, area in case["annotations"]:
        integers([number, image, category, int(crowd)])
        doubles(box + [area])
    integers([len(case["detections"])])
    for image, category, box, score in case["detections"]:
        integers([image, category])
        doubles(box + [score])
    grids = {k: [] if case[k] == usual else case[k] for k, usual in DEFAULT_GRIDS.items()}
    integers([int(case["use_categories"]), case["threads"], len(grids["iou"])])
    doubles(grids["iou"])
    integers([len(grids["recall"])])
    doubles(grids["recall"])
    integers([len(grids["areas"])])
    doubles([value for bounds in grids["areas"] for value in bounds])
    integers([len(grids["max"])] + grids["max"])
    return b"".join(out)


def reference(case):
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": i} for i in case["images"]],
        "categories": [{"id": c, "name": str(c)} for c in case["categories"]],
        "annotations": [
            {"id": n, "image_id": i, "category_id": c, "iscrowd": int(w), "bbox": b, "area": a}
            for n, (_, i, c, w, b, a) in enumerate(case["annotations"], 1)
        ],
    }
    for annotation in truth.dataset["annotations"]:
        annotation["ignore"] = annotation["id"] % 2  # has no say: it is overwritten by iscrowd
    truth.createIndex()
    found = [
        {"image_id": i, "category_id": c, "bbox": list(b), "score": s}
        for i, c, b, s in case["detections"]
    ]
    if found:
        results = truth.loadRes(found)
    else:  # loadRes looks at the first detection
        results = COCO()
        results.dataset = dict(truth.dataset, annotations=[])
        results.createIndex()
    evaluation = COCOeval(truth, results, "bbox")
    evaluation.params.iouThrs = np.array(case["iou"])
    evaluation.params.recThrs = np.array(case["recall"])
    evaluation.params.areaRng = case["areas"]
    names = AREA_NAMES + [str(i) for i in range(4, len(case["areas"]))]
    evaluation.params.areaRngLbl = names[: len(case["areas"])]
    evaluation.params.maxDets = list(case["max"])
    evaluation.params.useCats = int(case["use_categories"])
    evaluation.evaluate()
    evaluation.accumulate()
    arrays = [evaluation.eval[name] for name in ("precision", "recall", "scores")]
    stats = None  # summarize() needs three maxima
    if len(case["max"]) >= 3:
        evaluation.summarize()
        stats = evaluation.stats
    return arrays + [stats]


def read_doubles(stream):
    (count,) = struct.unpack("<q", stream.read(8))
    return stream.read(8 * count)


class Difference(Exception):
    pass


def compare(what, array, found):
    if array.astype("<f8").tobytes() == found:
        return
    values, wanted = np.frombuffer(found, "<f8"), array.reshape(-1)
    if len(values) != len(wanted):
        raise Difference(f"{what}: {len(values)} values, expected {len(wanted)}")
    place = np.flatnonzero(values.view("<i8") != wanted.astype("<f8").view("<i8"))
    first = place[0]
    raise Difference(
        f"{what} differs in {len(place)} of {len(values)} cells, "
        f"first {first}: {float(values[first])!r} for {float(wanted[first])!r}"
    )


def fits_in_files(case):
    """What the reader of files and the options of `qyolo score` take."""
    boxes = [a[4] for a in case["annotations"]] + [d[2] for d in case["detections"]]
    return (
        all(a[1] in case["images"] and a[2] in case["categories"] for a in case["annotations"])
        and all(a[5] >= 0 and np.isfinite(a[5]) for a in case["annotations"])
        and all(box[2] >= 0 and box[3] >= 0 for box in boxes)
        and all(0 <= t <= 1 for t in case["iou"])
        and case["recall"] == DEFAULT_GRIDS["recall"]
    )


def write_files(case, folder):
    truth = {
        "info": {"note": "}, {"},
        "images": [{"file_name": "\u00e4", "id": i} for i in case["images"]],
        "annotations": [
            {"segmentation": [[0.5, 1]], "id": n, "image_id": i, "category_id": c}
            | {"iscrowd": int(w), "bbox": b, "area": a}
            for n, i, c, w, b, a in case["annotations"]
        ],
        "categories": [{"id": c, "name": str(c)} for c in case["categories"]],
    }
    found = [
        {"image_id": i, "category_id": c, "bbox": b, "score": s}
        for i, c, b, s in case["detections"]
    ]
    for name, document in (("truth", truth), ("found", found)):
        (folder / name).write_text(json.dumps(document))


def check_command(qyolo, case, expected):
    names = AREA_NAMES + [str(i) for i in range(4, len(case["areas"]))]
    areas = ",".join(f"{n}:{low!r}:{high!r}" for n, (low, high) in zip(names, case["areas"]))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_files(case, folder)
        command = [qyolo, "score", folder / "truth", folder / "found", "-o", "json"]
        command += ["--arrays", folder / "arrays", "--areas", areas]
        command += ["--max-dets", ",".join(str(m) for m in case["max"])]
        command += ["--iou-thresholds", ",".join(repr(t) for t in case["iou"])]
        command += ["--use-cats", str(int(case["use_categories"]))]
        command += ["--threads", str(case["threads"])]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            raise Difference(f"{qyolo} score failed: {run.stderr}")
        for array, kind in zip(expected, ("precision", "recall", "scores")):
            found = (folder / "arrays" / f"{kind}.f64").read_bytes()
            compare(f"{kind} of qyolo score", array, found)
    document = json.loads(run.stdout)
    if expected[3] is not None:
        compare("stats of qyolo score", expected[3], np.array(document["stats"]).tobytes())
    for k, row in enumerate(document["per_class"]):
        cells = expected[0][:, :, k, 0, -1]
        cells = cells[cells > -1]
        found = row["AP"]
        agrees = found is None if len(cells) == 0 else abs(found - cells.mean()) < 1e-12
        if not agrees:
            raise Difference(f"AP of class {k} of qyolo score: {found}, expected {cells.mean()}")


def features(case):
    ids = [a[0] for a in case["annotations"]]
    groups = collections.Counter((d[0], d[1]) for d in case["detections"])
    largest = max(groups.values(), default=0)
    scores = [d[3] for d in case["detections"]]
    truth = {a[2] for a in case["annotations"]}
    used = {a[1] for a in case["annotations"]} | {d[0] for d in case["detections"]}
    yield "tied scores", len(set(scores)) < len(scores)
    yield "crowds", any(a[3] for a in case["annotations"])
    yield "id 0", 0 in ids
    yield "duplicate ids", len(set(ids)) < len(ids)
    yield "areas on a bound", any(a[5] in (1024.0, 9216.0) for a in case["annotations"])
    yield "classes with detections only", any(d[1] not in truth for d in case["detections"])
    yield "empty images", not used.issuperset(case["images"])
    yield "over 100 detections of one class in an image", largest > 100
    yield "over 1000", largest > 1000
    yield "categories not used", not case["use_categories"]
    yield "own IoU thresholds", case["iou"] != DEFAULT_GRIDS["iou"]
    yield "own recall thresholds", case["recall"] != DEFAULT_GRIDS["recall"]
    yield "own areas", case["areas"] != DEFAULT_GRIDS["areas"]
    yield "own maxima", case["max"] != DEFAULT_GRIDS["max"]


def check(case, binary, expected):
    binary.stdin.write(encode(case))
    binary.stdin.flush()
    for name, array in zip(("precision", "recall", "scores", "stats"), expected):
        found = read_doubles(binary.stdout)
        if array is not None:
            compare(name, array, found)


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--binary", required=True)
    options.add_argument("--cases", type=int, default=2000, help="0: until stopped")
    options.add_argument("--seed", type=int, default=1, help="of the first case; each has its own")
    options.add_argument("--qyolo", help="the qyolo binary")
    options.add_argument("--qyolo-every", type=int, default=10)
    options = options.parse_args()
    binary = subprocess.Popen([options.binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    detections = commands = cases = 0
    seen = collections.Counter()
    while options.cases == 0 or cases < options.cases:
        seed = options.seed + cases
        cases += 1
        case = random_case(random.Random(seed))
        detections += len(case["detections"])
        seen.update(name for name, present in features(case) if present)
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            expected = reference(case)
        try:
            check(case, binary, expected)
            if options.qyolo and seed % options.qyolo_every == 0 and fits_in_files(case):
                check_command(options.qyolo, case, expected)
                commands += 1
        except (Difference, BrokenPipeError, struct.error) as difference:
            stopped = not isinstance(difference, Difference)
            print(f"case {cases}: {'the binary has stopped' if stopped else difference}")
            again = [sys.argv[0], "--binary", options.binary, "--cases", "1", "--seed", str(seed)]
            again += ["--qyolo", options.qyolo, "--qyolo-every", "1"] if options.qyolo else []
            print(f"repeat with: {' '.join(again)}")
            return 1
        if cases % 1000 == 0:
            print(f"{cases} cases, {detections} detections: equal so far", flush=True)
    binary.stdin.write(struct.pack("<q", 0))
    binary.stdin.close()
    if binary.wait() != 0:
        print(f"{options.binary} failed")
        return 1
    print("; ".join(f"{name} in {count}" for name, count in seen.items()))
    print(
        f"{cases} cases ({commands} of them also by qyolo score), {detections} detections: "
        "every byte equal to pycocotools"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

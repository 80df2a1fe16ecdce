#!/usr/bin/env python3
"""Compares evaluate_coco with pycocotools on random cases, byte for byte.

    parity_fuzz.py --binary build/tests/metrics/coco_parity --cases 2000 --seed 1

precision, recall, scores and the 12 stats must be equal in every byte. A difference prints the
command that repeats it, and exits with 1; without pycocotools the exit status is 77 (skipped).

Cases are small and nasty: tied scores, boxes on a coarse grid (IoUs equal to a threshold, touching
boxes), crowds, areas on the bounds of the ranges, classes with detections only, images without
either, more than 100 and 1,000 detections, degenerate boxes, custom grids in any order, use of
categories or not.

Protocol with the binary, little-endian, 8 bytes per value, lists led by their length. In: 1; image
ids; category ids; annotations {id, image, category, crowd, x, y, w, h, area}; detections {image,
category, x, y, w, h, score}; use categories; threads; IoU thresholds; recall thresholds; area
ranges {low, high}; maximum detections. 0 ends. Out: precision, recall, scores, stats.
"""
import argparse
import contextlib
import io
import random
import struct
import subprocess
import sys

try:
    import numpy as np
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
except ImportError as missing:
    print(f"skipped: {missing}")
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


def random_grids(rng):
    params = COCOeval(iouType="bbox").params
    grids = {
        "iou": [float(t) for t in params.iouThrs],
        "recall": [float(r) for r in params.recThrs],
        "areas": [[float(v) for v in bounds] for bounds in params.areaRng],
        "max": list(params.maxDets),
    }
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
            if crowded < 0.02:
                count = rng.choice([99, 100, 101, 150])
            elif crowded < 0.023:
                count = 1001
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
    ids = distinct(rng, 1, 1000000, len(annotations))
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
    integers([int(case["use_categories"]), case["threads"], len(case["iou"])])
    doubles(case["iou"])
    integers([len(case["recall"])])
    doubles(case["recall"])
    integers([len(case["areas"])])
    doubles([value for bounds in case["areas"] for value in bounds])
    integers([len(case["max"])] + case["max"])
    return b"".join(out)


def reference(case):
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": i} for i in case["images"]],
        "categories": [{"id": c, "name": str(c)} for c in case["categories"]],
        "annotations": [
            {"id": n, "image_id": i, "category_id": c, "iscrowd": int(w), "bbox": b, "area": a}
            for n, i, c, w, b, a in case["annotations"]
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


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", required=True)
    options.add_argument("--cases", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1, help="of the first case; each has its own")
    options = options.parse_args()
    binary = subprocess.Popen([options.binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    detections = 0
    for seed in range(options.seed, options.seed + options.cases):
        case = random_case(random.Random(seed))
        detections += len(case["detections"])
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            expected = reference(case)
        binary.stdin.write(encode(case))
        binary.stdin.flush()
        for name, array in zip(("precision", "recall", "scores", "stats"), expected):
            found = read_doubles(binary.stdout)
            if array is None or array.astype("<f8").tobytes() == found:
                continue
            values = np.frombuffer(found, "<f8")
            wanted = array.reshape(-1)
            print(f"{name} differs ({len(values)} values, expected {len(wanted)})")
            if len(values) == len(wanted):
                place = np.flatnonzero(values.view("<i8") != wanted.astype("<f8").view("<i8"))
                first = place[0]
                print(f"in {len(place)} cells, first {first}: {values[first]!r} for {wanted[first]!r}")
            print(f"repeat with: {sys.argv[0]} --binary {options.binary} --cases 1 --seed {seed}")
            return 1
    binary.stdin.write(struct.pack("<q", 0))
    binary.stdin.close()
    if binary.wait() != 0:
        print(f"{options.binary} failed")
        return 1
    print(f"{options.cases} cases, {detections} detections: every byte equal to pycocotools")
    return 0


if __name__ == "__main__":
    sys.exit(main())

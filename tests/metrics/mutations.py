#!/usr/bin/env python3
"""Breaks one rule of the COCO evaluator at a time, and shows that parity_fuzz.py notices.

    mutations.py                      all of them, up to 2,000 cases each
    mutations.py --only tie-order     one
    mutations.py --list

Each mutation replaces one piece of text in a copy of the sources in a temporary folder; the working
tree is not touched. Exits with 1 if a mutation survives, or if the sources as they are do not pass.
Needs a C++20 compiler with {fmt} (CXX, default c++), and a Python with pycocotools for the fuzzer.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "metrics").glob("*.cpp")) + [ROOT / "common/parallel.cpp"]

# Name, the rule that is broken, file, text, replacement.
MUTATIONS = [
    (
        "crowd-once",
        "a crowd can be matched by one detection only",
        "coco_match.cpp",
        "return truth_.crowd[first_ + g] != 0 ? all_ : ~taken_[a * count_ + g];",
        "return ~taken_[a * count_ + g];",
    ),
    (
        "crowd-union",
        "a crowd's overlap is over the union, as that of other ground truth",
        "box_iou.cpp",
        "crowds[i] != 0 ? area : sum",
        "sum + 0 * crowds[i]",
    ),
    (
        "area-low-exclusive",
        "the lower bound of an area range is exclusive",
        "coco_class.h",
        "area < low ||",
        "area <= low ||",
    ),
    (
        "area-high-exclusive",
        "the upper bound of an area range is exclusive",
        "coco_class.h",
        "area > high",
        "area >= high",
    ),
    (
        "tie-order",
        "equal scores: the last detection of the file first",
        "score_order.cpp",
        "return scores[a] > scores[b];",
        "return scores[a] > scores[b] || (scores[a] == scores[b] && a > b);",
    ),
    (
        "iou-one",
        "the IoU threshold is t, not min(t, 1 - 1e-10)",
        "box_iou.h",
        "std::min(threshold, 1 - 1e-10)",
        "threshold",
    ),
    (
        "iou-strict",
        "an overlap must be larger than the threshold, not equal",
        "coco_match.cpp",
        "static_cast<ThresholdMask>(!(overlap < limits_[t])) << t",
        "static_cast<ThresholdMask>(overlap > limits_[t]) << t",
    ),
    (
        "first-of-equals",
        "of equal overlaps the first ground truth wins, not the last",
        "coco_match.cpp",
        "std::prev(place)->overlap <= overlap",
        "std::prev(place)->overlap < overlap",
    ),
    (
        "ignored-equal",
        "ignored ground truth is matched like other ground truth",
        "coco_match.cpp",
        "if ((ignored_[i] != 0) != ignored) {",
        "if (ignored) {",
    ),
    (
        "ignored-counts",
        "a match to ignored ground truth is a true positive",
        "coco_match.cpp",
        "static_cast<std::uint16_t>(match.matched & ~match.ignored)",
        "static_cast<std::uint16_t>(match.matched)",
    ),
    (
        "unmatched-outside",
        "an unmatched detection outside the area range is a false positive",
        "coco_match.cpp",
        "areas[a].excludes(area) ? ThresholdMask{0} : all",
        "areas[a].excludes(area) ? all : all",
    ),
    (
        "area-of-box",
        "ground truth has the area of its box, not the annotation's",
        "coco_class.cpp",
        "result.areas.push_back(annotation.area);",
        "result.areas.push_back(box_area(annotation.bbox));",
    ),
    (
        "rank-cut",
        "one detection more than the maximum counts",
        "coco_accumulate.cpp",
        "detections.ranks[i] < static_cast<std::uint32_t>(limit)",
        "detections.ranks[i] <= static_cast<std::uint32_t>(limit)",
    ),
    (
        "envelope",
        "precision is what it is at a recall, not the largest at that or any higher one",
        "coco_accumulate.cpp",
        "precision[i - 1] = largest;",
        "",
    ),
    (
        "epsilon",
        "precision is tp / (fp + tp), without 2^-52",
        "coco_accumulate.cpp",
        "(fp + tp + std::numeric_limits<double>::epsilon())",
        "(fp + tp)",
    ),
    (
        "recall-grid",
        "recall thresholds are k / 100, not k * 0.01",
        "coco_map.cpp",
        "recall_thresholds.push_back(k * 0.01);",
        "recall_thresholds.push_back(k / 100.0);",
    ),
    (
        "recall-needed",
        "a recall equal to the threshold does not reach it",
        "coco_accumulate.cpp",
        "while (static_cast<double>(count) / total < threshold) ++count;",
        "while (static_cast<double>(count) / total <= threshold) ++count;",
    ),
    (
        "touching",
        "boxes that only touch overlap",
        "box_iou.cpp",
        "height > 0 ? positive : 0.0",
        "height > -1e-9 ? (width > -1e-9 ? 0.5 : 0.0) + 0 * positive : 0.0",
    ),
    (
        "one-class-order",
        "where categories are not used, detections of an image keep the file's order",
        "coco_groups.cpp",
        "    sort_by(items_, category, categories);\n    sort_by(items_, image_, images);",
        "    sort_by(items_, image_, images);",
    ),
    (
        "ap-maximum",
        "AP is at the third maximum, not at 100",
        "coco_map.cpp",
        "average_precision(-1, all, 100)",
        "average_precision(-1, all, limit(2))",
    ),
    (
        "id-zero",
        "a match to annotation id 0 counts as none (pycocotools' own flaw)",
        "coco_class.cpp",
        "    result.boxes.add(annotation.bbox, annotation.iscrowd);",
        "    if (annotation.id == 0) continue;\n"
        "    result.boxes.add(annotation.bbox, annotation.iscrowd);",
    ),
]


class Builder:
    def __init__(self, folder):
        self.folder = folder
        for name in ("common", "metrics", "tests/metrics"):
            shutil.copytree(ROOT / name, folder / name)
        for source in SOURCES + [ROOT / "tests/metrics/coco_parity.cpp"]:
            self.compile(source.relative_to(ROOT))

    def compile(self, source):
        command = os.environ.get("CXX", "c++").split()
        command += ["-std=c++20", "-O2", "-ffp-contract=off", "-I", str(self.folder), "-c"]
        command += [str(self.folder / source), "-o", str(self.object(source))]
        subprocess.run(command, check=True)

    def object(self, source):
        return self.folder / (str(source).replace("/", "_") + ".o")

    def link(self):
        command = os.environ.get("CXX", "c++").split() + ["-o", str(self.folder / "coco_parity")]
        command += [str(path) for path in self.folder.glob("*.o")] + ["-lfmt", "-pthread"]
        subprocess.run(command, check=True)

    def rebuild(self, file):
        """What a change of metrics/<file> needs."""
        sources = [pathlib.Path("metrics") / file]
        if file.endswith(".h"):
            sources = [s.relative_to(ROOT) for s in SOURCES if s.name.startswith("coco_")]
        for source in sources:
            self.compile(source)
        self.link()

    def fuzz(self, cases):
        command = [sys.executable, str(ROOT / "tests/metrics/parity_fuzz.py")]
        command += ["--binary", str(self.folder / "coco_parity"), "--cases", str(cases)]
        run = subprocess.run(command, capture_output=True, text=True)
        return run.returncode, run.stdout.strip().splitlines()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--only")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        for name, rule, *_ in MUTATIONS:
            print(f"{name}: {rule}")
        return 0
    survivors = 0
    with tempfile.TemporaryDirectory() as name:
        builder = Builder(pathlib.Path(name))
        builder.link()
        status, lines = builder.fuzz(options.cases)
        print(f"as it is: {lines[-1]}", flush=True)
        if status != 0:
            return status
        for mutation, rule, file, text, replacement in MUTATIONS:
            if options.only not in (None, mutation):
                continue
            path = builder.folder / "metrics" / file
            original = path.read_text()
            if original.count(text) != 1:
                print(f"{mutation}: metrics/{file} has {original.count(text)} times: {text}")
                return 1
            path.write_text(original.replace(text, replacement))
            builder.rebuild(file)
            status, lines = builder.fuzz(options.cases)
            path.write_text(original)
            builder.rebuild(file)
            found = next((line for line in lines if line.startswith("case ")), "survives")
            survivors += status == 0
            print(f"{mutation} ({rule}): {found}", flush=True)
    print(f"{survivors} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

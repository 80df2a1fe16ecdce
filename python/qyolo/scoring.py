"""qyolo.score(): what `qyolo score -o json` prints."""
from __future__ import annotations

import json
from typing import Any, Iterable, Mapping, Optional

from . import _native
from ._inputs import area_bounds, counts, numbers, thread_count, warn_of
from .coco import COCO, _annotations_of, _results_of, read_results


def score(
    gt: Any,
    dets: Any,
    *,
    iou_thresholds: Optional[Iterable[float]] = None,
    areas: Optional[Mapping[str, tuple[float, float]]] = None,
    max_dets: Optional[Iterable[int]] = None,
    use_cats: bool = True,
    threads: int = 0,
) -> dict[str, Any]:
    """COCO mAP of detections: pycocotools' numbers.

    gt      annotations: a file, a dictionary of its form, or a COCO
    dets    detections: a results file, a list of its form, an array of N rows (image id, x, y, width, height,
            score, category id), or what COCO.loadRes gave
    areas   area ranges in pixels^2, inclusive, by name: {"all": (0, 1e10), "tiny": (0, 256)}

    The others are the options of `qyolo score`; its document is described in docs/records.md.
    """
    thread_number = thread_count(threads)
    thresholds = [] if iou_thresholds is None else numbers(iou_thresholds, "iou_thresholds")
    maxima = [] if max_dets is None else counts(max_dets, "max_dets")
    ranges = []
    if areas is not None:
        if not isinstance(areas, Mapping):
            raise ValueError(f"areas must be a dictionary of two numbers each, found {areas!r}")
        ranges = [(str(name), *area_bounds(bounds, f"areas[{name!r}]")) for name, bounds in areas.items()]
    for values, given, name in (
        (thresholds, iou_thresholds, "iou_thresholds"),
        (maxima, max_dets, "max_dets"),
        (ranges, areas, "areas"),
    ):
        if given is not None and not values:
            raise ValueError(f"{name} is empty; expected at least one")

    truth = _truth(gt, thread_number)
    if isinstance(truth, COCO):
        annotations = truth._native_annotations()
    else:
        annotations = _annotations_of(truth, "the annotations")
    if isinstance(dets, COCO):
        results = dets._native_results(annotations)
    elif hasattr(dets, "imgToAnns"):
        results = _results_of(dets, annotations)
    else:
        results = read_results(dets, annotations, thread_number)[0]
    document, said = _native.score(
        annotations, results, thresholds, ranges, maxima, bool(use_cats), thread_number
    )
    warn_of(said)
    return json.loads(document)


def _truth(gt: Any, threads: int) -> Any:
    if isinstance(gt, COCO) or hasattr(gt, "imgToAnns"):
        return gt
    if gt is None:
        raise ValueError("annotations are expected: a file, a dictionary or a COCO, found None")
    if isinstance(gt, dict):
        return COCO(gt)
    coco = COCO()
    coco._read(gt, threads)
    return coco

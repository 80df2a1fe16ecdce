"""The COCOeval class of pycocotools, for boxes: the same arrays in every byte.

What differs on purpose: annotations are told apart by their place, so that an id of 0 and ids that occur
twice are objects like others; accumulate(p) evaluates for `p`; nothing is printed but by summarize().
"""
from __future__ import annotations

import copy
import datetime
from typing import Any, Optional

import numpy as np

from . import _native
from ._inputs import area_bounds, counts, numbers, thread_count
from .coco import COCO, _annotations_of, _results_of

_LINE = " {:<18} {} @[ IoU={:<9} | area={:>6s} | maxDets={:>3d} ] = {:0.3f}"


def _only_boxes(iou_type: Any) -> None:
    if iou_type != "bbox":
        raise ValueError(f"only boxes are evaluated here; expected iouType='bbox', found {iou_type!r}")


class Params:
    """What is evaluated: images, categories, and the grid of thresholds, areas and maxima."""

    def __init__(self, iouType: str = "segm") -> None:
        _only_boxes(iouType)
        self.iouType = iouType
        self.setDetParams()

    def setDetParams(self) -> None:
        self.imgIds: Any = []
        self.catIds: Any = []
        self.iouThrs: Any = np.linspace(0.5, 0.95, 10)
        self.recThrs: Any = np.linspace(0.0, 1.00, 101)
        self.maxDets: Any = [1, 10, 100]
        self.areaRng: Any = [[0, 1e10], [0, 32**2], [32**2, 96**2], [96**2, 1e10]]
        self.areaRngLbl: Any = ["all", "small", "medium", "large"]
        self.useCats: Any = 1
        self.useSegm: Any = None
        self.threads: int = 0  # all the host offers; numbers do not depend on it

    def setKpParams(self) -> None:
        _only_boxes("keypoints")


def _grid_of(p: Any) -> "_native.EvaluationGrid":
    _only_boxes(p.iouType)
    if getattr(p, "useSegm", None):
        _only_boxes("segm")
    return _native.EvaluationGrid(*_numbers_of(p), thread_count(getattr(p, "threads", 0)))


def _numbers_of(p: Any) -> tuple:
    """What of the grid two evaluations must have in common to give the same arrays."""
    areas = p.areaRng if hasattr(p.areaRng, "__iter__") else [p.areaRng]
    return (
        numbers(p.iouThrs, "params.iouThrs"),
        numbers(p.recThrs, "params.recThrs"),
        [area_bounds(bounds, "params.areaRng") for bounds in areas],
        counts(p.maxDets, "params.maxDets"),
        bool(p.useCats),
    )


def _problem_of(p: Any) -> tuple:
    return _ids(p.imgIds, "imgIds"), _ids(p.catIds, "catIds"), _numbers_of(p)


def _ids(values: Any, name: str) -> list:
    """Ascending, each once."""
    try:
        return sorted(set(values if hasattr(values, "__iter__") else [values]))
    except TypeError:
        raise ValueError(f"params.{name} must be a list of ids, all numbers or all texts") from None


class COCOeval:
    """evaluate(), accumulate(), summarize(); then `eval` holds the arrays and `stats` the 12 numbers."""

    def __init__(self, cocoGt: Any = None, cocoDt: Any = None, iouType: str = "segm") -> None:
        self.params = Params(iouType)
        self.cocoGt = cocoGt
        self.cocoDt = cocoDt
        self.eval: dict = {}
        self.stats: Any = []
        self._paramsEval: Optional[Params] = None
        self._problem: Optional[tuple] = None
        self._arrays: Optional[dict] = None
        self._images: Optional[list] = None
        if cocoGt is not None:
            self.params.imgIds = _ids(cocoGt.getImgIds(), "imgIds")
            self.params.catIds = _ids(cocoGt.getCatIds(), "catIds")

    def evaluate(self) -> None:
        """Evaluates the images and categories of `params`."""
        if self.cocoGt is None or self.cocoDt is None:
            raise ValueError("COCOeval needs annotations and results: COCOeval(cocoGt, cocoDt, 'bbox')")
        p = self.params
        p.imgIds = _ids(p.imgIds, "imgIds")
        if p.useCats:
            p.catIds = _ids(p.catIds, "catIds")
        p.maxDets = sorted(counts(p.maxDets, "params.maxDets"))
        if isinstance(self.cocoGt, COCO):
            annotations = self.cocoGt._native_annotations()
        else:
            annotations = _annotations_of(self.cocoGt, "the annotations")
        if isinstance(self.cocoDt, COCO):
            results = self.cocoDt._native_results(annotations)
        else:
            results = _results_of(self.cocoDt, annotations)
        self._images = None
        self._problem = (annotations, results)
        self._arrays = self._evaluate(p)
        self._paramsEval = copy.deepcopy(p)

    def _evaluate(self, p: Any) -> dict:
        assert self._problem is not None
        images, categories = _ids(p.imgIds, "imgIds"), _ids(p.catIds, "catIds")
        return _native.evaluate_boxes(*self._problem, images, categories, _grid_of(p))

    def accumulate(self, p: Any = None) -> None:
        """Fills `eval` with the arrays: precision and scores [T, R, K, A, M], recall [T, K, A, M]."""
        if self._problem is None or self._paramsEval is None:
            raise RuntimeError("accumulate() comes after evaluate()")
        p = self.params if p is None else p
        if self._arrays is not None and _problem_of(p) == _problem_of(self._paramsEval):
            arrays = self._arrays
        else:
            arrays = self._evaluate(p)
        self._arrays = None
        maxima = counts(p.maxDets, "params.maxDets")
        if maxima != sorted(maxima):
            order = [sorted(maxima).index(limit) for limit in maxima]
            arrays = {name: np.ascontiguousarray(array[..., order]) for name, array in arrays.items()}
        self.eval = {
            "params": p,
            "counts": list(arrays["precision"].shape),
            "date": datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
            "precision": arrays["precision"],
            "recall": arrays["recall"],
            "scores": arrays["scores"],
        }

    def summarize(self) -> None:
        """Prints the 12 numbers, and keeps them in `stats`."""
        if not self.eval:
            raise RuntimeError("summarize() comes after accumulate()")
        maxima = self.params.maxDets
        if len(maxima) < 3:
            raise ValueError(f"summarize() needs three maxima in params.maxDets, found {len(maxima)}")
        asked = [(1, None, "all", 100), (1, 0.5, "all", maxima[2]), (1, 0.75, "all", maxima[2])]
        asked += [(1, None, area, maxima[2]) for area in ("small", "medium", "large")]
        asked += [(0, None, "all", limit) for limit in maxima[:3]]
        asked += [(0, None, area, maxima[2]) for area in ("small", "medium", "large")]
        self.stats = np.array([self._summarize(*one) for one in asked])

    def _summarize(self, ap: int, iouThr: Optional[float], areaRng: str, maxDets: int) -> float:
        p = self.params
        area = [i for i, label in enumerate(p.areaRngLbl) if label == areaRng]
        limit = [i for i, one in enumerate(p.maxDets) if one == maxDets]
        values = self.eval["precision" if ap else "recall"]
        if iouThr is not None:
            values = values[np.where(np.asarray(p.iouThrs) == iouThr)[0]]
        values = values[..., area, limit] if area and limit else np.empty(0)
        values = values[values > -1]
        mean = float(np.mean(values)) if len(values) else -1.0
        name, kind = ("Average Precision", "(AP)") if ap else ("Average Recall", "(AR)")
        iou = f"{p.iouThrs[0]:0.2f}:{p.iouThrs[-1]:0.2f}" if iouThr is None else f"{iouThr:0.2f}"
        print(_LINE.format(name, kind, iou, areaRng, maxDets, mean))
        return mean

    @property
    def evalImgs(self) -> list:
        """What became of every detection and object: a dictionary, or None where there is neither, of each
        category, area range and image, in that order. Made when it is first asked for."""
        if self._problem is None or self._paramsEval is None:
            return []
        if self._images is None:
            p = self._paramsEval
            images, categories = _ids(p.imgIds, "imgIds"), _ids(p.catIds, "catIds")
            self._images = _native.evaluate_images(*self._problem, images, categories, _grid_of(p))
        return self._images

"""The COCO class of pycocotools, for boxes: files, indices, and results.

Files are read by the extension module; the dictionaries of `dataset`, `anns`, `imgs`, `cats`, `imgToAnns`
and `catToImgs` are made when they are first asked for. From then on they are what counts, so that what is
changed in them is evaluated.
"""
from __future__ import annotations

import collections
import copy
import itertools
import json
from typing import Any, Callable, Iterable, Optional

import numpy as np

from . import _native
from ._inputs import is_path, path_text, warn_of


_ONLY_BOXES = "only boxes are evaluated here"
_COLUMNS = 7


class COCO:
    """Annotations of a file or a dictionary, or results that `loadRes` gives."""

    def __init__(self, annotation_file: Any = None) -> None:
        self._forget()
        self._name = "the annotations"
        if annotation_file is None:
            return
        if isinstance(annotation_file, dict):
            self.dataset = annotation_file
            self.createIndex()
            return
        warn_of(self._read(annotation_file))

    def _read(self, annotation_file: Any, threads: int = 0) -> list[str]:
        """Reads the file; what is to be said of it."""
        path = path_text(annotation_file, "the annotation file")
        annotations = _native.Annotations.read(path, threads)
        self._name = path
        self._annotations = annotations
        self._make = lambda: _read_json(path)
        return annotations.warnings

    # What the dictionaries are made of.

    def _forget(self) -> None:
        self._make: Optional[Callable[[], dict]] = None
        self._annotations: Optional[_native.Annotations] = None
        self._results: Optional[_native.Results] = None
        self._results_of: Optional[_native.Annotations] = None
        self._dataset: Any = {}
        self._anns: dict = {}
        self._cats: dict = {}
        self._imgs: dict = {}
        self._img_to_anns: dict = collections.defaultdict(list)
        self._cat_to_imgs: dict = collections.defaultdict(list)

    def _materialize(self) -> None:
        if self._make is None:
            return
        dataset = self._make()
        self._forget()
        self._dataset = dataset
        self.createIndex()

    def __getstate__(self) -> dict:
        self._materialize()
        state = dict(self.__dict__)
        state.update(_annotations=None, _results=None, _results_of=None)
        return state

    def createIndex(self) -> None:
        """Makes the indices of what is in `dataset` now."""
        self._materialize()
        self._annotations = self._results = self._results_of = None
        dataset = self._dataset
        if not isinstance(dataset, dict):
            raise ValueError(f"dataset must be a dictionary, found {type(dataset).__name__}")
        annotations = _section(dataset, "annotations")
        self._imgs = _by_id(_section(dataset, "images"), "images")
        self._cats = _by_id(_section(dataset, "categories"), "categories")
        self._anns = _by_id(annotations, "annotations")
        self._img_to_anns = collections.defaultdict(list)
        self._cat_to_imgs = collections.defaultdict(list)
        for i, annotation in enumerate(annotations):
            image = _field(annotation, "image_id", "annotations", i)
            self._img_to_anns[image].append(annotation)
            if "categories" in dataset:
                category = _field(annotation, "category_id", "annotations", i)
                self._cat_to_imgs[category].append(image)

    def _native_annotations(self) -> _native.Annotations:
        """As the file says, or, where there are dictionaries, as these do."""
        if self._annotations is not None:
            return self._annotations
        return _annotations_of(self, self._name)

    def _native_results(self, annotations: _native.Annotations) -> _native.Results:
        results, of = self._results, self._results_of
        if results is not None and of is not None:
            if of is annotations or (of.plain_ids and annotations.plain_ids):
                return results
        return _results_of(self, annotations)

    # pycocotools' attributes.

    def _get_dataset(self) -> Any:
        self._materialize()
        return self._dataset

    def _set_dataset(self, value: Any) -> None:
        self._materialize()
        self._dataset = value

    dataset = property(_get_dataset, _set_dataset, doc="The file's content; after a change, createIndex().")

    @property
    def anns(self) -> dict:
        """Annotations by their id."""
        self._materialize()
        return self._anns

    @anns.setter
    def anns(self, value: dict) -> None:
        self._materialize()
        self._anns = value

    @property
    def cats(self) -> dict:
        """Categories by their id."""
        self._materialize()
        return self._cats

    @cats.setter
    def cats(self, value: dict) -> None:
        self._materialize()
        self._cats = value

    @property
    def imgs(self) -> dict:
        """Images by their id."""
        self._materialize()
        return self._imgs

    @imgs.setter
    def imgs(self, value: dict) -> None:
        self._materialize()
        self._imgs = value

    @property
    def imgToAnns(self) -> dict:
        """The annotations of each image."""
        self._materialize()
        return self._img_to_anns

    @imgToAnns.setter
    def imgToAnns(self, value: dict) -> None:
        self._materialize()
        self._img_to_anns = value

    @property
    def catToImgs(self) -> dict:
        """The images of each category, once for each of its annotations."""
        self._materialize()
        return self._cat_to_imgs

    @catToImgs.setter
    def catToImgs(self, value: dict) -> None:
        self._materialize()
        self._cat_to_imgs = value

    def info(self) -> None:
        """Prints the file's "info"."""
        for key, value in _info(self.dataset).items():
            print(f"{key}: {value}")

    # Ids.

    def getAnnIds(
        self, imgIds: Any = [], catIds: Any = [], areaRng: Any = [], iscrowd: Optional[bool] = None
    ) -> list:
        """Ids of annotations of these images and categories, whose area is between these bounds."""
        images, categories = _listed(imgIds), _listed(catIds)
        annotations: Iterable[dict] = self.dataset.get("annotations", [])
        if images:
            index = self.imgToAnns
            annotations = itertools.chain.from_iterable(index[i] for i in images if i in index)
        if categories:
            wanted = set(categories)
            annotations = [a for a in annotations if a["category_id"] in wanted]
        if len(areaRng) > 0:
            annotations = [a for a in annotations if areaRng[0] < a["area"] < areaRng[1]]
        if iscrowd is not None:
            annotations = [a for a in annotations if a["iscrowd"] == iscrowd]
        return [a["id"] for a in annotations]

    def getCatIds(self, catNms: Any = [], supNms: Any = [], catIds: Any = []) -> list:
        """Ids of categories of these names, supercategories and ids."""
        names, groups, ids = _listed(catNms), _listed(supNms), _listed(catIds)
        if not (names or groups or ids) and self._annotations is not None:
            return self._annotations.category_ids
        return [
            category["id"]
            for category in self.dataset.get("categories", [])
            if (not names or category["name"] in names)
            and (not groups or category["supercategory"] in groups)
            and (not ids or category["id"] in ids)
        ]

    def getImgIds(self, imgIds: Any = [], catIds: Any = []) -> list:
        """Ids of images that are among these and hold all of these categories."""
        images, categories = _listed(imgIds), _listed(catIds)
        if not images and not categories:
            if self._annotations is not None:
                return self._annotations.image_ids
            return list(self.imgs)
        holding = [set(self.catToImgs.get(category, ())) for category in categories]
        if images:
            holding.insert(0, set(images))
        return list(set.intersection(*holding))

    # What they are of.

    def loadAnns(self, ids: Any = []) -> list:
        return [self.anns[i] for i in _listed(ids)]

    def loadCats(self, ids: Any = []) -> list:
        return [self.cats[i] for i in _listed(ids)]

    def loadImgs(self, ids: Any = []) -> list:
        return [self.imgs[i] for i in _listed(ids)]

    # Results.

    def loadRes(self, resFile: Any) -> "COCO":
        """Detections of a results file, of a list of dictionaries, or of an array of N rows: image id,
        x, y, width, height, score, category id."""
        result, said = self._load(resFile)
        warn_of(said)
        return result

    def _load(self, resFile: Any, threads: int = 0) -> tuple["COCO", list[str]]:
        """And what is to be said of them."""
        annotations = self._native_annotations()
        results, name, found = read_results(resFile, annotations, threads)
        result = COCO()
        result._name = name
        result._results, result._results_of = results, annotations
        result._make = lambda: _results_dataset(self, found(), results)
        return result, results.warnings

    def loadNumpyAnnotations(self, data: np.ndarray) -> list:
        """The rows of an array of results as dictionaries."""
        _rows(data)
        return _dictionaries_of(data)

    # What is not boxes.

    def showAnns(self, anns: list, draw_bbox: bool = False) -> None:
        """Draws polygons on the current axes of matplotlib, with `draw_bbox` boxes, too."""
        from ._drawing import draw_annotations

        draw_annotations(anns, draw_bbox)

    def annToRLE(self, ann: dict) -> Any:
        raise ValueError(f"{_ONLY_BOXES}; annToRLE() makes masks, which pycocotools does")

    def annToMask(self, ann: dict) -> Any:
        raise ValueError(f"{_ONLY_BOXES}; annToMask() makes masks, which pycocotools does")

    def download(self, tarDir: Any = None, imgIds: Any = []) -> Any:
        raise ValueError("nothing is downloaded here; `qyolo fetch coco-val2017` gets COCO's images")


def read_results(
    given: Any, annotations: "_native.Annotations", threads: int = 0
) -> tuple["_native.Results", str, Callable[[], list]]:
    """Results of a file, a list or an array, what they are called, and what makes dictionaries of them."""
    if is_path(given):
        path = path_text(given, "the results file")
        return _native.Results.read(path, annotations, threads), path, lambda: _read_json(path)
    if isinstance(given, np.ndarray):
        rows, areas = _rows(given)
        name = "the array of results"
        results = _native.Results.of_rows(rows, areas, annotations, name, threads)
        return results, name, lambda: _dictionaries_of(given)
    if isinstance(given, (list, tuple)):
        detections = list(given)
        _refuse_other_kinds(detections)
        name = "the list of results"
        results = _native.Results.of_list(detections, annotations, name, False, threads)
        return results, name, lambda: [dict(detection) for detection in detections]
    raise ValueError(
        "results must be a file, a list of dictionaries or an array of N x 7 numbers, "
        f"found {type(given).__name__}"
    )


def _annotations_of(coco: Any, name: str) -> "_native.Annotations":
    """Of anything that has the attributes of a COCO."""
    dataset = coco.dataset
    if not isinstance(dataset, dict):
        raise ValueError(f"dataset must be a dictionary, found {type(dataset).__name__}")
    annotations = list(itertools.chain.from_iterable(coco.imgToAnns.values()))
    categories = list(_section(dataset, "categories"))
    return _native.Annotations.of(list(coco.imgs.values()), categories, annotations, name)


def _results_of(coco: Any, annotations: "_native.Annotations") -> "_native.Results":
    detections = list(itertools.chain.from_iterable(coco.imgToAnns.values()))
    return _native.Results.of_list(detections, annotations, "the results", True)


def _read_json(path: str) -> Any:
    with open(path, "rb") as file:
        return json.load(file)


def _info(dataset: Any) -> dict:
    info = dataset.get("info", {}) if isinstance(dataset, dict) else {}
    return info if isinstance(info, dict) else {}


def _section(dataset: dict, name: str) -> list:
    section = dataset.get(name, [])
    if not isinstance(section, (list, tuple)):
        raise ValueError(f"'{name}' must be a list, found {type(section).__name__}")
    return list(section)


def _field(entry: Any, key: str, section: str, i: int) -> Any:
    if not isinstance(entry, dict):
        raise ValueError(f"{section}[{i}]: expected a dictionary, found {type(entry).__name__}")
    if key not in entry:
        raise ValueError(f"{section}[{i}]: '{key}' is missing")
    try:
        hash(entry[key])
    except TypeError:
        raise ValueError(
            f"{section}[{i}]: '{key}' must be a number or a text, found {type(entry[key]).__name__}"
        ) from None
    return entry[key]


def _by_id(entries: list, section: str) -> dict:
    return {_field(entry, "id", section, i): entry for i, entry in enumerate(entries)}


def _listed(value: Any) -> list:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return [value]
    return list(value)


def _refuse_other_kinds(detections: list) -> None:
    first = detections[0] if detections else None
    if not isinstance(first, dict) or ("bbox" in first and len(_listed(first["bbox"])) > 0):
        return
    for kind in ("caption", "segmentation", "keypoints"):
        if kind in first:
            raise ValueError(f"{_ONLY_BOXES}; these results hold '{kind}' and no 'bbox'")


def _rows(data: Any) -> tuple[np.ndarray, np.ndarray]:
    """As doubles, and the areas as products in the array's own type, which pycocotools takes."""
    if not isinstance(data, np.ndarray):
        raise ValueError(f"an array of N x 7 numbers is expected, found {type(data).__name__}")
    if data.ndim != 2 or data.shape[1] != _COLUMNS:
        shape = " x ".join(str(side) for side in data.shape) or "no dimensions"
        raise ValueError(f"an array of N x 7 numbers is expected, found one of {shape}")
    if data.dtype.kind not in "fiu":
        raise ValueError(f"an array of N x 7 numbers is expected, found one of type {data.dtype}")
    with np.errstate(all="ignore"):
        areas = np.ascontiguousarray(data[:, 3] * data[:, 4], dtype=np.float64)
        rows = np.ascontiguousarray(data, dtype=np.float64)
    return rows, areas


def _dictionaries_of(data: np.ndarray) -> list:
    return [
        {"image_id": int(row[0]), "bbox": list(row[1:5]), "score": row[5], "category_id": int(row[6])}
        for row in data
    ]


def _results_dataset(truth: COCO, detections: Any, results: "_native.Results") -> dict:
    dataset = truth.dataset
    for i, (detection, image) in enumerate(zip(detections, results.image_ids)):
        x, y, width, height = detection["bbox"]
        detection["image_id"] = image
        if "segmentation" not in detection:
            right, bottom = x + width, y + height
            detection["segmentation"] = [[x, y, x, bottom, right, bottom, right, y]]
        detection["area"] = width * height
        detection["id"] = i + 1
        detection["iscrowd"] = 0
    made = {
        "images": list(dataset.get("images", [])),
        "categories": copy.deepcopy(dataset.get("categories", [])),
        "annotations": detections,
    }
    if "info" in dataset:
        made["info"] = copy.deepcopy(dataset["info"])
    return made

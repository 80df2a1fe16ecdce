from typing import Any, Callable, Optional

import numpy as np

__version__: str
git_commit: str

class Annotations:
    @staticmethod
    def read(path: str, threads: int = 0) -> Annotations: ...
    @staticmethod
    def of(images: list, categories: list, annotations: list, name: str, threads: int = 0) -> Annotations: ...
    @property
    def image_ids(self) -> list: ...
    @property
    def category_ids(self) -> list: ...
    @property
    def plain_ids(self) -> bool: ...
    @property
    def warnings(self) -> list[str]: ...

class Results:
    @staticmethod
    def read(path: str, annotations: Annotations, threads: int = 0) -> Results: ...
    @staticmethod
    def of_list(list: list, annotations: Annotations, name: str, own: bool, threads: int = 0) -> Results: ...
    @staticmethod
    def of_rows(
        rows: np.ndarray, areas: np.ndarray, annotations: Annotations, name: str, threads: int = 0
    ) -> Results: ...
    def __len__(self) -> int: ...
    @property
    def image_ids(self) -> list: ...
    @property
    def warnings(self) -> list[str]: ...

class EvaluationGrid:
    def __init__(
        self,
        iou_thresholds: list[float],
        recall_thresholds: list[float],
        areas: list[tuple[float, float]],
        max_detections: list[int],
        use_categories: bool,
        threads: int,
    ) -> None: ...

def set_library_folder(folder: str) -> None: ...
def evaluate_boxes(
    annotations: Annotations, results: Results, images: list, categories: list, grid: EvaluationGrid
) -> dict[str, np.ndarray]: ...
def evaluate_images(
    annotations: Annotations, results: Results, images: list, categories: list, grid: EvaluationGrid
) -> list[Optional[dict[str, Any]]]: ...
def score(
    annotations: Annotations,
    results: Results,
    iou_thresholds: list[float],
    areas: list[tuple[str, float, float]],
    max_detections: list[int],
    use_categories: bool,
    threads: int,
) -> tuple[str, list[str]]: ...
def evaluate(request: str, progress: Optional[Callable[[int, int], Any]]) -> tuple[str, list[str]]: ...
def quantize(request: str) -> tuple[str, list[str]]: ...

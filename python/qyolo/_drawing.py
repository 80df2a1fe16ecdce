"""Drawing annotations by matplotlib, where it is installed."""
from __future__ import annotations

from typing import Any

import numpy as np


def draw_annotations(annotations: list, boxes: bool) -> None:
    if not annotations:
        return
    try:
        import matplotlib.pyplot as plt
        from matplotlib.collections import PatchCollection
        from matplotlib.patches import Polygon
    except ImportError:
        raise ValueError("showAnns() draws by matplotlib, which is not installed") from None
    axes = plt.gca()
    axes.set_autoscale_on(False)
    colors = plt.get_cmap("tab10")
    for i, annotation in enumerate(annotations):
        color = colors(i % 10)
        shapes = _polygons(annotation)
        if boxes or not shapes:
            x, y, width, height = annotation["bbox"]
            corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
            axes.add_patch(Polygon(corners, closed=True, fill=False, edgecolor=color, linewidth=2))
        patches: list[Any] = [Polygon(corners, closed=True) for corners in shapes]
        axes.add_collection(PatchCollection(patches, facecolor=color, linewidths=0, alpha=0.4))
        axes.add_collection(PatchCollection(patches, facecolor="none", edgecolors=color, linewidths=2))


def _polygons(annotation: dict) -> list:
    """Of a mask that is run-length coded there are none: its box is drawn."""
    segments = annotation.get("segmentation")
    if not isinstance(segments, list):
        return []
    return [np.asarray(segment, dtype=float).reshape(-1, 2) for segment in segments]

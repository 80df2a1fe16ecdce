"""COCO evaluation of boxes, equal to pycocotools' in every byte, and YOLOv7 quantized and evaluated.

    import qyolo
    qyolo.score("annotations.json", "detections.json")["metrics"]["AP"]

    from qyolo.coco import COCO            # in place of pycocotools.coco
    from qyolo.cocoeval import COCOeval    # in place of pycocotools.cocoeval

Whatever is wrong with an input is a ValueError with one sentence; what is to be said of data that can be
used is a UserWarning. The work is done without the GIL.
"""
from ._inputs import version as _version
from .network import evaluate, quantize
from .scoring import score

__version__ = _version()
__all__ = ["evaluate", "quantize", "score", "__version__"]

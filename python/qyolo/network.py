"""qyolo.evaluate() and qyolo.quantize(): what `qyolo eval` and `qyolo quantize` do."""
from __future__ import annotations

import json
from typing import Any, Callable, Iterable, Mapping, Optional

from . import _native
from ._inputs import is_path, path_text, warn_of


def evaluate(
    model: Any,
    images: Any = None,
    annotations: Any = None,
    *,
    data: Any = None,
    split: str = "val",
    class_map: Any = None,
    img: int = 640,
    limit: Any = 0,
    ignore_class_names: bool = False,
    scheme: str = "fp32",
    bits: int = 4,
    granularity: str = "filter",
    keep: str = "",
    rules: Iterable[Any] = (),
    calibration: Any = None,
    calibration_limit: int = 0,
    conf: float = 0.001,
    iou: float = 0.65,
    batch: int = 32,
    square: bool = False,
    precision: str = "fp32",
    convolution: str = "auto",
    threads: int = 0,
    save_detections: Any = None,
    progress: Optional[Callable[[int, int], Any]] = None,
    **options: Any,
) -> dict[str, Any]:
    """One cell: the network quantized, run on the images, and its COCO mAP; what `qyolo eval -o json` prints.

    Arguments are the command's options by their names; `options` those of a cell (docs/schemes.md), as
    activation_bits=8. `class_map` is a file or a dictionary, `rules` holds texts or dictionaries.
    `progress(done, total)` is called as images are done; Ctrl-C, and an exception of it, end the work.
    """
    if progress is not None and not callable(progress):
        raise ValueError(f"progress must be a function of two numbers, found {progress!r}")
    request = _request(
        "qyolo.evaluate",
        {
            "model": _path(model, "model"),
            "images": _path(images, "images"),
            "annotations": _path(annotations, "annotations"),
            "data": _path(data, "data"),
            "split": split,
            "class_map": _path(class_map, "class_map") if is_path(class_map) else class_map,
            "img": img,
            "limit": limit,
            "ignore_class_names": ignore_class_names,
            "cell": _cell(scheme, bits, granularity, keep, rules, options),
            "calibration": _path(calibration, "calibration"),
            "calibration_limit": calibration_limit,
            "conf": conf,
            "iou": iou,
            "batch": batch,
            "square": square,
            "precision": precision,
            "convolution": convolution,
            "threads": threads,
            "save_detections": _path(save_detections, "save_detections"),
        },
    )
    document, said = _native.evaluate(request, progress)
    warn_of(said)
    return json.loads(document)


def quantize(
    model: Any,
    out: Any = None,
    *,
    dequantize: Any = None,
    scheme: str,
    bits: int = 4,
    granularity: str = "filter",
    keep: str = "",
    rules: Iterable[Any] = (),
    regions: str = "raw",
    calibration: Any = None,
    calibration_limit: int = 0,
    img: int = 640,
    convolution: str = "auto",
    threads: int = 0,
    **options: Any,
) -> dict[str, Any]:
    """Writes a packed artifact (`out`), a checkpoint for official tools (`dequantize`), or both.

    Arguments are the options of `qyolo quantize` by their names. The dictionary says what was written: cell,
    tensors, and of an artifact its bytes, part by part.
    """
    request = _request(
        "qyolo.quantize",
        {
            "model": _path(model, "model"),
            "out": _path(out, "out"),
            "dequantize": _path(dequantize, "dequantize"),
            "cell": _cell(scheme, bits, granularity, keep, rules, options),
            "regions": regions,
            "calibration": _path(calibration, "calibration"),
            "calibration_limit": calibration_limit,
            "img": img,
            "convolution": convolution,
            "threads": threads,
        },
    )
    document, said = _native.quantize(request)
    warn_of(said)
    return json.loads(document)


def _path(value: Any, name: str) -> Optional[str]:
    return None if value is None else path_text(value, name)


def _cell(
    scheme: Any, bits: Any, granularity: Any, keep: Any, rules: Any, options: Mapping[str, Any]
) -> dict[str, Any]:
    """A block of an experiment's matrix, of single values."""
    cell = {"scheme": scheme, "bits": bits, "granularity": granularity, **options}
    if keep:
        cell["keep"] = keep
    listed = [rules] if isinstance(rules, (str, Mapping)) else list(rules)
    if listed:
        cell["rules"] = listed
    return cell


def _request(function: str, values: dict[str, Any]) -> str:
    """As JSON; what is None is left out."""
    given = {name: value for name, value in values.items() if value is not None}
    for name, value in given.items():
        try:
            json.dumps(value, default=_plain, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise ValueError(f"{function}: {name} is nothing that can be passed on: {value!r:.200}") from None
    return json.dumps(given, default=_plain)


def _plain(value: Any) -> Any:
    """Of NumPy's numbers and texts."""
    item = getattr(value, "item", None)
    if item is None or getattr(value, "ndim", 0) != 0:
        raise TypeError
    return item()

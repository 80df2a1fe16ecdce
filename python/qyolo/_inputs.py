"""What Python passes in, checked before it goes on to the extension module."""
from __future__ import annotations

import collections.abc
import operator
import os
import pathlib
import warnings
from typing import Any, Iterable

from . import _native

_native.set_library_folder(str(pathlib.Path(_native.__file__).resolve().parent))

_MOST_THREADS = 1024
_LARGEST_COUNT = 2**31 - 1


def version() -> str:
    return _native.__version__


def is_path(value: Any) -> bool:
    return isinstance(value, (str, bytes, os.PathLike))


def path_text(value: Any, what: str) -> str:
    """A path as a text that the file system takes; `what` names it."""
    try:
        text = os.fsdecode(value)
        text.encode()
    except (TypeError, UnicodeError):
        raise ValueError(f"{what} must be a path that is valid Unicode, found {value!r}") from None
    if "\0" in text:
        raise ValueError(f"{what} holds a null character: {text!r}")
    return text


def thread_count(value: Any) -> int:
    count = whole_number(value, "threads")
    if not 0 <= count <= _MOST_THREADS:
        raise ValueError(f"threads must be from 0 (all) to {_MOST_THREADS}, found {count}")
    return count


def whole_number(value: Any, what: str) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise ValueError(f"{what} must be a whole number, found {value!r}") from None


def counts(values: Any, what: str) -> list[int]:
    """Whole numbers from 1 on."""
    numbers = [whole_number(value, what) for value in _each(values, what)]
    for number in numbers:
        if not 1 <= number <= _LARGEST_COUNT:
            raise ValueError(f"{what} must be from 1 to {_LARGEST_COUNT}, found {number}")
    return numbers


def numbers(values: Any, what: str) -> list[float]:
    return [number(value, what) for value in _each(values, what)]


def number(value: Any, what: str) -> float:
    if not isinstance(value, (str, bytes)):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            pass
    raise ValueError(f"{what} must be a number, found {value!r}")


def area_bounds(value: Any, what: str) -> tuple[float, float]:
    bounds = numbers(value, what)
    if len(bounds) != 2:
        raise ValueError(f"{what} must be two numbers, the smallest and the largest area, found {value!r}")
    return bounds[0], bounds[1]


def _each(values: Any, what: str) -> Iterable[Any]:
    if isinstance(values, (str, bytes)) or not isinstance(values, collections.abc.Iterable):
        raise ValueError(f"{what} must be a list, found {values!r}")
    try:
        return list(values)
    except TypeError:  # an array without dimensions
        raise ValueError(f"{what} must be a list, found {values!r}") from None


def warn_of(sentences: Iterable[str], stacklevel: int = 3) -> None:
    for sentence in sentences:
        warnings.warn(sentence, UserWarning, stacklevel=stacklevel)

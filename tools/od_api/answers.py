"""Answers of the OD API as the recorders write them down."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


def plain(value: Any, digits: int = 6) -> Any:
    """A tensor as lists, floats rounded."""
    array = np.asarray(value)
    rounded = np.round(array.astype(np.float64), digits) if array.dtype.kind == "f" else array
    return rounded.tolist()


def in_graph(tf: Any, tensors: Callable[[], Mapping[str, Any]], generation: str) -> dict[str, Any]:
    """What `tensors` gives, as lists: at once for TF2, by a session in a graph of its own for TF1."""
    if generation == "tf2":
        return {name: plain(value) for name, value in tensors().items()}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        return {name: plain(value) for name, value in session.run(tensors()).items()}


def answers_of(
    cases: Iterable[Any], answer: Callable[[Any], dict[str, Any]], longest: int | None = None
) -> dict[str, dict[str, Any]]:
    """By name what `answer` gives for each case, or the `error` that it raises, `longest` characters of it."""
    found = {}
    for case in cases:
        try:
            found[case.name] = answer(case)
        except Exception as error:  # what the library raises is part of its answer
            found[case.name] = {"error": raised(error)[:longest]}
    return found


def raised(error: Exception) -> str:
    """The first line of an error, with its type."""
    text = str(error).splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''}"


def write_answers(path: Path, answers: Mapping[str, Any], separators: tuple[str, str] | None = None) -> None:
    """One line a case."""
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(answer, separators=separators)}" for name, answer in answers.items()
    )
    path.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")

"""Reading a pipeline config for commands that work with what it says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection

    from cfgtool.schema import Config, SchemaProblem
    from cfgtool.textproto import Problem

Generation = Literal["auto", "tf1", "tf2"]
GENERATIONS: tuple[Generation, ...] = ("auto", "tf1", "tf2")

_HARMLESS = ("byte-order-mark", "missing-required", "placeholder-path")
"""Errors of a config that leave every value as it is meant."""


def read_pipeline(path: str, parts: Collection[str] | None = None) -> Config:
    """The config at `path`, or on standard input for "-".

    Raises UserError at the first error: what was meant would be a guess. Of errors in the values only those
    below the fields `parts` of the file count; None: all.
    """
    from cfgtool import schema, textproto
    from cfgtool.files import decode_text, read_proto

    text = decode_text(sys.stdin.buffer.read()) if path == "-" else read_proto(path)
    document = textproto.parse(text)
    config = schema.read_config(document)
    problems: list[Problem | SchemaProblem] = [*document.problems]
    problems += (problem for problem in config.problems if parts is None or _part(problem) in ("", *parts))
    errors = [
        problem
        for problem in problems
        if problem.code not in _HARMLESS and schema.SEVERITIES.get(problem.code, "error") == "error"
    ]
    if errors:
        first = min(errors, key=lambda problem: problem.start)
        line, column = document.position(first.start)
        more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
        raise UserError(
            first.message + more, path=shown_path(path), line=line, column=column, hint="see cfgtool lint"
        )
    return config


def _part(problem: SchemaProblem) -> str:
    """The field of the whole file that a problem is in."""
    return problem.path.partition(".")[0].partition("[")[0]


def shown_path(path: str) -> str:
    """The path as messages name it."""
    return "<stdin>" if path == "-" else path


def check_generation(name: str) -> Generation:
    """The generation of that name. Raises UserError for any other."""
    for generation in GENERATIONS:
        if generation == name:
            return generation
    raise UserError(f"no generation {name!r}", hint=f"generations are {', '.join(GENERATIONS)}")


def check_format(name: str, formats: Collection[str]) -> str:
    """`name` again. Raises UserError if it is none of `formats`."""
    if name not in formats:
        raise UserError(f"no format {name!r}", hint=f"formats are {', '.join(formats)}")
    return name

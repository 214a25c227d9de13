"""Reading a config for commands that need its network alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config, SchemaProblem
    from cfgtool.textproto import Problem

_HARMLESS = ("byte-order-mark", "missing-required", "placeholder-path")
"""Errors of a config that its network does not depend on."""


def read_model(path: str) -> Config:
    """The config at `path`, - for standard input; raises UserError where it has errors that could change the
    network.
    """
    import sys

    from cfgtool import schema, textproto
    from cfgtool.files import decode_text, read_text

    text = decode_text(sys.stdin.buffer.read()) if path == "-" else read_text(path)
    document = textproto.parse(text)
    config = schema.read_config(document)
    problems: list[Problem | SchemaProblem] = [*document.problems]
    problems += [problem for problem in config.problems if problem.path.split(".")[0] in ("", "model")]
    for problem in problems:
        if problem.code not in _HARMLESS and schema.SEVERITIES.get(problem.code, "error") == "error":
            line, column = document.position(problem.start)
            shown = "<stdin>" if path == "-" else path
            hint = "`cfgtool lint` shows all errors"
            raise UserError(problem.message, path=shown, line=line, column=column, hint=hint)
    return config

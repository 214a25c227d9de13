"""What the doctor says: one remark for each thing that was looked at."""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["ok", "note", "warning", "error"]


class Remark(NamedTuple):
    """`part` is "python", "packages", "tensorflow", "machine", "commands" or "config"; `value` what was found, `hint` the
    way out. A "warning" is what some commands do not work without, an "error" what the given config cannot run with.
    """

    part: str
    name: str
    state: State
    value: str
    hint: str | None = None

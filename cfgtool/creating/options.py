"""What the user says of a new config, and what is decided for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Options:
    """`like` is the name of a network; `output` where the config will be, which paths in it are relative to. What is
    None is decided: `size` (height, width) of the network's input, `batch_size`, `steps` or `epochs`, `memory` in bytes
    that a step has to fit, and whether training starts from a `checkpoint`.
    """

    like: str
    output: str
    size: tuple[int, int] | None = None
    batch_size: int | None = None
    steps: int | None = None
    epochs: float | None = None
    memory: int | None = None
    checkpoint: str | None = None


class Choice(NamedTuple):
    """One decision: what it is about, what was chosen, and why."""

    name: str
    value: str
    why: str

"""What an import is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

FORMATS = ("coco", "voc", "yolo", "csv")


@dataclass(frozen=True)
class ImportOptions:
    """`fractions` split the pictures at random by `seed` into train, val (and test), `held_out` names those of val;
    neither: the source's own split. `shards` files for each split, 0: about `SHARD_BYTES` each. `images` and `classes`
    say where pictures and names are; `repair` mends what can be, `skip_bad` leaves out pictures with flaws that stay.
    `verify` decodes every picture. `renumber` gives classes the ids 1, 2, ... `workers` processes, 0: one for each core.
    """

    format: str
    source: str
    output: str
    fractions: tuple[float, ...] = ()
    held_out: str = ""
    shards: int = 0
    seed: int = 0
    images: str | None = None
    classes: str | None = None
    masks: bool = False
    keypoints: bool = False
    renumber: bool = False
    repair: bool = False
    skip_bad: bool = False
    verify: bool = False
    workers: int = 0
    force: bool = False

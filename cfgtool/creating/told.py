"""What a new config is made from, and what is told of it: decisions that come from the data, and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.creating import training
from cfgtool.creating.options import Choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.creating.found import Found
    from cfgtool.creating.names import Names
    from cfgtool.creating.recipes import Recipe
    from cfgtool.creating.schedule import Schedule
    from cfgtool.creating.sizing import Batch, Input
    from cfgtool.creating.training import Learned, Start

FEW_FOR_NORM = 4
"""Batch norm cannot learn from so few images or fewer."""


class Parts(NamedTuple):
    """What the text is made from."""

    recipe: Recipe
    found: Found
    learned: Learned
    size: Input
    size_why: str
    batch: Batch
    schedule: Schedule
    start: Start | None
    names: Names


def data_choices(parts: Parts) -> Iterator[Choice]:
    found = parts.found
    yield Choice("network", parts.recipe.name, parts.recipe.title)
    shown = ", ".join(found.titles[:4]) + (", ..." if len(found.titles) > 4 else "")
    yield Choice("classes", str(found.classes), f"the highest id of {found.places.label_map}: {shown}")
    val = f", {found.val_examples:,} for evaluation" if found.places.val else ", none for evaluation"
    yield Choice("examples", f"{found.examples:,}", f"counted in {', '.join(found.places.train)}{val}")
    if parts.learned.masks:
        yield Choice("masks", found.masks, "the records store them so")
    if parts.learned.poses:
        named = ", ".join(f"{pose.title} ({len(pose.labels)})" for pose in parts.learned.poses)
        yield Choice(
            "keypoints",
            str(found.keypoints),
            f"an object in the records; the label map names those of {named}",
        )


def notes(parts: Parts) -> Iterator[str]:
    """What the user should know and no choice says."""
    found, learned, recipe = parts.found, parts.learned, parts.recipe
    if not found.places.val:
        yield "no records for evaluation were found: the config has no evaluation; give --val to name them"
    if parts.batch.fits is False:
        yield (
            f"a step on {parts.batch.size} image{'s' * (parts.batch.size > 1)} may not fit the memory: take a smaller"
            " --size, a smaller network, or `cfgtool train --precision mixed_bfloat16`"
        )
    if parts.start is None:
        yield (
            "without --checkpoint every weight starts at random, which takes far longer: a published checkpoint of this "
            "network or of its backbone fits"
        )
        if parts.batch.size <= FEW_FOR_NORM and not recipe.small_batches:
            yield f"batch norm learns badly from {parts.batch.size} images: with --checkpoint it would be frozen"
    if found.masks and not learned.masks:
        yield "the records have masks, which this network does not learn"
    if found.keypoints and not learned.poses:
        why = "which this network does not learn"
        if recipe.keypoints:
            why = 'but the label map does not name them (`keypoints { id: 0 label: "..." }`), so they are left out'
        yield f"the records have keypoints, {why}"
    if learned.poses and training.flips_for(found, learned) is None:
        yield "no keypoint name has a left or right, so images are not mirrored"
    yield from (f"the records: {text}" for text in _flaws(found))


def _flaws(found: Found) -> Iterator[str]:
    """The first flaw of each kind that is worth a look before training."""
    seen = set()
    for problem in found.problems:
        if problem.severity == "error" and problem.code not in seen:
            seen.add(problem.code)
            yield f"{problem.message}; `cfgtool data check` lists all"

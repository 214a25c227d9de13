"""A whole config for a network and a data set: decided, written as text, and judged by the linter."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.creating import training
from cfgtool.creating.blocks import Block, comment
from cfgtool.creating.options import Choice
from cfgtool.creating.recipes import Wanted, find_recipe
from cfgtool.creating.schedule import choose_schedule
from cfgtool.creating.sizing import choose_batch, choose_size
from cfgtool.creating.training import Learned, box_limit
from cfgtool.errors import UserError
from cfgtool.lint.engine import analyse
from cfgtool.networks import describe
from cfgtool.networks.accounting import optimizer_slots
from cfgtool.schema import read_config
from cfgtool.textproto import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.creating.found import Found
    from cfgtool.creating.options import Options
    from cfgtool.creating.recipes import Recipe
    from cfgtool.creating.schedule import Schedule
    from cfgtool.creating.sizing import Batch, Input
    from cfgtool.creating.training import Start
    from cfgtool.lint.findings import Finding
    from cfgtool.networks import NetworkDescription
    from cfgtool.textproto import Document

FEW_FOR_NORM = 4
"""Batch norm cannot learn from so few images or fewer."""

POD_SIZED = "CFG349"
"""The rule that remarks on batches beyond 16 GiB."""


class Created(NamedTuple):
    """A new config. `choices` say what was decided and why, `notes` what the user should know, `findings` what the
    linter has left to say of the text, whose places `document` knows.
    """

    recipe: Recipe
    text: str
    choices: list[Choice]
    notes: list[str]
    findings: list[Finding]
    document: Document


class _Parts(NamedTuple):
    """What the text is made from."""

    recipe: Recipe
    found: Found
    learned: Learned
    size: Input
    size_why: str
    batch: Batch
    schedule: Schedule
    start: Start | None
    names: _Names


def create(options: Options, found: Found) -> Created:
    """The config for `options.like` and the data. Nothing is written.

    Raises UserError for an unknown network, a size that it cannot take, data without what it learns, and a checkpoint
    that cannot be restored into it.
    """
    recipe, named_size = find_recipe(options.like)
    learned = _learned(recipe, found, keypoints_asked="_kpts" in options.like)
    names = _Names(options, found)
    size, size_choice = choose_size(recipe, named_size, options, found)
    network, slots = _network(recipe, found, learned, size, names)
    batch = choose_batch(recipe, network, slots, options, found.examples)
    schedule, choices = choose_schedule(recipe.practice, batch.size, found.examples, options)
    parts = _Parts(recipe, found, learned, size, size_choice.why, batch, schedule, None, names)
    choices = [*_data_choices(parts), size_choice, batch.choice, *choices]
    if names.checkpoint is not None:
        from cfgtool.creating.restoring import choose_start

        config = read_config(parse(_text(parts)))
        start, choice = choose_start(names.checkpoint, config, network, names.named)
        parts = parts._replace(start=start)
        choices.append(choice)
    path = options.output if options.output != "-" else None
    text = _text(parts)
    document = parse(text)
    findings = analyse(document, path).findings
    if batch.fits and any(finding.code == POD_SIZED for finding in findings):
        # The remark is for machines that nobody knows; this one's memory has been looked at.
        text = _text(parts, f"  # cfgtool: ignore[{POD_SIZED}] {batch.room}")
        document = parse(text)
        findings = analyse(document, path).findings
    return Created(recipe, text, choices, list(_notes(parts)), findings, document)


class _Names:
    """How the config names files: relative to its own folder, or by whole paths where that folder shares nothing with
    them.
    """

    def __init__(self, options: Options, found: Found) -> None:
        from cfgtool.checkpoints import open_checkpoint

        self.checkpoint = None if options.checkpoint is None else open_checkpoint(options.checkpoint)
        places = found.places
        paths = [*places.train, *places.val, places.label_map]
        if self.checkpoint is not None:
            paths.append(self.checkpoint.path)
        folder = "" if options.output == "-" else os.path.dirname(options.output)
        self._folder = os.path.abspath(folder or ".")
        roots = {os.path.abspath(path).split(os.sep)[1] for path in [*paths, os.path.join(self._folder, "_")]}
        self._relative = len(roots) == 1 and all("://" not in path for path in paths)

    def named(self, path: str) -> str:
        """`path` as the config has it."""
        if "://" in path:
            return path
        if not self._relative:
            return os.path.abspath(path)
        name = os.path.relpath(path, self._folder)
        folder = os.path.dirname(path) or "."
        if os.path.realpath(os.path.join(self._folder, os.path.dirname(name))) != os.path.realpath(folder):
            # A symbolic link on the way: `..` leads out of where it points to.
            real = os.path.join(os.path.realpath(folder), os.path.basename(path))
            name = os.path.relpath(real, os.path.realpath(self._folder))
        return name.replace(os.sep, "/")


def _learned(recipe: Recipe, found: Found, *, keypoints_asked: bool) -> Learned:
    """Masks and keypoints that the network learns and the data has. Raises UserError if it lacks what is asked for."""
    data = found.places.train[0]
    if recipe.masks and not found.masks:
        other = recipe.name.replace("mask_rcnn", "faster_rcnn")
        raise UserError(
            f"{recipe.name} learns masks, and the records have none", path=data, hint=f"{other} learns boxes"
        )
    poses = found.poses if recipe.keypoints and found.keypoints else ()
    poses = tuple(pose for pose in poses if max(pose.ids) < found.keypoints)
    if keypoints_asked and not poses:
        lacking = "the records have none" if not found.keypoints else "the label map names none"
        raise UserError(
            f"a network with keypoints is asked for, and {lacking}",
            path=data,
            hint=f"write --like {recipe.name}",
        )
    return Learned(recipe.masks, poses)


def _network(
    recipe: Recipe, found: Found, learned: Learned, size: Input, names: _Names
) -> tuple[NetworkDescription, int]:
    """The network for one image, and how many values the optimizer holds for a weight."""
    from cfgtool.data.keypoints import keypoint_counts
    from cfgtool.data.label_map import read_label_map

    model = Block("model", recipe.model(_wanted(found, learned, size, "", 1, names)))
    optimizer = Block(
        "train_config",
        Block("optimizer", Block(f"{recipe.practice.optimizer}_optimizer"), "use_moving_average: false"),
    )
    config = read_config(parse(f"{model}{optimizer}"))
    counts = keypoint_counts(config, lambda _: read_label_map(found.places.label_map))
    return describe(config, keypoints=counts), optimizer_slots(config.find("train_config.optimizer"))


def _wanted(
    found: Found, learned: Learned, size: Input, why: str, batch: int, names: _Names, *, frozen: bool = False
) -> Wanted:
    limit = box_limit(found)
    return Wanted(
        found.classes,
        size.resizer(why),
        batch,
        max(100, limit),
        100 if found.most_of_class <= 100 else limit,
        frozen,
        learned.poses,
        names.named(found.places.label_map),
        size.shorter == size.longer,
    )


def _text(parts: _Parts, mark: str = "") -> str:
    """The config as text, with the reasons as comments; `mark` stands behind the batch size."""
    found, learned, names = parts.found, parts.learned, parts.names
    frozen = parts.start is not None and not parts.recipe.small_batches and parts.batch.size <= FEW_FOR_NORM
    wanted = _wanted(
        found,
        learned,
        parts.size,
        f"{parts.size.shorter}x{parts.size.longer}: {parts.size_why}.",
        parts.batch.size,
        names,
        frozen=frozen,
    )
    label_map = names.named(found.places.label_map)
    blocks = [
        Block("model", parts.recipe.model(wanted)),
        training.train_config(
            parts.recipe.practice,
            parts.batch.size,
            parts.schedule,
            parts.size,
            parts.start,
            training.flips_for(found, learned),
            f"Batches of {parts.batch.size}: {parts.batch.choice.why}.",
            mark,
        ),
        training.reader(
            "train_input_reader",
            found,
            list(map(names.named, found.places.train)),
            label_map,
            learned,
            shuffled=True,
        ),
    ]
    if found.places.val:
        val = list(map(names.named, found.places.val))
        blocks += [
            training.eval_config(learned, {pose.class_name: pose.title for pose in learned.poses}),
            training.reader("eval_input_reader", found, val, label_map, learned, shuffled=False),
        ]
    heading = (
        f"{parts.recipe.title}, for {found.classes} class{'es' * (found.classes > 1)}. Made by `cfgtool new --like "
        f"{parts.recipe.name}`; fields that are not here have the defaults of the schema (`cfgtool explain FIELD`)."
    )
    return "".join(f"{line}\n" for line in comment(heading)) + "".join(f"\n{block}" for block in blocks)


def _data_choices(parts: _Parts) -> Iterator[Choice]:
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


def _notes(parts: _Parts) -> Iterator[str]:
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

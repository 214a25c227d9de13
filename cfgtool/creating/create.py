"""A whole config for a network and a data set: decided, written as text, and judged by the linter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.creating import training
from cfgtool.creating.blocks import Block, comment
from cfgtool.creating.names import Names
from cfgtool.creating.recipes import Wanted, find_recipe
from cfgtool.creating.schedule import choose_schedule
from cfgtool.creating.sizing import choose_batch, choose_size
from cfgtool.creating.told import FEW_FOR_NORM, Parts, data_choices, notes
from cfgtool.creating.training import Learned, box_limit
from cfgtool.errors import UserError
from cfgtool.lint.engine import analyse
from cfgtool.networks import describe
from cfgtool.networks.accounting import optimizer_slots
from cfgtool.schema import read_config
from cfgtool.textproto import parse

if TYPE_CHECKING:
    from cfgtool.creating.found import Found
    from cfgtool.creating.options import Choice, Options
    from cfgtool.creating.recipes import Recipe
    from cfgtool.creating.sizing import Input
    from cfgtool.lint.findings import Finding
    from cfgtool.networks import NetworkDescription
    from cfgtool.textproto import Document


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


def create(options: Options, found: Found) -> Created:
    """The config for `options.like` and the data. Nothing is written.

    Raises UserError for an unknown network, a size that it cannot take, data without what it learns, and a checkpoint
    that cannot be restored into it.
    """
    recipe, named_size = find_recipe(options.like)
    learned = _learned(recipe, found, keypoints_asked="_kpts" in options.like)
    names = Names(options, found)
    size, size_choice = choose_size(recipe, named_size, options, found)
    network, slots = _network(recipe, found, learned, size, names)
    batch = choose_batch(recipe, network, slots, options, found.examples)
    schedule, choices = choose_schedule(recipe.practice, batch.size, found.examples, options)
    parts = Parts(recipe, found, learned, size, size_choice.why, batch, schedule, None, names)
    choices = [*data_choices(parts), size_choice, batch.choice, *choices]
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
    return Created(recipe, text, choices, list(notes(parts)), findings, document)


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
    recipe: Recipe, found: Found, learned: Learned, size: Input, names: Names
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
    found: Found, learned: Learned, size: Input, why: str, batch: int, names: Names, *, frozen: bool = False
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


def _text(parts: Parts, mark: str = "") -> str:
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

"""Write the field reference `docs/reference/` from the cards: `python -m tools.make_field_reference [--check]`.

One page an area of the schema, and an index. A message is described on the page of the first area whose beginnings
lead to it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cfgtool.lint.cards.build import field_card, labelled_type, message_card
from cfgtool.lint.cards.markdown import card_body, code, linked, prose
from cfgtool.lint.cards.spelling import default_of
from cfgtool.lint.cards.words import BADGES, OD_API
from cfgtool.schema import load, status
from cfgtool.schema.history import removed, removed_fields
from tools.renewing import renew

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "reference"
MARK = "<!-- Written by tools/make_field_reference.py. -->"


class Area(NamedTuple):
    """A page: its file name without the suffix, its title, and the messages that it begins with."""

    name: str
    title: str
    begins: tuple[str, ...]


AREAS = (
    Area("pipeline", "The whole file", ("TrainEvalPipelineConfig", "DetectionModel", "GraphRewriter")),
    Area("ssd", "SSD: model.ssd", ("Ssd",)),
    Area("faster_rcnn", "Faster R-CNN: model.faster_rcnn", ("FasterRcnn",)),
    Area("center_net", "CenterNet: model.center_net", ("CenterNet",)),
    Area("image_resizer", "Image resizers", ("ImageResizer",)),
    Area("anchors", "Anchor generators", ("AnchorGenerator",)),
    Area(
        "targets",
        "Targets: box coders, matchers, similarities",
        ("BoxCoder", "Matcher", "RegionSimilarityCalculator", "TargetAssigner"),
    ),
    Area("box_predictor", "Box predictors: the heads", ("BoxPredictor",)),
    Area("hyperparams", "Hyperparameters of layers", ("Hyperparams",)),
    Area("losses", "Losses", ("Loss", "ClassificationLoss", "LocalizationLoss", "HardExampleMiner")),
    Area("post_processing", "Post-processing and calibration", ("PostProcessing",)),
    Area("train_config", "Training: train_config", ("TrainConfig",)),
    Area("optimizer", "Optimizers and learning rates", ("Optimizer",)),
    Area("augmentation", "Augmentation: data_augmentation_options", ("PreprocessingStep",)),
    Area("input_reader", "Input readers", ("InputReader",)),
    Area("eval_config", "Evaluation: eval_config", ("EvalConfig",)),
    Area("label_map", "Label maps", ("StringIntLabelMap",)),
)


def messages_of_areas() -> dict[str, list[str]]:
    """Area -> its messages, in the order in which its fields lead to them."""
    schema = load()
    begins = {name: area.name for area in AREAS for name in area.begins}
    taken: dict[str, str] = dict(begins)
    found: dict[str, list[str]] = {area.name: [] for area in AREAS}

    def visit(name: str, area: str) -> None:
        found[area].append(name)
        for field in schema.messages[name].fields.values():
            if field.kind == "message" and field.label != "map" and field.type not in taken:
                taken[field.type] = area
                visit(field.type, area)

    for area in AREAS:
        for name in area.begins:
            visit(name, area.name)
    return found


HOMES = {name: area for area, names in messages_of_areas().items() for name in names}
"""Message -> the area whose page describes it."""


def anchor(heading: str) -> str:
    """The fragment that Markdown renderers make of a heading."""
    return re.sub(r"[^\w\s-]", "", heading).lower().replace(" ", "-")


def field_heading(message: str, field: str) -> str:
    """The heading above a field; no message, and no other field, has the same fragment."""
    return f"{field} ({message})"


def address(name: str, page: str = "") -> str | None:
    """Where a rule, message or field is described, seen from the page of an area; None for other names."""
    if name.startswith("CFG"):
        return f"../rules/{name}.md"
    message, _, field = (name, "", "") if name in HOMES else name.rpartition(".")
    if message not in HOMES:
        return None
    home = HOMES[message]
    heading = field_heading(message, field) if field else message
    return f"{'' if home == page else f'{home}.md'}#{anchor(heading)}"


def page(area: Area, messages: list[str]) -> str:
    """The page of one area."""
    contents = " · ".join(f"[{name}](#{anchor(name)})" for name in messages)
    parts = [MARK, f"# {area.title}", contents if len(messages) > 1 else ""]
    for name in messages:
        parts += section(name, area.name)
    return "\n\n".join(part for part in parts if part) + "\n"


def section(name: str, area: str) -> Iterator[str]:
    """What a message is, a table of its fields, each of them, and the fields that it had."""

    def link(target: str) -> str | None:
        return address(target, area)

    card = message_card(name)
    yield f"## {name}"
    yield prose(card.meaning)
    if card.places.shown:
        more = f", and {card.places.more} more places" if card.places.more else ""
        yield f"Stands at {', '.join(code(path) for path in card.places.shown)}{more}."
    yield table(name) if card.fields else "It has no fields."
    yield gone(name)
    for field in load().messages[name].fields:
        whole = field_card(name, field)
        mark = f"**{BADGES[whole.status]}**" if whole.status in BADGES else ""
        yield from (f"### {field_heading(name, field)}", mark, card_body(whole, link))


def table(name: str) -> str:
    """The fields of a message in brief."""
    rows = ["| field | type | default | |", "| --- | --- | --- | --- |"]
    for field in load().messages[name].fields.values():
        default = default_of(field)
        mark = BADGES.get(status.status(name, field.name), "")
        rows.append(
            f"| [{code(field.name)}](#{anchor(field_heading(name, field.name))}) | {code(labelled_type(field))} "
            f"| {code(default) if default else ''} | {mark} |"
        )
    return "\n".join(rows)


def gone(name: str) -> str:
    """The fields that a message had, or a message below it that is gone as a whole."""
    items = []
    for past in removed_fields():
        owner, _, field = past.rpartition(".")
        if owner == name or (owner not in HOMES and owner.rpartition(".")[0] == name):
            row = removed(owner, field)
            assert row is not None
            items.append(f"- {code(past)}, until {row.gone}: {prose(row.instead)}")
    return "\n".join(["Gone:", "", *items]) if items else ""


def index(areas: dict[str, list[str]]) -> str:
    """The first page: the areas, and the fields that do not do what they say."""
    parts = [
        MARK,
        "# Field reference",
        "Every field of `pipeline.config` and of label maps, as `cfgtool explain` prints it: what it means, its type and"
        " default,\nsince when the schema has it, which trainers of the OD API read it, what `cfgtool train` does with"
        " it, and the rules about it.",
        "\n".join(["| page | messages |", "| --- | --- |", *(index_row(area, areas) for area in AREAS)]),
        "## Fields that do less than they say",
    ]
    for state, mark in BADGES.items():
        if state == "removed":
            continue
        names = [
            f"{name}.{field}"
            for name in HOMES
            for field in load().messages[name].fields
            if status.status(name, field) == state
        ]
        items = (f"- {linked(name, address)}" for name in names)
        parts += [f"### {sentence(mark)}", f"{sentence(OD_API[state])}.", "\n".join(items)]
    return "\n\n".join(parts) + "\n"


def sentence(text: str) -> str:
    """`text` with a capital at its beginning."""
    return text[0].upper() + text[1:]


def index_row(area: Area, areas: dict[str, list[str]]) -> str:
    """One line of the table of areas."""
    names = ", ".join(linked(name, address) for name in areas[area.name][:8])
    more = f" and {len(areas[area.name]) - 8} more" if len(areas[area.name]) > 8 else ""
    return f"| [{area.title}]({area.name}.md) | {names}{more} |"


def pages() -> dict[Path, str]:
    """Path -> content of every page."""
    areas = messages_of_areas()
    files = {PAGES / "README.md": index(areas)}
    files.update({PAGES / f"{area.name}.md": page(area, areas[area.name]) for area in AREAS})
    return files


def main(arguments: list[str]) -> int:
    """Write what is stale and delete what is no page; with `--check` only tell. Returns the exit status."""
    return renew(pages(), "--check" in arguments, PAGES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

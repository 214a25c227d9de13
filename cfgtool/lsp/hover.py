"""What is said of the thing under the cursor: a field, an enum value, a file, and the findings there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.errors import UserError
from cfgtool.lint.explaining import card_markdown, field_card
from cfgtool.lsp.paths import PathValue, files, path_of_step
from cfgtool.lsp.places import trail
from cfgtool.schema.docs import doc
from cfgtool.textproto import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.rules import Catalogue
    from cfgtool.lsp.opened import Opened
    from cfgtool.lsp.places import Step

_SHOWN_CLASSES = 12


class Hover(NamedTuple):
    """Markdown about a span of the text."""

    start: int
    end: int
    markdown: str


def hover(opened: Opened, offset: int) -> Hover | None:
    """What is known of the place at `offset`; None where that is nothing."""
    steps = trail(opened.document, opened.root, offset)
    if not steps:
        return None
    step = steps[-1]
    on_name = step.field.start <= offset <= step.field.name_end
    if on_name:
        start, end = step.field.start, step.field.name_end
        parts = [field_markdown(opened, step.key)] if step.key else []
    elif isinstance(step.node, Scalar):
        start, end = step.node.start, step.node.end
        parts = list(_about_value(opened, step))
    else:
        return None
    parts += _about_findings(opened, start, end)
    return Hover(start, end, "\n\n---\n\n".join(parts)) if parts else None


def field_markdown(opened: Opened, key: str) -> str:
    """What is known of "Message.field", as Markdown."""
    message, _, field = key.rpartition(".")
    return card_markdown(field_card(message, field, catalogue=opened.settings.catalogue))


def _about_value(opened: Opened, step: Step) -> Iterator[str]:
    """The paragraphs on a value of a known field."""
    field, node = step.type, step.node
    if field is None or node is None:
        return
    text = opened.text[node.start : node.end]
    path = path_of_step(opened, step)
    if path is not None:
        yield file_markdown(opened, path)
    elif field.enum_values and text in field.enum_values:
        about = doc(field.type, text)
        default = " (default)" if text == field.default else ""
        yield f"**{text}**{default}: value {field.enum_values[text]} of `{field.type}`" + (
            f"\n\n{about}" if about else ""
        )


def file_markdown(opened: Opened, path: PathValue) -> str:
    """What is in the files that a path means."""
    found = files(opened, path)
    if not found:
        return f"no {path.kind} at `{path.value}`"
    try:
        if path.kind == "label map":
            return _label_map(found[0])
        if path.kind == "checkpoint":
            return _checkpoint(found[0])
    except UserError as error:
        return f"{path.kind}: {error}"
    size = sum(os.path.getsize(name) for name in found)
    return f"{path.kind}: {len(found)} file{'s' * (len(found) != 1)}, {size / 1048576:.1f} MiB"


def _label_map(path: str) -> str:
    from cfgtool.data.label_map import read_label_map

    titles = read_label_map(path).titles()
    shown = [f"{number} {title}" for number, title in sorted(titles.items())[:_SHOWN_CLASSES]]
    rest = len(titles) - len(shown)
    more = f", and {rest} more" if rest else ""
    return f"label map: {len(titles)} class{'es' * (len(titles) != 1)}\n\n{', '.join(shown)}{more}"


def _checkpoint(path: str) -> str:
    from cfgtool.checkpoints import read_checkpoint

    checkpoint = read_checkpoint(path.removesuffix(".index"))
    world = "object-based, TF2" if checkpoint.format == "tf2-object" else "name-based, TF1"
    tensors = checkpoint.tensors()
    step = f", number {checkpoint.step}" if checkpoint.step is not None else ""
    values = sum(_size(entry.shape) for entry in tensors)
    return f"checkpoint ({world}){step}: {len(tensors)} variables, {values:,} values"


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _about_findings(opened: Opened, start: int, end: int) -> list[str]:
    """Why the rules object that have a finding on the span."""
    codes = dict.fromkeys(f.code for f in opened.report.findings if f.start < end and start < f.end)
    return [_why(opened.settings.catalogue, code) for code in codes]


def _why(catalogue: Catalogue, code: str) -> str:
    """What a rule is there for."""
    rule = catalogue.rule(code)
    why = catalogue.docs(code).get("why", "").strip()
    return f"**{rule.code} {rule.name}**\n\n{why or rule.summary}"

"""The network as a picture (SVG): a block for each module, as high as it has parameters, filled by fate."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from cfgtool.matching.report.fates import FATES, WORDS
from cfgtool.matching.report.markup import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cfgtool.matching.report.fates import Part

_TOP = 46
_HEIGHT = 150
_LABELS = 92
_GAP = 34
_PADDING = 12
_WIDEST_BLOCK = 34
_ROOM = 1060
_NARROWEST_GROUP = 128
_LEGIBLE = 13
"""Blocks that are narrower have no room for a name."""
_LONGEST_LABEL = 14

PATTERNS = (
    '<svg width="0" height="0" aria-hidden="true"><defs>'
    '<pattern id="p-shape_mismatch" width="7" height="7" patternUnits="userSpaceOnUse">'
    '<rect width="7" height="7" class="g-shape_mismatch"/><circle cx="3.5" cy="3.5" r="1.6" class="g-card"/></pattern>'
    '<pattern id="p-missing" width="7" height="7" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><rect width="7" height="7" class="g-missing"/>'
    '<rect width="2.4" height="7" class="g-card"/></pattern>'
    '<pattern id="p-not_requested" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<rect width="6" height="6" class="g-not_requested"/><rect y="0" width="6" height="2" class="g-card"/>'
    "</pattern></defs></svg>"
)
"""Fills that tell fates apart without colours too."""


def picture(groups: Sequence[tuple[Part, Sequence[Part]]], targets: Mapping[str, str]) -> str:
    """The parts of the network from left to right, each with its modules; `targets` are the ids that the
    modules' blocks link to, by name.
    """
    count = sum(len(modules) for _, modules in groups)
    room = _ROOM - len(groups) * (2 * _PADDING + _GAP)
    pitch = min(float(_WIDEST_BLOCK), room / max(count, 1))
    largest = max((module.parameters for _, modules in groups for module in modules), default=1) or 1
    parts, x = [], 1.0
    height = _TOP + _HEIGHT + (_LABELS if pitch >= _LEGIBLE else 2 * _PADDING)
    for number, (part, modules) in enumerate(groups):
        if number:
            parts.append(_arrow(x))
            x += _GAP
        span = max(_NARROWEST_GROUP, len(modules) * pitch + 2 * _PADDING)
        parts.append(_group(part, x, span, height))
        inset = x + (span - len(modules) * pitch) / 2
        for place, module in enumerate(modules):
            parts += _block(module, inset + place * pitch, pitch, largest, targets)
        x += span
    label = "The network, from the image to its heads: each block is a module"
    width = max(x + 1, 620)
    return (
        f'<div class="scroll"><svg class="picture" width="{width:.0f}" viewBox="0 0 {width:.0f} {height + 1}"'
        f' role="group" aria-label="{label}">{"".join(parts)}</svg></div>'
    )


def meter(sizes: Mapping[str, int]) -> str:
    """A bar of all parameters, divided by fate."""
    total = sum(sizes.values()) or 1
    x, parts = 0.0, []
    for fate in FATES:
        width = 1000 * sizes.get(fate, 0) / total
        if width:
            parts.append(f'<rect x="{x:.1f}" width="{width:.1f}" height="16" class="f-{fate}"/>')
            x += width
    shares = ", ".join(
        f"{WORDS[fate]} {100 * sizes.get(fate, 0) / total:.0f} %" for fate in FATES if sizes.get(fate)
    )
    return (
        f'<svg class="meter" viewBox="0 0 1000 16" preserveAspectRatio="none" role="img" aria-label="{shares}">'
        f"{''.join(parts)}</svg>"
    )


def sample(fate: str) -> str:
    """A field of the legend."""
    return f'<svg viewBox="0 0 22 14" aria-hidden="true"><rect width="22" height="14" rx="2" class="f-{fate}"/></svg>'


def _group(part: Part, x: float, width: float, height: float) -> str:
    """The frame of a part, its name and its size."""
    return (
        f'<rect x="{x:.1f}" y="1" width="{width:.1f}" height="{height - 1}" rx="8" class="box"/>'
        f'<text x="{x + _PADDING:.1f}" y="21" font-weight="650">{escape(part.name)}</text>'
        f'<text x="{x + _PADDING:.1f}" y="37" class="soft">{short(part.parameters)} parameters</text>'
    )


def _arrow(x: float) -> str:
    y = _TOP + _HEIGHT / 2
    tip = x + _GAP - 4
    return (
        f'<path d="M{x + 4:.1f} {y}H{tip - 6:.1f}" class="arrow"/>'
        f'<path d="M{tip - 8:.1f} {y - 5}L{tip:.1f} {y}L{tip - 8:.1f} {y + 5}Z" class="head"/>'
    )


def _block(module: Part, x: float, pitch: float, largest: int, targets: Mapping[str, str]) -> Iterator[str]:
    """A block with what it stands for as its title, its fates from the bottom up, and its name below."""
    gap = min(4.0, pitch / 5)
    left, width = x + gap / 2, pitch - gap
    # The area would tell sizes better, but blocks share one width: the root keeps small ones visible.
    height = max(8.0, _HEIGHT * sqrt(module.parameters / largest))
    bottom = _TOP + _HEIGHT
    fates = ", ".join(f"{module.counts[fate]} {WORDS[fate]}" for fate in FATES if fate in module.counts)
    frozen = f", {module.frozen} frozen" if module.frozen else ""
    title = f"{module.name}: {module.parameters:,} parameters, {fates}{frozen}"
    yield f'<a href="#{targets[module.name]}"><title>{escape(title)}</title>'
    y = float(bottom)
    for fate, share in _heights(module, height):
        y -= share
        yield _box(f"f-{fate}", left, y, width, share)
    if module.frozen:
        yield _box("ice", left, y - 6, width, 4)
    yield _box("hit", left, _TOP, width, _HEIGHT) + "</a>"
    if pitch >= _LEGIBLE:
        middle = x + pitch / 2 + 4
        label = module.name.rpartition("/")[2]
        if len(label) > _LONGEST_LABEL:
            label = label[: _LONGEST_LABEL - 1] + "…"
        yield (
            f'<text class="soft" text-anchor="end" transform="translate({middle:.1f} {bottom + 8})'
            f' rotate(-90)">{escape(label)}</text>'
        )


def _box(kind: str, x: float, y: float, width: float, height: float) -> str:
    """A rectangle in few characters: a large network has hundreds."""
    return f'<path class={kind} d="M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"/>'


def _heights(module: Part, height: float) -> list[tuple[str, float]]:
    """The height of each fate in a block: as its parameters, but visible."""
    total = module.parameters or 1
    shares = [
        (fate, max(3.0, height * module.sizes[fate] / total)) for fate in FATES if fate in module.counts
    ]
    scale = height / sum(share for _, share in shares)
    return [(fate, share * scale) for fate, share in shares]


def short(count: int) -> str:
    """A large number in few characters: 2.26 M."""
    for unit, name in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return str(count)

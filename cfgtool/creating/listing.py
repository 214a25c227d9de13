"""The networks that a config can be made for, with what each costs."""

from __future__ import annotations

from typing import NamedTuple

from cfgtool.creating.blocks import Block
from cfgtool.creating.recipes import RECIPES, Recipe, Wanted
from cfgtool.creating.sizing import Input
from cfgtool.networks import describe
from cfgtool.schema import read_config
from cfgtool.textproto import parse

CLASSES = 90
"""As published models have."""


class Row(NamedTuple):
    """A recipe with the costs of its network for one image of each of its square sizes: (edge, multiply-adds)."""

    recipe: Recipe
    architecture: str
    extractor: str
    parameters: int
    costs: tuple[tuple[int, int], ...]


def rows() -> list[Row]:
    """One row for each `--like` name, for 90 classes."""
    return [_row(recipe) for recipe in RECIPES.values()]


def _row(recipe: Recipe) -> Row:
    costs = []
    for shorter, longer in recipe.sizes:
        if shorter != longer:
            continue
        size = Input(shorter, longer, recipe.keeps_shape)
        model = Block("model", recipe.model(Wanted(CLASSES, size.resizer(""), 1)))
        network = describe(read_config(parse(str(model))))
        costs.append((shorter, network.multiply_adds))
    return Row(recipe, network.meta_architecture, network.feature_extractor, network.parameters, tuple(costs))


def as_text(found: list[Row]) -> list[str]:
    """A table for each meta-architecture: name, parameters, and multiply-adds at each size."""
    width = max(len(row.recipe.name) for row in found)
    lines: list[str] = []
    heading = ""
    for row in found:
        if row.architecture != heading:
            heading = row.architecture
            lines += [""] * bool(lines)
            lines.append(f"{heading:<{width}}  parameters  multiply-adds by size of image")
        costs = ", ".join(f"{cost / 1e9:.1f} G at {edge}" for edge, cost in row.costs)
        learns = " + masks" * row.recipe.masks + " + keypoints" * row.recipe.keypoints
        lines.append(f"{row.recipe.name:<{width}}  {row.parameters / 1e6:>8.1f} M  {costs}{learns}")
    return lines


def as_json(found: list[Row]) -> list[dict[str, object]]:
    """The same for programs."""
    return [
        {
            "name": row.recipe.name,
            "title": row.recipe.title,
            "meta_architecture": row.architecture,
            "feature_extractor": row.extractor,
            "parameters": row.parameters,
            "sizes": [{"size": edge, "multiply_adds": cost} for edge, cost in row.costs],
            "masks": row.recipe.masks,
            "keypoints": row.recipe.keypoints,
        }
        for row in found
    ]

"""`cfgtool variables`: every variable of the configured network, under all of its names, without building
it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.cli.pipeline import check_format, check_generation, read_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cfgtool.networks import NetworkDescription
    from cfgtool.networks.variables import Variable

app = typer.Typer(add_completion=False)


@app.command()
def variables(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A pipeline.config, or - for stdin.")],
    format: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    flat: Annotated[bool, typer.Option("--flat", help="In text, a line for each variable.")] = False,
    generation: Annotated[
        str, typer.Option("--generation", help="auto, tf1 or tf2: whose form of the network.")
    ] = "auto",
) -> None:
    """List the variables of the configured network, with their names in checkpoints."""
    check_format(format, ("text", "json"))
    whose = check_generation(generation)
    from cfgtool.cli.output import write
    from cfgtool.data.keypoints import beside, keypoint_counts
    from cfgtool.networks import describe, frozen_variables

    root = read_pipeline(config, ("model", "train_config"))
    network = describe(root, whose, keypoints=keypoint_counts(root, beside(config)))
    frozen = frozen_variables(root.message("train_config"), network.variables)
    if format == "json":
        import json

        print(json.dumps(_as_json(network, frozen), indent=2))
    else:
        write("".join(f"{line}\n" for line in _as_text(network, frozen, flat)), sys.stdout)


def _totals(network: NetworkDescription, frozen: frozenset[str]) -> dict[str, int]:
    held = sum(variable.size for variable in network.variables if variable.name in frozen)
    return {
        "variables": len(network.variables),
        "parameters": network.parameters,
        "trainable_parameters": network.trainable_parameters,
        "frozen_parameters": held,
        "anchors": network.anchors,
        "multiply_adds": network.multiply_adds,
        "activation_bytes": network.activation_bytes,
    }


def _as_json(network: NetworkDescription, frozen: frozenset[str]) -> dict[str, object]:
    return {
        "meta_architecture": network.meta_architecture,
        "feature_extractor": network.feature_extractor,
        "generation": network.generation,
        "verified": network.verified,
        "input_shape": network.input_shape,
        "feature_maps": network.feature_maps,
        "variables": [
            {
                "name": variable.name,
                "shape": variable.shape,
                "dtype": variable.dtype,
                "trainable": variable.trainable,
                "frozen": variable.name in frozen,
                "tf2_key": variable.tf2_key,
                "keras_name": variable.keras_name,
                "tf1_name": variable.tf1_name,
            }
            for variable in network.variables
        ],
        "totals": _totals(network, frozen),
    }


def _as_text(network: NetworkDescription, frozen: frozenset[str], flat: bool) -> Iterator[str]:
    """A heading per part of the network with the folder of its keys, then its variables with their keys below
    that, in the checkpoints of the network's generation; like neighbours share a line unless `flat`.
    """
    from cfgtool.networks.description import UNVERIFIED

    yield f"{network.feature_extractor} ({network.meta_architecture}, {network.generation.upper()})"
    if not network.verified:
        yield UNVERIFIED
    yield ""
    yield from (_flat if flat else _folded)(network, frozen)
    totals = _totals(network, frozen)
    yield ""
    yield (
        f"{totals['variables']} variables, {totals['parameters']:,} parameters: "
        f"{totals['trainable_parameters']:,} trainable, {totals['frozen_parameters']:,} frozen"
    )
    yield (
        f"one image of {network.input_shape[0]}x{network.input_shape[1]}: {totals['anchors']:,} anchors, "
        f"{totals['multiply_adds'] / 1e9:.2f} G multiply-adds, "
        f"{totals['activation_bytes'] / 2**20:.0f} MiB of activations"
    )


def _flat(network: NetworkDescription, frozen: frozenset[str]) -> Iterator[str]:
    """A line for each variable, with its whole name and key."""
    width = max(len(variable.name) for variable in network.variables)
    for variable in network.variables:
        state = _state(variable, frozen)
        yield f"{variable.name:<{width}}  {_shape(variable):<14}  {state:<9}  {_key(variable, network)}"


def _folded(network: NetworkDescription, frozen: frozenset[str]) -> Iterator[str]:
    """A heading per part of the network with the folder of its keys, below it a tree."""
    from cfgtool.folding import common_folder

    parts: dict[str, list[Variable]] = {}
    for variable in network.variables:
        parts.setdefault(variable.name.partition("/")[0], []).append(variable)
    folders = {name: common_folder([_key(v, network) for v in part]) for name, part in parts.items()}
    trees = {name: list(_tree(part, network, frozen, folders[name])) for name, part in parts.items()}
    widths = [max(len(cells[column]) for tree in trees.values() for cells in tree) for column in (0, 1, 2)]
    for name, tree in trees.items():
        yield f"{name:<{sum(widths) + 8}}{folders[name]}".rstrip()
        for cells in tree:
            padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=False)]
            yield f"  {'  '.join([*padded, cells[3]])}".rstrip()


def _tree(
    part: Sequence[Variable], network: NetworkDescription, frozen: frozenset[str], folder: str
) -> Iterator[tuple[str, str, str, str]]:
    """Name, shape, state and key below `folder` of the variables of a part; neighbours of one shape and state
    in one line.
    """
    from cfgtool.folding import fold, grow, together, walk

    named = ((variable.name.partition("/")[2], variable) for variable in part)
    tree = fold(grow(named), lambda variable: (variable.shape, _state(variable, frozen)))
    for level, name, node in walk(tree):
        cells = ("", "", "")
        if node.values:
            first = node.values[0]
            keys = [_key(variable, network)[len(folder) :] for variable in node.values]
            cells = (_shape(first), _state(first, frozen), together(keys))
        yield "  " * level + name, *cells


def _key(variable: Variable, network: NetworkDescription) -> str:
    """The name in checkpoints of the network's generation."""
    return (variable.tf1_name if network.generation == "tf1" else variable.tf2_key) or "-"


def _shape(variable: Variable) -> str:
    return "x".join(map(str, variable.shape)) or "scalar"


def _state(variable: Variable, frozen: frozenset[str]) -> str:
    if variable.name in frozen:
        return "frozen"
    return "trainable" if variable.trainable else "statistic"

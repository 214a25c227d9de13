"""`cfgtool variables`: every variable of the configured network, under all of its names, without building
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from cfgtool.cli.pipelines import read_model
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.networks import NetworkDescription
    from cfgtool.networks.variables import Variable

app = typer.Typer(add_completion=False)


@app.command()
def variables(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A pipeline.config, or - for stdin.")],
    format: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    generation: Annotated[
        str, typer.Option("--generation", help="auto, tf1 or tf2: whose form of the network.")
    ] = "auto",
) -> None:
    """List the variables of the configured network."""
    if format not in ("text", "json"):
        raise UserError(f"unknown format {format!r}", hint="formats are text, json")
    if generation not in ("auto", "tf1", "tf2"):
        raise UserError(f"unknown generation {generation!r}", hint="generations are auto, tf1, tf2")
    from cfgtool.networks import describe, frozen_variables

    root = read_model(config)
    network = describe(root, cast(Literal["auto", "tf1", "tf2"], generation))
    frozen = frozen_variables(root.message("train_config"), network.variables)
    if format == "json":
        import json

        print(json.dumps(_as_json(network, frozen), indent=2))
    else:
        print("\n".join(_as_text(network, frozen)))


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


def _as_text(network: NetworkDescription, frozen: frozenset[str]) -> Iterator[str]:
    """A heading per part of the network, a line per variable with its name in the checkpoints of the
    network's generation.
    """
    yield f"{network.meta_architecture} {network.feature_extractor} ({network.generation})"
    width = max(len(variable.name.split("/", 2)[-1]) for variable in network.variables)
    heading = ""
    for variable in network.variables:
        part, rest = _split(variable.name)
        if part != heading:
            heading = part
            yield f"\n{part}"
        key = variable.tf1_name if network.generation == "tf1" else variable.tf2_key
        shape = "x".join(map(str, variable.shape))
        yield f"  {rest:<{width}}  {shape:<14}  {_state(variable, frozen):<9}  {key or '-'}"
    totals = _totals(network, frozen)
    yield (
        f"\n{totals['variables']} variables, {totals['parameters']:,} parameters: "
        f"{totals['trainable_parameters']:,} trainable, {totals['frozen_parameters']:,} frozen"
    )
    yield (
        f"one image of {network.input_shape[0]}x{network.input_shape[1]}: {totals['anchors']:,} anchors, "
        f"{totals['multiply_adds'] / 1e9:.2f} G multiply-adds, "
        f"{totals['activation_bytes'] / 2**20:.0f} MiB of activations"
    )


def _split(name: str) -> tuple[str, str]:
    """The part of the network and the rest of a variable's name: `backbone/block_13`, `expand/kernel`."""
    first, _, rest = name.partition("/")
    second, _, leaf = rest.partition("/")
    return f"{first}/{second}", leaf


def _state(variable: Variable, frozen: frozenset[str]) -> str:
    if variable.name in frozen:
        return "frozen"
    return "trainable" if variable.trainable else "statistic"

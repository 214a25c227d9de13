"""After `cfgtool migrate --to tf2`: the command that takes the start checkpoint along, where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint
    from cfgtool.migrate import Migration
    from cfgtool.networks import NetworkDescription
    from cfgtool.schema import Config

_TF1_PATH = "A10"
"""The row of the migration tables that a start checkpoint of TF1 is told by."""
_CONVERTED = "detection", "full"
"""Restore types whose checkpoints have the names of the network; those of a classifier have others."""


def checkpoint_advice(path: str, result: Migration) -> str | None:
    """What to do with the start checkpoint of a config that was turned to TF2, as one line.

    `path` is the config's, - for standard input. None where no TF1 checkpoint is left, where it cannot be converted,
    and where the network is not described.
    """
    if not any(entry.step.id == _TF1_PATH for entry in result.left):
        return None
    from cfgtool.errors import UserError
    from cfgtool.networks import describe
    from cfgtool.schema import read_config
    from cfgtool.schema.unwritten import restore_type
    from cfgtool.textproto import parse

    config = read_config(parse(result.after))
    train = config.message("train_config")
    kind = restore_type(train)
    if kind not in _CONVERTED:
        return None
    try:
        network = describe(config, "tf2")
        describe(config, "tf1")  # without a form in TF1 nothing has its names there
        name, checkpoint = _find(config, path, train.text("fine_tune_checkpoint"))
    except UserError:
        return None
    if checkpoint is not None and checkpoint.format != "tf1-name":
        return None
    return _advice(network, kind, name, "CONFIG" if path == "-" else path)


def _find(config: Config, path: str, name: str) -> tuple[str, Checkpoint | None]:
    """The checkpoint as the command line has to call it, and itself if it is there."""
    from cfgtool.checkpoints import open_checkpoint
    from cfgtool.lint.context import Context

    context = Context(config, config.document, None if path == "-" else path, "tf2")
    found = context.locate(name, ".index") or context.locate(name)
    return (name, None) if found is None else (found, open_checkpoint(found))


def _advice(network: NetworkDescription, kind: str, name: str, config: str) -> str:
    import os
    import shlex

    from cfgtool.matching.semantics import Request
    from cfgtool.matching.twins import concerned

    asked = Request(network, kind, "tf2", "tf1-name", load_all=False)
    differences = concerned(network, (variable for variable in network.variables if asked.wants(variable)))
    target = os.path.join(os.path.dirname(name), "tf2", "ckpt-1")
    words = ["cfgtool", "checkpoint", "convert", name, "-o", target, "--config", config]
    if kind == "detection":  # heads may be for other classes, and are not asked for
        words.append("--partial")
    if differences:
        words.append("--accept-differences")
    made = f"next: `{shlex.join(words)}` makes a TF2 checkpoint of it"
    if not differences:
        return f"{made} that computes the same; then name {target!r}"
    what = "; ".join(difference.what for difference in differences)
    type_ = network.feature_extractor.removesuffix("_keras")
    stay = f"to keep what it computes, leave the type at {type_!r}, which cfgtool trains too"
    return f"{made}, a start that does not compute the same ({what}); {stay}"

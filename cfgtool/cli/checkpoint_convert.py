"""`cfgtool checkpoint convert`: a checkpoint in the other generation's dialect, without TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from cfgtool.cli.output import write_result
from cfgtool.cli.pipeline import check_format, read_pipeline
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.checkpoints import Checkpoint
    from cfgtool.matching.conversion import Conversion

FORMATS = ("text", "json")
DIALECTS = ("tf1", "tf2")


def convert(
    checkpoint: Annotated[
        str, typer.Argument(metavar="CHECKPOINT", help="What comes before .index, or a frozen graph.")
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="PREFIX", help="The new one: what comes before .index.")
    ],
    config: Annotated[
        str | None,
        typer.Option("--config", metavar="CONFIG", help="The config of the network; without it names stay."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="tf1 or tf2: whose names; the other's unless given.")
    ] = None,
    ema: Annotated[
        bool, typer.Option("--ema", help="Take the moving average of a weight where there is one.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Leave out what has no value or another shape.")
    ] = False,
    accept_differences: Annotated[
        bool,
        typer.Option(
            "--accept-differences",
            help="Convert although the other network computes something else with the same weights.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a checkpoint of that name.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing, only tell.")] = False,
    format: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> int:
    """Write a checkpoint under the names of the other generation.

    The network of CONFIG has each variable's name in both. Values are copied as they are. Without --config, every
    tensor keeps its name: what a frozen graph or a SavedModel holds becomes a checkpoint. Exits with 0 if it is
    written, 2 if it is refused.
    """
    _check_options(config, to, format, network_only={"--ema": ema, "--partial": partial})
    from cfgtool.checkpoints import open_checkpoint
    from cfgtool.matching.conversion_writing import check_target

    source = open_checkpoint(checkpoint)
    check_target(source, output, force=force)
    if config is None:
        lines = _copy(source, output, format, force=force, dry_run=dry_run)
    else:
        conversion = _plan(source, config, to, averages=ema)
        from cfgtool.matching.conversion_refusals import refuse_conversion

        refuse_conversion(conversion, partial=partial, accept_differences=accept_differences)
        lines = _convert(conversion, output, format, force=force, dry_run=dry_run)
    write_result("".join(f"{line}\n" for line in lines), None)
    return 0


def _check_options(
    config: str | None, to: str | None, format_: str, *, network_only: dict[str, bool]
) -> None:
    """Raise UserError for what makes no sense, before any work is done."""
    check_format(format_, FORMATS)
    if to is not None and to not in DIALECTS:
        raise UserError(f"no dialect {to!r}", hint=f"dialects are {', '.join(DIALECTS)}")
    needing = [name for name, given in {"--to": to is not None, **network_only}.items() if given]
    if config is None and needing:
        hint = "name the network's config: it has each variable's name in both generations"
        raise UserError(f"{needing[0]} needs --config", hint=hint)


def _plan(source: Checkpoint, path: str, to: str | None, *, averages: bool) -> Conversion:
    from cfgtool.matching.conversion import conversion_plan
    from cfgtool.networks import describe

    config = read_pipeline(path, ("model",))
    own: Literal["tf1", "tf2"] = "tf2" if source.format == "tf2-object" else "tf1"
    wanted = cast(Literal["tf1", "tf2"], to or ("tf1" if own == "tf2" else "tf2"))
    try:
        network = describe(config, wanted)
        twin = None if wanted == own else describe(config, own)
    except UserError as error:
        error.path = error.path or path
        raise
    classes = config.find(f"model.{network.meta_architecture}").integer("num_classes")
    return conversion_plan(network, source, averages=averages, num_classes=classes, twin=twin)


def _convert(
    conversion: Conversion, output: str, format_: str, *, force: bool, dry_run: bool
) -> Iterator[str]:
    from cfgtool.matching.conversion_report import conversion_as_json, conversion_as_text
    from cfgtool.matching.conversion_writing import write_conversion

    written = None if dry_run else write_conversion(conversion, output, force=force)
    if format_ == "json":
        yield _dumped(conversion_as_json(conversion, written))
    else:
        yield from conversion_as_text(conversion, written)


def _copy(source: Checkpoint, output: str, format_: str, *, force: bool, dry_run: bool) -> Iterator[str]:
    """Change the container alone."""
    from cfgtool.matching.conversion_report import written_lines
    from cfgtool.matching.conversion_writing import copy_checkpoint
    from cfgtool.matching.report import checkpoint_line
    from cfgtool.matching.report.data import checkpoint_as_json

    written = None if dry_run else copy_checkpoint(source, output, force=force)
    if format_ == "json":
        copied = [entry.name for entry in source.entries.values()]
        report = {"checkpoint": checkpoint_as_json(source), "copied": copied}
        yield _dumped({**report, "written": written and written._asdict()})
        return
    yield f"checkpoint  {checkpoint_line(source)}"
    yield f"copied      {len(source.entries)} tensors under their own names"
    yield from written_lines(written)


def _dumped(value: object) -> str:
    import json

    return json.dumps(value, indent=2)

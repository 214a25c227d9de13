"""`cfgtool data`: what is in a data set, what is wrong with it, and data sets from other formats."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.cli.data_import import import_
from cfgtool.cli.data_show import show
from cfgtool.cli.output import write

if TYPE_CHECKING:
    from cfgtool.data.check import Inspection
    from cfgtool.data.problems import Problem
    from cfgtool.data.sources import Source
    from cfgtool.schema import Config

app = typer.Typer(
    add_completion=False, help="Import, check and describe TFRecords and label maps.", no_args_is_help=True
)
app.command("import")(import_)

_CONFIG_ENDINGS = (".config", ".prototxt", ".textproto", ".pbtxt")

Targets = Annotated[
    list[str], typer.Argument(metavar="CONFIG|RECORD...", help="Configs, record files or globs.")
]
LabelMapPath = Annotated[str | None, typer.Option("--label-map", help="Label map (default: the config's).")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Read only the first N records of a file.")]
Format = Annotated[str, typer.Option("--format", help="text or json.")]
Workers = Annotated[int, typer.Option("--workers", min=0, help="Processes (0: one for each core).")]


@app.command()
def check(
    targets: Targets,
    label_map: LabelMapPath = None,
    limit: Limit = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Also decode every picture and mask (needs Pillow).")
    ] = False,
    workers: Workers = 0,
    format: Format = "text",
) -> int:
    """Report broken records, wrong boxes and wrong classes."""
    _check_format(format)
    if pictures:
        from cfgtool.data.importing.pixels import need_pillow

        need_pillow("--pictures")
    problems: list[Problem] = []
    records = 0
    for source in _sources(targets, label_map):
        found, inspection = _inspect(source, limit, workers, decode=pictures)
        problems += found + inspection.listed()
        records += inspection.stats.records
    if format == "json":
        import json

        print(json.dumps([problem.as_dict() for problem in problems], indent=2))
    else:
        for problem in problems:
            write(f"{problem}\n", sys.stdout)
        _note(f"{records} records read, {len(problems)} problems")
    return int(any(problem.severity in ("error", "warning") for problem in problems))


@app.command()
def stats(
    targets: Targets,
    label_map: LabelMapPath = None,
    limit: Limit = None,
    workers: Workers = 0,
    format: Format = "text",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Also draw them: a .png, .svg or .html.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let -o replace an existing file.")] = False,
) -> int:
    """Count images, boxes, classes and sizes; with a config also what its anchors reach."""
    from cfgtool.cli.data_text import drawn, print_numbers
    from cfgtool.training.report.data_numbers import data_numbers

    _check_format(format)
    draw = drawn(output, force) if output is not None else None
    results = []
    for source in _sources(targets, label_map):
        inspection = _inspect(source, limit, workers)[1]
        labels = inspection.expected.label_map
        results.append(data_numbers(source.field, inspection.stats, labels, source.reader))
    if format == "json":
        import json

        print(json.dumps(results, indent=2))
    else:
        for result in results:
            print_numbers(result)
    if draw is not None:
        draw(results, targets[0])
    return 0


app.command("show")(show)


def _check_format(name: str) -> None:
    if name not in ("text", "json"):
        raise typer.BadParameter(f"{name!r} is not one of text, json", param_hint="--format")


def _sources(targets: list[str], label_map_path: str | None) -> list[Source]:
    """The readers of the configs among `targets`, and one source for each other target."""
    from cfgtool.data.sources import Source, sources

    found: list[Source] = []
    for target in targets:
        if not target.endswith(_CONFIG_ENDINGS):
            found.append(Source(target, [target], label_map_path or ""))
            continue
        for source in sources(_read_config(target)):
            if label_map_path:
                source.label_map_path = label_map_path
            found.append(source)
    return found


def _read_config(path: str) -> Config:
    from cfgtool.cli.pipeline import read_pipeline
    from cfgtool.errors import UserError

    config = read_pipeline(path, ("train_input_reader", "eval_input_reader"))
    if not config.has("train_input_reader") and not config.has("eval_input_reader"):
        raise UserError("has no input reader", path=path, hint="give a pipeline config or record files")
    return config


def _inspect(
    source: Source, limit: int | None, workers: int, *, decode: bool = False
) -> tuple[list[Problem], Inspection]:
    """The flaws of the label map and of the set of files, and what was found in the records."""
    from cfgtool.cli.progress import record_progress
    from cfgtool.data.check import inspect_files
    from cfgtool.data.label_map import load_label_map
    from cfgtool.data.paths import expand_paths, expand_pattern, shard_problems

    paths = expand_paths(source.patterns)
    problems: list[Problem] = []
    label_map = None
    if source.label_map_path:
        label_map, problems = load_label_map(source.label_map_path)
    for pattern in source.patterns:
        problems += shard_problems(pattern, expand_pattern(pattern))
    expected = source.expected(label_map)
    inspection = inspect_files(
        paths, expected, limit, decode=decode, workers=workers, progress=record_progress()
    )
    return problems, inspection


def _note(message: str) -> None:
    typer.echo(message, err=True)

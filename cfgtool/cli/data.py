"""`cfgtool data`: what is in a data set, and what is wrong with it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.cli.output import write

if TYPE_CHECKING:
    from cfgtool.data.check import Inspection
    from cfgtool.data.label_map import LabelMap
    from cfgtool.data.problems import Problem
    from cfgtool.data.sources import Source
    from cfgtool.schema import Config

app = typer.Typer(
    add_completion=False, help="Check and describe TFRecords and label maps.", no_args_is_help=True
)

_CONFIG_ENDINGS = (".config", ".prototxt", ".textproto", ".pbtxt")

Targets = Annotated[
    list[str], typer.Argument(metavar="CONFIG|RECORD...", help="Configs, record files or globs.")
]
LabelMapPath = Annotated[str | None, typer.Option("--label-map", help="Label map (default: the config's).")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Read only the first N records of a file.")]
Format = Annotated[str, typer.Option("--format", help="text or json.")]


@app.command()
def check(
    targets: Targets, label_map: LabelMapPath = None, limit: Limit = None, format: Format = "text"
) -> int:
    """Report broken records, wrong boxes and wrong classes."""
    _check_format(format)
    problems: list[Problem] = []
    records = 0
    for source in _sources(targets, label_map):
        found, inspection = _inspect(source, limit)
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
    targets: Targets, label_map: LabelMapPath = None, limit: Limit = None, format: Format = "text"
) -> int:
    """Count images, boxes, classes and sizes."""
    import json

    _check_format(format)
    results: list[dict[str, object]] = []
    for source in _sources(targets, label_map):
        names = _read_label_map(source.label_map_path)
        found = _inspect(source, limit)[1].stats.as_dict()
        result = {"source": source.field, **found}
        if names is not None:
            labels = found["boxes_by_class_id"]
            titles = names.titles()
            assert isinstance(labels, dict)
            result["boxes_by_class"] = {titles.get(int(key), key): count for key, count in labels.items()}
        results.append(result)
    if format == "json":
        print(json.dumps(results, indent=2))
    else:
        for result in results:
            _print_stats(result)
    return 0


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


def _inspect(source: Source, limit: int | None) -> tuple[list[Problem], Inspection]:
    """The flaws of the label map and of the set of files, and what was found in the records."""
    from cfgtool.cli.progress import record_progress
    from cfgtool.data.check import inspect_records
    from cfgtool.data.label_map import load_label_map
    from cfgtool.data.paths import expand_paths, expand_pattern, shard_problems
    from cfgtool.data.reading import WholeReading

    paths = expand_paths(source.patterns)
    problems: list[Problem] = []
    label_map = None
    if source.label_map_path:
        label_map, problems = load_label_map(source.label_map_path)
    for pattern in source.patterns:
        problems += shard_problems(pattern, expand_pattern(pattern))
    reading = WholeReading(paths, limit, record_progress())
    return problems, inspect_records(reading, source.expected(label_map))


def _read_label_map(path: str) -> LabelMap | None:
    from cfgtool.data.label_map import load_label_map

    return load_label_map(path)[0] if path else None


def _print_stats(result: dict[str, object]) -> None:
    _say(f"{result.pop('source')}:")
    by_class = result.pop("boxes_by_class", None)
    if by_class is not None:
        result.pop("boxes_by_class_id")
        result.pop("boxes_by_class_text")
        result["boxes_by_class"] = by_class
    for name, value in result.items():
        title = name.replace("_", " ")
        if isinstance(value, dict) and name.startswith("boxes_by"):
            _say(f"  {title}:")
            for key, count in sorted(value.items(), key=lambda item: -item[1]):
                _say(f"    {count:>8}  {key}")
        elif isinstance(value, dict):
            _say(f"  {title}: " + ", ".join(f"{key} {count}" for key, count in value.items()))
        else:
            _say(f"  {title}: {value}")


def _say(line: str) -> None:
    write(f"{line}\n", sys.stdout)


def _note(message: str) -> None:
    typer.echo(message, err=True)

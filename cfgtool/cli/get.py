"""`cfgtool get`: values of a config for a script, as the trainer would see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.cli.rewriting import read_input, shown_name, tell, write_out
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from typing import Any

    from cfgtool.schema.effective import Found

app = typer.Typer(add_completion=False, help="Print values of a config.")

FORMATS = ("text", "json")

Config = Annotated[str, typer.Argument(metavar="CONFIG", help="The config or label map, or -.")]
Paths = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="train_config.batch_size, eval_input_reader[*].name")
]
Format = Annotated[str, typer.Option("--format", help="text or json.")]
Default = Annotated[bool, typer.Option("--default", help="Print the schema's default for what is not set.")]


@app.command()
def get(config: Config, paths: Paths, format: Format = "text", default: Default = False) -> int:
    """Print the values at paths, after merging: the last of several, the member of a oneof that counts.

    Text has a value a line, strings without quotes, messages as their fields. JSON has the value of one path, or an
    object by path for several; a path with [*] gives a list. Exits with 1 if a path is not set, 2 if the schema does
    not have it or there is no such element.
    """
    if format not in FORMATS:
        raise UserError(f"no format {format!r}", hint=f"formats are {', '.join(FORMATS)}")
    groups = _find(config, paths)
    unset = [] if default else [path for path in paths if not any(one.is_set for one in groups[path])]
    for path in unset:
        tell(f"{shown_name(config)}: '{path}' is not set; {_default_of(groups[path])}")
    shown = {
        path: [one for one in found if one.is_set or default]
        for path, found in groups.items()
        if path not in unset
    }
    write_out(_json(shown, len(groups) > 1) if format == "json" else _text(shown))
    return int(bool(unset))


def _find(config: str, paths: list[str]) -> dict[str, list[Found]]:
    from cfgtool.schema import read_config
    from cfgtool.schema.effective import find_values
    from cfgtool.schema.model import root_of
    from cfgtool.schema.soundness import sound_document

    text = read_input(config)
    try:
        document = sound_document(text)
        root = read_config(document, root_of(document))
        return {path: find_values(root, path) for path in paths}
    except UserError as error:
        error.path = shown_name(config)
        raise


def _default_of(found: list[Found]) -> str:
    """What a reader gets for a field that is not set."""
    from cfgtool.schema.effective import lines

    if not found:
        return "there are no elements"
    field, value = found[0].field, found[0].value
    if field.kind == "message" or not field.single:
        return "the schema has no default for it"
    return f"the schema's default is {lines(field, value)[0] or 'empty'}"


def _text(shown: dict[str, list[Found]]) -> str:
    from cfgtool.schema.effective import lines

    found = [line for group in shown.values() for one in group for line in lines(one.field, one.value)]
    return "".join(line + "\n" for line in found)


def _json(shown: dict[str, list[Found]], several: bool) -> str:
    import json

    from cfgtool.schema.effective import plain

    values: dict[str, Any] = {}
    for path, group in shown.items():
        found = [plain(one.field, one.value) for one in group]
        values[path] = found if "[*]" in path else found[0]
    if several:
        return json.dumps(values, indent=2) + "\n"
    return "".join(json.dumps(value, indent=2) + "\n" for value in values.values())

"""`cfgtool schema`: the messages of the config, and their JSON Schema."""

from __future__ import annotations

from typing import Annotated

import typer

from cfgtool.errors import UserError

app = typer.Typer(add_completion=False, help="Show the schema of the config, also as JSON Schema.")

AsJsonSchema = Annotated[
    bool, typer.Option("--json-schema", help="Print a JSON Schema of the config in protobuf's JSON.")
]
AsProto = Annotated[bool, typer.Option("--proto", help="Print the whole schema as one .proto file.")]
Root = Annotated[
    str,
    typer.Option(
        "--root", metavar="MESSAGE", help="The message to begin with; StringIntLabelMap for label maps."
    ),
]

Depth = Annotated[int, typer.Option("--depth", metavar="N", min=0, help="How deep the list of blocks goes.")]


@app.command()
def schema(
    json_schema: AsJsonSchema = False,
    proto: AsProto = False,
    root: Root = "TrainEvalPipelineConfig",
    depth: Depth = 2,
) -> None:
    """List the blocks that a config is made of.

    `cfgtool explain MESSAGE` shows the fields of one. The JSON Schema (draft 2020-12) is that of configs as protobuf's
    json_format writes them with preserving_proto_field_name; the .proto file is for compilers of other languages.
    """
    if json_schema and proto:
        raise UserError("--json-schema and --proto exclude each other", hint="give one of them")
    if proto:
        from cfgtool.files import read_text
        from cfgtool.schema.model import DATA

        print(read_text(f"{DATA}/pipeline.proto"), end="")
    elif json_schema:
        import json

        from cfgtool.schema.json_schema import json_schema as schema_of

        print(json.dumps(schema_of(root), indent=2))
    else:
        import shutil

        from cfgtool.schema.overview import overview

        print(overview(root, shutil.get_terminal_size((80, 24)).columns, depth))

"""`cfgtool schema`: the messages of the config, and their JSON Schema."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False, help="Show the schema of the config, also as JSON Schema.")

AsJsonSchema = Annotated[
    bool, typer.Option("--json-schema", help="Print a JSON Schema of the config in protobuf's JSON.")
]
Root = Annotated[
    str,
    typer.Option(
        "--root", metavar="MESSAGE", help="The message to begin with; StringIntLabelMap for label maps."
    ),
]

Depth = Annotated[int, typer.Option("--depth", metavar="N", min=0, help="How deep the list of blocks goes.")]


@app.command()
def schema(
    json_schema: AsJsonSchema = False, root: Root = "TrainEvalPipelineConfig", depth: Depth = 2
) -> None:
    """List the blocks that a config is made of.

    `cfgtool explain MESSAGE` shows the fields of one. The JSON Schema (draft 2020-12) is that of configs as protobuf's
    json_format writes them with preserving_proto_field_name.
    """
    from cfgtool.schema.overview import overview

    if json_schema:
        import json

        from cfgtool.schema.json_schema import json_schema as schema_of

        print(json.dumps(schema_of(root), indent=2))
    else:
        import shutil

        print(overview(root, shutil.get_terminal_size((80, 24)).columns, depth))

"""Record what variables the OD API builds, for networks that no reference table has.

`python -m tools.record_variables FAMILY CONFIG... --od-api PYTHON [--set path=value ...]` writes a row for each CONFIG, a
path below the reference data, to `tests/networks/recorded/FAMILY.json`: its changes, the number of its variables and the
SHA-256 of their sorted list. PYTHON is an interpreter with the OD API.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cfgtool.networks import known_extractors
from cfgtool.schema import read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "tests" / "networks" / "recorded"


def main() -> None:
    """Ask for each config and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family")
    parser.add_argument("configs", nargs="+")
    parser.add_argument("--od-api", required=True)
    parser.add_argument("--set", action="append", default=[], dest="changes")
    parser.add_argument("--size", default="128")
    asked = parser.parse_args()
    path = RECORDED / f"{asked.family}.json"
    rows = json.loads(path.read_text()) if path.exists() else []
    for config in asked.configs:
        row = _record(asked.od_api, config, asked.changes, asked.size)
        rows = [old for old in rows if (old["config"], old["changes"]) != (config, asked.changes)]
        rows.append(row)
        print(f"{config}: {row['variables']} variables")
        lines = ",\n".join(json.dumps(row) for row in rows)
        path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def _record(python: str, config: str, changes: list[str], size: str) -> dict[str, object]:
    reference = Path(os.environ.get("CFGTOOL_REFERENCE") or ROOT.parent / "shared")
    text = (reference / config).read_text(encoding="utf-8")
    for change in changes:
        path, _, value = change.partition("=")
        text = apply_edits(text, set_value(parse(text), path, value))
    model = read_config(parse(text)).message("model")
    type_ = model.message(model.which("model") or "").message("feature_extractor").text("type")
    with tempfile.NamedTemporaryFile("w", suffix=".config", delete=False) as file:
        file.write(text)
    command = [python, "-m", "tools.od_api.variables", file.name, known_extractors()[type_], size]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    os.unlink(file.name)
    if done.returncode:
        sys.exit(f"the OD API cannot build {config} {' '.join(changes)}:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    digest = hashlib.sha256(json.dumps(found).encode()).hexdigest()
    return {"config": config, "changes": changes, "variables": len(found), "sha256": digest}


if __name__ == "__main__":
    main()

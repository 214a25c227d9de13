"""Record what lint says of the published sample configs, rule by rule, with the reason why it is right to say so.

    python -m tools.sample_findings [--check] [--reference FOLDER]

`tests/lint/samples.toml` has a table for each rule: `reason`, written by a person who has looked at every finding, and
the findings as place -> configs. This tool renews the findings and keeps the reasons; a rule that is new there gets an
empty reason, which the tests refuse.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

from cfgtool.files import decode_text
from cfgtool.lint.engine import analyse
from cfgtool.textproto import parse

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "tests" / "lint" / "samples.toml"
REFERENCE = Path(os.environ.get("CFGTOOL_REFERENCE", ROOT.parent / "shared"))

Findings = dict[str, dict[str, list[str]]]
"""Code and severity -> place in the config without indices -> names of the configs, one for each finding."""


def findings(reference: Path) -> Findings:
    """What the default settings report of every sample, each judged for the generation it was written for."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted((reference / "corpus").glob("configs_*/*.config")):
        report = analyse(parse(decode_text(path.read_bytes())), str(path))
        for finding in report.findings:
            place = re.sub(r"\[\d+\]", "", finding.path) or "."
            found[f"{finding.code}-{finding.severity}"][place].append(path.stem)
    return {
        code: {place: sorted(names) for place, names in sorted(found[code].items())} for code in sorted(found)
    }


def recorded() -> tuple[dict[str, str], Findings]:
    """The reasons and the findings of the snapshot."""
    tables = tomllib.loads(TARGET.read_text(encoding="utf-8")) if TARGET.exists() else {}
    return (
        {code: table["reason"] for code, table in tables.items()},
        {code: table["findings"] for code, table in tables.items()},
    )


def render(reasons: dict[str, str], found: Findings) -> str:
    """The text of the snapshot."""
    lines = ["# Written by tools/sample_findings.py, but for the reasons: see there.", ""]
    for code, places in found.items():
        lines += [f"[{code}]", f"reason = {json.dumps(reasons.get(code, ''))}", f"[{code}.findings]"]
        for place, names in places.items():
            lines.append(f"{json.dumps(place)} = [")
            lines += [f"  {json.dumps(name)}," for name in names]
            lines.append("]")
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Renew the snapshot, or with --check tell whether it is current."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--reference", type=Path, default=REFERENCE)
    options = parser.parse_args()
    text = render(recorded()[0], findings(options.reference))
    if options.check:
        return int(not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

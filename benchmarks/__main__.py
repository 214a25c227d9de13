"""What is claimed to be fast, measured against a named peer in the same run.

    python -m benchmarks [NAME ...] [--reference FOLDER] [--od-api PYTHON]

NAMES are those of the table below, all of them by default. `--reference` is the folder of reference data (configs and
checkpoint indexes); `--od-api` the interpreter of an environment with the OD API, the peer of the training benchmark.
Figures are of the machine they are measured on: quote the ratios.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks import extremes, importing, language_server, light, matching, records, training

BENCHMARKS = {
    "cold-lint": light.cold_lint,
    "corpus-lint": light.corpus_lint,
    "record-sample": records.record_sample,
    "import": importing.importing,
    "cold-match": matching.cold_match,
    "checkpoint-list": light.checkpoint_list,
    "extremes": extremes.extremes,
    "lsp": language_server.language_server,
    "training": training.training,
    "faster-rcnn": training.faster_rcnn,
    "center-net": training.center_net,
}


def main() -> int:
    """Run the benchmarks that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=11)
    default = Path(os.environ.get("CFGTOOL_REFERENCE", Path(__file__).resolve().parents[2] / "shared"))
    parser.add_argument("--reference", type=Path, default=default)
    parser.add_argument("--od-api", help="python of an environment with the OD API")
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.names or BENCHMARKS:
            BENCHMARKS[name](light.Setting(options.rounds, options.reference, options.od_api, Path(scratch)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

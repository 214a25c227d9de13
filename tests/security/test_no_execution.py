"""Nothing that is read is run: no call in our source could run it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import cfgtool

SOURCE = Path(cfgtool.__file__).parent
RUNS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execv", "pickle.load", "pickle.loads",
    "pickle.Unpickler", "marshal.load", "marshal.loads", "shelve.open", "dill.load", "joblib.load", "np.load",
    "numpy.load", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "tf.keras.models.load_model", "runpy.run_path",
}  # fmt: skip
"""What runs, or may run, the text or the bytes that it is given."""
IMPORTS = {
    "__init__.py": "names of our own, from a table",
    "cli/main.py": "modules of commands, from a table",
    "lint/engine.py": "modules of checks, from our catalogue",
    "lint/packs.py": "modules of checks, as they lie in our own folder",
    "lint/plugins.py": "packages that are installed, and that settings name",
    "lint/reporters/__init__.py": "modules of formats, from a table",
    "migrate/steps/__init__.py": "modules of steps, as they lie in our own folder",
    "networks/__init__.py": "names of our own, from a table",
    "networks/center_net/extractor.py": "the family of a known type",
    "networks/description.py": "meta-architectures, from a table",
    "networks/faster_rcnn/extractor.py": "the family of a known type",
    "networks/ssd/extractor.py": "the family of a known type",
}
"""Files that import by a name which is a value, and where that is from."""
PROCESSES = {
    "doctor/probe.py": "ourselves and TensorFlow, in a new process",
    "training/starting/estimates.py": "nvidia-smi",
}
"""Files that start processes, and which."""


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """(file, name of what is called, call) of every call in our source."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path.relative_to(SOURCE).as_posix(), ast.unparse(node.func), node


CALLS = list(calls())


def test_nothing_runs_what_it_reads() -> None:
    assert [(file, name) for file, name, _ in CALLS if name in RUNS] == []


def test_modules_are_not_imported_by_names_from_files() -> None:
    found = {file for file, name, node in CALLS if name.endswith("import_module")
             and not isinstance(node.args[0], ast.Constant)}  # fmt: skip
    assert found <= set(IMPORTS)


def test_processes_are_started_by_few_and_never_through_a_shell() -> None:
    started = {file for file, name, _ in CALLS if name.startswith("subprocess.")}
    assert started <= set(PROCESSES)
    assert not [file for file, _, node in CALLS if any(word.arg == "shell" for word in node.keywords)]


@pytest.mark.parametrize(
    "module", ["pickle", "marshal", "shelve", "dill", "joblib", "telnetlib", "socketserver"]
)
def test_module_is_not_imported(module: str) -> None:
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert module not in {name.partition(".")[0] for name in names}, path

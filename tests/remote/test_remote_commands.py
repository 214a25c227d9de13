"""Commands on paths with a scheme: what they find, what they ask for, and what they leave alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from served import Site

from cfgtool.checkpoints import open_checkpoint
from cfgtool.checkpoints.values import Values

Run = Callable[..., subprocess.CompletedProcess[str]]
Put = Callable[[str, bytes], str]
ROOT = Path(__file__).parents[2]


def test_lint_says_of_a_served_config_what_it_says_of_the_file(
    run: Run, site: Site, fixtures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(folder: str, config: str) -> list[tuple[object, ...]]:
        result = run("lint", "--format", "json", "--isolated", config)
        assert result.returncode == 1, result.stderr
        findings = json.loads(result.stdout)
        return [(each["code"], each["line"], each["message"].replace(folder, "")) for each in findings]

    here = found(str(fixtures), str(fixtures / "demo" / "pipeline.config"))
    assert found(site.address, f"{site.address}/demo/pipeline.config") == here
    assert any(code == "CFG556" for code, *_ in here), "records beside the config were read"


def test_other_programs_are_given_the_address(run: Run, site: Site) -> None:
    config = f"{site.address}/demo/pipeline.config"
    result = run("lint", "--format", "sarif", config)
    results = json.loads(result.stdout)["runs"][0]["results"]
    assert {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results} == {
        config
    }


def test_patterns_and_baselines(run: Run, memory: Put) -> None:
    for name in ("a.config", "b.config", "c.txt"):
        memory(f"bucket/{name}", b"eval_config { num_examples: 40 }\n")
    before = run(
        "lint", "--format", "concise", "--target", "tf2", "--select", "CFG113", "memory://bucket/*.config"
    )
    assert [line.partition(": ")[0] for line in before.stdout.splitlines()] == [
        "memory://bucket/a.config:1:15",
        "memory://bucket/b.config:1:15",
    ]
    words = ("lint", "--target", "tf2", "--select", "CFG113", "memory://bucket/*.config")
    run(*words, "--write-baseline", "known.json")
    after = run(*words, "--baseline", "known.json", "--format", "concise", "--fail-on", "info")
    assert (after.returncode, after.stdout, "gone" in after.stderr) == (0, "", False)
    nothing = run("lint", "memory://bucket/*.cfg")
    assert (nothing.returncode, "matches no file" in nothing.stderr) == (2, True)


def test_names_with_a_scheme_are_followed_when_asked_only(run: Run, site: Site, tmp_path: Path) -> None:
    config = tmp_path / "pipeline.config"
    config.write_text(
        "model { ssd { num_classes: 9 } }\ntrain_input_reader {\n"
        f'  label_map_path: "{site.address}/shapes/shapes_label_map.pbtxt"\n'
        f'  tf_record_input_reader {{ input_path: "{site.address}/shapes/nothing.record" }}\n}}\n'
    )
    quiet = run("lint", "--select", "CFG5", "--format", "concise", config)
    assert (quiet.returncode, quiet.stdout, site.asked) == (0, "", [])
    told = run("lint", "--select", "CFG5", "--format", "concise", "--remote", config)
    assert told.returncode == 1
    assert "CFG513 'input_path' of" in told.stdout, "no such record"
    assert "num_classes" in told.stdout, "the label map has fewer classes"


def test_a_place_that_does_not_answer_is_a_note(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads http:// with aiohttp, which is not installed")
    config = tmp_path / "pipeline.config"
    config.write_text(
        'train_input_reader { tf_record_input_reader { input_path: "http://127.0.0.1:1/a.record" } }\n'
        'train_config { fine_tune_checkpoint: "http://127.0.0.1:1/ckpt-1" }\n'
    )
    result = run("lint", "--select", "CFG580,CFG581", "--remote", config)
    assert "Traceback" not in result.stderr
    assert "note" in result.stderr
    assert "Cannot connect to host" in result.stderr


def test_a_sample_of_a_large_file_asks_for_parts(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads http:// with aiohttp, which is not installed")
    from served import served

    from cfgtool.data import sampling
    from cfgtool.data.tfrecord import frame
    from tools.make_record_fixtures import encode_example, features

    monkeypatch.setattr(sampling, "SAMPLE_SECONDS", 20.0)
    one = frame(encode_example(features(0)))
    count = (24 << 20) // len(one) + 1
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.record").write_bytes(one * count)
    with served(folder) as site:
        config = tmp_path / "pipeline.config"
        config.write_text(
            f'train_input_reader {{ tf_record_input_reader {{ input_path: "{site.address}/a.record" }} }}\n'
        )
        result = run("lint", "--remote", config)
        assert "a sample of the records was read" in result.stderr
        assert 0 < site.sent() < 8 << 20, "of 24 MiB"


def test_match_and_checkpoint(run: Run, site: Site, fixtures: Path) -> None:
    config, prefix = f"{site.address}/demo/pipeline.config", f"{site.address}/demo/pretrained/ckpt-1"
    matched = run("match", config, "--checkpoint", prefix, "--format", "json")
    here = run(
        "match",
        fixtures / "demo/pipeline.config",
        "--checkpoint",
        fixtures / "demo/pretrained/ckpt-1",
        "--format",
        "json",
    )
    assert matched.returncode == here.returncode == 0
    assert json.loads(matched.stdout)["restored"] == json.loads(here.stdout)["restored"]
    assert site.sent(".data-00000-of-00001") == 0, "names and shapes are in the index"
    listed = run("checkpoint", "ls", f"{site.address}/demo/pretrained/", "--format", "json")
    assert listed.returncode == 0
    verified = run("checkpoint", "verify", prefix)
    assert (verified.returncode, "every checksum is right" in verified.stdout + verified.stderr) == (0, True)
    absent = run("checkpoint", "ls", f"{site.address}/demo/pretrained/ckpt-7")
    assert absent.returncode == 2
    assert "no such checkpoint" in absent.stderr


def test_a_value_is_read_where_it_lies(site: Site, fixtures: Path) -> None:
    here = open_checkpoint(str(fixtures / "demo/pretrained/ckpt-1"))
    there = open_checkpoint(f"{site.address}/demo/pretrained/ckpt-1")
    entry = here.tensors()[40]
    with Values(here) as mine, Values(there, check=True) as theirs:
        assert bytes(mine.raw(entry)) == bytes(theirs.raw(there.entries[entry.key]))
    assert site.sent(".data-00000-of-00001") < 200_000


@pytest.mark.parametrize("name", ["v1/parts.ckpt", "frozen", "saved_model_tf2", "sharded"])
def test_every_container_is_listed(memory: Put, fixtures: Path, name: str) -> None:
    source = fixtures / "checkpoints" / name
    for path in [source] if source.is_file() else filter(Path.is_file, source.rglob("*")):
        memory(f"bucket/{path.relative_to(fixtures / 'checkpoints')}", path.read_bytes())
    here, there = open_checkpoint(str(source)), open_checkpoint(f"memory://bucket/{name}")
    assert (there.container, there.format, sorted(there.entries)) == (
        here.container,
        here.format,
        sorted(here.entries),
    )
    with Values(here) as mine, Values(there) as theirs:
        for key, entry in here.entries.items():
            assert bytes(mine.raw(entry)) == bytes(theirs.raw(there.entries[key]))


def test_a_state_file_elsewhere_leads_to_no_file_here(memory: Put, fixtures: Path, tmp_path: Path) -> None:
    for path in (fixtures / "demo/pretrained").iterdir():
        memory(f"bucket/run/{path.name}", path.read_bytes())
        shutil.copy(path, tmp_path)
    memory("bucket/run/checkpoint", f'model_checkpoint_path: "{tmp_path}/ckpt-1"\n'.encode())
    assert open_checkpoint("memory://bucket/run").path == "memory://bucket/run/ckpt-1"


def test_data_check_and_stats(run: Run, site: Site) -> None:
    record = f"{site.address}/shapes/shapes_train.record"
    checked = run("data", "check", record, "--label-map", f"{site.address}/shapes/shapes_label_map.pbtxt")
    assert (checked.returncode, checked.stderr.strip()) == (0, "320 records read, 0 problems")
    missing = run("data", "check", f"{site.address}/shapes/none.record")
    assert missing.returncode == 2
    assert "no file matches" in missing.stderr


def test_several_processes_check_several_files(run: Run, memory: Put, site: Site) -> None:
    records = [f"{site.address}/shapes/shapes_{part}.record" for part in ("train", "val")]
    result = run("data", "check", *records, "--workers", "2")
    assert (result.returncode, result.stderr.strip()) == (0, "360 records read, 0 problems")


def test_fixes_go_where_the_config_is(run: Run, memory: Put) -> None:
    path = memory("bucket/my.config", b"train_config { batch_size: 8 }\neval_config { num_examples: 40 }\n")
    run("lint", "--fix", "--target", "tf2", path)
    from cfgtool.files import read_bytes

    assert b"num_examples" not in read_bytes(path)


@pytest.mark.parametrize(
    "words",
    [
        ["train", "my.config", "--model-dir", "gs://bucket/run"],
        ["train", "my.config", "--model-dir", "s3://bucket/run", "--dry-run"],
        ["evaluate", "my.config", "--model-dir", "gs://bucket/run"],
        ["export", "my.config", "--checkpoint", "ckpt-1", "-o", "gs://bucket/out"],
        ["predict", "gs://bucket/model", "a.jpg"],
        ["report", "s3://bucket/run"],
        ["plot", "losses", "run", "gs://bucket/run", "-o", "a.svg"],
        ["doctor", "--model-dir", "gs://bucket/run"],
    ],
    ids=lambda words: words[0],
)
def test_folders_of_runs_are_here_or_refused(run: Run, words: list[str], tmp_path: Path) -> None:
    result = run(*words)
    assert result.returncode == 2
    assert "has to be on this machine; use a folder here, or mount the bucket" in result.stderr.replace(
        "\n", " "
    )
    assert list(tmp_path.iterdir()) == [], "no folder called 'gs:' is made"


def test_local_paths_import_no_driver(fixtures: Path) -> None:
    demo = fixtures / "demo"
    for words in (
        ["lint", demo / "pipeline.config"],
        ["match", demo / "pipeline.config", "--checkpoint", demo / "pretrained" / "ckpt-1"],
        ["checkpoint", "ls", demo / "pretrained" / "ckpt-1", "--format", "json"],
        ["data", "check", fixtures / "shapes" / "shapes_val.record", "--workers", "1"],
    ):
        code = (
            "import sys\nfrom cfgtool.cli.start import main\n"
            f"try: main({list(map(str, words))!r})\nexcept SystemExit: pass\n"
            "print(sorted({'fsspec', 'aiohttp', 'asyncio', 'cfgtool.remote'} & set(sys.modules)), file=sys.stderr)"
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
        assert result.stderr.splitlines()[-1] == "[]", words

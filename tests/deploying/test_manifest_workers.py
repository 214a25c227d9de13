"""Without a cluster: the command line of each pod, read as the kubelet and `cfgtool train` read it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from manifests import CLAIMS, DEMO, IMAGE, ROOT, VARIANTS, Manifest, documents, pod_of

from cfgtool.cli.main import load_command
from cfgtool.schema.editing import edit_text
from cfgtool.training.run.cluster import ALONE, Cluster, find_cluster

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


def expanded(text: str, environment: dict[str, str]) -> str:
    """What the kubelet makes of an argument: `$(NAME)` is a variable if there is one, `$$` a dollar sign."""

    def value(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else environment.get(match[1], match[0])

    return _REFERENCE.sub(value, text)


def train_parameters(job: dict[str, Any], index: int | None) -> dict[str, Any]:
    """What `cfgtool train` understands in the pod of that index."""
    (container,) = pod_of(job)["containers"]
    assert container["command"] == ["cfgtool"]
    environment = {} if index is None else {"JOB_COMPLETION_INDEX": str(index)}
    command, *words = [expanded(word, environment) for word in container["args"]]
    return load_command(command).make_context(command, words).params


def cluster(parameters: dict[str, Any]) -> Cluster:
    workers = tuple(parameters["workers"].split(",")) if parameters["workers"] else ()
    return find_cluster(parameters["strategy"], workers, parameters["worker_index"], {})


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_index_finds_its_place(manifest: Manifest, variant: str) -> None:
    found = documents(manifest(*VARIANTS[variant])[1])
    job = found["Job"]
    name, count = job["metadata"]["name"], job["spec"]["completions"]
    if count == 1:
        assert cluster(train_parameters(job, None)) == ALONE
        return
    assert pod_of(job)["subdomain"] == found["Service"]["metadata"]["name"]
    port = found["Service"]["spec"]["ports"][0]["port"]
    # An indexed job calls its hosts NAME-INDEX, and the service is their domain.
    hosts = tuple(f"{name}-{index}.{pod_of(job)['subdomain']}:{port}" for index in range(count))
    for index in range(count):
        assert cluster(train_parameters(job, index)) == Cluster(hosts, index)


@pytest.mark.parametrize("variant", VARIANTS)
def test_config_and_model_dir_are_mounted(manifest: Manifest, variant: str) -> None:
    found = documents(manifest(*VARIANTS[variant])[1])
    (container,) = pod_of(found["Job"])["containers"]
    parameters = train_parameters(found["Job"], 0)
    read_only = {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]}
    folder, _, file = parameters["config"].rpartition("/")
    assert read_only[folder] is True
    assert list(found["ConfigMap"]["data"]) == [file]
    model_dir = Path(parameters["model_dir"])
    (writable,) = [path for path in read_only if model_dir.is_relative_to(path)]
    assert read_only[writable] is False
    assert read_only[container["workingDir"]] is (container["workingDir"] != writable)


def test_options_arrive_as_they_were_written(manifest: Manifest) -> None:
    parameters = train_parameters(documents(manifest(*VARIANTS["everything"])[1])["Job"], 3)
    assert parameters["eval_every"] == 5
    assert parameters["best"] == "a $(b) $$c"
    assert str(parameters["model_dir"]) == "/runs/pets-2"


def test_the_config_is_the_one_given(manifest: Manifest) -> None:
    text = manifest(*IMAGE, "--workers", "2", *CLAIMS)[1]
    found = documents(text)["ConfigMap"]
    assert found["data"] == {"pipeline.config": DEMO.read_text()}
    assert found["immutable"] is True
    assert "  pipeline.config: |\n    # A small detector" in text


def test_set_changes_the_config_as_the_command_set_does(manifest: Manifest) -> None:
    changes = ["train_config.batch_size=12", "train_config.num_steps=3"]
    words = [word for change in changes for word in ("--set", change)]
    found = documents(manifest(*IMAGE, "--workers", "2", *CLAIMS, *words)[1])["ConfigMap"]
    assert found["data"]["pipeline.config"] == edit_text(DEMO.read_text(), changes).text != DEMO.read_text()


@pytest.mark.parametrize("index", [0, 1])
def test_a_pod_would_start(manifest: Manifest, tmp_path: Path, index: int) -> None:
    """The command line of a pod plans its run, with folders here in place of what is mounted there."""
    found = documents(manifest(*IMAGE, "--workers", "2", *CLAIMS, "--train-option", "--eval-every 5")[1])
    (container,) = pod_of(found["Job"])["containers"]
    assert container["workingDir"] == "/data"
    places = {"/data": str(DEMO.parent), "/runs": str(tmp_path / "runs"), "/etc/cfgtool": str(tmp_path)}
    (tmp_path / "pipeline.config").write_text(found["ConfigMap"]["data"]["pipeline.config"])
    words = [expanded(word, {"JOB_COMPLETION_INDEX": str(index)}) for word in container["args"]]
    for there, here in places.items():
        words = [here + word.removeprefix(there) if word.startswith(there) else word for word in words]
    done = subprocess.run(
        [sys.executable, "-m", "cfgtool", *words, "--dry-run", "--format", "json"],
        cwd=places["/data"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert said["config"] == str(tmp_path / "pipeline.config")
    # Relative paths lead from the first claim: beside this copy of the config there is nothing.
    assert (said["weights"]["from"], said["weights"]["checkpoint"]) == ("restore", "pretrained/ckpt-1")

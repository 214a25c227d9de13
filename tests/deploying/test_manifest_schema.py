"""Every manifest is what the published schemas of Kubernetes ask for, and what its API server checks besides."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import kubernetes_validate
import pytest
from manifests import CLAIMS, IMAGE, VARIANTS, Manifest, documents, pod_of

from cfgtool.deploying.resources import OLDEST

VERSIONS = (OLDEST, kubernetes_validate.latest_version())
Job = dict[str, Any]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_it_fits_the_schema(manifest: Manifest, variant: str, version: str) -> None:
    status, text, _ = manifest(*VARIANTS[variant])
    assert status == 0
    for resource in documents(text).values():
        assert kubernetes_validate.validate(resource, version, strict=True)


@pytest.fixture
def job(manifest: Manifest) -> Job:
    return documents(manifest(*VARIANTS["everything"])[1])["Job"]


MUTATIONS: dict[str, Callable[[Job], object]] = {
    "unknown field": lambda job: job["spec"].update(completionsMode="Indexed"),
    "unknown field of a container": lambda job: pod_of(job)["containers"][0].update(arguments=[]),
    "text for a number": lambda job: job["spec"].update(backoffLimitPerIndex="6"),
    "number for a text": lambda job: pod_of(job)["containers"][0]["args"].append(500),
    "truth for a text": lambda job: job["spec"]["podFailurePolicy"]["rules"][0]["onPodConditions"][0].update(
        status=True
    ),
    "no containers": lambda job: pod_of(job).pop("containers"),
    "no name of a volume": lambda job: pod_of(job)["volumes"][0].pop("name"),
    "no action": lambda job: job["spec"]["podFailurePolicy"]["rules"][0].pop("action"),
    "no template": lambda job: job["spec"].pop("template"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_schema_finds_mistakes(job: Job, mutation: str) -> None:
    broken = copy.deepcopy(job)
    MUTATIONS[mutation](broken)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, OLDEST, strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_no_schema_says(manifest: Manifest, variant: str) -> None:
    """Rules of the API server about fields that go together."""
    found = documents(manifest(*VARIANTS[variant])[1])
    spec, pod = found["Job"]["spec"], pod_of(found["Job"])
    assert pod["restartPolicy"] == "Never", "a policy on failures and limits per index need it"
    assert len({resource["metadata"].get("namespace") for resource in found.values()}) == 1
    volumes = [volume["name"] for volume in pod["volumes"]]
    (container,) = pod["containers"]
    mounts = container["volumeMounts"]
    assert len(set(volumes)) == len(volumes)
    assert {mount["name"] for mount in mounts} == set(volumes)
    assert len({mount["mountPath"] for mount in mounts}) == len(mounts)
    assert pod["volumes"][0]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]
    for rule in spec["podFailurePolicy"]["rules"]:
        assert rule.get("onExitCodes", {}).get("containerName", container["name"]) == container["name"]
    if "Service" not in found:
        assert {"completionMode", "backoffLimitPerIndex", "maxFailedIndexes"}.isdisjoint(spec)
        assert "subdomain" not in pod
        return
    service = found["Service"]
    assert spec["completionMode"] == "Indexed"
    assert "backoffLimit" not in spec
    assert spec["completions"] == spec["parallelism"]
    assert pod["subdomain"] == service["metadata"]["name"] == found["Job"]["metadata"]["name"]
    assert service["spec"]["clusterIP"] == "None"
    labels = found["Job"]["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert service["spec"]["ports"][0]["port"] == container["ports"][0]["containerPort"]


def action(job: Job, code: int, *conditions: str) -> str:
    """What the job's policy makes of a pod that ended with a code: the first rule that fits, else it counts."""
    for rule in job["spec"]["podFailurePolicy"]["rules"]:
        wanted = {(one["type"], one["status"]) for one in rule.get("onPodConditions", ())}
        if wanted & {(condition, "True") for condition in conditions}:
            return str(rule["action"])
        if code in rule.get("onExitCodes", {}).get("values", ()):
            return str(rule["action"])
    return "Count"


@pytest.mark.parametrize(
    ("workers", "code", "conditions", "expected"),
    [
        ("2", 130, (), "Ignore"),
        ("2", 143, (), "Ignore"),
        ("2", 137, ("DisruptionTarget",), "Ignore"),
        ("2", 2, ("DisruptionTarget",), "Ignore"),
        ("2", 2, (), "Count"),
        ("2", 137, (), "Count"),
        ("2", 1, (), "Count"),
        ("1", 130, (), "Ignore"),
        ("1", 2, (), "FailJob"),
        ("1", 137, (), "Count"),
    ],
)
def test_what_becomes_of_a_pod_that_ends(
    manifest: Manifest, workers: str, code: int, conditions: tuple[str, ...], expected: str
) -> None:
    found = documents(manifest(*IMAGE, "--workers", workers, *CLAIMS)[1])
    assert action(found["Job"], code, *conditions) == expected


def test_a_worker_that_failed_too_often_ends_all(job: Job) -> None:
    assert job["spec"]["backoffLimitPerIndex"] == 0
    assert job["spec"]["maxFailedIndexes"] == 0

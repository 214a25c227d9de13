"""A run as Kubernetes resources (config map, headless service, job), written from the API's reference.

What becomes of a pod that ends, and why:

- 130 (stopped and saved) and 143 (told to stop before the first step): somebody stopped it, so it does not count. One
  worker that is told to stop stops all of them; so do evictions and preemptions, which have a condition of their own.
- 2 of several workers: one of the others is gone, or a mistake; nothing tells which. All of them end so and start again,
  and each counts for itself (`backoffLimitPerIndex`), so that they wait equally long. The first that has failed too often
  ends the job, because the others cannot go on without it.
- 2 of a worker alone: a mistake, which no repetition mends.
- All else, such as a kill for memory, counts.

A worker's host name is that of the job with its index, in the domain of the service. Its successor starts only after it
has ended (the only replacement policy with a policy on failures), so no two write in one model dir.
"""

from __future__ import annotations

from typing import Any

from cfgtool.deploying.run import CONFIG_FILE, CONFIG_FOLDER, CONFIG_PATH, SHARED_MEMORY, ClusterRun

Resource = dict[str, Any]

CONTAINER = "cfgtool"
INDEX = "JOB_COMPLETION_INDEX"
"""Set in every container of an indexed job."""
STOPPED = (130, 143)
FAILED = 2
OLDEST = "1.29"
"""The first version of Kubernetes that has all of it switched on."""


def resources(run: ClusterRun, config: str) -> list[Resource]:
    """The resources of a run of this config, in the order in which they should come to be."""
    found = [_config_map(run, config)]
    if run.workers > 1:
        found.append(_service(run))
    return [*found, _job(run)]


def command_line(run: ClusterRun) -> list[str]:
    """The words after `cfgtool` as a pod has them, the index of the worker left to it."""
    words = ["train", CONFIG_PATH, "--model-dir", run.model_dir]
    if run.workers > 1:
        words += ["--workers", ",".join(run.addresses)]
    words += run.options
    words = [word.replace("$", "$$") for word in words]  # else $(NAME) would be looked for in the environment
    return [*words, "--worker-index", f"$({INDEX})"] if run.workers > 1 else words


def _labels(run: ClusterRun) -> dict[str, str]:
    return {"app.kubernetes.io/name": "cfgtool", "app.kubernetes.io/instance": run.name}


def _metadata(run: ClusterRun, name: str) -> Resource:
    place = {} if run.namespace is None else {"namespace": run.namespace}
    return {"name": name, **place, "labels": _labels(run)}


def _config_map(run: ClusterRun, config: str) -> Resource:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(run, _config_name(run)),
        # Workers that start again must find the config that the others run.
        "immutable": True,
        "data": {CONFIG_FILE: config},
    }


def _config_name(run: ClusterRun) -> str:
    return f"{run.name}-config"


def _service(run: ClusterRun) -> Resource:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(run, run.name),
        "spec": {
            "clusterIP": "None",
            # Workers look for each other while all of them start.
            "publishNotReadyAddresses": True,
            "selector": _labels(run),
            "ports": [{"name": "worker", "port": run.port, "targetPort": run.port}],
        },
    }


def _job(run: ClusterRun) -> Resource:
    if run.workers > 1:
        shape: Resource = {
            "completionMode": "Indexed",
            "completions": run.workers,
            "parallelism": run.workers,
            "backoffLimitPerIndex": run.retries,
            "maxFailedIndexes": 0,
        }
    else:
        shape = {"completions": 1, "parallelism": 1, "backoffLimit": run.retries}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(run, run.name),
        "spec": {
            **shape,
            "podFailurePolicy": {"rules": _rules(run)},
            "template": {"metadata": {"labels": _labels(run)}, "spec": _pod(run)},
        },
    }


def _rules(run: ClusterRun) -> list[Resource]:
    """What becomes of a pod that failed; the first rule that fits counts."""
    rules: list[Resource] = [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "Ignore", "onExitCodes": _exit_codes(*STOPPED)},
    ]
    if run.workers == 1:
        rules.append({"action": "FailJob", "onExitCodes": _exit_codes(FAILED)})
    return rules


def _exit_codes(*codes: int) -> Resource:
    return {"containerName": CONTAINER, "operator": "In", "values": list(codes)}


def _pod(run: ClusterRun) -> Resource:
    pod: Resource = {"restartPolicy": "Never"}
    if run.workers > 1:
        pod["subdomain"] = run.name
    pod |= {
        # A step, perhaps an evaluation, and a checkpoint are finished after the signal.
        "terminationGracePeriodSeconds": run.grace_seconds,
        # The first process of a container is deaf to SIGTERM until it asks for it, which training does at its first step.
        "shareProcessNamespace": True,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
    }
    if run.gpus:
        pod["tolerations"] = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    return {**pod, "containers": [_container(run)], "volumes": _volumes(run)}


def _container(run: ClusterRun) -> Resource:
    container: Resource = {
        "name": CONTAINER,
        "image": run.image,
        "command": ["cfgtool"],
        "args": command_line(run),
        "workingDir": run.working_dir,
    }
    if run.workers > 1:
        container["ports"] = [{"name": "worker", "containerPort": run.port}]
    if wanted := _wanted(run):
        container["resources"] = wanted
    return {**container, "volumeMounts": _mounts(run)}


def _wanted(run: ClusterRun) -> Resource:
    """Memory is what may be used, too; processors are not, for nobody gains by idle ones."""
    requests: Resource = {}
    limits: Resource = {}
    if run.cpus is not None:
        requests["cpu"] = run.cpus
    if run.memory is not None:
        requests["memory"] = limits["memory"] = run.memory
    if run.gpus:
        requests["nvidia.com/gpu"] = limits["nvidia.com/gpu"] = run.gpus
    return {name: amounts for name, amounts in (("requests", requests), ("limits", limits)) if amounts}


def _volume_names(run: ClusterRun) -> dict[str, str]:
    """Claim -> volume; a claim that is mounted twice is one volume."""
    return {name: f"claim-{number}" for number, name in enumerate(dict.fromkeys(c.name for c in run.claims))}


def _mounts(run: ClusterRun) -> list[Resource]:
    mounts: list[Resource] = [{"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": True}]
    names = _volume_names(run)
    for claim in run.claims:
        mount: Resource = {"name": names[claim.name], "mountPath": claim.mount}
        if claim != run.model_claim:
            mount["readOnly"] = True
        mounts.append(mount)
    if run.gpus > 1:
        mounts.append({"name": "shared-memory", "mountPath": SHARED_MEMORY})
    return mounts


def _volumes(run: ClusterRun) -> list[Resource]:
    volumes: list[Resource] = [{"name": "config", "configMap": {"name": _config_name(run)}}]
    volumes += (
        {"name": volume, "persistentVolumeClaim": {"claimName": claim}}
        for claim, volume in _volume_names(run).items()
    )
    if run.gpus > 1:
        # GPUs exchange sums through it, and a container's own has 64 MiB.
        volumes.append({"name": "shared-memory", "emptyDir": {"medium": "Memory"}})
    return volumes

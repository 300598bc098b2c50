"""Jobs and CronJobs on every control plane."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.runtime.resources import CRONJOBS, JOBS, PODS

from tests.support.waiting import eventually
from tests.support.workloads import Workloads, condition, pod_spec

Object = dict[str, Any]


@pytest.fixture(autouse=True)
def needs_tracking(work: Workloads) -> None:
    if work.cluster.minor < 26:
        pytest.skip("Jobs count their pods by finalizers since Kubernetes 1.26")


def job(name: str, **spec: Any) -> Object:
    template = {"metadata": {"labels": {"app": name}}, "spec": pod_spec(restartPolicy="Never")}
    return {"metadata": {"name": name}, "spec": {"template": template, **spec}}


async def over(work: Workloads, name: str, type_: str) -> Object:
    async def ended() -> Object | None:
        found = await work.get(JOBS, name)
        final = condition(found, type_)
        return found if final and final["status"] == "True" else None

    return await eventually(ended, f"job {name} {type_}")


async def count(work: Workloads, name: str, **wanted: int) -> None:
    async def reached() -> bool:
        state = (await work.get(JOBS, name)).get("status", {})
        return all(state.get(field, 0) == number for field, number in wanted.items())

    await eventually(reached, f"{wanted} in the status of {name}")


async def test_a_job_runs_until_enough_pods_have_succeeded(work: Workloads) -> None:
    await work.create(JOBS, job("once", completions=3, parallelism=2))
    first, second = await work.pods("once", 2)
    await count(work, "once", active=2)
    await work.finish(first, "Succeeded")
    await count(work, "once", succeeded=1, active=2)
    running = [pod for pod in await work.all(PODS, "once") if pod["status"]["phase"] == "Pending"]
    assert len(running) == 2
    assert second["metadata"]["name"] in {pod["metadata"]["name"] for pod in running}
    for pod in running:
        await work.finish(pod, "Succeeded")
    done = await over(work, "once", "Complete")
    assert done["status"]["succeeded"] == 3
    assert done["status"]["completionTime"]
    for pod in await work.all(PODS, "once"):
        assert not pod["metadata"].get("finalizers"), "a counted pod may go"
    said = await work.event("Job", "once", "Completed")
    assert said["message"] == "Job completed"


async def test_a_job_that_fails_too_often_is_failed(work: Workloads) -> None:
    await work.create(JOBS, job("bad", backoffLimit=0))
    (pod,) = await work.pods("bad", 1)
    await work.finish(pod, "Failed")
    failed = await over(work, "bad", "Failed")
    final = condition(failed, "Failed")
    assert final and final["reason"] == "BackoffLimitExceeded"
    assert final["message"] == "Job has reached the specified backoff limit"
    assert failed["status"]["failed"] == 1


async def test_the_deadline_of_a_job_ends_its_pods(work: Workloads) -> None:
    await work.create(JOBS, job("slow", activeDeadlineSeconds=1))
    failed = await over(work, "slow", "Failed")
    final = condition(failed, "Failed")
    assert final and final["reason"] == "DeadlineExceeded"
    await work.pods("slow", 0)


async def test_an_indexed_job_gives_each_pod_a_number(work: Workloads) -> None:
    await work.create(JOBS, job("idx", completions=2, parallelism=2, completionMode="Indexed"))
    pods = await work.pods("idx", 2)
    indexes = {pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] for pod in pods}
    assert indexes == {"0", "1"}
    for pod in pods:
        env = {each["name"] for each in pod["spec"]["containers"][0]["env"]}
        assert "JOB_COMPLETION_INDEX" in env
        await work.finish(pod, "Succeeded")
    assert (await over(work, "idx", "Complete"))["status"]["completedIndexes"] == "0,1"


async def test_a_finished_job_is_deleted_after_its_time_to_live(work: Workloads) -> None:
    await work.create(JOBS, job("brief", ttlSecondsAfterFinished=0))
    (pod,) = await work.pods("brief", 1)
    await work.finish(pod, "Succeeded")
    await work.gone(JOBS, "brief")
    await work.gone(PODS, pod["metadata"]["name"])


async def test_a_suspended_job_has_no_pods_until_it_is_resumed(work: Workloads) -> None:
    await work.create(JOBS, job("later", suspend=True))

    async def suspended() -> bool:
        found = condition(await work.get(JOBS, "later"), "Suspended")
        return bool(found and (found["status"], found["reason"]) == ("True", "JobSuspended"))

    await eventually(suspended, "the condition Suspended")
    assert not await work.all(PODS, "later")
    await work.patch(JOBS, "later", {"spec": {"suspend": False}})
    await work.pods("later", 1)

    async def resumed() -> bool:
        found = condition(await work.get(JOBS, "later"), "Suspended")
        return bool(found and (found["status"], found["reason"]) == ("False", "JobResumed"))

    await eventually(resumed, "the condition says that it was resumed")


def every_minute(**spec: Any) -> Object:
    template = {"spec": job("tick")["spec"]}
    return {"metadata": {"name": "tick"}, "spec": {"schedule": "* * * * *", "jobTemplate": template, **spec}}


async def test_a_cron_job_makes_a_job_when_it_is_due(work: Workloads) -> None:
    # One at a time: the next minute may come while the first Job is looked at.
    await work.create(CRONJOBS, every_minute(concurrencyPolicy="Forbid"))

    async def first() -> Object | None:
        return next(iter(await work.all(JOBS)), None)

    made = await eventually(first, "the first Job", timeout=150)
    assert made["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    stamp, number = made["metadata"]["name"].split("-")
    assert stamp == "tick"
    assert int(number) > 29_000_000, "minutes since 1970"

    async def noted() -> Object | None:
        found = await work.get(CRONJOBS, "tick")
        return found if found.get("status", {}).get("active") else None

    found = await eventually(noted, "the Job in the status")
    assert found["status"]["active"][0]["name"] == made["metadata"]["name"]
    assert found["status"]["lastScheduleTime"].endswith(":00Z")
    (pod,) = await work.pods("tick", 1)
    await work.finish(pod, "Succeeded")
    await work.event("CronJob", "tick", "SawCompletedJob")


async def test_kubectl_starts_a_job_from_a_cron_job(work: Workloads) -> None:
    await work.create(CRONJOBS, every_minute(suspend=True))
    work.cluster.kubectl("create", "job", "now", "--from=cronjob/tick")
    (pod,) = await work.pods("tick", 1)
    await work.finish(pod, "Succeeded")
    await over(work, "now", "Complete")

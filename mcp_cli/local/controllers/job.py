"""The Job controller: runs pods until enough of them have succeeded, or too many have failed.

Role: reads caches, writes pods and status. A pod carries a finalizer until its end is counted in the status, so that no
result is lost and none counted twice: first its uid is written down, then the finalizer goes, then the count rises.
Decisions are in `job_plan`. Called by `manager`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import ApiError, NotFound
from mcp_operator.runtime.resources import JOBS, PODS, Key

from mcp_cli.local.controllers import job_plan as plan
from mcp_cli.local.controllers.context import Context, enqueue_itself
from mcp_cli.local.controllers.objects import Object, condition, is_deleting, name, namespace, now, status, uid
from mcp_cli.local.controllers.pods import PodControl, follow_pods

COMPONENT = "job-controller"


class JobController:
    """One instance for all Jobs."""

    def __init__(self, context: Context) -> None:
        self._client = context.client
        self._recorder = context.recorder(COMPONENT)
        self._jobs = context.informer(JOBS, "controller")
        self._informer = context.informer(PODS, "controller")
        self._pods = PodControl(context.client, self._recorder)
        controller = context.controller(COMPONENT, self.reconcile, workers=2)
        enqueue_itself(self._jobs, controller)
        follow_pods(self._informer, "Job", controller, self._pods.expectations)

    async def reconcile(self, key: Key) -> Result | None:
        job = self._jobs.get(*key)
        if job is None:
            self._pods.expectations.forget(key)
            return None
        pods = self._informer.by_index("controller", uid(job))
        if plan.is_over(job):
            await self._release(pods)
            return await self._expire(job)
        if is_deleting(job):
            await self._release(pods)
            return None
        return await self._work(key, job, pods)

    async def _work(self, key: Key, job: Object, pods: list[Object]) -> Result | None:
        fresh: Object = {key: value for key, value in status(job).items() if key not in ("active", "ready")}
        suspended = bool(job["spec"].get("suspend"))
        self._note_suspension(job, fresh, suspended)
        if not suspended:
            fresh.setdefault("startTime", now())
        counted = plan.tally({**job, "status": fresh}, pods)
        verdict = plan.judge({**job, "status": fresh}, counted)
        wait: float | None = None
        error: ApiError | None = None
        if self._pods.expectations.satisfied(key):
            if verdict is not None:
                error = await self._pods.delete(job, counted.active)
            else:
                wait, error = await self._manage(job, pods, counted)
        fresh.update(plan.new_counts(job, counted))
        await self._settle(job, fresh, pods, counted, verdict)
        if error is not None:
            raise error
        waits = [each for each in (wait, plan.seconds_to_deadline({**job, "status": fresh})) if each is not None]
        return Result(requeue_after=min(waits, default=None))

    async def _manage(
        self, job: Object, pods: list[Object], counted: plan.Tally
    ) -> tuple[float | None, ApiError | None]:
        """Starts or stops pods; returns how long a back-off still lasts, and what went wrong."""
        missing = plan.wanted_active(job, counted) - len(counted.active)
        if missing < 0:
            return None, await self._pods.delete(job, counted.active[missing:])
        if missing == 0:
            return None, None
        wait = plan.backoff_left(job, pods, counted)
        if wait > 0:
            return wait, None
        return None, await self._pods.create(job, plan.pods_to_create(job, pods, missing))

    # --- the status ----------------------------------------------------------------------------------------------

    async def _settle(
        self, job: Object, fresh: Object, pods: Sequence[Object], counted: plan.Tally, verdict: plan.Verdict | None
    ) -> None:
        """The three steps of counting, as far as they can be taken now, each written before the next."""
        uncounted: dict[str, list[str]] = {}
        done = {uid(pod) for pod in pods if plan.TRACKING in (pod["metadata"].get("finalizers") or ())}
        before = status(job).get("uncountedTerminatedPods") or {}
        for field, ended in (("succeeded", counted.uncounted_succeeded), ("failed", counted.uncounted_failed)):
            still = [each for each in before.get(field) or () if each in done]
            risen = len(before.get(field) or ()) - len(still)
            if risen:
                fresh[field] = int(fresh.get(field) or 0) + risen
            both = [*still, *(uid(pod) for pod in ended)]
            if both:
                uncounted[field] = both
        fresh["uncountedTerminatedPods"] = uncounted
        self._note_indexes(job, fresh, pods)
        if verdict is not None:
            self._conclude(job, fresh, verdict, bool(uncounted) or bool(counted.active))
        await self._write_status(job, fresh)
        ended_uids = {each for field in uncounted.values() for each in field}
        await self._release([pod for pod in pods if uid(pod) in ended_uids])

    def _note_indexes(self, job: Object, fresh: Object, pods: Sequence[Object]) -> None:
        if job["spec"].get("completionMode") != "Indexed":
            return
        ended = [plan.index_of(pod) for pod in pods if status(pod).get("phase") == "Succeeded"]
        spelled = plan.spell_ranges([*plan.completed_indexes(job), *(each for each in ended if each >= 0)])
        if spelled:
            fresh["completedIndexes"] = spelled

    def _conclude(self, job: Object, fresh: Object, verdict: plan.Verdict, pods_left: bool) -> None:
        """First the interim condition, and the final one when every pod is counted and none runs."""
        interim = "SuccessCriteriaMet" if verdict.type == "Complete" else "FailureTarget"
        _add_condition(fresh, interim, verdict.reason, verdict.message)
        if pods_left:
            return
        _add_condition(fresh, verdict.type, verdict.reason, verdict.message)
        if verdict.type == "Complete":
            fresh["completionTime"] = now()
            self._recorder.normal(job, "Completed", "Job completed")
        else:
            self._recorder.warning(job, verdict.reason, verdict.message)

    def _note_suspension(self, job: Object, fresh: Object, suspended: bool) -> None:
        current = condition(fresh, "Suspended")
        if suspended == bool(current and current["status"] == "True"):
            return
        reason, message = ("JobSuspended", "Job suspended") if suspended else ("JobResumed", "Job resumed")
        fresh["conditions"] = [each for each in fresh.get("conditions") or () if each["type"] != "Suspended"]
        _add_condition(fresh, "Suspended", reason, message, "True" if suspended else "False")
        if suspended:
            fresh.pop("startTime", None)
            self._recorder.normal(job, "Suspended", message)
        else:
            fresh["startTime"] = now()
            self._recorder.normal(job, "Resumed", message)

    async def _write_status(self, job: Object, fresh: Object) -> None:
        if fresh != status(job):
            await self._client.replace(JOBS, {**job, "status": fresh}, subresource="status")

    # --- pods and the Job's own end ------------------------------------------------------------------------------

    async def _release(self, pods: Sequence[Object]) -> None:
        await asyncio.gather(*(self._drop_finalizer(pod) for pod in pods))

    async def _drop_finalizer(self, pod: Object) -> None:
        finalizers: list[Any] = pod["metadata"].get("finalizers") or []
        if plan.TRACKING not in finalizers:
            return
        kept = [each for each in finalizers if each != plan.TRACKING]
        try:
            change = {"metadata": {"uid": uid(pod), "finalizers": kept or None}}
            await self._client.patch(PODS, name(pod), change, namespace(pod))
        except NotFound:
            return

    async def _expire(self, job: Object) -> Result | None:
        left = plan.expires_in(job)
        if left == 0.0 and not is_deleting(job):
            await self._client.delete(JOBS, name(job), namespace(job), uid=uid(job), propagation="Foreground")
            return None
        return Result(requeue_after=left) if left else None


def _add_condition(fresh: Object, type_: str, reason: str, message: str, value: str = "True") -> None:
    if condition(fresh, type_) is not None:
        return
    moment = now()
    added = {
        "type": type_,
        "status": value,
        "reason": reason,
        "message": message,
        "lastProbeTime": moment,
        "lastTransitionTime": moment,
    }
    fresh["conditions"] = [*(fresh.get("conditions") or ()), added]

"""The CronJob controller: makes a Job at each time of the schedule, and clears old ones away.

Role: reads caches, writes Jobs and status; wakes at the next time only. `cron` knows the expressions.
Called by `manager`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import AlreadyExists, NotFound
from mcp_operator.runtime.resources import CRONJOBS, JOBS, Key

from mcp_cli.local.controllers import cron
from mcp_cli.local.controllers.claims import owner_key
from mcp_cli.local.controllers.context import Context, enqueue_itself, on_change
from mcp_cli.local.controllers.job_plan import is_over
from mcp_cli.local.controllers.objects import (
    Object,
    annotations_of,
    compact,
    condition_is_true,
    is_deleting,
    name,
    namespace,
    owner_reference,
    parse_time,
    spell_time,
    status,
    uid,
)

COMPONENT = "cronjob-controller"
SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"


class CronJobController:
    """One instance for all CronJobs."""

    def __init__(self, context: Context) -> None:
        self._client = context.client
        self._recorder = context.recorder(COMPONENT)
        self._cron_jobs = context.informer(CRONJOBS)
        self._jobs = context.informer(JOBS, "controller")
        self._controller = context.controller(COMPONENT, self.reconcile)
        enqueue_itself(self._cron_jobs, self._controller)
        on_change(self._jobs, self._job_changed)

    def _job_changed(self, job: Object) -> None:
        key = owner_key(job, "CronJob")
        if key is not None:
            self._controller.enqueue(key)

    async def reconcile(self, key: Key) -> Result | None:
        cron_job = self._cron_jobs.get(*key)
        if cron_job is None or is_deleting(cron_job):
            return None
        jobs = self._jobs.by_index("controller", uid(cron_job))
        fresh = self._observed(cron_job, jobs)
        await self._clear(cron_job, jobs)
        wait = await self._start_due(cron_job, jobs, fresh)
        fresh = compact(fresh)
        if fresh != status(cron_job):
            await self._client.replace(CRONJOBS, {**cron_job, "status": fresh}, subresource="status")
        return Result(requeue_after=wait)

    def _observed(self, cron_job: Object, jobs: Sequence[Object]) -> Object:
        """The status for the Jobs at hand: the active ones, and when one last succeeded."""
        fresh = dict(status(cron_job))
        before = {each["uid"] for each in fresh.get("active") or ()}
        for job in jobs:
            if not is_over(job):
                continue
            if uid(job) in before:
                ended = "Complete" if condition_is_true(status(job), "Complete") else "Failed"
                message = f"Saw completed job: {name(job)}, condition: {ended}"
                self._recorder.normal(cron_job, "SawCompletedJob", message)
            ended_at = status(job).get("completionTime")
            if ended_at and ended_at > fresh.get("lastSuccessfulTime", ""):
                fresh["lastSuccessfulTime"] = ended_at
        fresh["active"] = [_reference(job) for job in jobs if not is_over(job)]
        return fresh

    async def _clear(self, cron_job: Object, jobs: Sequence[Object]) -> None:
        """Keeps the last few finished Jobs of each kind."""
        for ended, field, default in (
            ("Complete", "successfulJobsHistoryLimit", 3),
            ("Failed", "failedJobsHistoryLimit", 1),
        ):
            finished = [job for job in jobs if condition_is_true(status(job), ended) and not is_deleting(job)]
            finished.sort(key=lambda job: (status(job).get("startTime") or "", name(job)), reverse=True)
            for job in finished[int(cron_job["spec"].get(field, default)) :]:
                await self._delete(cron_job, job)

    async def _start_due(self, cron_job: Object, jobs: Sequence[Object], fresh: Object) -> float | None:
        """Makes the Job that is due, and returns the seconds to the next time."""
        if cron_job["spec"].get("suspend"):
            return None
        try:
            schedule, zone = cron.parse(cron_job["spec"]["schedule"]), _zone(cron_job)
        except (cron.CronError, ZoneInfoNotFoundError) as error:
            message = f"unparseable schedule: {cron_job['spec']['schedule']!r} : {error}"
            self._recorder.warning(cron_job, "UnparseableSchedule", message)
            return None
        moment = datetime.now(UTC)
        when, count = cron.due(schedule, self._since(cron_job, moment), moment, zone)
        following = schedule.after(moment.astimezone(zone))
        wait = (following - moment).total_seconds() + 0.05 if following else None
        if when is None:
            return wait
        if count > cron.MANY:
            self._recorder.warning(
                cron_job,
                "TooManyMissedTimes",
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
            )
        await self._start(cron_job, jobs, when, fresh)
        return wait

    def _since(self, cron_job: Object, moment: datetime) -> datetime:
        last = status(cron_job).get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"]
        since = parse_time(last) or moment
        deadline = cron_job["spec"].get("startingDeadlineSeconds")
        return max(since, moment - timedelta(seconds=int(deadline))) if deadline is not None else since

    async def _start(self, cron_job: Object, jobs: Sequence[Object], when: datetime, fresh: Object) -> None:
        active = [job for job in jobs if not is_over(job)]
        policy = cron_job["spec"].get("concurrencyPolicy", "Allow")
        wanted = _job(cron_job, when)
        if active and policy == "Forbid":
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._recorder.normal(cron_job, "JobAlreadyActive", message)
            return
        if active and policy == "Replace":
            for job in active:
                await self._delete(cron_job, job)
            fresh["active"] = []
        try:
            made = await self._client.create(JOBS, wanted)
        except AlreadyExists:
            fresh["lastScheduleTime"] = spell_time(when.astimezone(UTC))
            return  # Made before, and the status was not written.
        self._recorder.normal(cron_job, "SuccessfulCreate", f"Created job {name(made)}")
        fresh["active"] = [*fresh["active"], _reference(made)]
        fresh["lastScheduleTime"] = spell_time(when.astimezone(UTC))

    async def _delete(self, cron_job: Object, job: Object) -> None:
        try:
            await self._client.delete(JOBS, name(job), namespace(job), uid=uid(job), propagation="Background")
        except NotFound:
            return
        self._recorder.normal(cron_job, "SuccessfulDelete", f"Deleted job {name(job)}")


def _zone(cron_job: Object) -> tzinfo:
    zone = cron_job["spec"].get("timeZone")
    return ZoneInfo(zone) if zone else datetime.now().astimezone().tzinfo or UTC


def _job(cron_job: Object, when: datetime) -> Object:
    template = cron_job["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    stamp = when.isoformat().replace("+00:00", "Z")
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {
            "name": f"{name(cron_job)}-{int(when.timestamp()) // 60}",
            "namespace": namespace(cron_job),
            "labels": metadata.get("labels") or {},
            "annotations": {**annotations_of({"metadata": metadata}), SCHEDULED_AT: stamp},
            "ownerReferences": [owner_reference(cron_job, CRONJOBS)],
        },
        "spec": template["spec"],
    }


def _reference(job: Object) -> Object:
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "name": name(job),
        "namespace": namespace(job),
        "resourceVersion": job["metadata"]["resourceVersion"],
        "uid": uid(job),
    }

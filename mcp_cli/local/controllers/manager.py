"""All workload controllers together, on one client.

Role: composes and runs them. Called by the daemon of the embedded cluster and by `python -m mcp_cli.local.controllers`.
"""

from __future__ import annotations

import asyncio

from mcp_operator.runtime.client import KubeClient

from mcp_cli.local.controllers.context import Context
from mcp_cli.local.controllers.cronjob import CronJobController
from mcp_cli.local.controllers.daemonset import DaemonSetController
from mcp_cli.local.controllers.deployment import DeploymentController
from mcp_cli.local.controllers.disruption import DisruptionController
from mcp_cli.local.controllers.endpoints import EndpointsController
from mcp_cli.local.controllers.garbage import GarbageCollector
from mcp_cli.local.controllers.hpa import AutoscalerStatus
from mcp_cli.local.controllers.job import JobController
from mcp_cli.local.controllers.namespaces import NamespaceContents, NamespaceDeletion
from mcp_cli.local.controllers.nodes import NodeController
from mcp_cli.local.controllers.podgc import PodGarbage
from mcp_cli.local.controllers.quota import QuotaController
from mcp_cli.local.controllers.replicaset import ReplicaSetController
from mcp_cli.local.controllers.scheduler import Scheduler
from mcp_cli.local.controllers.statefulset import StatefulSetController


async def run_controllers(client: KubeClient) -> None:
    """Runs until cancelled."""
    context = Context(client)
    for make in (
        DeploymentController,
        ReplicaSetController,
        StatefulSetController,
        DaemonSetController,
        JobController,
        CronJobController,
        EndpointsController,
        Scheduler,
        NodeController,
        DisruptionController,
        PodGarbage,
        NamespaceContents,
    ):
        make(context)
    garbage = GarbageCollector(context)
    AutoscalerStatus(context, garbage.kinds)
    NamespaceDeletion(context, garbage)
    QuotaController(context, garbage.kinds)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(context.events.run(), name="events")
        tasks.create_task(garbage.run(), name="garbage-collector")
        tasks.create_task(context.manager.run(), name="controllers")

"""Which file a request for a container's log means. Asked by the HTTP listener, answers from the pod workers."""

from __future__ import annotations

from collections.abc import Mapping

from mcp_cli.local.node.logserver import LogPlace, LogUnavailable
from mcp_cli.local.node.pod import PodWorker
from mcp_cli.local.node.states import ContainerState, Waiting


class PodLogs:
    """The logs of the pods that have a worker."""

    def __init__(self, workers: Mapping[str, PodWorker]) -> None:
        self._workers = workers

    def find_log(self, namespace: str, pod: str, container: str, previous: bool) -> LogPlace:
        """The log of the current run, or of the last where none runs; of the one before with `previous`."""
        worker = self._worker(namespace, pod)
        state = next((state for state in worker.states() if state.name == container), None)
        if state is None:
            raise LogUnavailable(404, f"container {container} not found in pod {pod}")
        run = state.restarts - 1 if previous else state.restarts
        path = worker.kit.log_path(container, run)
        if not previous and not path.exists():
            path = worker.kit.log_path(container, run - 1)
        if previous and not path.exists():
            raise LogUnavailable(400, f'previous terminated container "{container}" in pod "{pod}" not found')
        if not path.exists():
            raise LogUnavailable(400, f'container "{container}" in pod "{pod}" is waiting to start: {_reason(state)}')
        supervisor = worker.supervisor(container)
        log = supervisor.log if supervisor is not None else None
        live = log if log is not None and log.path == path and not log.closed else None
        return LogPlace(path, live)

    def _worker(self, namespace: str, pod: str) -> PodWorker:
        for worker in self._workers.values():
            metadata = worker.pod["metadata"]
            if (metadata["namespace"], metadata["name"]) == (namespace, pod):
                return worker
        raise LogUnavailable(404, f"pod {namespace}/{pod} does not run on this node")


def _reason(state: ContainerState) -> str:
    return state.state.reason if isinstance(state.state, Waiting) else "ContainerCreating"

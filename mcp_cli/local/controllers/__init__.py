"""The workload controllers of the embedded cluster: ordinary clients of the Kubernetes API.

Role: what kube-controller-manager and kube-scheduler do in a cluster, as far as one machine needs it. Each kind has a
module with its I/O and, beside it, `*_plan` or `*_status` modules of pure functions over plain dicts. Not their job:
running pods (the node agent) and storing objects (the API server). Called by the daemon through `manager`.
"""

"""The operator's side of the toolkit: the API contract, the protocol, the bridge and the reconcile loop."""

"""The node agent of the embedded cluster: pods as processes of this machine, an ordinary Kubernetes API client."""

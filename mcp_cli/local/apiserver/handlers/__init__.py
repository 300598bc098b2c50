"""One module for each family of requests; every handler takes a `Call` and gives a response. Routed by `app`."""

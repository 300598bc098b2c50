"""The contract: names, CRDs, defaults and validation of the API group. Pure; imports nothing else of the project."""

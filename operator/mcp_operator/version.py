"""The one place that names the version: `importlib.metadata` costs most of a cold start, a module does not."""

__version__ = "0.1.0"

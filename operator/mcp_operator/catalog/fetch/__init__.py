"""Reading registries: an HTTP client for bad days, and one reader for each type of source."""

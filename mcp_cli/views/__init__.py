"""What a person sees of each kind: columns, the status page, the description. Pure; called by commands."""

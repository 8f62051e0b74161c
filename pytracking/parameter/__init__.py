"""Parameters of trackers: for each tracker a module with its named sets."""

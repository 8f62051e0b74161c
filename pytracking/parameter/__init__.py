"""Parameters of trackers: for each tracker a package, for each set of parameters a file."""

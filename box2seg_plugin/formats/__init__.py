"""Forms in which masks of videos are kept: one file for each, all listed in ``catalog``."""

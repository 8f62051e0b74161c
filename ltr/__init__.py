"""Learning: networks, losses, data sets and the trainer. Knows nothing of trackers or of plugins."""

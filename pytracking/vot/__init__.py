"""Trackers under the VOT toolkit, which starts them and talks to them over TraX."""

"""Trackers: what follows targets through a video, frame after frame."""

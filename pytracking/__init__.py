"""Tracking: runs trackers on sequences and scores what they give back. Imports ltr, never a plugin."""

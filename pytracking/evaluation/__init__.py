"""Sequences, box files, running over them and scoring the results."""

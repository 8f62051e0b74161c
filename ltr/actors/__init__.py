"""Actors: one training step of a network, from a batch to a loss and its statistics."""

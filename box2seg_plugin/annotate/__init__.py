"""Masks for whole tracking sets from their boxes: ``box2seg annotate``."""

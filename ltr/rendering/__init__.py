"""Draws made-up videos whose masks are known: creatures that walk past look-alikes and behind things."""

"""Draws made-up videos whose masks are known: creatures that walk through a landscape past things that hide them."""

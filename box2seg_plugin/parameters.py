"""lwl/box2seg_init: where a target starts with a box, its first mask is Box2Seg's."""

from __future__ import annotations

from functools import partial

from pytracking.tracker.lwl.parameters import LWLParameters

box2seg_init = partial(LWLParameters, initializer="box2seg")
"""Called with fields of :class:`LWLParameters`, it replaces these as well."""

"""What LWL adds to the registries: its network, actor and training settings."""

from __future__ import annotations

from functools import partial


def register_lwl() -> None:
    """Register them under their names."""
    from ltr.actors.lwl import LWLActor
    from ltr.actors.weak_lwl import WeakLWLActor
    from ltr.models.lwl import network_from_config
    from ltr.registry import ACTORS, NETWORKS, TRAIN_SETTINGS
    from ltr.train_settings.lwl.settings import build
    from ltr.train_settings.lwl.small import small
    from ltr.train_settings.lwl.stage1 import stage1
    from ltr.train_settings.lwl.stage2 import stage2
    from ltr.train_settings.lwl.weak import build_weak, weak, weak_small

    NETWORKS.register("lwl", network_from_config)
    ACTORS.register("lwl", LWLActor)
    ACTORS.register("weak_lwl", WeakLWLActor)
    for settings in (stage1, stage2, small):
        TRAIN_SETTINGS.register(f"lwl/{settings.name}", partial(build, settings))
    for weak_settings in (*weak.values(), *weak_small.values()):
        TRAIN_SETTINGS.register(f"lwl/{weak_settings.name}", partial(build_weak, weak_settings))

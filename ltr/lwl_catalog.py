"""What LWL adds to the registries: its network, actor and training settings."""

from __future__ import annotations

from functools import partial


def register_lwl() -> None:
    """Register them under their names."""
    from ltr.actors.lwl import LWLActor
    from ltr.models.lwl import network_from_config
    from ltr.registry import ACTORS, NETWORKS, TRAIN_SETTINGS
    from ltr.train_settings.lwl.settings import build
    from ltr.train_settings.lwl.small import small
    from ltr.train_settings.lwl.stage1 import stage1
    from ltr.train_settings.lwl.stage2 import stage2

    NETWORKS.register("lwl", network_from_config)
    ACTORS.register("lwl", LWLActor)
    for settings in (stage1, stage2, small):
        TRAIN_SETTINGS.register(f"lwl/{settings.name}", partial(build, settings))

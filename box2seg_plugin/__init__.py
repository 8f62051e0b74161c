"""Box2Seg: masks from boxes, as a plugin of the tracking framework in ``ltr`` and ``pytracking``.

    from box2seg_plugin import VideoSegmenter
    masks = list(VideoSegmenter()(frames, boxes))

What it adds to the framework is listed in :func:`register`.
"""

from __future__ import annotations

from typing import Any

__all__ = ["VideoSegmenter", "load_network", "register"]


def register() -> None:
    """Add everything that the plugin brings to the registries: its table of contents."""
    from functools import partial

    from box2seg_plugin.actor import Box2SegActor
    from box2seg_plugin.baselines import deeplab_box
    from box2seg_plugin.initializer import Box2SegInitializer
    from box2seg_plugin.network import network_from_config
    from box2seg_plugin.parameters import box2seg_init
    from box2seg_plugin.train_settings import deeplab_box as deeplab_box_settings
    from box2seg_plugin.train_settings.ablations import (
        small_multi_frame,
        small_multi_frame_iterative,
        small_multi_frame_plus,
        small_single_image,
    )
    from box2seg_plugin.train_settings.default import default
    from box2seg_plugin.train_settings.paper import paper
    from box2seg_plugin.train_settings.part_a import part_a, small_part_a
    from box2seg_plugin.train_settings.settings import build
    from box2seg_plugin.train_settings.small import small
    from box2seg_plugin.variants import BUNDLED
    from ltr.registry import ACTORS, NETWORKS, TRAIN_SETTINGS
    from ltr.train_settings.starting_weights import BUNDLED_RUNS
    from pytracking.registry import INITIALIZERS, PARAMETERS

    NETWORKS.register("box2seg", network_from_config)
    ACTORS.register("box2seg", Box2SegActor)
    table2 = (small_single_image, small_multi_frame, small_multi_frame_plus, small_multi_frame_iterative)
    for settings in (default, small, paper, *table2, part_a, small_part_a):
        TRAIN_SETTINGS.register(f"box2seg/{settings.name}", partial(build, settings))
    NETWORKS.register("deeplab_box", deeplab_box.network_from_config)
    for baseline in deeplab_box_settings.ALL:
        TRAIN_SETTINGS.register(f"deeplab_box/{baseline.name}", partial(deeplab_box_settings.build, baseline))
    BUNDLED_RUNS.register("box2seg/small", BUNDLED / "box2seg_small.safetensors")
    INITIALIZERS.register("box2seg", Box2SegInitializer)
    PARAMETERS.register("lwl/box2seg_init", box2seg_init)


def __getattr__(name: str) -> Any:
    """Import the two public names when they are asked for, so that importing the package costs nothing."""
    if name == "VideoSegmenter":
        from box2seg_plugin.segmenter import VideoSegmenter

        return VideoSegmenter
    if name == "load_network":
        from box2seg_plugin.variants import load_network

        return load_network
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

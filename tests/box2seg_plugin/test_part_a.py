"""Box2Seg trained on A alone: its data and its values."""

from dataclasses import replace

import pytest

from box2seg_plugin import register
from box2seg_plugin.train_settings.paper import paper
from box2seg_plugin.train_settings.part_a import PartASettings, part_a, small_part_a
from box2seg_plugin.train_settings.settings import build
from box2seg_plugin.train_settings.small import small
from ltr.data.sampler import VideoClips
from ltr.dataset.procedural import ProceduralClips
from ltr.dataset.split import split_videos
from ltr.environment import Environment
from ltr.registry import TRAIN_SETTINGS
from ltr.train_settings.lwl.weak import weak, weak_small


def test_it_is_trained_on_the_a_that_weak_supervision_has() -> None:
    settings = replace(small_part_a, data=(("procedural", 1.0),), held_out=0)
    source = build(settings, Environment({})).sources[0]
    assert isinstance(source, VideoClips)
    wanted, _ = split_videos(ProceduralClips())
    taken, known = ([part.sequence(t) for t in range(len(part))] for part in (source.dataset, wanted))
    assert taken == known
    for annotator, trackers in ((part_a, weak), (small_part_a, weak_small)):
        for tracker in trackers.values():
            assert (annotator.share_a, annotator.split_seed) == (tracker.share_a, tracker.split_seed)
            assert (annotator.data, annotator.held_out) == (tracker.data, tracker.held_out)


def test_the_rest_is_as_without_a_split() -> None:
    ours, theirs = part_a.to_dict(), paper.to_dict()
    assert {key for key in theirs if ours[key] != theirs[key]} == {"name", "data"}
    assert small_part_a.network == small.network
    assert {f"box2seg/{name}" for name in ("part_a", "small_part_a")} <= _registered()


def test_one_source_is_split() -> None:
    with pytest.raises(ValueError, match="data names 2 sources"):
        PartASettings(data=(("youtube_vos", 6.0), ("davis", 1.0)))


def _registered() -> set[str]:
    register()
    return set(TRAIN_SETTINGS)

"""Does the engine say what the published procedure says?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from plain_procedure import PlainProcedure
from speed_lanes import DEFAULT, PLAIN, Video, annotate, make_annotator

from box2seg_plugin.network import Box2SegNet
from box2seg_plugin.segmenter import VideoSegmenter
from box2seg_plugin.video_run import VideoRun
from pytracking.analysis.davis import region_similarity


def logit_difference(network: Box2SegNet, interval: int, video: Video, targets: Sequence[int]) -> float:
    """Greatest difference of the logits of exact windows in float32 from plain ones, over the greatest of the
    latter; of some frames."""
    plain = make_annotator(network, PLAIN, interval)
    engine = make_annotator(network, "exact fp32", interval)
    assert isinstance(plain, PlainProcedure) and isinstance(engine, VideoSegmenter)
    wanted = np.isin(np.arange(len(video.images)), targets)
    run = VideoRun(engine.solver, {1: video.boxes}, engine.settings, wanted)
    worst = 0.0
    for index, predictions in run.predictions(video.images):
        expected = plain.predict(video.images, video.boxes, index).logits
        difference = np.abs(predictions[1].logits - expected).max() / np.abs(expected).max()
        worst = max(worst, float(difference))
    return worst


def mean_iou(network: Box2SegNet, interval: int, video: Video) -> float:
    """Of the masks that the default setting and the plain procedure make, over all frames."""
    default = annotate(make_annotator(network, DEFAULT, interval), video)
    plain = annotate(make_annotator(network, PLAIN, interval), video)
    return float(np.mean([region_similarity(a > 0, b > 0) for a, b in zip(plain, default, strict=True)]))

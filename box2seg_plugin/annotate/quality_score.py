"""The J to expect of a mask, from what can be measured without knowing the true one.

A logistic model of a few features, each of which rises with J:

    score = sigmoid(bias + sum_k level_k * mean(f_k) + sum_k change_k * (f_k - mean(f_k)))

where f_k is a feature of the mask and mean(f_k) its mean over the object's masks in the video: what tells
good videos from bad ones (level) need not tell the good frames of a video from its bad ones (change). No
weight is negative, so that no mask gains by a worse measure. ``experiments/quality_score.py`` fits the
weights on clips whose true masks are known; ``weights/quality_scores.json`` holds them by model.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from box2seg_plugin.annotate.track_measures import TrackMeasures, Values
from ltr.errors import InputError

logger = logging.getLogger(__name__)

SCORES = Path(__file__).parent.parent / "weights" / "quality_scores.json"

GENERIC = "generic"

SOFTEN = 0.02
"""Shares are drawn this far from 0 and 1 before their log odds are taken."""


def log_odds(share: Values) -> Values:
    """Of a share in 0..1, finite at its ends."""
    soft = SOFTEN + (1 - 2 * SOFTEN) * np.clip(share, 0, 1)
    return np.log(soft / (1 - soft))


FEATURES: Mapping[str, Callable[[TrackMeasures], Values]] = {
    "box_iou": lambda track: log_odds(track.box_iou),
    "confidence": lambda track: log_odds(track.confidence),
    "inside": lambda track: log_odds(track.inside),
    "expected_iou": lambda track: log_odds(track.expected_iou),
    "stability": lambda track: log_odds(track.stability),
    "agreement": lambda track: log_odds(track.agreement),
    "likeness": lambda track: log_odds(track.likeness),
    "free_rim": lambda track: 1 - track.rim,
}
"""Name -> (N,) values, which rise with J."""


@dataclass(frozen=True)
class QualityScore:
    """A fitted score; call it with a track's measures.

    Attributes:
        model: the variant whose masks it was fitted on; "generic" for none.
        bias: log odds of J where all features are 0.
        level: feature -> weight of its mean over the track.
        change: feature -> weight of a mask's difference from that mean.
        about: what made it, for the reader.
    """

    model: str
    bias: float
    level: Mapping[str, float]
    change: Mapping[str, float]
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, weight in (*self.level.items(), *self.change.items()):
            if name not in FEATURES:
                raise InputError(f'quality score of {self.model}: there is no feature "{name}"')
            if not (weight >= 0 and math.isfinite(weight)):
                raise InputError(f"quality score of {self.model}: weight of {name} is {weight}: must be >= 0")
        if not math.isfinite(self.bias):
            raise InputError(f"quality score of {self.model}: bias is {self.bias}: must be finite")

    def __call__(self, track: TrackMeasures) -> Values:
        """(N,) scores in 0..1 of a track's masks."""
        total = np.full(len(track.fill), float(self.bias))
        for name in sorted({*self.level, *self.change}):
            values = FEATURES[name](track)
            mean = values.mean()
            total += self.level.get(name, 0.0) * mean + self.change.get(name, 0.0) * (values - mean)
        return 1 / (1 + np.exp(-np.clip(total, -30, 30)))

    def to_json(self) -> dict[str, Any]:
        """What :func:`load_score` reads."""
        return {"bias": self.bias, "level": self.level, "change": self.change, "about": self.about}


_EQUAL = dict.fromkeys(("box_iou", "expected_iou", "stability", "agreement"), 0.25)

GENERIC_SCORE = QualityScore(GENERIC, 0.0, _EQUAL, _EQUAL)
"""For models that no score was fitted for: the mean of four log odds. It ranks, its size means little."""


def load_score(model: str, weights_digest: str | None = None, path: Path = SCORES) -> QualityScore:
    """The score of a model; :data:`GENERIC_SCORE`, and a warning, for one that has none.

    Args:
        model: its variant (``network.config.variant``).
        weights_digest: of the weights in use (:func:`ltr.checkpoint.weights_digest`); a warning tells when
            the score was fitted on masks of others.
        path: the file of scores.

    Raises:
        InputError: the file is damaged.
    """
    try:
        scores = json.loads(path.read_text(encoding="utf-8"))
        found = scores.get(model)
        score = None if found is None else QualityScore(model=model, **found)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: no file of quality scores ({error})") from None
    if score is None:
        logger.warning(
            "%s has no quality score of its own: the generic one ranks its masks, but is no estimate of J",
            model,
        )
        return GENERIC_SCORE
    fitted_on = score.about.get("weights_sha256")
    if weights_digest and fitted_on and weights_digest != fitted_on:
        logger.warning("the quality score of %s was fitted on masks of other weights", model)
    return score

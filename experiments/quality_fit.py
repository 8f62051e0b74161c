"""Fits the quality score on tracks whose J is known, and says how well a score ranks masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from quality_tracks import Track
from scipy.optimize import lsq_linear, minimize
from scipy.stats import spearmanr

from box2seg_plugin.annotate.quality_score import FEATURES, QualityScore

Values = npt.NDArray[np.float64]

LEVEL_RIDGE = 0.01
CHANGE_RIDGE = 0.03
"""On weights of features of unit spread."""

LEAST_SLOPE = 0.05
"""Of J over its log odds, for tracks whose mean J is nearly 0 or 1."""

FOLDS = 8
WORST = 0.2


@dataclass(frozen=True)
class Ranking:
    """How well scores rank masks by J.

    Attributes:
        pooled: Spearman's rank correlation over all masks.
        tracks: of the tracks' means; nan for fewer than three.
        within: mean over tracks of that over a track's masks. Scores that are all equal count 0; a track
            whose J is the same in all frames is left out.
        gain: rise of the mean J when the fifth of the masks with the lowest scores is left out.
        error: root of the mean squared difference from J.
    """

    pooled: float
    tracks: float
    within: float
    gain: float
    error: float


def fit_score(tracks: Sequence[Track], model: str) -> QualityScore:
    """The score that fits best, each track counting alike.

    First the levels: a logistic regression of the tracks' mean J on their mean features. Then the changes: a
    linear one of the differences from these means, those of J in log odds. Both with a ridge and without
    negative weights.
    """
    features = [feature_table(track) for track in tracks]
    means = np.stack([table.mean(axis=0) for table in features])
    mean_j = np.array([track.truth.mean() for track in tracks])
    bias, level = _fit_levels(means, mean_j)
    shares = [np.full(len(table), 1 / len(table) / len(tracks)) for table in features]
    changes = np.concatenate([table - mean for table, mean in zip(features, means, strict=True)])
    slopes = np.maximum(LEAST_SLOPE, mean_j * (1 - mean_j))
    wanted = [(track.truth - mean) / slope for track, mean, slope in zip(tracks, mean_j, slopes, strict=True)]
    change = _fit_changes(changes, np.concatenate(wanted), np.concatenate(shares))
    return QualityScore(model, bias, _named(level), _named(change))


def feature_table(track: Track) -> Values:
    """(N, features) of a track, in the order of ``FEATURES``."""
    return np.stack([feature(track.measures) for feature in FEATURES.values()], axis=1)


def cross_validate(tracks: Sequence[Track], model: str, seed: int = 0) -> list[Values]:
    """Scores of each track from a fit on others."""
    fold = np.random.default_rng(seed).permutation(len(tracks)) % min(FOLDS, len(tracks))
    scores: list[Values] = [np.zeros(0)] * len(tracks)
    for number in range(fold.max() + 1):
        score = fit_score([t for t, f in zip(tracks, fold, strict=True) if f != number], model)
        for index in np.flatnonzero(fold == number).tolist():
            scores[index] = score(tracks[index].measures)
    return scores


def rank(tracks: Sequence[Track], scores: Sequence[Values]) -> Ranking:
    """How well the scores (N,) of each track rank its masks, and all masks."""
    score, j = np.concatenate(scores), np.concatenate([track.truth for track in tracks])
    kept = np.argsort(score, kind="stable")[int(WORST * len(score)) :]
    within = np.array([correlation(one, track.truth) for one, track in zip(scores, tracks, strict=True)])
    return Ranking(
        pooled=correlation(score, j),
        tracks=correlation([one.mean() for one in scores], [track.truth.mean() for track in tracks]),
        within=float(np.nanmean(within)) if np.isfinite(within).any() else float("nan"),
        gain=float(j[kept].mean() - j.mean()),
        error=float(np.sqrt(np.mean((score - j) ** 2))),
    )


def correlation(score: npt.ArrayLike, j: npt.ArrayLike) -> float:
    """Spearman's; 0 where the score is constant, nan where J is or where there are fewer than three."""
    first, second = np.asarray(score, dtype=np.float64), np.asarray(j, dtype=np.float64)
    if len(first) < 3 or np.ptp(second) == 0:
        return float("nan")
    return float(spearmanr(first, second).statistic) if np.ptp(first) > 0 else 0.0


def _fit_levels(means: Values, j: Values) -> tuple[float, Values]:
    """Bias and weights of a logistic regression, of the features as they are."""
    centre, spread = means.mean(axis=0), _spread(means, np.full(len(means), 1 / len(means)))
    unit = (means - centre) / spread

    def loss(parameters: Values) -> tuple[float, Values]:
        logits = unit @ parameters[1:] + parameters[0]
        value = np.mean(np.logaddexp(0, logits) - j * logits) + LEVEL_RIDGE * np.sum(parameters[1:] ** 2)
        residual = (1 / (1 + np.exp(-logits)) - j) / len(j)
        slope = np.concatenate(([residual.sum()], unit.T @ residual + 2 * LEVEL_RIDGE * parameters[1:]))
        return float(value), slope

    bounds = [(None, None)] + [(0, None)] * means.shape[1]
    found = minimize(loss, np.zeros(means.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = found[1:] / spread
    return float(found[0] - weights @ centre), weights


def _fit_changes(changes: Values, wanted: Values, shares: Values) -> Values:
    """Weights of a linear regression without constant, (N, features) -> (N,), rows weighted by ``shares``."""
    spread = _spread(changes, shares)
    root = np.sqrt(shares)
    rows = np.concatenate((changes / spread * root[:, None], np.sqrt(CHANGE_RIDGE) * np.eye(len(spread))))
    values = np.concatenate((wanted * root, np.zeros(len(spread))))
    return lsq_linear(rows, values, bounds=(0, np.inf)).x / spread


def _spread(values: Values, shares: Values) -> Values:
    """Standard deviation of columns; 1 where they are constant."""
    deviation = np.sqrt(shares @ (values - shares @ values) ** 2)
    return np.where(deviation > 1e-6, deviation, 1.0)


def _named(weights: Values) -> dict[str, float]:
    """By feature, without those that are 0, to four decimals."""
    rounded = {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)}
    return {name: weight for name, weight in rounded.items() if weight > 0}

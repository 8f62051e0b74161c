"""What a target model is learned from: a bounded number of samples, and how much each of them counts.

Source: Bhat et al., ECCV 2020, section 3.6; the rule of the weights is that of the authors' implementation,
which they took from DiMP (Bhat et al., ICCV 2019):

* A new sample weighs 1 / (1 - rate) times the one before it; the first of them rate * (1 - rate) times the
  given ones together. So the weights of older samples decay, relative to the newest, with the rate.
* The given samples (first frames, whose masks are known) together keep a least share. Here all weights always
  sum to 1; in the authors' implementation the sum may be a per cent above it while that share takes effect.
* When the memory is full, a new sample takes the place of the one that weighs least; never of a given one.

The weights multiply the confidences w, so that in the squared error of the descent they count squared.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


class SampleWeights:
    """The rule alone: weights by place in memory.

    Args:
        given: F, samples whose masks are known; they have the places 0 .. F - 1 for ever.
        capacity: places in all, more than ``given``.
        rate: in (0, 1).
        least_given: what the given ones together weigh at least, in [0, 1).
    """

    def __init__(self, given: int, capacity: int, rate: float, least_given: float) -> None:
        if not 1 <= given < capacity:
            raise ValueError(f"{given} given samples in {capacity} places: must be at least 1, and fewer")
        self.given = given
        self.capacity = capacity
        self.rate = rate
        self.least_given = least_given
        self.values: npt.NDArray[np.float64] = np.full(given, 1 / given)
        self._newest: int | None = None

    def next_place(self) -> int:
        """Make room for a sample, weigh it, and return its place."""
        if len(self.values) < self.capacity:
            place = len(self.values)
            self.values = np.append(self.values, 0.0)
        else:
            place = self.given + int(np.argmin(self.values[self.given :]))
        if self._newest is None:
            self.values[place] = self.rate * (1 - self.rate)
        else:
            self.values[place] = self.values[self._newest] / (1 - self.rate)
        self._newest = place
        self.values /= self.values.sum()
        share = self.values[: self.given].sum()
        if share < self.least_given:
            self.values[: self.given] *= self.least_given / share
            self.values[self.given :] *= (1 - self.least_given) / (1 - share)
        return place


class SampleMemory:
    """The samples of one target. All memory is taken at the start.

    Args:
        x: features of the given frames, (F, D, h, w).
        e, w: what the mask encoder says of their masks, (F, C, h, w).
        weights: the rule, for F given samples.
    """

    def __init__(self, x: Tensor, e: Tensor, w: Tensor, weights: SampleWeights) -> None:
        if not len(x) == len(e) == len(w) == weights.given:
            raise ValueError(
                f"{len(x)} x, {len(e)} e and {len(w)} w for {weights.given} given samples: must be equal"
            )
        self._rule = weights
        self._places = tuple(t.new_empty((weights.capacity, *t.shape[1:])) for t in (x, e, w))
        for places, given in zip(self._places, (x, e, w), strict=True):
            places[: weights.given] = given

    def __len__(self) -> int:
        """Samples that are held."""
        return len(self._rule.values)

    def add(self, x: Tensor, e: Tensor, w: Tensor) -> None:
        """Take in one sample: x (D, h, w), e and w (C, h, w)."""
        place = self._rule.next_place()
        for places, new in zip(self._places, (x, e, w), strict=True):
            places[place] = new

    def samples(self) -> tuple[Tensor, Tensor, Tensor]:
        """x (1, T, D, h, w), e and w (1, T, C, h, w) of all samples; views, not copies."""
        x, e, w = (places[None, : len(self)] for places in self._places)
        return x, e, w

    def weights(self) -> Tensor:
        """(T,) float32, on the samples' device; they sum to 1."""
        return torch.from_numpy(self._rule.values).to(self._places[0].device, torch.float32)

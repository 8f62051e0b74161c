"""What happens in a clip made from stills."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClipStyle:
    """Probabilities are per clip; lengths are in sizes of the target or shares of the frame.

    Attributes:
        sparse: of two stills the one whose object fills less of its box is taken: those are the hard ones.
        whole: the target keeps its own background, which moves with it.
        own_background: (else) the background is the target's own still with the target painted over, not
            another.
        distractor: another object moves behind the target; ``lookalike`` of these have the target's own
            pixels.
        occluder: another object passes in front of the target.
        attachment: lines reach out of the target, ``far_attachment`` of these out of a small one in another
            still; see :mod:`ltr.dataset.attachments`.
        travel, camera: standard deviation of an object's path (in object sizes) and of the camera's (in frame
            sizes) over the clip.
        zoom, turn, stretch: standard deviations of log scale, angle (radians) and shear over the clip.
        deform: the target's outline bends.
        blur, noise, jpeg, relight: motion blur, sensor noise, JPEG artefacts, changing light.
    """

    sparse: float = 0.0
    whole: float = 0.4
    own_background: float = 0.35
    distractor: float = 0.65
    lookalike: float = 0.35
    occluder: float = 0.3
    attachment: float = 0.0
    far_attachment: float = 0.0
    travel: float = 0.35
    camera: float = 0.12
    zoom: float = 0.12
    turn: float = 0.12
    stretch: float = 0.06
    deform: float = 0.5
    blur: float = 0.2
    noise: float = 0.25
    jpeg: float = 0.3
    relight: float = 0.5

"""Which weights a tracker's results are made with."""

from __future__ import annotations

from typing import Any

from ltr.errors import InputError
from pytracking.evaluation.failure import reason_of
from pytracking.evaluation.sequence_job import TrackerSetupError
from pytracking.registry import INITIALIZERS


def weights_of(name: str, parameters: Any) -> dict[str, str]:
    """What is read -> SHA-256 of it: "model" of the tracker, "box2seg.model" of an initializer.

    Asked are the parameters and the factory of the initializer that they name, where these have a method
    ``weights_digests``: of the parameters without arguments, of the factory with those it is called with. The
    weights of what has none are not told apart.

    Args:
        name: of the parameters, "lwl/default", for messages.
        parameters: of a tracker.

    Raises:
        InputError: weights cannot be read.
        TrackerSetupError: the method fails otherwise.
    """
    found: dict[str, str] = {}
    initializer = getattr(parameters, "initializer", None)
    factory: Any = INITIALIZERS.get(str(initializer)) if initializer in INITIALIZERS else None
    try:
        if hasattr(parameters, "weights_digests"):
            found.update(parameters.weights_digests())
        if hasattr(factory, "weights_digests"):
            digests = factory.weights_digests(**getattr(parameters, "initializer_options", {}))
            found.update({f"{initializer}.{key}": digest for key, digest in digests.items()})
    except InputError:
        raise
    except Exception as error:  # a stranger's code
        raise TrackerSetupError(f'weights of "{name}" cannot be told: {reason_of(error)}') from error
    return found

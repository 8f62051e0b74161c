"""Names for things that are chosen by name: networks, actors, data sets, train settings."""

import difflib
import logging
from collections.abc import Callable, Collection, Iterator
from typing import Any, Generic, TypeVar, overload

from ltr.errors import InputError

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Registry(Generic[T]):
    """Maps a name to a factory of type ``T``; what one entry is called in messages is its ``kind``.

    >>> shapes: Registry[Callable[[], str]] = Registry("shape")
    >>> @shapes.register("disc")
    ... def disc() -> str:
    ...     return "o"
    >>> shapes.get("disc")()
    'o'
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._factories: dict[str, T] = {}

    @overload
    def register(self, name: str) -> Callable[[T], T]: ...

    @overload
    def register(self, name: str, factory: T) -> T: ...

    def register(self, name: str, factory: T | None = None) -> T | Callable[[T], T]:
        """Store ``factory`` under ``name``; without a factory, return the decorator that does so.

        A name that already stands for another factory is overwritten, with a warning in the log: a plugin may
        replace a part on purpose, nobody replaces one unnoticed. The same factory again is silent.
        """
        if factory is None:
            return lambda decorated: self.register(name, decorated)
        known = self._factories.get(name)
        if known is not None and known is not factory:
            logger.warning('%s "%s" was %r and is now %r', self.kind, name, known, factory)
        self._factories[name] = factory
        return factory

    def get(self, name: str) -> T:
        """The factory called ``name``.

        Raises:
            InputError: nothing has this name; the message lists the names there are.
        """
        try:
            return self._factories[name]
        except KeyError:
            raise unknown_name(self.kind, name, self.names()) from None

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._factories)

    def __contains__(self, name: object) -> bool:
        return name in self._factories

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self._factories)

    def __repr__(self) -> str:
        return f"Registry({self.kind!r}: {', '.join(self.names()) or 'empty'})"


def unknown_name(kind: str, name: str, known: Collection[str]) -> InputError:
    """The error to raise for a name that is none of ``known``: it lists them and points at the closest."""
    close = difflib.get_close_matches(name, known, n=1)
    hint = f'; did you mean "{close[0]}"?' if close else ""
    return InputError(f'unknown {kind} "{name}"; known: {", ".join(known) or "none"}{hint}')


NETWORKS: Registry[Callable[..., Any]] = Registry("network")
ACTORS: Registry[Callable[..., Any]] = Registry("actor")
DATASETS: Registry[Callable[..., Any]] = Registry("data set")
TRAIN_SETTINGS: Registry[Callable[..., Any]] = Registry("train settings")

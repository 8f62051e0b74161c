"""What becomes of the classes and functions that a pickle names, none of which is ever imported.

Whether a name is a class cannot be looked up without importing it, so it is decided by the name alone:

* a name that the reader has a constructor for is made by that constructor;
* any other name of the standard library is refused as soon as it is mentioned, but for plain types and the
  few modules that hold data (``DATA_MODULES``);
* any other name may be mentioned: it becomes a :class:`Reference`, which is nothing but two strings;
* calling it makes a :class:`StandIn` if the name is in CapWords, as those of classes are, or one of
  ``LOWERCASE_CLASSES``. Anything else that is called would run code when read the ordinary way: refused.
"""

from __future__ import annotations

import re
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ltr.errors import InputError

REFUSED = "read the ordinary way it could run code, so it is refused; nothing was run"

DATA_MODULES = frozenset(
    ["argparse", "collections", "datetime", "decimal", "enum", "fractions", "pathlib", "uuid"],
)
PLAIN_TYPES = frozenset(
    f"builtins.{kind.__name__}"
    for kind in (
        *(bool, int, float, complex, str, bytes, bytearray),
        *(list, tuple, dict, set, frozenset, object),
    )
)
LOWERCASE_CLASSES = frozenset(
    [
        "datetime.date",
        "datetime.datetime",
        "datetime.time",
        "datetime.timedelta",
        "datetime.timezone",
        "numpy._core.multiarray._reconstruct",  # makes an array; so does _frombuffer
        "numpy._core.numeric._frombuffer",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.numeric._frombuffer",
        "numpy.dtype",
        "torch.device",
    ]
)
CAP_WORDS = re.compile(r"_*[A-Z]\w*(\._*[A-Z]\w*)*")


@dataclass(frozen=True)
class Reference:
    """A class or function that a pickle names: its module and its qualified name, nothing else."""

    module: str
    name: str

    @property
    def path(self) -> str:
        return f"{self.module}.{self.name}"

    def is_class(self) -> bool:
        """Whether the name is taken for that of a class."""
        return self.path in LOWERCASE_CLASSES or CAP_WORDS.fullmatch(self.name) is not None


@dataclass(eq=False)
class StandIn:
    """Takes the place of an object of a class that a pickle names; holds what the pickle would have given it.

    Attributes:
        path: module and name of the class.
        args, kwds: what its constructor would have received.
        state: what ``__setstate__`` would have received, most often the dict of its attributes.
        elements, items: what would have been appended or set, for subclasses of list, set and dict.
    """

    path: str
    args: tuple[Any, ...] = ()
    kwds: dict[str, Any] = field(default_factory=dict)
    state: Any = None
    elements: list[Any] = field(default_factory=list)
    items: dict[Any, Any] = field(default_factory=dict)

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes that ``state`` would have set, those in slots too."""
        parts = self.state if isinstance(self.state, tuple) else (self.state,)
        return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}

    def __repr__(self) -> str:
        return f"<stand-in for {self.path}>"


def find(module: str, name: str, known: Callable[[str], bool]) -> Reference:
    """The reference to ``module.name``; ``known`` tells the paths that the reader handles itself.

    Names of Python 2, which protocols below 3 write, become those of Python 3: "commands" is subprocess.

    Raises:
        InputError: it is not written as a name, or is one of the standard library that no checkpoint needs.
    """
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    path = f"{module}.{name}"
    if not all(part.isidentifier() for part in path.split(".")):
        raise InputError(f"is damaged: it names {path!r}")
    top = path.partition(".")[0]
    if (
        top in sys.stdlib_module_names
        and top not in DATA_MODULES
        and path not in PLAIN_TYPES
        and not known(path)
    ):
        raise InputError(f"names {path}: {REFUSED}")
    return Reference(module, name)


def describe(value: Any) -> str:
    """``value`` in a message: its class, never its content."""
    return value.path if isinstance(value, Reference | StandIn) else f"a {type(value).__name__}"


def plain_set(elements: Any = ()) -> set[Any]:
    """A set of plain elements. Tuples of tuples are refused: hashing shared ones takes exponential time."""
    for element in elements:
        for part in element if isinstance(element, tuple) else (element,):
            if not isinstance(part, str | bytes | int | float | complex | None | Reference | StandIn):
                raise InputError(f"has {describe(part)} in a key, where only plain values may be")
    return set(elements)


def plain_dict(pairs: Any = ()) -> dict[Any, Any]:
    """A dict from pairs or another dict, its keys checked as by :func:`plain_set`."""
    pairs = list(pairs.items() if isinstance(pairs, dict) else pairs)
    plain_set([key for key, _ in pairs])
    return dict(pairs)


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1" or not isinstance(text, str):
        raise InputError("encodes text as something else than latin1")
    return text.encode("latin1")


PLAIN_CONSTRUCTORS: Mapping[str, Callable[..., Any]] = {
    "_codecs.encode": _encode,  # how protocol 2 writes bytes
    "builtins.bytes": lambda: b"",  # how it writes empty ones
    "builtins.complex": lambda real, imaginary: complex(real, imaginary),
    "builtins.frozenset": lambda elements=(): frozenset(plain_set(elements)),
    "builtins.set": plain_set,
    "collections.Counter": plain_dict,
    "collections.OrderedDict": plain_dict,
    "collections.defaultdict": lambda _factory=None: {},
}

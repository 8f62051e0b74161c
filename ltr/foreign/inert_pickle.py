"""Reads pickles as data.

A pickle is a program for a small stack machine. The machine here does only what is in this file: it makes
plain values, calls the few constructors it was given, and puts stand-ins in the place of all other objects.
What a name becomes is decided in :mod:`ltr.foreign.names`.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from typing import IO, Any

from ltr.errors import InputError
from ltr.foreign.names import (
    PLAIN_CONSTRUCTORS,
    REFUSED,
    Reference,
    StandIn,
    describe,
    find,
    plain_dict,
    plain_set,
)

COPYREG = frozenset(["copyreg._reconstructor", "copyreg.__newobj__", "copyreg.__newobj_ex__"])
"""By these functions protocols 0 and 1 make instances."""


COPIED = (str, bytes, list, tuple, dict, set, frozenset)


class InertUnpickler:
    """Reads one pickle, of any protocol.

    Args:
        stream: binary stream at the pickle's first byte; left behind its last. A ``BytesIO`` or an ``mmap``,
            since a plain file would allocate whatever a damaged length asks for.
        size: bytes of the stream. What constructors copy stays below a small multiple of it, all together.
        constructors: "module.name" -> what to call in its place, besides those of plain values.
        constants: "module.name" -> value.
        persistent_load: persistent id -> value; without it a pickle with such ids is refused.
    """

    def __init__(
        self,
        stream: IO[bytes],
        size: int,
        constructors: Mapping[str, Callable[..., Any]] | None = None,
        constants: Mapping[str, Any] | None = None,
        persistent_load: Callable[[Any], Any] | None = None,
    ) -> None:
        self._stream = stream
        self._allowance = 4 * size
        self._constructors = {**PLAIN_CONSTRUCTORS, **(constructors or {})}
        self._constants = constants or {}
        self._persistent_load = persistent_load
        self._memo: dict[int, Any] = {}
        self._stack: list[Any] = []
        self._below_marks: list[list[Any]] = []

    def load(self) -> Any:
        """The pickled value.

        Raises:
            InputError: the pickle would run code, does what no checkpoint needs, or is damaged. The message
                continues a sentence that begins with the file's name.
        """
        try:
            for opcode, argument, _ in pickletools.genops(self._stream):
                if opcode.name == "STOP":
                    return self._stack.pop()
                self._run(opcode.name, argument)
        except InputError:
            raise
        except (ArithmeticError, EOFError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise InputError(f"is damaged or no pickle ({error})") from error
        raise InputError("is damaged: its pickle has no end")

    def _run(self, name: str, argument: Any) -> None:
        if name in LITERALS:
            self._stack.append(argument)
        elif name in NEW:
            self._stack.append(NEW[name]())
        elif name in OPERATIONS:
            OPERATIONS[name](self, argument)
        else:
            raise InputError(f"uses the pickle operation {name}, which no checkpoint needs, and is refused")

    # stack and memo

    def _take(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise InputError("is damaged: its pickle takes more values than it gives")
        taken = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return taken

    def _take_to_mark(self) -> list[Any]:
        above, self._stack = self._stack, self._below_marks.pop()
        return above

    def _mark(self, _: None) -> None:
        self._below_marks.append(self._stack)
        self._stack = []

    def _pop(self, _: None) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._take_to_mark()

    def _pop_mark(self, _: None) -> None:
        self._take_to_mark()

    def _duplicate(self, _: None) -> None:
        self._stack.append(self._stack[-1])

    def _memorise(self, index: int | None) -> None:
        self._memo[len(self._memo) if index is None else index] = self._stack[-1]

    def _recall(self, index: int) -> None:
        self._stack.append(self._memo[index])

    # containers

    def _tuple(self, elements: list[Any]) -> None:
        self._stack.append(tuple(elements))

    def _list(self, _: None) -> None:
        elements = self._take_to_mark()
        self._stack.append(elements)

    def _frozenset(self, _: None) -> None:
        elements = self._take_to_mark()
        self._stack.append(frozenset(plain_set(elements)))

    def _dict(self, _: None) -> None:
        flat = self._take_to_mark()
        self._stack.append({})
        self._set_items(flat)

    def _append(self, elements: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, StandIn):
            target = target.elements
        if isinstance(target, set):
            target.update(plain_set(elements))
        elif isinstance(target, list):
            target.extend(elements)
        else:
            raise InputError(f"is damaged: it appends to {describe(target)}")

    def _set_items(self, flat: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, StandIn):
            target = target.items
        if not isinstance(target, dict):
            raise InputError(f"is damaged: it sets items of {describe(target)}")
        target.update(plain_dict(zip(flat[::2], flat[1::2], strict=True)))

    # names, and what is made from them

    def _is_known(self, path: str) -> bool:
        return path in self._constructors or path in COPYREG

    def _name(self, module: Any, name: Any) -> Any:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise InputError("is damaged: it names something that is no text")
        constant = self._constants.get(f"{module}.{name}")
        return find(module, name, self._is_known) if constant is None else constant

    def _global(self, names: str) -> None:
        self._stack.append(self._name(*names.split(" ", 1)))

    def _stack_global(self, _: None) -> None:
        module, name = self._take(2)
        self._stack.append(self._name(module, name))

    def _call(self, made_of: Any, args: Any, kwds: Any = None) -> None:
        self._stack.append(self._construct(made_of, args, {} if kwds is None else kwds))

    def _construct(self, made_of: Any, args: Any, kwds: Any) -> Any:
        """What calling ``made_of`` would give, or what stands for it."""
        if not isinstance(made_of, Reference):
            raise InputError(f"calls {describe(made_of)}: {REFUSED}")
        if not (isinstance(args, tuple) and isinstance(kwds, dict)):
            raise InputError(f"is damaged: it calls {made_of.path} with {describe(args)}")
        path = made_of.path
        if path in COPYREG:
            return self._reconstruct(path, args)
        if path in self._constructors:
            self._allowance -= sum(len(a) for a in args if isinstance(a, COPIED))
            if self._allowance < 0:
                raise InputError("copies values over and over, which no checkpoint needs, and is refused")
            return self._constructors[path](*args, **kwds)
        if made_of.is_class():
            return StandIn(path, args, dict(kwds))
        raise InputError(f"calls {path}: {REFUSED}")

    def _reconstruct(self, path: str, args: tuple[Any, ...]) -> Any:
        if path == "copyreg.__newobj__":
            return self._construct(args[0], args[1:], {})
        if path == "copyreg.__newobj_ex__":
            return self._construct(*args)
        cls, _base, value = args
        return self._construct(cls, () if value is None else (value,), {})

    def _obj(self, _: None) -> None:
        made_of, *args = self._take_to_mark()
        self._call(made_of, tuple(args))

    def _inst(self, names: str) -> None:
        args = self._take_to_mark()
        self._call(self._name(*names.split(" ", 1)), tuple(args))

    def _build(self, _: None) -> None:
        (state,) = self._take(1)
        target = self._stack[-1]
        if isinstance(target, StandIn):
            target.state = state
        elif not isinstance(target, dict):  # of an OrderedDict: attributes like torch's _metadata, left out
            raise InputError(f"is damaged: it sets the state of {describe(target)}")

    def _persistent(self, _: None) -> None:
        (identity,) = self._take(1)
        if self._persistent_load is None:
            raise InputError("has a persistent id where none belongs")
        self._stack.append(self._persistent_load(identity))


LITERALS = frozenset(
    [
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *(
            "STRING",
            "BINSTRING",
            "SHORT_BINSTRING",
            "UNICODE",
            "SHORT_BINUNICODE",
            "BINUNICODE",
            "BINUNICODE8",
        ),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    ]
)
"""Operations whose argument is a value."""

NEW: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
}

OPERATIONS: dict[str, Callable[[InertUnpickler, Any], None]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "MARK": InertUnpickler._mark,
    "POP": InertUnpickler._pop,
    "POP_MARK": InertUnpickler._pop_mark,
    "DUP": InertUnpickler._duplicate,
    "PUT": InertUnpickler._memorise,
    "BINPUT": InertUnpickler._memorise,
    "LONG_BINPUT": InertUnpickler._memorise,
    "MEMOIZE": InertUnpickler._memorise,
    "GET": InertUnpickler._recall,
    "BINGET": InertUnpickler._recall,
    "LONG_BINGET": InertUnpickler._recall,
    "TUPLE1": lambda machine, _: machine._tuple(machine._take(1)),
    "TUPLE2": lambda machine, _: machine._tuple(machine._take(2)),
    "TUPLE3": lambda machine, _: machine._tuple(machine._take(3)),
    "TUPLE": lambda machine, _: machine._tuple(machine._take_to_mark()),
    "LIST": InertUnpickler._list,
    "DICT": InertUnpickler._dict,
    "FROZENSET": InertUnpickler._frozenset,
    "APPEND": lambda machine, _: machine._append(machine._take(1)),
    "APPENDS": lambda machine, _: machine._append(machine._take_to_mark()),
    "ADDITEMS": lambda machine, _: machine._append(machine._take_to_mark()),
    "SETITEM": lambda machine, _: machine._set_items(machine._take(2)),
    "SETITEMS": lambda machine, _: machine._set_items(machine._take_to_mark()),
    "GLOBAL": InertUnpickler._global,
    "STACK_GLOBAL": InertUnpickler._stack_global,
    "REDUCE": lambda machine, _: machine._call(*machine._take(2)),
    "NEWOBJ": lambda machine, _: machine._call(*machine._take(2)),
    "NEWOBJ_EX": lambda machine, _: machine._call(*machine._take(3)),
    "OBJ": InertUnpickler._obj,
    "INST": InertUnpickler._inst,
    "BUILD": InertUnpickler._build,
    "BINPERSID": InertUnpickler._persistent,
}
"""Missing on purpose: EXT1, EXT2, EXT4 (a registry of the process), PERSID, NEXT_BUFFER, READONLY_BUFFER."""

"""The fields of a noun or of a verb's arguments as the command line, the API and the import see them."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from store.sale.detail import Detail

_UNITS = ("_s", "_ms")
_UNIT_WORDS = {"_s": "seconds", "_ms": "milliseconds"}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field. `base` is `str`, `int`, `float` or `bool`; `many` says that it is a list of them."""

    name: str
    base: type
    help: str = ""
    kind: str = ""
    ref: str = ""
    many: bool = False
    optional: bool = False
    """May be unset (None)."""
    required: bool = False
    positional: bool = False
    choices: tuple[Any, ...] = ()
    default: Any = None

    @property
    def word(self) -> str:
        """The name with dashes and without its unit, one of many in the singular (`offline-timeout`)."""
        name = self.name.removesuffix("s") if self.many else self.name
        for unit in _UNITS:
            name = name.removesuffix(unit)
        return name.replace("_", "-")

    @property
    def option(self) -> str:
        """How it is written on the command line."""
        return self.word if self.positional else f"--{self.word}"

    @property
    def unit(self) -> str:
        """The unit of a plain number, in words."""
        if self.kind:
            return ""
        return next((word for suffix, word in _UNIT_WORDS.items() if self.name.endswith(suffix)), "")


def fields_of(kind: type[msgspec.Struct] | None) -> tuple[Field, ...]:
    """The fields of a struct, in their order; those of its detail (`store.sale.detail`) behind its own."""
    if kind is None:
        return ()
    hints = get_type_hints(kind, include_extras=True)
    last = _detail_names(kind)
    infos = sorted(msgspec.structs.fields(kind), key=lambda info: info.name in last)
    return tuple(_field(info.name, hints[info.name], info.required, info.default) for info in infos)


def find_field(fields: tuple[Field, ...], name: str) -> Field | None:
    """A field by its name, with or without its unit, with dashes or underlines."""
    wanted = name.strip().lower().replace("_", "-")
    for field in fields:
        if wanted in (field.word, field.name.replace("_", "-")):
            return field
    return None


def _detail_names(kind: type[msgspec.Struct]) -> frozenset[str]:
    bases = (base for base in kind.__mro__[1:] if issubclass(base, Detail))
    return frozenset(name for base in bases for name in base.__struct_fields__)


def _field(name: str, hint: Any, required: bool, default: Any) -> Field:
    text = ""
    extra: dict[str, Any] = {}
    while get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
        for mark in marks:
            if isinstance(mark, msgspec.Meta):
                text = mark.description or text
                extra = {**extra, **(mark.extra or {})}
    base, many, optional, choices = _shape(hint)
    return Field(
        name=name,
        base=base,
        help=text,
        kind=str(extra.get("kind", "")),
        ref=str(extra.get("ref", "")),
        many=many,
        optional=optional,
        required=required,
        positional=bool(extra.get("positional", False)),
        choices=choices,
        default=None if default is msgspec.NODEFAULT else default,
    )


def _shape(hint: Any) -> tuple[type, bool, bool, tuple[Any, ...]]:
    """Base type, whether many, whether it may be None, and the choices of a literal."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _shape(inner[0])
    if origin in (Union, types.UnionType):
        [only] = [one for one in inner if one is not type(None)]
        base, many, _, choices = _shape(only)
        return base, many, True, choices
    if origin is tuple:
        base, _, _, choices = _shape(inner[0])
        return base, True, False, choices
    if origin is Literal:
        return type(inner[0]), False, False, inner
    if hint not in (str, int, float, bool):
        raise TypeError(
            f"A field cannot be {hint!r}; use text, numbers, truth values, or a tuple of one of them."
        )
    return hint, False, False, ()

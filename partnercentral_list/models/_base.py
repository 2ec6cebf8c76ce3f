"""What every model shares: AWS's wire names, immutability, and a repr that keeps secrets."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import Signature, signature
from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal


class Sensitive:
    """Marks a member that AWS's model calls sensitive: its value stays out of every repr."""


SENSITIVE: Final = Sensitive()


class _Hidden:
    def __repr__(self) -> str:
        return "<hidden>"


_HIDDEN: Final = _Hidden()


class WireModel(BaseModel, frozen=True):
    """A structure of AWS's model: snake_case in Python, AWS's names on the wire."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=to_pascal,
        validate_by_alias=True,
        validate_by_name=True,
        hide_input_in_errors=True,
    )
    __sensitive__: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.__sensitive__ = frozenset(
            name
            for name, field in cls.model_fields.items()
            if any(isinstance(mark, Sensitive) for mark in field.metadata)
        )
        # pydantic's signature has the wire names, which nobody should be shown to write.
        names = {field.alias: name for name, field in cls.model_fields.items()}
        shown = [
            parameter.replace(name=names.get(parameter.name) or parameter.name)
            for parameter in signature(cls).parameters.values()
        ]
        type.__setattr__(cls, "__signature__", Signature(shown))

    # pydantic's own would also print `model_extra`, of which nobody knows how sensitive it is.
    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name in type(self).model_fields:
            value = self.__dict__.get(name)
            hidden = value is not None and name in self.__sensitive__
            yield name, _HIDDEN if hidden else value

"""What every model shares: AWS's wire names, immutability, and a repr that keeps secrets."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import Parameter, Signature
from typing import Any, ClassVar, Final

from pydantic import VERSION, BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal


class Sensitive:
    """Marks a member that AWS's model calls sensitive: its value stays out of every repr."""


SENSITIVE: Final = Sensitive()


class _Hidden:
    def __repr__(self) -> str:
        return "<hidden>"


_HIDDEN: Final = _Hidden()


# What a model's validator takes to build, a fifth of the time of our import, is spent when it is
# first used; before 2.14 pydantic's way to do so was not safe among threads.
_BUILD_LATER: Final = tuple(int(part) for part in VERSION.split(".")[:2]) >= (2, 14)


class _PythonSignature:
    """A model's signature with Python's names: pydantic's has the wire names."""

    def __get__(self, instance: object, owner: type[BaseModel]) -> Signature:
        parameters = [
            Parameter(
                name,
                Parameter.KEYWORD_ONLY,
                default=Parameter.empty if field.is_required() else field.default,
                annotation=field.rebuild_annotation(),
            )
            for name, field in owner.model_fields.items()
        ]
        if owner.model_config.get("extra") == "allow":
            parameters.append(Parameter("extra_data", Parameter.VAR_KEYWORD, annotation=Any))
        return Signature(parameters)


class WireModel(BaseModel, frozen=True):
    """A structure of AWS's model: snake_case in Python, AWS's names on the wire."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=to_pascal,
        validate_by_alias=True,
        validate_by_name=True,
        hide_input_in_errors=True,
        defer_build=_BUILD_LATER,
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
        cls.__pydantic_on_complete__()

    # pydantic sets its own signature when the model is built, and then calls this.
    @classmethod
    def __pydantic_on_complete__(cls) -> None:
        type.__setattr__(cls, "__signature__", _PythonSignature())

    # pydantic's own would also print `model_extra`, of which nobody knows how sensitive it is.
    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name in type(self).model_fields:
            value = self.__dict__.get(name)
            hidden = value is not None and name in self.__sensitive__
            yield name, _HIDDEN if hidden else value

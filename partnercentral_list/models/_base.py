"""The base of every model: AWS's wire names, immutability, and a repr that redacts."""

# Without `from __future__ import annotations`: before 2.12, pydantic evaluates the annotation of
# `__pydantic_extra__` in the module of each subclass, where a string's names are unknown.

import json
from collections.abc import Iterator
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from pydantic import VERSION, AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal
from pydantic_core import PydanticCustomError


class _Redacted:
    def __repr__(self) -> str:
        return "<redacted>"


_REDACTED: Final = _Redacted()
#: What ends a repr in which a value is redacted.
_HINT: Final = f"  # model_dump() shows what is {_REDACTED!r}"


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
    #: The fields whose values a repr may show. Every other value is redacted, and so is that of a
    #: field that is added and forgotten here.
    __shown__: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.__pydantic_on_complete__()

    # pydantic sets its own signature when the model is built, and then calls this.
    @classmethod
    def __pydantic_on_complete__(cls) -> None:
        type.__setattr__(cls, "__signature__", _PythonSignature())

    # pydantic's own would also print `model_extra`, of which nobody knows how sensitive it is.
    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name in type(self).model_fields:
            value = self.__dict__.get(name)
            yield name, value if value is None or name in self.__shown__ else _REDACTED

    def __repr__(self) -> str:
        return with_one_hint(super().__repr__())

    def __str__(self) -> str:
        return with_one_hint(super().__str__())


def with_one_hint(text: str) -> str:
    """Return a repr that says once, at its end, how to see the values that are redacted in it."""
    text = text.replace(_HINT, "")
    return text + _HINT if repr(_REDACTED) in text else text


_ENCODER: Final = json.JSONEncoder(allow_nan=False, default=str, skipkeys=True)


def _refuse_infinite(value: Any) -> Any:
    # A number too large for a float would be infinite in Python and null in JSON, and so another
    # value after a round trip.
    if isinstance(value, str | int | None):
        return value
    try:
        _ENCODER.encode(value)
    except ValueError:
        raise PydanticCustomError("number_out_of_range", "Number out of range") from None
    return value


class ResponseModel(WireModel, frozen=True):
    """A part of a response; fields that this release does not know are kept."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")
    if not TYPE_CHECKING:
        __pydantic_extra__: dict[str, Annotated[Any, AfterValidator(_refuse_infinite)]]

    # pydantic's own would distinguish an unknown member that is null from one that is absent,
    # and so a record from its own wire form; it would also compare private attributes.
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ResponseModel) or type(self) is not type(other):
            return NotImplemented
        return self.__dict__ == other.__dict__ and _unknown(self) == _unknown(other)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in type(self).model_fields))


def _unknown(model: ResponseModel) -> dict[str, Any]:
    extra = model.model_extra or {}
    return {name: value for name, value in extra.items() if value is not None}

"""String enumerations that can hold a value AWS added after this release."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Final, Self, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from partnercentral_list.models._checks import refuse, with_article


class OpenStrEnum(StrEnum):
    """A `StrEnum` whose values come from AWS, and to which AWS may add.

    ``Stage("Qualifed")`` raises `ValueError`, as with any enum: a typing mistake must not
    become a value. A value that AWS *sends* and this release does not know becomes a member
    that says so: ``is_known`` is False, and it equals its string.
    """

    @property
    def is_known(self) -> bool:
        """True for a declared member, False for a value that this release does not know."""
        return self._value_ in type(self)._value2member_map_

    @classmethod
    def unknown(cls, value: str) -> Self:
        """Take a value as it is, on purpose: the way out when AWS is ahead of this library.

        Args:
            value: The string as AWS spells it. A declared value gives the declared member.

        Raises:
            TypeError: `value` is not a string.
        """
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance] # untyped callers
            raise TypeError(f"{cls.__name__}.unknown() takes a str, not {type(value).__name__}")
        declared = cls._value2member_map_.get(value)
        if declared is not None:
            assert isinstance(declared, cls)  # noqa: S101 # narrows the type, cannot fail
            return declared
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    def __repr__(self) -> str:
        if self.is_known:
            return super().__repr__()
        return f"{type(self).__name__}.unknown({self._value_!r})"

    # Enum rebuilds a pickled or copied member by its value, which an unknown one would not survive.
    def __reduce_ex__(self, proto: Any) -> tuple[Any, ...]:
        return type(self).unknown, (self._value_,)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self


EnumT = TypeVar("EnumT", bound=OpenStrEnum)


class Tolerant:
    """Annotation of a response member: an unknown string becomes an unknown enum member."""

    def __get_pydantic_core_schema__(
        self, source: type[OpenStrEnum], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        # pydantic ignores `missing` of its enum schema; a union tried from the left keeps the
        # declared values on the fast path.
        return core_schema.union_schema(
            [
                core_schema.enum_schema(source, list(source), sub_type="str"),
                core_schema.no_info_after_validator_function(
                    source.unknown, core_schema.str_schema(strict=True)
                ),
            ],
            mode="left_to_right",
            serialization=_AS_STRING,
        )


# In JSON its string, in Python the member itself.
_AS_STRING: Final = core_schema.plain_serializer_function_ser_schema(str, when_used="json")


class Declared:
    """Annotation of a request member: a member, or exactly the string of a declared one."""

    #: What AWS's prose or habit says, where it is none of the values and not close to one.
    INTENTIONS: ClassVar[Mapping[str, str]] = {
        "closed won": "Launched",
        "won": "Launched",
        "lost": "Closed Lost",
        "asc": "ASCENDING",
        "desc": "DESCENDING",
        "production": "AWS",
        "test": "Sandbox",
        "company name": "CustomerCompanyName",
        "id": "Identifier",
        "pending": "Pending Submission",
        "under review": "In review",
        "disqualified": "Rejected",
    }

    def __get_pydantic_core_schema__(
        self, source: type[OpenStrEnum], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        # The enumeration's own schema validates nothing here: it is what the JSON schema shows.
        return core_schema.no_info_wrap_validator_function(
            lambda value, _: _declared(source, value),
            core_schema.enum_schema(source, list(source)),
            serialization=_AS_STRING,
        )


def declared(enum: type[EnumT], value: object, argument: str, valid: str) -> EnumT:
    """Return the member that a method's argument is, or is the exact string of.

    Args:
        enum: The enumeration.
        value: The argument's value.
        argument: The argument's name, for the message.
        valid: What is valid, for the message.

    Raises:
        ValueError: It is neither; the message says which was probably meant.
    """
    try:
        return _declared(enum, value)
    except PydanticCustomError as error:
        problem = (error.context or {})["problem"]
    raise ValueError(f"{argument}: {problem}. Valid: {valid}")


def _declared(enum: type[EnumT], value: object) -> EnumT:
    if isinstance(value, enum):
        return value
    named = with_article(enum.__name__)
    # A member of another enumeration is a str too, and always a mistake.
    if isinstance(value, str) and not isinstance(value, StrEnum):
        member = enum._value2member_map_.get(value)
        if isinstance(member, enum):
            return member
        problem = f"{value[:80]!r} is not {named}{_suggestion(enum, value)}"
    else:
        problem = f"{named} or its exact string is needed, not {type(value).__name__}"
    refuse(problem, ", ".join(repr(member.value) for member in enum))


def _suggestion(enum: type[OpenStrEnum], value: str) -> str:
    known = {_plain(member.value): member.value for member in enum}
    wanted = Declared.INTENTIONS.get(_plain(value))
    if wanted not in known.values():
        close = difflib.get_close_matches(_plain(value), known, n=1, cutoff=0.6)
        wanted = known[close[0]] if close else None
    return f" (perhaps {wanted!r})" if wanted else ""


def _plain(value: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value)
    return " ".join(re.split(r"[\s_\-/]+", spaced.strip())).casefold()

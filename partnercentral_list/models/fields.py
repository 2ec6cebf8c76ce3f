"""The kinds of fields of requests and responses: their validation and description.

A request's fields are strict, with words that say what is valid; a response's are tolerant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    NoReturn,
    Protocol,
    SupportsIndex,
    TypeAlias,
    TypeVar,
    cast,
    get_args,
)

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from partnercentral_list.models.enums import OpenStrEnum

IDENTIFIER_PATTERN: Final = "O[0-9]{1,19}"
MAX_PAGE_SIZE: Final = 100

ItemT_co = TypeVar("ItemT_co", covariant=True)


class NotAString(Protocol[ItemT_co]):
    """A list, tuple or other sequence, but not a bare string (whose items are strings too)."""

    # str.__contains__ takes only a str, which is what keeps str out of this protocol.
    def __contains__(self, value: object, /) -> bool: ...
    def __getitem__(self, index: SupportsIndex, /) -> ItemT_co: ...
    def __iter__(self) -> Any: ...
    def __len__(self) -> int: ...

    # For pydantic's TypeAdapter(OpportunityFilters). Hidden from type checkers, to which it would
    # be one more method that a list lacks.
    if not TYPE_CHECKING:

        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            return handler(Sequence[get_args(source) or (Any,)])


def refuse(problem: str, valid: str) -> NoReturn:
    """Raise the pydantic error that `RequestValidationError` is made from.

    Raises:
        PydanticCustomError: Always.
    """
    raise PydanticCustomError(
        "request_field", "{problem}. Valid: {valid}", {"problem": problem, "valid": valid}
    )


@dataclass(slots=True, eq=False, repr=False)
class ListOf:
    """A list with one to `maximum` entries; a bare string and an empty list are refused."""

    maximum: int
    advice: str = ""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._entries, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "minItems": 1, "maxItems": self.maximum}

    def _entries(self, value: Any) -> tuple[object, ...]:
        valid = f"a list with 1 to {self.maximum} entries"
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            refuse(f"{_kind(cast('object', value))} where a list belongs", valid)
        entries = tuple(cast("Iterable[object]", value))
        if not entries:
            refuse("an empty list; to list everything, leave it out", valid)
        if len(entries) > self.maximum:
            refuse(f"{len(entries)} entries{self.advice}", valid)
        return entries


def is_identifier(text: str) -> bool:
    """Return whether AWS would look up such an identifier."""
    return re.fullmatch(IDENTIFIER_PATTERN, text, re.ASCII) is not None


def check_identifier(value: Any) -> str:
    """Return an identifier.

    Raises:
        PydanticCustomError: The value is not a string, or does not match AWS's pattern.
    """
    valid = f"{IDENTIFIER_PATTERN} (such as O1111111)"
    if not isinstance(value, str):
        refuse(f"{_kind(value)} where a string belongs", valid)
    if not is_identifier(value):
        refuse(f"{value[:40]!r} is malformed", valid)
    return value


def _check_page_size(value: Any) -> int:
    valid = f"a whole number from 1 to {MAX_PAGE_SIZE}"
    # To Python, a bool is a number.
    if isinstance(value, bool) or not isinstance(value, int):
        refuse(f"{_kind(value)} where a whole number belongs", valid)
    if not 1 <= value <= MAX_PAGE_SIZE:
        refuse(f"{shown_number(value)} is out of range", valid)
    return value


def _check_text(value: Any) -> str:
    if not isinstance(value, str):
        refuse(f"{_kind(value)} where a string belongs", "a string")
    if not value:
        refuse("an empty string", "a string with at least one character")
    if any("\ud800" <= char <= "\udfff" for char in value):
        refuse("half of a surrogate pair, which is no character", "a string of Unicode")
    return value


def _check_instant(value: Any) -> datetime:
    valid = "a datetime with a time zone, such as datetime(2026, 1, 31, tzinfo=UTC)"
    moment = _parsed(datetime, value, valid)
    if moment.tzinfo is None or moment.utcoffset() is None:
        refuse("a datetime without a time zone, which could be any of 24 hours", valid)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        refuse("a datetime that is outside the years 1 to 9999 in UTC", valid)
    # Earlier years go over the wire with fewer digits, as something else.
    if moment.year < 1000:
        refuse(f"the year {moment.year}", "a datetime from the year 1000 on")
    return moment


def _check_day(value: Any) -> date:
    valid = "a date, such as date(2026, 1, 31), from the year 1000 on"
    if isinstance(value, datetime):
        refuse("a datetime, of which the date depends on the time zone", valid)
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        refuse(f"{value[:40]!r} is not a date", "YYYY-MM-DD")
    day = _parsed(date, value, valid)
    if day.year < 1000:
        refuse(f"the year {day.year}", valid)
    return day


# The check comes first, with its own words: the bounds in `Field` are for the JSON schema.
Identifier: TypeAlias = Annotated[
    str, Field(pattern=f"^{IDENTIFIER_PATTERN}$"), BeforeValidator(check_identifier)
]
"""AWS's identifier of an opportunity."""
PageSize: TypeAlias = Annotated[
    int, Field(ge=1, le=MAX_PAGE_SIZE), BeforeValidator(_check_page_size)
]
"""A number of opportunities in a page."""
Text: TypeAlias = Annotated[str, Field(min_length=1), BeforeValidator(_check_text)]
"""A string that is not empty, of which nothing is shown in an error."""
Instant: TypeAlias = Annotated[datetime, BeforeValidator(_check_instant)]
"""An aware datetime, or ISO 8601 text with an offset; kept in UTC."""
Day: TypeAlias = Annotated[date, BeforeValidator(_check_day)]
"""A date without a time, or its ``YYYY-MM-DD`` text."""


DateT = TypeVar("DateT", date, datetime)


def _parsed(kind: type[DateT], value: Any, valid: str) -> DateT:
    if isinstance(value, kind):
        return value
    if not isinstance(value, str):
        refuse(f"{_kind(value)} where a {kind.__name__} belongs", valid)
    try:
        return kind.fromisoformat(value)
    except ValueError:
        pass
    refuse(f"{value[:40]!r} is not ISO 8601", valid)


def shown_number(value: int) -> str:
    """Return a number as text; one of more than 20 digits is described."""
    return str(value) if abs(value) < 10**20 else "a number of more than 20 digits"


def with_article(name: str) -> str:
    """Return a name with "a" or "an" before it."""
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"


def _kind(value: object) -> str:
    return "None" if value is None else with_article(type(value).__name__)


EnumT = TypeVar("EnumT", bound=OpenStrEnum)


class Tolerant:
    """Annotation of a response field: an unknown string becomes an unknown enum member."""

    def __get_pydantic_core_schema__(
        self, source: type[OpenStrEnum], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
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


#: What AWS's prose or habit says, where it is none of the values and not close to one.
_INTENTIONS: Final = {
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


class Declared:
    """Annotation of a request field: a member, or exactly the string of a declared one."""

    def __get_pydantic_core_schema__(
        self, source: type[OpenStrEnum], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        # The enumeration's own schema validates nothing here: it is what the JSON schema shows.
        return core_schema.no_info_wrap_validator_function(
            lambda value, _: _declared(source, value),
            core_schema.enum_schema(source, list(source)),
            serialization=_AS_STRING,
        )


def declared(enum: type[EnumT], value: object, argument: str, valid: str) -> EnumT:
    """Return the enumeration member for an argument: a member, or exactly its string.

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
    wanted = _INTENTIONS.get(_plain(value))
    if wanted not in known.values():
        close = difflib.get_close_matches(_plain(value), known, n=1, cutoff=0.6)
        wanted = known[close[0]] if close else None
    return f" (perhaps {wanted!r})" if wanted else ""


def _plain(value: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value)
    return " ".join(re.split(r"[\s_\-/]+", spaced.strip())).casefold()


class UtcTimestamp:
    """Annotation of a response field: a timestamp, in UTC whatever its offset."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        # The first choice never enters Python: AWS sends UTC.
        return core_schema.union_schema(
            [
                core_schema.datetime_schema(tz_constraint=0),
                core_schema.no_info_after_validator_function(in_utc, core_schema.datetime_schema()),
            ],
            mode="left_to_right",
        )


def in_utc(moment: datetime) -> datetime:
    """Return a timestamp in UTC, which it is in if it names no time zone.

    Raises:
        ValueError: It is outside the years 1 to 9999 there.
    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a timestamp outside the years 1 to 9999 in UTC") from None


class EmptyIsNone:
    """Annotation of a response field that refuses an empty string: it means None."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        # Without a Python function, which costs time for each value: None's schema refuses the
        # empty string that the literal lets through, and falls back to its default.
        none = core_schema.with_default_schema(
            core_schema.none_schema(), default=None, on_error="default"
        )
        empty = core_schema.chain_schema([core_schema.literal_schema([""]), none])
        return core_schema.union_schema([handler(source), empty], mode="left_to_right")

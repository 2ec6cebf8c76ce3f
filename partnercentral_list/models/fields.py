"""What the fields of requests and responses share: how each kind is validated and described.

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
    Any,
    Final,
    NoReturn,
    Protocol,
    SupportsIndex,
    TypeVar,
    cast,
    get_args,
)

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from partnercentral_list.models.enums import OpenStrEnum

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
        described = handler(schema)
        # The annotation is `tuple[...] | None`: the bounds are the list's.
        for choice in described.get("anyOf", [described]):
            if choice.get("type") == "array":
                choice.update(minItems=1, maxItems=self.maximum)
        return described

    def _entries(self, value: Any) -> Any:
        valid = f"a list with 1 to {self.maximum} entries"
        if value is None:
            return None
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            refuse(f"{_kind(cast('object', value))} where a list belongs", valid)
        entries = tuple(cast("Iterable[object]", value))
        if not entries:
            refuse("an empty list; to list everything, leave it out", valid)
        if len(entries) > self.maximum:
            refuse(f"{len(entries)} entries{self.advice}", valid)
        return entries


@dataclass(slots=True, eq=False, repr=False)
class Matches:
    """A string that matches AWS's pattern from end to end."""

    pattern: str
    example: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{self.pattern}$"}

    def check(self, value: Any) -> str:
        """Return the string.

        Raises:
            PydanticCustomError: The value is not a string, or does not match the pattern.
        """
        valid = f"{self.pattern} (such as {self.example})"
        if not isinstance(value, str):
            refuse(f"{_kind(value)} where a string belongs", valid)
        if not re.fullmatch(self.pattern, value, re.ASCII):
            refuse(f"{value[:40]!r} is malformed", valid)
        return value


@dataclass(slots=True, eq=False, repr=False)
class Between:
    """A whole number within bounds, both included; a bool is not a number here."""

    minimum: int
    maximum: int

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}

    def check(self, value: Any) -> int:
        """Return the number.

        Raises:
            PydanticCustomError: It is not a whole number, or out of bounds.
        """
        valid = f"a whole number from {self.minimum} to {self.maximum}"
        if isinstance(value, bool) or not isinstance(value, int):
            refuse(f"{_kind(value)} where a whole number belongs", valid)
        if not self.minimum <= value <= self.maximum:
            refuse(f"{shown_number(value)} is out of range", valid)
        return value


class Text:
    """A string that is not empty, of which nothing is shown in an error."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._text)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "minLength": 1}

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            refuse(f"{_kind(value)} where a string belongs", "a string")
        if not value:
            refuse("an empty string", "a string with at least one character")
        if any("\ud800" <= char <= "\udfff" for char in value):
            refuse("half of a surrogate pair, which is no character", "a string of Unicode")
        return value


class Instant:
    """An aware datetime, or ISO 8601 text with an offset; kept in UTC."""

    VALID = "a datetime with a time zone, such as datetime(2026, 1, 31, tzinfo=UTC)"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._instant, handler(source))

    def _instant(self, value: Any) -> datetime:
        moment = _parsed(datetime, value, self.VALID)
        if moment.tzinfo is None or moment.utcoffset() is None:
            refuse("a datetime without a time zone, which could be any of 24 hours", self.VALID)
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            refuse("a datetime that is outside the years 1 to 9999 in UTC", self.VALID)
        # Earlier years go over the wire with fewer digits, as something else.
        if moment.year < 1000:
            refuse(f"the year {moment.year}", "a datetime from the year 1000 on")
        return moment


class Day:
    """A date without a time, or its ``YYYY-MM-DD`` text."""

    VALID = "a date, such as date(2026, 1, 31), from the year 1000 on"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._day, handler(source))

    def _day(self, value: Any) -> date:
        if isinstance(value, datetime):
            refuse("a datetime, of which the date depends on the time zone", self.VALID)
        if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            refuse(f"{value[:40]!r} is not a date", "YYYY-MM-DD")
        day = _parsed(date, value, self.VALID)
        if day.year < 1000:
            refuse(f"the year {day.year}", self.VALID)
        return day


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
    """Return a name behind "a" or "an"."""
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
    """Return the member that a method's argument is, or is the exact string of.

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
                core_schema.no_info_after_validator_function(
                    _in_utc, core_schema.datetime_schema()
                ),
            ],
            mode="left_to_right",
        )


def _in_utc(moment: datetime) -> datetime:
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

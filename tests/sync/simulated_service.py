"""A model of the service in memory, with a clock of its own, for every behavior AWS may have.

It keeps one promise, on which the sync rests: once it has shown a change of some time, every later
response shows all changes that are `late` milliseconds older.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from partnercentral_list import Catalog, OpportunitySummary, TokenExpiredError, TransportError
from partnercentral_list.sync import InvalidRecord
from tests.service import SourcePage, SourceQuery, SourceRow, valid_row

START = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Traits:
    """How the service behaves; times are in milliseconds, frequencies per request."""

    page: int = 3
    tokens: str = "offset"
    exclusive: bool = False
    filter_unit: int = 1
    shown_unit: int = 1
    late: int = 0
    replica_lag: int = 0
    edits: float = 0.0
    mass: float = 0.0
    imports: float = 0.0
    latency: int = 300
    empty: float = 0.0
    short: float = 0.0
    life: int | None = None
    disorder: float = 0.0
    faults: float = 0.0
    token_at_end: bool = False
    random_ties: bool = False
    silent: float = 0.0
    deleted: float = 0.0
    invalid: float = 0.0
    ahead: float = 0.0
    ahead_by: tuple[int, ...] = (10**8, 10**12)
    undated: float = 0.0
    tells_time: bool = True


@dataclass(frozen=True)
class RecordVersion:
    number: int
    id: int
    modified: int
    created: int
    content: int
    visible_at: int


@dataclass
class SimulatedService:
    traits: Traits
    rng: Random
    size: int = 30
    now: int = 10_000_000
    versions: int = 0
    latest: int = 0
    highest: int = 0
    current: dict[int, RecordVersion] = field(default_factory=dict)
    requests: int = 0
    catalog: Catalog = Catalog.AWS
    gone: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pending: list[RecordVersion] = []
        self._settled: dict[int, RecordVersion] = {}
        self._tokens: dict[str, tuple[int, Any]] = {}
        ids = list(range(self.size))
        while ids:
            at = self.rng.randrange(0, self.now - 200_000, self.rng.choice([1, 1000]))
            for _ in range(self.rng.choice([1, 1, 1, 2, self.traits.page + 2])):
                if ids:
                    self._put(ids.pop(), at, visible_at=0)

    # What happens to the pipeline

    def _put(self, identifier: int, at: int, *, visible_at: int | None = None) -> None:
        before = self.current.get(identifier)
        number = self.versions + 1
        created = before.created if before else at
        late = at + self.rng.randint(0, self.traits.late) if visible_at is None else visible_at
        self.latest = max(self.latest, at)
        if self.rng.random() < self.traits.ahead:
            at = self.now + self.rng.choice(self.traits.ahead_by)
        version = RecordVersion(number, identifier, at, created, number, late)
        self._take(version)

    def _take(self, version: RecordVersion) -> None:
        self.versions += 1
        self.highest = max(self.highest, version.id)
        self.current[version.id] = version
        self._pending.append(version)

    def advance(self, elapsed: int) -> None:
        """Let time pass, and records be edited."""
        traits, rng = self.traits, self.rng
        for _ in range(int(traits.edits) + (rng.random() < traits.edits % 1)):
            at = self.now + rng.randint(0, elapsed)
            self._edit_at(max(at, self.latest))
        self.now = max(self.now + elapsed, self.latest)
        if rng.random() < traits.mass:
            for identifier in rng.sample(sorted(self.current), k=min(8, len(self.current))):
                self._put(identifier, self.now)
        if rng.random() < traits.imports:
            for _ in range(4 * traits.page):
                self._put(self._unused(), self.now)
        if rng.random() < traits.silent and self.current:
            old = self.current[rng.choice(sorted(self.current))]
            version = replace(old, number=self.versions + 1, content=-self.now, visible_at=0)
            self._take(version)
        if rng.random() < traits.deleted and len(self.current) > 3:
            identifier = rng.choice(sorted(self.current))
            del self.current[identifier]
            self.gone[identifier] = self.now

    def _edit_at(self, at: int) -> None:
        if self.rng.random() < 0.2 or not self.current:
            self._put(self._unused(), at)
        else:
            self._put(self.rng.choice(list(self.current)), at)

    def _unused(self) -> int:
        return self.highest + 1

    def quiet(self) -> None:
        """End all edits, and make everything visible."""
        self.traits = replace(
            self.traits,
            edits=0,
            mass=0,
            imports=0,
            faults=0,
            disorder=0,
            silent=0,
            deleted=0,
            ahead=0,
        )
        self.now += self.traits.late + self.traits.replica_lag + 1

    def truth(self) -> dict[str, OpportunitySummary]:
        """Return what an exact replica holds."""
        shown = [version for version in self.current.values() if not self._is_invalid(version)]
        return {(r := self._record(version)).id: r for version in shown}

    def invalid(self) -> set[str]:
        """Return the identifiers of records that are invalid now."""
        return {f"O{v.id}" for v in self.current.values() if self._is_invalid(v)}

    # What a request sees

    async def fetch(self, query: SourceQuery) -> SourcePage:
        self.requests += 1
        self.advance(self.rng.randint(self.traits.latency // 2, 2 * self.traits.latency))
        if self.rng.random() < self.traits.faults:
            raise TransportError("gone", retryable=True)
        if query.token is not None:
            issued, place = self._tokens[query.token]
            if self.traits.life is not None and self.requests - issued > self.traits.life:
                raise TokenExpiredError("expired")
        else:
            place = 0
        found = self._matching(query)
        begin = self._begin(place, found, query)
        if isinstance(place, tuple) and place[0] == "snapshot":
            found = place[1]
        size = self.traits.page
        if self.rng.random() < self.traits.empty:
            size = 0
        elif self.rng.random() < self.traits.short:
            size = self.rng.randint(1, size)
        shown = found[begin : begin + size]
        if self.rng.random() < self.traits.disorder:
            # Only what can be seen to be wrong: nobody could tell a wrong page that is sorted.
            wrong = found[::-1][begin : begin + size]
            dates = [self._key(version, query)[0] for version in wrong]
            shown = shown if dates == sorted(dates, reverse=query.descending) else wrong
        end = begin + len(shown)
        more = end < len(found) or (self.traits.token_at_end and size and len(shown) == size)
        token = self._token(found, end, query) if more else None
        rows = [self._row(version) for version in shown]
        return SourcePage(tuple(rows), token, self._clock())

    def _clock(self) -> datetime | None:
        seconds = timedelta(seconds=self.now // 1000)
        return START + seconds if self.traits.tells_time else None

    def _show(self, versions: list[RecordVersion], shown: dict[int, RecordVersion]) -> None:
        for version in versions:
            if version.id not in shown or shown[version.id].number < version.number:
                shown[version.id] = version

    def _begin(self, place: Any, found: list[RecordVersion], query: SourceQuery) -> int:
        if not isinstance(place, tuple):
            return int(place)
        if place[0] == "snapshot":
            return int(place[2])
        if query.descending:
            return sum(self._key(version, query) >= place[1] for version in found)
        return bisect_right([self._key(version, query) for version in found], place[1])

    def _token(self, found: list[RecordVersion], end: int, query: SourceQuery) -> str:
        place: Any = end
        if self.traits.tokens == "snapshot":
            place = ("snapshot", found, end)
        elif self.traits.tokens == "keyset" and end:
            place = ("keyset", self._key(found[end - 1], query))
        name = str(len(self._tokens))
        self._tokens[name] = (self.requests, place)
        return name

    def _key(self, version: RecordVersion, query: SourceQuery) -> tuple[int, int]:
        if query.key == "Identifier":
            return version.id, 0
        date = version.modified if query.key == "LastModifiedDate" else version.created
        return date, version.id * 7919 % 1009

    def _matching(self, query: SourceQuery) -> list[RecordVersion]:
        seen_at = self.now - self.rng.randint(0, self.traits.replica_lag)
        settled_at = self.now - self.traits.replica_lag
        self._show([v for v in self._pending if v.visible_at <= settled_at], self._settled)
        self._pending = [v for v in self._pending if v.visible_at > settled_at]
        visible = dict(self._settled)
        self._show([v for v in self._pending if v.visible_at <= seen_at], visible)
        rows = [
            version
            for version in visible.values()
            if self.gone.get(version.id, self.now + 1) > self.now and self._matches(version, query)
        ]
        if self.traits.random_ties:
            self.rng.shuffle(rows)
            rows.sort(key=lambda version: self._key(version, query)[0], reverse=query.descending)
        else:
            rows.sort(key=lambda version: self._key(version, query), reverse=query.descending)
        return rows

    def _matches(self, version: RecordVersion, query: SourceQuery) -> bool:
        if query.identifiers is not None:
            return f"O{version.id}" in query.identifiers
        if query.key != "Identifier" and self._is_undated(version):
            return False
        if query.after is None:
            return True
        unit = self.traits.filter_unit
        bound = (query.after - START) // timedelta(milliseconds=1) // unit
        date = self._key(version, query)[0] // unit
        return date > bound if self.traits.exclusive else date >= bound

    def _is_undated(self, version: RecordVersion) -> bool:
        return version.id * 7919 % 997 < 997 * self.traits.undated

    def _is_invalid(self, version: RecordVersion) -> bool:
        return version.number * 7919 % 1009 < 1009 * self.traits.invalid

    def _row(self, version: RecordVersion) -> SourceRow:
        row = valid_row(self._record(version))
        if not self._is_invalid(version):
            return row
        # With a date of its own, none, or nonsense.
        modified = (row.modified, None, datetime(9999, 1, 1, tzinfo=UTC), START)[version.number % 4]
        return replace(row, modified=modified, record=InvalidRecord(row.id or "", row.id, "", ""))

    def _record(self, version: RecordVersion) -> OpportunitySummary:
        unit = self.traits.shown_unit
        if self._is_undated(version):
            return _summary(version.id, None, None, version.content)
        return _summary(
            version.id,
            version.modified // unit * unit,
            version.created // unit * unit,
            version.content,
        )


@cache
def _summary(
    identifier: int, modified: int | None, created: int | None, content: int
) -> OpportunitySummary:
    def date(milliseconds: int | None) -> datetime | None:
        return None if milliseconds is None else START + timedelta(milliseconds=milliseconds)

    return OpportunitySummary(
        catalog=Catalog.AWS,
        id=f"O{identifier}",
        last_modified_date=date(modified),
        created_date=date(created),
        partner_opportunity_identifier=str(content),
    )


def drive(coroutine: Any) -> Any:
    """Run a coroutine that never waits, without an event loop, which would be slow."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited")

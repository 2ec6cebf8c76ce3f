"""The fake service with records that change as time passes, for simulations of syncs.

It keeps one guarantee, on which the sync rests: once it has shown a change of some time, every
later response shows all changes that are `late` milliseconds older.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from partnercentral_list import OpportunitySummary, TransportError
from tests.expected import Rules
from tests.service import EPOCH, Page, Record, Service, timestamp, to_the_second

START = 1_735_689_600_000
"""The first time of the simulations, in milliseconds since 1970: 2025."""
UNDATED = {"LastModifiedDate": None, "CreatedDate": None}
#: What an invalid record shows in place of its date of modification; an empty text is its own.
WRONG_DATES = ("", None, "9999-01-01T00:00:00Z", timestamp(START))


class Version(Record):
    """A record from an edit until the next one."""

    number: int
    visible_at: int
    modified: int
    created: int


@dataclass
class EditedService(Service):
    """Responds while records are edited; times are in milliseconds, frequencies per response."""

    rules: Rules = field(default_factory=lambda: Rules(nulls="excluded"))
    page_size: int = 3
    latency: float = 0.3
    size: int = 30
    now: int = START + 10_000_000
    has_clock: bool = True
    is_shown_to_the_second: bool = False
    late: int = 0
    replica_lag: int = 0
    edits: float = 0.0
    mass_edits: float = 0.0
    imports: float = 0.0
    silent_edits: float = 0.0
    deletions: float = 0.0
    faults: float = 0.0
    invalid: float = 0.0
    undated: float = 0.0
    ahead: float = 0.0
    ahead_by: tuple[int, ...] = (10**8, 10**12)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.latest = 0
        self.current: dict[int, Version] = {}
        self.deleted: set[str] = set()
        self._versions = self._highest = 0
        self._pending: list[Version] = []
        self._settled: dict[str, Version] = {}
        numbers = list(range(self.size))
        while numbers:
            at = self.random.randrange(START, self.now - 200_000, self.random.choice([1, 1000]))
            for _ in range(self.random.choice([1, 1, 1, 2, self.page_size + 2])):
                if numbers:
                    self._put(numbers.pop(), at, visible_at=0)

    # What happens to the records

    def _put(self, number: int, at: int, *, visible_at: int | None = None) -> None:
        before = self.current.get(number)
        created = before.created if before else at
        if visible_at is None:
            visible_at = at + self.random.randint(0, self.late)
        self.latest = max(self.latest, at)
        if self._happens(self.ahead):
            at = self.now + self.random.choice(self.ahead_by)
        self._add(number, at, created, visible_at)

    def _add(
        self, number: int, modified: int, created: int, visible_at: int, content: int | None = None
    ) -> None:
        self._versions += 1
        self._highest = max(self._highest, number)
        version = Version(
            Catalog="AWS",
            # The order of tied records by identifier is not the one in which they were created.
            Id=f"O{number * 7919 % 100_003}",
            LastModifiedDate=timestamp(modified),
            CreatedDate=timestamp(created),
            PartnerOpportunityIdentifier=str(content or self._versions),
        )
        version.number, version.visible_at = self._versions, visible_at
        version.modified, version.created = modified, created
        if number * 7919 % 997 < 997 * self.undated:
            version.update(UNDATED)
        version.shows = self._shows(version)
        self.current[number] = version
        self._pending.append(version)

    def _shows(self, version: Version) -> dict[str, Any]:
        shows: dict[str, Any] = {}
        if self.is_shown_to_the_second:
            shows = {name: version[name] and to_the_second(version[name]) for name in UNDATED}
        if version.number * 7919 % 1009 < 1009 * self.invalid:
            shows["LifeCycle"] = "a structure belongs here"
            wrong = WRONG_DATES[version.number % 4]
            shows |= {} if wrong == "" else {"LastModifiedDate": wrong}
        return shows

    def advance(self, elapsed: int) -> None:
        """Let time pass, and records be edited."""
        random = self.random
        for _ in range(int(self.edits) + (random.random() < self.edits % 1)):
            self.edit_at(max(self.now + random.randint(0, elapsed), self.latest))
        self.now = max(self.now + elapsed, self.latest)
        if self._happens(self.mass_edits):
            for number in random.sample(sorted(self.current), k=min(8, len(self.current))):
                self._put(number, self.now)
        if self._happens(self.imports):
            for _ in range(4 * self.page_size):
                self._put(self._highest + 1, self.now)
        if self._happens(self.silent_edits) and self.current:
            number = random.choice(sorted(self.current))
            old = self.current[number]
            self._add(number, old.modified, old.created, 0, content=-self.now)
        if self._happens(self.deletions) and len(self.current) > 3:
            self.deleted.add(self.current.pop(random.choice(sorted(self.current)))["Id"])

    def edit_at(self, at: int) -> None:
        if self.random.random() < 0.2 or not self.current:
            self._put(self._highest + 1, at)
        else:
            self._put(self.random.choice(list(self.current)), at)

    def end_edits(self) -> None:
        """End all edits and faults, and make everything visible."""
        self.edits = self.mass_edits = self.imports = self.silent_edits = self.deletions = 0.0
        self.faults = self.disorder = self.ahead = 0.0
        self.now += self.late + self.replica_lag + 1

    def expected(self) -> dict[str, OpportunitySummary]:
        """Return what an exact replica holds."""
        parsed = (version.parsed for version in self.current.values())
        return {record.id: record for record in parsed if record is not None}

    def invalid_ids(self) -> set[str]:
        """Return the identifiers of records that are invalid now."""
        return {record["Id"] for record in self.current.values() if record.parsed is None}

    # What a request sees

    def respond(self, parameters: Mapping[str, Any]) -> Page:
        latency = int(self.latency * 1000)
        self.advance(self.random.randint(latency // 2, 2 * latency))
        if self._happens(self.faults):
            raise TransportError("gone", retryable=True)
        return super().respond(parameters)

    def clock(self) -> datetime | None:
        return EPOCH + timedelta(seconds=self.now // 1000) if self.has_clock else None

    def visible(self) -> Iterable[Record]:
        seen_at = self.now - self.random.randint(0, self.replica_lag)
        settled_at = self.now - self.replica_lag
        _show((v for v in self._pending if v.visible_at <= settled_at), self._settled)
        self._pending = [v for v in self._pending if v.visible_at > settled_at]
        visible = dict(self._settled)
        _show((v for v in self._pending if v.visible_at <= seen_at), visible)
        return [version for name, version in visible.items() if name not in self.deleted]


def edited(**options: Any) -> partial[EditedService]:
    """Return what makes such a service of a random number generator and a size."""
    return partial(EditedService, **options)


def _show(versions: Iterable[Version], shown: dict[str, Version]) -> None:
    for version in versions:
        name = version["Id"]
        if name not in shown or shown[name].number < version.number:
            shown[name] = version

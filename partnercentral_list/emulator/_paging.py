"""Pages: from a valid request to the records and the token that it is answered with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._effects import Content, Page
from partnercentral_list.emulator._faults import EXPIRED_TOKEN
from partnercentral_list.emulator._order import Order
from partnercentral_list.emulator._record import Record
from partnercentral_list.emulator._render import Renderer
from partnercentral_list.emulator._store import Store
from partnercentral_list.emulator._tokens import Position, Shelf, TokenBook

_DEFAULT_PAGE_SIZE = 20
# Neither is part of what a token is bound to.
_PAGING = ("MaxResults", "NextToken")


@dataclass(frozen=True, slots=True)
class Paging:
    """Cuts listings into pages; keeps what tokens refer to as long as the emulator lives."""

    store: Store
    tokens: TokenBook
    behavior: Behavior
    seed: int
    anchors: Shelf[Record] = field(default_factory=Shelf[Record])
    snapshots: Shelf[Sequence[Record]] = field(default_factory=Shelf[Sequence[Record]])

    def page(self, known: Mapping[str, Any], number: int, renderer: Renderer) -> Content:
        """Answer a request.

        Args:
            known: The request's known parameters, valid, without null and empty ones.
            number: The request's number.
            renderer: Writes the records.
        """
        parameters = {name: value for name, value in known.items() if name not in _PAGING}
        size = int(known.get("MaxResults", _DEFAULT_PAGE_SIZE))
        token: str | None = known.get("NextToken")
        listing = json.dumps(parameters, sort_keys=True)
        position = Position(0, 0)
        if token is not None:
            found = self.tokens.read(listing, token, number)
            if found is None:
                return self.behavior.expired_token.effect.content(lambda: EXPIRED_TOKEN)
            position = found
        order, records = self.store.listing(listing, parameters, number)
        if self.behavior.tokens == "snapshot" and position.place:
            records = self.snapshots.get(position.place)
        start = self._start(position, order, records)
        end = min(len(records), start + self._count(size, number, len(records) - start))

        def issue(offset: int, edition: int) -> str:
            return self.tokens.issue(listing, self._position(records, offset, edition), number)

        more = end < len(records) or (self.behavior.token_at_end and end - start == size)
        page = Page(
            records=tuple(map(renderer.render, records[start:end])),
            # A page that is empty leads to where it is itself, under a token that is new.
            next_token=issue(end, number if end == start else 0) if more else None,
            offset=start,
            size=size,
            token=token,
            number=number,
            issue=issue,
            end_token=self.behavior.end_token,
        )
        self._edit(number)
        return page

    def _start(self, position: Position, order: Order, records: Sequence[Record]) -> int:
        if self.behavior.tokens == "keyset" and position.place:
            return order.position_behind(self.anchors.get(position.place), records)
        return position.offset

    def _position(self, records: Sequence[Record], offset: int, edition: int) -> Position:
        if self.behavior.tokens == "keyset":
            inside = min(offset, len(records))
            if not inside:
                return Position(0, 0, edition)
            anchor = records[inside - 1]
            return Position(self.anchors.put(anchor, (anchor.serial, anchor.data)), 0, edition)
        if self.behavior.tokens == "snapshot":
            # What is kept cannot lose its identity to another listing.
            return Position(self.snapshots.put(records, id(records)), offset, edition)
        return Position(0, offset, edition)

    def _count(self, size: int, number: int, left: int) -> int:
        """Say how many records a page has; left to itself, a full one."""
        behavior = self.behavior
        full = min(size, left)
        if full <= 0 or not (behavior.empty_pages or behavior.short_pages):
            return size
        rng = Random(f"{self.seed}:page:{number}")
        if rng.random() < behavior.empty_pages:
            return 0
        is_short = full > 1 and rng.random() < behavior.short_pages
        return rng.randint(1, full - 1) if is_short else full

    def _edit(self, number: int) -> None:
        if self.behavior.edits_per_request:
            rng = Random(f"{self.seed}:edits:{number}")
            self.store.touch_some(self.behavior.edits_per_request, rng)

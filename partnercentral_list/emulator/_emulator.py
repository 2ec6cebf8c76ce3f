"""PartnerCentralEmulator: a local Partner Central, put together and controlled."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._faults import Fault, FaultSchedule, RandomFaults, is_a
from partnercentral_list.emulator._listing import PageTokens, Paginator
from partnercentral_list.emulator._model import SECOND, load_service
from partnercentral_list.emulator._quota import AccountQuota
from partnercentral_list.emulator._server import HOST, LOCAL_HOSTS, EmulatorServer, is_host
from partnercentral_list.emulator._service import PartnerCentralService, RecordedRequest, RequestLog
from partnercentral_list.emulator._signatures import REGION, AcceptedCredentials, Authenticator
from partnercentral_list.emulator._store import OpportunityStore

if TYPE_CHECKING:
    from typing import Self


class PartnerCentralEmulator:
    """A local Partner Central that responds to ListOpportunities over HTTP.

    It runs on threads of its own between ``start`` and ``stop``, or within ``with`` or
    ``async with``, and is bound to no event loop. Its methods may be called from any thread, and
    before it is started.

    ``behavior`` decides what nobody outside AWS knows. Whatever it says, records that are null in a
    member match no filter on it, and Ids and names sort as text, by code point: O10 before O2.

    Args:
        opportunities: How many to generate, up to 9,000,000, or records in wire form. A record
            without ``Catalog`` gets the emulator's; nothing else is added or checked, so it may be
            invalid.
        odd_values: Whether every hundredth generated record has an odd value (a huge, empty or null
            amount, a close date in the far future, a member that is null); its
            PartnerOpportunityIdentifier begins with ``odd-`` and says which.
        seed: Seeds the generated records, tokens and request ids.
        catalog: The catalog of the records. A request for another one gets an empty page.
        latency: Seconds to wait before each response, 0 or more.
        requests_per_second: The quota, more than 0: requests above it, in any window of one
            second, get a ThrottlingException. None for no quota; an ``AccountQuota`` for one that
            emulators share, or that has a limit for the day.
        faults: What happens to the first requests, one fault each; a string is an error's code.
            ``RandomFaults``, alone or among them, may hit any request that they leave alone.
        port: The port on 127.0.0.1; 0 for any that is free.
        behavior: What nobody outside AWS knows; None for the defaults of ``Behavior``.
        credentials: Whose signatures are accepted, one or several; all other requests are refused
            with AWS's errors. None checks no signatures, and needs none.
        clock: Seconds since 1970 that never go back: the time of changes and of responses (their
            ``Date`` header), by which the quota, tokens and late changes age too. Neither time is
            before the records that the emulator started with; a later date of your own, in ``add``
            or ``update`` or after the real time in those records, moves neither. None lets quota,
            tokens and late changes age by real time, dates each change one second after the latest
            date of all, so that dates can be repeated, and dates responses with the real time, or
            the latest such change. Generated records are dated around the day that the clock shows
            when the emulator is made, or 1 July 2026 without one (or if it shows none after 2022).
        allowed_hosts: Further host names that lead to the emulator, without a port, such as
            ``"host.docker.internal"``. A request that names another host than these, 127.0.0.1,
            localhost or [::1] gets a 421, so that no web page can read the records through a name
            that it resolves to 127.0.0.1.

    Raises:
        TypeError: A record cannot be written as JSON, or something in ``faults`` is not a fault.
        ValueError: An Id is used twice, a number is out of its bounds, ``faults`` is not a list, or
            a host is not a host name.
    """

    def __init__(
        self,
        opportunities: int | Iterable[Mapping[str, Any]] = 250,
        *,
        odd_values: bool = True,
        seed: int = 0,
        catalog: str = "AWS",
        latency: float = 0.0,
        requests_per_second: float | AccountQuota | None = None,
        faults: Iterable[Fault | RandomFaults | str] | RandomFaults = (),
        port: int = 0,
        behavior: Behavior | None = None,
        credentials: AcceptedCredentials | Iterable[AcceptedCredentials] | None = None,
        clock: Callable[[], float] | None = None,
        allowed_hosts: Iterable[str] = (),
    ) -> None:
        if not 0 <= latency < math.inf:
            raise ValueError("latency must be a number of seconds, 0 or more")
        if not 0 <= port <= 65_535:
            raise ValueError("port must be in 0..65535; 0 is any that is free")
        self._hosts = LOCAL_HOSTS | _check_hosts(allowed_hosts)
        self._latency = latency
        self._port = port
        behavior = behavior or Behavior()
        age_clock = clock or time.monotonic
        quota = requests_per_second
        if not isinstance(quota, AccountQuota):
            quota = AccountQuota(quota, clock=age_clock)
        self._store = OpportunityStore(
            opportunities,
            seed=seed,
            catalog=catalog,
            behavior=behavior,
            clock=clock,
            odd_values=odd_values,
        )
        if isinstance(credentials, AcceptedCredentials):
            credentials = [credentials]
        self._credentials = () if credentials is None else tuple(credentials)
        self._log = RequestLog()
        self._faults = _schedule(faults)
        self._service = PartnerCentralService(
            paginator=Paginator(self._store, PageTokens(seed, behavior, age_clock), behavior, seed),
            behavior=behavior,
            faults=self._faults,
            log=self._log,
            quota=quota,
            authenticator=Authenticator(
                None if credentials is None else self._credentials,
                clock=clock,
                date=lambda: self._store.now() / SECOND,
            ),
            seed=seed,
        )
        self._server: EmulatorServer | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        # Both take a few milliseconds, less than a thread to keep them off the loop is worth.
        self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The endpoint, such as ``http://127.0.0.1:41234``.

        Raises:
            RuntimeError: The emulator is not running.
        """
        server = self._server
        if server is None:
            raise RuntimeError("the emulator is not running: use it in a with block, or start() it")
        return f"http://{HOST}:{server.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that make any AWS SDK use this emulator.

        They are its URL, a region, and credentials: the first that it accepts, or placeholders if
        it checks no signatures, because an SDK signs every request. ``os.environ.update`` takes
        them, and so does ``env`` of a process.

        Raises:
            RuntimeError: The emulator is not running.
        """
        known = (*self._credentials, AcceptedCredentials("testing", "testing"))[0]
        variables = {
            "AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING": self.url,
            "AWS_ACCESS_KEY_ID": known.access_key,
            "AWS_SECRET_ACCESS_KEY": known.secret_key,
            # boto3 and the AWS CLI read the one, other SDKs the other.
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }
        if known.session_token is not None:
            variables["AWS_SESSION_TOKEN"] = known.session_token
        return variables

    @property
    def requests(self) -> list[RecordedRequest]:
        """All requests so far, in the order in which they arrived; all of them are kept."""
        return self._log.snapshot()

    @property
    def opportunities(self) -> list[dict[str, Any]]:
        """A copy of the records in wire form, in the order in which they were added."""
        return self._store.snapshot()

    @property
    def credentials(self) -> tuple[AcceptedCredentials, ...]:
        """The credentials whose signatures are accepted; empty if none are checked."""
        return self._credentials

    def start(self) -> None:
        """Start to serve; does nothing if the emulator is running already.

        Raises:
            OSError: The port is taken.
        """
        with self._lock:
            if self._server is None:
                load_service()
                self._server = EmulatorServer(
                    self._port, self._service, latency=self._latency, hosts=self._hosts
                )

    def stop(self) -> None:
        """Cut all connections and end all threads; does nothing if it is not running.

        Records, requests and faults stay, and the emulator can be started again.
        """
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def add(self, record: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Add an opportunity and return a copy of it.

        Args:
            record: Its wire form, stored as it is; None generates the next one, created and
                changed one second after the latest change of all.

        Raises:
            TypeError: The record cannot be written as JSON.
            ValueError: There is an opportunity with its Id already, or None and no other can be
                generated.
        """
        return self._store.add(record)

    def update(self, identifier: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change an opportunity and return a copy of it.

        Its LastModifiedDate becomes the time of the emulator's ``clock``, or without one a second
        later than the latest there ever was, unless the changes name one themselves.

        Args:
            identifier: The opportunity's Id.
            changes: Members in wire form; objects are merged, all else is replaced.

        Raises:
            KeyError: There is no such opportunity.
            ValueError: The changes are to the Id.
        """
        return self._store.update(identifier, changes)

    def touch_all(self) -> None:
        """Move the LastModifiedDate of every opportunity to one timestamp, as a mass edit does."""
        self._store.touch_all()

    def remove(self, identifier: str) -> None:
        """Delete an opportunity. As on AWS, no response and no event reports it.

        Raises:
            KeyError: There is no such opportunity.
        """
        self._store.remove(identifier)

    @property
    def events(self) -> list[dict[str, Any]]:
        """A copy of the EventBridge events about changes that were not taken yet, oldest first."""
        return self._store.events.snapshot()

    def take_events(self) -> list[dict[str, Any]]:
        """Return the EventBridge events about changes since the last call, in AWS's form.

        Additions are ``Opportunity Created``, changes ``Opportunity Updated``; a deletion has no
        event. An event may be there before its change is visible.
        """
        return self._store.events.take()

    def fail(
        self, fault: Fault | RandomFaults | str, *, times: int | None = 1, at: int = 1
    ) -> None:
        """Inject a fault into requests to come.

        Faults that are waiting stay; of several that apply to a request, the one that was injected
        first does.

        Args:
            fault: What happens, or the code of an error.
            times: How many requests in a row it happens to, 1 or more; None for all.
            at: The first of them: 1 is the next request that arrives.

        Raises:
            TypeError: It is not a fault.
            ValueError: times or at is less than 1.
        """
        if at < 1:
            raise ValueError("at must be 1 or more: 1 is the next request")
        self._faults.add(fault, first=len(self._log) + at, times=times)

    def clear_faults(self) -> None:
        """Remove all faults that are still to come."""
        self._faults.clear()


def _check_hosts(names: Iterable[str]) -> frozenset[str]:
    # The letters of a name are not names.
    if isinstance(names, str):
        raise ValueError("allowed_hosts must be a list of host names")
    hosts = list(names)
    for name in hosts:
        if not is_a(name, str) or not is_host(name):
            raise ValueError(
                f"allowed_hosts: {name!r} is not a host name; leave out the scheme and the port"
            )
    return frozenset(name.lower() for name in hosts)


def _schedule(faults: Iterable[Fault | RandomFaults | str] | RandomFaults) -> FaultSchedule:
    schedule = FaultSchedule()
    if isinstance(faults, str | Fault):
        # The letters of a code are not codes, and one fault may be meant for all requests.
        raise ValueError("faults must be a list, one fault for each of the first requests")
    given = [faults] if isinstance(faults, RandomFaults) else list(faults)
    scripted = [fault for fault in given if not isinstance(fault, RandomFaults)]
    for number, fault in enumerate(scripted, start=1):
        schedule.add(fault, first=number, times=1)
    for chance in given:
        if isinstance(chance, RandomFaults):
            schedule.add(chance, first=1, times=None)
    return schedule

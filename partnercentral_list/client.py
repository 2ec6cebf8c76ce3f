"""The client: a partner's pipeline, read page by page, as typed opportunities."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Set
from importlib import import_module
from inspect import signature
from time import time
from typing import TYPE_CHECKING, Literal, Never, Self
from weakref import finalize

from typing_extensions import Unpack

from partnercentral_list.config import (
    HOME_REGION,
    AioSessionLike,
    ClientConfig,
    ConnectionSettings,
    Credentials,
    RateLimit,
    RetryPolicy,
    check_address,
    check_kind,
    unknown_arguments,
)
from partnercentral_list.errors import ConfigurationError
from partnercentral_list.models import (
    Catalog,
    CatalogName,
    ListOpportunitiesRequest,
    ListOpportunitiesResponse,
    OpportunityFilters,
    OpportunitySummary,
    ScanFilters,
)
from partnercentral_list.models.fields import NotAString

if TYPE_CHECKING:
    # At run time they are imported where they are used: a program that imports the client and has
    # not made one yet need not wait for asyncio and tenacity.
    from partnercentral_list._pagination.invalid import OnInvalid
    from partnercentral_list._pagination.lookup import OnMissing
    from partnercentral_list._pagination.pager import OpportunityPager
    from partnercentral_list._pagination.scan.scan import OpportunityScan
    from partnercentral_list._transport.events import OnEvent
    from partnercentral_list._transport.rate_limiter import RateLimiter


class PartnerCentralClient:
    """Reads the opportunities of one catalog in AWS Partner Central.

    Use it in ``async with``, or without: it then opens itself when it is first used, once for
    each event loop, and is closed by `aclose` or, for its loop, by the end of `asyncio.run`.
    One client serves any number of tasks, loops and threads. Nothing is sent, and no
    credentials are looked for, before the first call.

    Args:
        catalog: ``"AWS"``, the partner's real opportunities, or ``"Sandbox"``.
        profile_name: A profile of the AWS configuration files, assumed roles included.
        region_name: Partner Central is in us-east-1 only; another region needs `endpoint_url`.
        endpoint_url: Where to send requests instead, such as an emulator's URL;
            ``AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING`` is used too. It must not contain a
            user name, password, query or fragment.
        credentials: An async callable that returns `Credentials`, called again before they
            expire; in place of AWS's own chain (environment, profile, container, instance).
        session: An ``aiobotocore.session.AioSession`` to share between clients.
        config: Connections and timeouts.
        retry: When a failed request is sent again.
        rate_limit: How fast requests go out; a `RateLimiter` is shared by all that use it, None
            sends them without a limit.
        on_event: Called with each `RequestEvent`: a request sent, a page received, an attempt
            failed, a retry scheduled, a wait for a permit. It runs in the task that fetches the
            page and must not block; what it raises is logged.
        **unknown: Refused; the error names the argument that was probably meant.

    Raises:
        RequestValidationError: `catalog` is not a known catalog.
        ConfigurationError: Another argument is unknown or of the wrong kind, or two of
            `profile_name`, `session` and `credentials` contradict.
    """

    def __init__(
        self,
        catalog: Catalog | CatalogName,
        *,
        profile_name: str | None = None,
        region_name: str = HOME_REGION,
        endpoint_url: str | None = None,
        credentials: Callable[[], Awaitable[Credentials]] | None = None,
        session: AioSessionLike | None = None,
        config: ClientConfig = ClientConfig(),  # noqa: B008 # frozen
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 # frozen
        rate_limit: RateLimit | RateLimiter | None = RateLimit(),  # noqa: B008 # frozen
        on_event: OnEvent | None = None,
        **unknown: Never,
    ) -> None:
        if unknown:
            known = list(signature(PartnerCentralClient).parameters)[:-1]
            raise ConfigurationError(unknown_arguments(unknown, known))
        # Here and not in an event loop: the first call, too, needs it. It imports the pager.
        import_module("partnercentral_list._pagination.lookup")
        from partnercentral_list._pagination.arguments import validate_catalog
        from partnercentral_list._transport.rate_limiter import RateLimiter
        from partnercentral_list._transport.transport import Transport

        self._on_close: Callable[[], object] = bool
        self._catalog = validate_catalog(catalog)
        check_kind("config", config, ClientConfig)
        check_kind("retry", retry, RetryPolicy)
        check_kind("rate_limit", rate_limit, RateLimit, RateLimiter, type(None))
        check_kind("region_name", region_name, str)
        check_kind("endpoint_url", endpoint_url, str, type(None))
        check_address("endpoint_url", endpoint_url)
        check_kind("profile_name", profile_name, str, type(None))
        if region_name != region_name.lower() or not region_name:
            raise ConfigurationError(
                f"region_name {region_name!r} is no region; leave it out, or write {HOME_REGION!r}."
            )
        if session is not None and not hasattr(session, "create_client"):
            raise ConfigurationError("session must be an aiobotocore.session.AioSession.")
        if credentials is not None and not callable(credentials):
            raise ConfigurationError("credentials must be an async callable.")
        if profile_name is not None and (session is not None or credentials is not None):
            raise ConfigurationError(
                "profile_name names where credentials come from; leave it out beside session=... "
                "(which has a profile of its own) and credentials=...."
            )
        self._transport = Transport(
            ConnectionSettings(
                profile_name=profile_name,
                region_name=region_name,
                endpoint_url=endpoint_url,
                credentials=credentials,
                session=session,
                config=config,
            ),
            retry,
            RateLimiter(rate_limit) if isinstance(rate_limit, RateLimit) else rate_limit,
            on_event,
        )

    @classmethod
    def demo(
        cls,
        opportunities: int = 250,
        *,
        catalog: Catalog | CatalogName = "AWS",
        rate_limit: RateLimit | RateLimiter | None = RateLimit(),  # noqa: B008 # frozen
        on_event: OnEvent | None = None,
    ) -> Self:
        """Return a client of sample data; it needs no account, no credentials and no network.

        An emulator in this process has them, without odd values; it stops when the client is
        closed, or no longer used. AWS variables, configuration files and proxies are ignored.

        Args:
            opportunities: How many there are, 0 to 9,000,000; the same on each run, dated around
                today.
            catalog: See the class.
            rate_limit: See the class.
            on_event: See the class.

        Raises:
            RequestValidationError: `catalog` is not a known catalog.
            ConfigurationError: The number is out of bounds, or another argument of the wrong kind.
        """
        from partnercentral_list._transport.session import isolated_session
        from partnercentral_list.emulator import PartnerCentralEmulator

        check_kind("opportunities", opportunities, int)
        try:
            emulator = PartnerCentralEmulator(
                opportunities, odd_values=False, catalog=catalog, clock=time
            )
        except ValueError as error:
            raise ConfigurationError(f"{error}.") from None
        emulator.start()
        try:
            client = cls(
                catalog,
                endpoint_url=emulator.url,
                session=isolated_session(),
                config=ClientConfig(verify=False, sign_requests=False),
                rate_limit=rate_limit,
                on_event=on_event,
            )
        except BaseException:
            emulator.stop()
            raise
        # A listing may outlive its client, but not the transport.
        client._on_close = stop = finalize(client._transport, emulator.stop)
        # The threads end with the process anyway, and a forked one has its parent's connections.
        stop.atexit = False
        return client

    @property
    def catalog(self) -> Catalog:
        """The catalog that is read."""
        return self._catalog

    def __repr__(self) -> str:
        return f"PartnerCentralClient({self._catalog.value!r})"

    async def __aenter__(self) -> Self:
        await self._transport.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    def preload(self) -> None:
        """Do now, in this thread, what the first call would wait for; nothing is sent.

        It imports aiobotocore and reads its data files, a few hundred milliseconds in all, and
        looks for no credentials. Meant for where no event loop runs yet, such as the init phase
        of an AWS Lambda function; in a running loop, ``await asyncio.to_thread(client.preload)``.
        Without it the first call does the same in a thread, and the event loop is not blocked.

        Raises:
            ClientClosedError: The client was closed.
            ConfigurationError: The profile, the region or another setting cannot be used.
        """
        self._transport.preload()

    async def aclose(self, *, drain: bool = False) -> None:
        """Close the connections of every running event loop; the client cannot be used again.

        Calls that wait or run are ended at once: they raise `ClientClosedError`, and what they
        had of the rate limiter and of ``RateLimit.per_day`` is released; requests that have left
        count. A loop that is not running closes its connections at its end. Closing twice is fine.

        Args:
            drain: Whether the calls that were made before come to their end first, retries
                included. New ones are refused, and so is a listing's next page: its error has
                the token to resume from.
        """
        try:
            await self._transport.aclose(drain=drain)
        finally:
            self._on_close()

    async def list_opportunities(
        self,
        request: ListOpportunitiesRequest | None = None,
        /,
        *,
        max_results: int | None = None,
        next_token: str | None = None,
        on_invalid: OnInvalid = "raise",
        **filters: Unpack[OpportunityFilters],
    ) -> ListOpportunitiesResponse:
        """Read exactly one page, in AWS's own terms (operation ListOpportunities).

        Most programs want `iter_opportunities`, which follows the pages to the end.

        Args:
            request: A whole request, in place of filters; its catalog is the one sent.
            max_results: Opportunities in the page, 1 to 100; AWS's default is 20.
            next_token: The ``next_token`` of the page before, with the same filters.
            on_invalid: What to do with a record that cannot be parsed: ``"raise"``, or a callable
                that gets an `InvalidOpportunity`; the page then has the others.
            **filters: See `OpportunityFilters`.

        Returns:
            The page. It is the last one only if its ``next_token`` is None, however few it holds.

        Raises:
            RequestValidationError: The request is wrong; nothing was sent.
            TokenExpiredError: AWS refused `next_token`.
            InvalidOpportunityError: A record of the page cannot be parsed.
            PartnerCentralError: The page could not be fetched, retries included.
        """
        from partnercentral_list._pagination.arguments import page_request
        from partnercentral_list._pagination.pager import fetch_single_page

        paging = {"max_results": max_results, "next_token": next_token}
        parameters = page_request(self._catalog, request, paging, filters, on_invalid)
        return await fetch_single_page(self._transport.fetch, parameters, on_invalid)

    def iter_opportunities(
        self,
        request: ListOpportunitiesRequest | None = None,
        /,
        *,
        page_size: int | Literal["aws"] | None = None,
        max_items: int | None = None,
        starting_token: str | None = None,
        prefetch: int = 1,
        on_invalid: OnInvalid = "raise",
        **filters: Unpack[OpportunityFilters],
    ) -> OpportunityPager:
        """List every opportunity that matches, page by page, while it is consumed.

        In AWS's default order, latest change first, an opportunity that is edited while the
        listing runs can move to a page that was read already; sorted by CreatedDate or
        Identifier it cannot.

        Args:
            request: A whole request, in place of filters; its catalog is the one sent, its
                ``max_results`` the page size.
            page_size: Opportunities in a page, 1 to 100; 100 if not given. ``"aws"`` leaves it to
                AWS, as the AWS CLI does without ``--page-size``: 20.
            max_items: Opportunities in all; None for every one, 0 sends nothing.
            starting_token: Where to resume: a pager's ``resume_token``, the AWS CLI's
                ``NextToken`` or boto3's, of a listing with the same filters and sort.
            prefetch: Pages fetched ahead while the consumer works; 0 turns that off.
            on_invalid: What to do with a record that cannot be parsed: ``"raise"``, or a callable
                that gets an `InvalidOpportunity`; the listing continues.
            **filters: See `OpportunityFilters`.

        Returns:
            A pager, to iterate over with ``async for``. Nothing is sent before.

        Raises:
            RequestValidationError: The request is wrong; nothing was sent.
        """
        from partnercentral_list._pagination.arguments import listing_request
        from partnercentral_list._pagination.pager import OpportunityPager

        listing = listing_request(
            self._catalog,
            request,
            page_size=page_size,
            max_items=max_items,
            starting_token=starting_token,
            prefetch=prefetch,
            on_invalid=on_invalid,
            filters=filters,
        )
        return OpportunityPager(self._transport.fetch, listing)

    def scan_opportunities(
        self,
        request: ListOpportunitiesRequest | None = None,
        /,
        *,
        concurrency: int = 8,
        on_invalid: OnInvalid = "raise",
        **filters: Unpack[ScanFilters],
    ) -> OpportunityScan:
        """Read every opportunity that matches, each once, several pages at a time, in no order.

        It divides the time in which they were created, which never changes, so that edits
        between two pages hide nothing, whatever the filters. It is worth it where a page takes
        longer than the quota's share of a second; a listing of `iter_opportunities` is in order,
        can be resumed, and needs no more requests than pages.

        Args:
            request: A whole request without a sort, in place of filters; its catalog is the one
                sent, its ``max_results`` the page size.
            concurrency: Pages that may be fetched at the same time, 1 or more. Only as many
                are as the quota allows: six at most at 300 ms a page and 10 a second.
            on_invalid: What to do with a record that cannot be parsed: ``"raise"``, or a callable
                that gets an `InvalidOpportunity`; the scan continues.
            **filters: See `ScanFilters`.

        Returns:
            A scan, to iterate over with ``async for``. Nothing is sent before.

        Raises:
            RequestValidationError: The request is wrong, or has a sort; nothing was sent.
        """
        from partnercentral_list._pagination.arguments import scan_request
        from partnercentral_list._pagination.scan.scan import OpportunityScan

        scan = scan_request(
            self._catalog, request, concurrency=concurrency, on_invalid=on_invalid, filters=filters
        )
        return OpportunityScan(self._transport.fetch_chosen, scan, self._transport.notify)

    def iter_opportunities_by_id(
        self,
        identifiers: NotAString[str] | Set[str],
        *,
        on_missing: OnMissing = "raise",
    ) -> AsyncGenerator[OpportunitySummary, None]:
        """Read opportunities by their identifiers, any number of them, 20 to a request.

        Args:
            identifiers: ``O`` and 1 to 19 digits each; one given twice is read once.
            on_missing: What to do with those that AWS does not return: ``"raise"`` them
                together at the end, or a callable that gets each.

        Returns:
            The opportunities in the order of their identifiers.

        Raises:
            RequestValidationError: An identifier is malformed; nothing was sent.
            OpportunitiesNotFoundError: While iterating, at the end.
            InvalidOpportunityError: While iterating: one cannot be parsed.
            PartnerCentralError: While iterating: a page could not be fetched.
        """
        from partnercentral_list._pagination.arguments import identifier_batches, lookup_request
        from partnercentral_list._pagination.lookup import look_up

        batches = identifier_batches(identifiers, on_missing)
        return look_up(self._transport.fetch, lookup_request(self._catalog), batches, on_missing)

"""The HTTP session of an aiobotocore client: no redirects, bounded bodies, a shared TLS context."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any, cast
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from aiobotocore.httpsession import AIOHTTPSession
from botocore import httpsession as botocore_session
from botocore.exceptions import HTTPClientError

from partnercentral_list._transport.errors import configuration_error
from partnercentral_list._transport.response import Attempt, current_attempt
from partnercentral_list.config import OPERATION
from partnercentral_list.errors import (
    ConfigurationError,
    MalformedResponseError,
    PartnerCentralError,
    ServiceError,
)

#: An error of AWS's is a few hundred bytes of JSON. A longer response is classified by its status.
MAX_ERROR_BYTES = 64 * 1024

_Base: Any = AIOHTTPSession


class HttpSession(_Base):  # type: ignore[misc] # aiobotocore is untyped
    """aiobotocore's HTTP session, with limits.

    Args:
        max_response_bytes: The longest body of a successful response that is read.
        is_for_credentials: Whether it is of a client that fetches credentials, whose responses
            are not those of the current attempt.
        **options: What aiobotocore passes to every HTTP session.
    """

    def __init__(
        self, *, max_response_bytes: int, is_for_credentials: bool = False, **options: Any
    ) -> None:
        base: Any = super()
        base.__init__(**options)
        self._max_response_bytes = max_response_bytes
        self._is_for_credentials = is_for_credentials

    async def send(self, request: Any) -> Any:
        """Send a request, and read its response completely."""
        base: Any = super()
        refused: object
        try:
            response: Any = await base.send(request)
        except HTTPClientError as error:
            refused = cast("Any", error).kwargs.get("error")
            if not isinstance(refused, PartnerCentralError):
                raise
        else:
            if isinstance(response.raw, _BoundedResponse):
                return response
            # An aiobotocore that does not go through `_get_session` would follow redirects, and
            # send them the session token. It is refused with its first response.
            refused = ConfigurationError(
                "This version of aiobotocore cannot be kept from following redirects. Install "
                "one that this library is tested with, such as 3.10.0."
            )
        raise refused

    async def _get_session(self, proxy_url: str | None) -> _LimitedSession:
        base: Any = super()
        session = await base._get_session(proxy_url)
        attempt = None if self._is_for_credentials else current_attempt.get()
        return _LimitedSession(session, self._max_response_bytes, attempt)

    async def _create_connector(self, proxy_url: str | None) -> Any:
        base: Any = super()
        try:
            return await base._create_connector(proxy_url)
        except Exception as error:
            what = (
                "The CA bundle or the client certificate cannot be used"
                if isinstance(error, OSError)
                else "ClientConfig.aio_config cannot be used"
            )
            refused = configuration_error(what, error)
        raise refused

    def _build_ssl_contexts(self, proxy_url: str | None) -> tuple[SSLContext, SSLContext | None]:
        # A client certificate is loaded into the context, a proxy's certificates into another:
        # these stay the client's own.
        if self._cert_file:
            base: Any = super()
            own: tuple[SSLContext, SSLContext | None] = base._build_ssl_contexts(proxy_url)
            return own
        proxy = self._setup_proxy_ssl_context(proxy_url) if proxy_url else None
        return shared_context(self._verify, self._build_verify_context), proxy


@dataclass(slots=True, eq=False, repr=False)
class _LimitedSession:
    """An `aiohttp.ClientSession` that follows no redirect and bounds bodies."""

    session: Any
    max_bytes: int
    attempt: Attempt | None

    async def request(self, method: str, **options: Any) -> _BoundedResponse:
        options["allow_redirects"] = False
        response = await self.session.request(method, **options)
        if self.attempt is not None:
            self.attempt.http_status = response.status
        if not (200 <= response.status < 300 or 400 <= response.status < 600):
            response.close()
            raise _refused(response)
        return _BoundedResponse(
            response, self.max_bytes, response.url, response.status, response.raw_headers
        )


def _refused(response: Any) -> ServiceError:
    location: str = response.headers.get("Location", "")
    host = urlsplit(location).hostname or ""
    # The rest of the location may hold a secret.
    target = f" to {host}" if re.fullmatch(r"[a-z0-9.-]{1,253}", host) else ""
    return ServiceError(
        f"HTTP {response.status}",
        f"a redirect{target}, or another response that AWS does not send. It is not followed, "
        "because a request carries credentials: check endpoint_url, and proxies on the way.",
        http_status=response.status,
        operation=OPERATION,
        request_id=_request_id(response),
    )


@dataclass(slots=True, eq=False, repr=False)
class _BoundedResponse:
    """The parts of an `aiohttp.ClientResponse` that aiobotocore uses, with a bounded body."""

    response: Any
    max_bytes: int
    url: Any
    status: int
    raw_headers: Any

    async def read(self) -> bytes:
        """Return the whole body; nothing of an error response that is too long to be AWS's."""
        response, is_error = self.response, self.status >= 400
        limit = MAX_ERROR_BYTES if is_error else self.max_bytes
        chunks: list[bytes] = []
        size = response.content_length or 0
        try:
            if size <= limit:
                size = 0
                async for chunk in response.content.iter_any():
                    size += len(chunk)
                    if size > limit:
                        break
                    chunks.append(chunk)
        except BaseException:
            response.close()
            raise
        if size <= limit:
            response.release()
            return b"".join(chunks)
        response.close()
        if is_error:
            return b""
        raise MalformedResponseError(
            f"The response is longer than the {limit} bytes of ClientConfig.max_response_bytes. "
            "Read smaller pages (page_size=...), or allow more.",
            operation=OPERATION,
            request_id=_request_id(response),
        )


def _request_id(response: Any) -> str | None:
    request_id: str | None = response.headers.get("x-amzn-RequestId")
    return request_id


#: TLS contexts that clients of the process use, by everything that could make two differ.
_contexts: WeakValueDictionary[tuple[object, ...], SSLContext] = WeakValueDictionary()
#: The one used last stays, for programs that open and close clients in turn.
_last_context: list[SSLContext] = []
_contexts_lock = threading.Lock()


def shared_context(verify: bool | str, build: Callable[[], SSLContext]) -> SSLContext:
    """Return the process's TLS context for a CA bundle, until the file changes.

    Args:
        verify: True for botocore's own bundle, a path for another; False checks nothing.
        build: Makes a context that checks with that bundle.
    """
    botocores: Any = botocore_session
    bundle: str | None = botocores.get_cert_path(verify) if verify else None
    if not bundle:
        return build()
    with _contexts_lock:
        # Before the file is read: one that is replaced meanwhile is read again by the next client.
        file = os.stat(bundle)
        version = (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns)
        key = (bundle, version, os.environ.get("SSLKEYLOGFILE"))
        context = _contexts.get(key)
        if context is None:
            context = _contexts[key] = build()
        _last_context[:] = [context]
    return context


def load_certificates(verify: bool | str) -> None:
    """Read a CA bundle now, in this thread, so that the first request need not."""
    shared_context(verify, _Base(verify=verify)._build_verify_context)

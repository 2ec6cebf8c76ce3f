"""What this library hooks into an aiobotocore client: the raw body, and headers of its own."""

from __future__ import annotations

from typing import Any

from partnercentral_list._transport.attempt import current
from partnercentral_list._transport.capture import take_body
from partnercentral_list._transport.paced_body import PacedBody

CALL = "partnercentral-selling.ListOpportunities"


def install(client: Any, integration: str | None) -> None:
    """Hook into an aiobotocore client; calls that are not ours pass through untouched."""
    events = client.meta.events
    # Another protocol would have another body, for which botocore's parser is right.
    if client.meta.service_model.resolved_protocol == "json":
        events.register(f"before-parse.{CALL}", take_body)
    events.register(f"before-send.{CALL}", _prepare)
    if integration is not None:

        def name_integration(params: dict[str, Any], **_: Any) -> None:
            params["headers"]["X-Amzn-User-Agent"] = integration

        events.register(f"before-call.{CALL}", name_integration)


def _prepare(request: Any, **_: Any) -> None:
    # botocore, whose own retries are off, calls each attempt the first one of a new invocation.
    # These headers are not signed, so that they may still change here.
    attempt = current()
    if attempt is not None:
        _set(request.headers, "amz-sdk-invocation-id", attempt.invocation_id)
        _set(request.headers, "amz-sdk-request", f"attempt={attempt.number}; max={attempt.most}")
        if attempt.leave is not None:
            request.body = PacedBody(request.body, attempt.leave)


def _set(headers: Any, name: str, value: str) -> None:
    # botocore's headers are a mail message's: setting adds another.
    del headers[name]
    headers[name] = value

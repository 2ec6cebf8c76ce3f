"""OpenTelemetry's instrumentation of aiobotocore traces our calls, as its section says."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.instrumentation.botocore import AiobotocoreInstrumentor, BotocoreInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from partnercentral_list import AccessDeniedException, PartnerCentralClient, run
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import PATIENT

DOCUMENT = Path(__file__).parents[2] / "docs" / "observability.md"
NAME = "PartnerCentral Selling.ListOpportunities"


@pytest.fixture
def traces() -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = AiobotocoreInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield provider, exporter
    instrumentor.uninstrument()


@pytest.fixture
def exporter(traces: tuple[TracerProvider, InMemorySpanExporter]) -> InMemorySpanExporter:
    return traces[1]


@pytest.fixture
def client(pipeline: PartnerCentralEmulator) -> PartnerCentralClient:
    return PartnerCentralClient("AWS", endpoint_url=pipeline.url, retry=PATIENT, rate_limit=None)


def attributes(span: ReadableSpan, *names: str) -> tuple[Any, ...]:
    return tuple((span.attributes or {}).get(name) for name in names)


async def test_each_page_is_a_span(
    exporter: InMemorySpanExporter, client: PartnerCentralClient, pipeline: PartnerCentralEmulator
) -> None:
    ids = [
        page.response_metadata.request_id
        async for page in client.iter_opportunities(page_size=100).pages()
    ]
    await client.aclose()
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == [NAME] * 3
    assert {span.kind for span in spans} == {SpanKind.CLIENT}
    assert [attributes(span, "aws.request_id", "http.status_code") for span in spans] == [
        (request_id, 200) for request_id in ids
    ]
    for span in spans:
        assert attributes(span, "rpc.system", "rpc.service", "rpc.method", "cloud.region") == (
            *("aws-api", "PartnerCentral Selling", "ListOpportunities"),
            "us-east-1",
        )
        host, port = attributes(span, "server.address", "server.port")
        assert pipeline.url == f"http://{host}:{port}"


async def test_each_attempt_is_a_span_and_a_failed_one_says_so(
    exporter: InMemorySpanExporter, client: PartnerCentralClient, pipeline: PartnerCentralEmulator
) -> None:
    pipeline.fail(Fault.error("ThrottlingException"), times=2)
    await client.list_opportunities()
    pipeline.fail(Fault.error("AccessDeniedException"))
    with pytest.raises(AccessDeniedException):
        await client.list_opportunities()
    await client.aclose()
    statuses = [span.status.status_code for span in exporter.get_finished_spans()]
    failed, fine = StatusCode.ERROR, StatusCode.UNSET
    assert statuses == [failed, failed, fine, failed]


async def test_run_carries_the_span_around_it(
    traces: tuple[TracerProvider, InMemorySpanExporter], client: PartnerCentralClient
) -> None:
    provider, exporter = traces
    with provider.get_tracer("cell").start_as_current_span("cell"):
        run(client.list_opportunities())
        await client.list_opportunities()
    await client.aclose()
    *pages, cell = exporter.get_finished_spans()
    assert [page.name for page in pages] == [NAME, NAME]
    assert cell.context is not None
    assert {page.parent.span_id for page in pages if page.parent} == {cell.context.span_id}


async def test_nothing_sensitive_is_in_a_span(
    exporter: InMemorySpanExporter, client: PartnerCentralClient
) -> None:
    listed = await client.iter_opportunities().collect()
    name = listed[0].company_name
    assert name
    await client.list_opportunities(customer_company_name=[name])
    await client.aclose()
    exported = "".join(span.to_json() for span in exporter.get_finished_spans())
    names = {item.company_name for item in listed if item.company_name}
    assert [name for name in names if name in exported] == []


def test_the_other_instrumentor_of_that_package_sees_nothing(
    traces: tuple[TracerProvider, InMemorySpanExporter], client: PartnerCentralClient
) -> None:
    provider, exporter = traces
    AiobotocoreInstrumentor().uninstrument()
    BotocoreInstrumentor().instrument(tracer_provider=provider)
    try:
        asyncio.run(client.list_opportunities())
    finally:
        BotocoreInstrumentor().uninstrument()
        AiobotocoreInstrumentor().instrument(tracer_provider=provider)
    assert exporter.get_finished_spans() == ()


def test_the_program_in_the_document_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.S | re.M)
    (program,) = [block for block in blocks if "opentelemetry" in block]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r'"name": "(.*)"', done.stdout) == [NAME, NAME, NAME, "pipeline"]

"""A server that costs next to nothing: pages made before, by token, after a latency.

python -m tests.benchmarks.server OPPORTUNITIES LATENCY [tls]
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from pathlib import Path

from partnercentral_list.emulator import PartnerCentralEmulator

DIFFERENT = 2_000
CERTIFICATE = Path(__file__).parent.parent / "transport" / "localhost.pem"


def bodies(opportunities: int) -> list[bytes]:
    """Cut sample opportunities into pages of 100; from 2,000 records on its content repeats."""
    sample = PartnerCentralEmulator(min(opportunities, DIFFERENT)).opportunities
    pages = [json.dumps(sample[at : at + 100])[1:-1] for at in range(0, len(sample), 100)]
    number = -(-opportunities // 100)
    listed: list[bytes] = []
    for page in range(number):
        token = json.dumps(str(page + 1) if page + 1 < number else None)
        text = f'{{"NextToken":{token},"OpportunitySummaries":[{pages[page % len(pages)]}]}}'
        listed.append(text.encode())
    return listed


async def serve(opportunities: int, latency: float, tls: ssl.SSLContext | None) -> None:
    """Serve until the process ends; prints the URL."""
    listed = bodies(opportunities)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()
                return
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            request = json.loads(await reader.readexactly(length))
            if latency:
                await asyncio.sleep(latency)
            body = listed[int(request.get("NextToken") or 0)]
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
                b"x-amzn-RequestId: 0\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            )

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    print(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    context = None
    if "tls" in sys.argv:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), context))

"""A marimo notebook: await and run() in its cells, and an interrupt."""

import marimo

app = marimo.App()


@app.cell
def _():
    import asyncio
    import os
    import signal

    from partnercentral_list import PartnerCentralClient, run

    client = PartnerCentralClient("AWS")
    return asyncio, client, os, run, signal


@app.cell
async def _(client):
    awaited = len(await client.iter_opportunities().collect())
    print(f"await: {awaited}")
    return (awaited,)


@app.cell
def _(asyncio, awaited, client, run):
    async def show():
        print(f"run: {len(await client.iter_opportunities().collect())}")

    for _ in range(awaited // 125):
        run(show())
    try:
        refused = client.list_opportunities()
        asyncio.run(refused)
    except RuntimeError:
        refused.close()
        print("asyncio.run: refused")
    ran = True
    return (ran,)


@app.cell
async def _(client, ran, run):
    assert ran
    awaited_again = len(await client.iter_opportunities().collect())
    print(f"await, run: {awaited_again}, {len(run(client.iter_opportunities().collect()))}")
    return (awaited_again,)


# marimo runs no cell after one that was interrupted, even if the cell went on.
@app.cell
def _(asyncio, awaited_again, client, os, run, signal):
    async def wait_for_an_interrupt():
        assert awaited_again
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            print("cancelled")

    try:
        run(wait_for_an_interrupt())
    except KeyboardInterrupt:
        print("interrupted")
    print(f"run: {len(run(client.iter_opportunities().collect()))}")
    run(client.aclose())
    return


if __name__ == "__main__":
    app.run()

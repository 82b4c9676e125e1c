"""``python -m tests.journeys.slow_door PORT DOOR MILLISECONDS``: what is asked at the port DOOR arrives at PORT later."""

from __future__ import annotations

import asyncio
import contextlib
import sys


async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, wait: float) -> None:
    """Pass everything on, each piece after ``wait`` seconds, until one side is gone."""
    with contextlib.suppress(ConnectionError):  # as good an end as any
        while data := await source.read(2**16):
            await asyncio.sleep(wait)
            target.write(data)
            await target.drain()
    target.close()


async def serve(port: int, door: int, wait: float) -> None:
    """Stand at ``door`` for ever."""

    async def lead(asked: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        try:
            said, asking = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:  # the office is not up yet, or down on purpose
            answers.close()
            return
        await asyncio.gather(carry(asked, asking, wait), carry(said, answers, 0))

    async with await asyncio.start_server(lead, "127.0.0.1", door) as server:
        await server.serve_forever()


if __name__ == "__main__":
    office, at, milliseconds = map(int, sys.argv[1:])
    asyncio.run(serve(office, at, milliseconds / 1000))

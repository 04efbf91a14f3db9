"""An event loop in Python: one thread, W connections at once. The trap:
non-blocking connects on one thread (and a resolver's thread, if it were given a
name).

usage: asyncio_client.py PORT N W"""
import asyncio
import sys

import own


async def main():
    port, n, w = (int(word) for word in sys.argv[1:4])
    permits = asyncio.Semaphore(w)

    async def one():
        async with permits:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            own.fact("connected", writer.get_extra_info("sockname")[1])
            writer.write(b"TIME\r\n")
            if len(await reader.readexactly(14)) != 14:
                own.say(failed="the answer")
            writer.close()
            await writer.wait_closed()

    await asyncio.gather(*(one() for _ in range(n)))
    own.end("asyncio_client")


asyncio.run(main())

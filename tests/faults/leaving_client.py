"""
A program with an order session that cancels on disconnect: it places what it is given, says so, and stays.

Run by `test_kill_market`: ``python -m tests.faults.leaving_client PORT KEY ACCOUNT``, an array of orders as JSON on
standard input, their numbers as JSON on standard output. It ends when it is killed.
"""

import asyncio
import json
import sys
from typing import Any

from deploy.sockets import SocketClient


async def placed(socket: SocketClient, orders: list[dict[str, Any]]) -> dict[int, int]:
    """Place orders on an open session; returns their numbers by client_order_id."""
    await socket.say([{"do": "place", **each} for each in orders])
    found: dict[int, int] = {}
    while len(found) < len(orders):
        said = await socket.hear()
        assert "answers" == said["is"], said
        found |= {each["client_order_id"]: each["order"]["id"] for each in said["answers"]}
    return found


async def opened(port: int, key: str, account: int, *, cancel: bool) -> SocketClient:
    """Open a session."""
    socket = await SocketClient.connect("127.0.0.1", port, "/v1/orders/session")
    await socket.say({"do": "open", "account_id": account, "key": key, "cancel_on_disconnect": cancel})
    said = await socket.hear()
    assert ("opened", cancel) == (said["is"], said["cancel_on_disconnect"]), said
    return socket


async def main() -> None:
    """Place, tell, and stay."""
    port, key, account = sys.argv[1:]
    socket = await opened(int(port), key, int(account), cancel=True)
    print(json.dumps(await placed(socket, json.load(sys.stdin))), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

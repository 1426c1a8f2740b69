"""Where one request ends and the next begins is never in doubt: nothing is smuggled behind another request."""

import asyncio

import pytest

from deploy.local.children import free_port
from deploy.processes.http import serve_until

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
BEGIN = b"POST /first HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"


async def seen(raw: bytes) -> tuple[list[str], bytes]:
    """The paths that reach an application that reads whole bodies, and what is answered."""
    paths: list[str] = []

    async def app(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        paths.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    stop, ready, port = asyncio.Event(), asyncio.Event(), free_port()
    serving = asyncio.create_task(serve_until(stop, app, "127.0.0.1", port, timeout_s=1, ready=ready))
    await ready.wait()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    stop.set()
    await serving
    return [path for path in paths if path != "/"], answer


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: +0\r\n\r\n",
        b"Content-Length: 0, 0\r\n\r\n",
    ],
)
async def test_a_length_that_is_in_doubt_is_refused(head):
    """400, the connection ends, and what stands behind is never a request."""
    paths, answer = await seen(BEGIN + head + SMUGGLED)
    assert "/smuggled" not in paths
    assert (1, True) == (answer.count(b"HTTP/1.1 "), answer.startswith(b"HTTP/1.1 400 ")), answer


async def test_chunks_win_over_a_length():
    """RFC 9112, 6.3: with both the length is ignored, so that the body is what the chunks say."""
    hidden = b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
    paths, _ = await seen(BEGIN + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + hidden)
    assert ["/first"] == paths

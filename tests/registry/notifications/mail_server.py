"""A mail server of a few lines, on this machine, that can also hang, refuse, put off and drop a connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Literal

Mood = Literal["takes", "hangs", "refuses", "puts off", "drops"]


@dataclass
class MailServer:
    """
    What it was sent, and how it behaves.

    *moods* are those of single recipients. It "drops" after it has read the message, before it answers.
    """

    port: int = 0
    mood: Mood = "takes"
    moods: dict[str, Mood] = field(default_factory=dict)
    got: list[tuple[str, EmailMessage]] = field(default_factory=list)
    connections: int = 0
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    _open: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self._open.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            word = line.split(b":")[0].strip().upper()
            if word.startswith(b"RCPT"):
                recipient = line.decode().partition("<")[2].partition(">")[0]
            mood = self.moods.get(recipient, self.mood)
            if mood == "hangs":
                self.hanging.set()
                await reader.read()  # until the other side has had enough
                return
            if word.startswith(b"QUIT"):
                writer.write(b"221 bye\r\n")
                return
            if word.startswith(b"DATA"):
                if not await self._take(reader, writer, recipient, mood):
                    return
            else:
                writer.write(self._answer(word, mood))

    async def _take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipient: str, mood: Mood
    ) -> bool:
        writer.write(b"354 go on\r\n")
        text = await reader.readuntil(b"\r\n.\r\n")
        message = message_from_bytes(text[:-5], policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.got.append((recipient, message))
        if mood == "drops":
            return False
        writer.write(b"250 taken\r\n")
        return True

    def _answer(self, word: bytes, mood: Mood) -> bytes:
        if word.startswith(b"RCPT") and mood == "refuses":
            return b"550 no such mailbox\r\n"
        if word.startswith(b"RCPT") and mood == "puts off":
            return b"451 later\r\n"
        return b"250-test\r\n250 8BITMIME\r\n" if word.startswith(b"EHLO") else b"250 ok\r\n"

    def close(self) -> None:
        """End every connection."""
        for each in self._open:
            each.close()


@contextlib.asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """A server on a free port."""
    made = MailServer()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.close()
        listening.close()
        await listening.wait_closed()

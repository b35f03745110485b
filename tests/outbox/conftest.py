"""A real SMTP server that does as a test tells it, and what was sent to it."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Post:
    """Keeps what it is given. `on_rcpt`, `on_data` and `on_mail` hold answers to give instead of 250, first
    to last; "drop" cuts the connection, a number of seconds delays the answer."""

    received: list[EmailMessage] = field(default_factory=list)
    on_mail: list[str | float] = field(default_factory=list)
    on_rcpt: list[str | float] = field(default_factory=list)
    on_data: list[str | float] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._answer(self.on_mail, server, "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked.append(address)
        answer = await self._answer(self.on_rcpt, server, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        told = self.on_data[0] if self.on_data else "250 Taken"
        if isinstance(told, float) or told.startswith("250"):  # taken, whatever becomes of the answer
            self.received.append(message_from_bytes(content, policy=policy.default))
        return await self._answer(self.on_data, server, "250 Taken")

    async def _answer(self, script: list[str | float], server: SMTP, usual: str) -> str:
        told = script.pop(0) if script else usual
        if isinstance(told, float):
            await asyncio.sleep(told)
            return usual
        if told == "drop":
            server.transport.abort()
            return usual
        return told

    @property
    def ids(self) -> list[str]:
        return [mail["Message-ID"] for mail in self.received]

    @property
    def subjects(self) -> list[str]:
        return [mail["Subject"] for mail in self.received]


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    """A mail server that the portal is set to."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    keeper = Post()
    with socket.create_server(("127.0.0.1", 0)) as free:
        keeper.port = free.getsockname()[1]
    controller = Controller(keeper, hostname="127.0.0.1", port=keeper.port)
    controller.start()
    settings.EMAIL_IS_SET = True
    settings.EMAIL_BACKEND = "outbox.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", keeper.port
    settings.EMAIL_TIMEOUT = 2
    settings.DEFAULT_FROM_EMAIL = "SLA portal <portal@portal.example.com>"
    yield keeper
    controller.stop()

"""Django's SMTP backend with an end to every conversation.

A time-out of the socket bounds one wait only: a server that sends a byte every nine seconds is never late. So a
watch closes the socket when the whole of connecting, or of one e-mail, has taken too long.
"""

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any, cast

from django.core.mail.backends.smtp import EmailBackend as DjangoBackend

LONGEST_TALK = 60.0
"""Seconds for connecting, greeting and logging in together, and then for each e-mail."""
LONGEST_ANSWER = 50.0
"""Seconds for the answer to a whole e-mail. A server may be examining it; who gives up early sends it twice."""


class EmailBackend(DjangoBackend):
    """Sends by SMTP; raises OSError or SMTPServerDisconnected when a conversation takes over LONGEST_TALK."""

    _socket: socket.socket | None = None

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """smtplib's class, whose socket the backend knows from the start."""
        backend = self
        base: Any = super().connection_class

        class Known(base):  # type: ignore[misc]
            def _get_socket(self, *args: Any) -> socket.socket:
                backend._socket = super()._get_socket(*args)
                return backend._socket

            def data(self, msg: Any) -> tuple[int, bytes]:
                usual = self.sock.gettimeout()
                self.sock.settimeout(LONGEST_ANSWER)
                try:
                    return cast("tuple[int, bytes]", super().data(msg))
                finally:
                    if self.sock is not None:
                        self.sock.settimeout(usual)

        return Known

    def open(self) -> bool | None:
        with self._watched():
            return super().open()

    def send_messages(self, email_messages: Any) -> int:
        with self._watched():
            return super().send_messages(email_messages) or 0

    @contextmanager
    def _watched(self) -> Iterator[None]:
        watch = Timer(LONGEST_TALK, self.hang_up)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    @property
    def is_open(self) -> bool:
        return self.connection is not None and self.connection.sock is not None

    def hang_up(self) -> None:
        """End the connection without a word; whatever waits for the server fails at once."""
        known = getattr(self.connection, "sock", None) or self._socket
        if known is not None:
            with suppress(OSError):
                socket.socket.shutdown(known, socket.SHUT_RDWR)

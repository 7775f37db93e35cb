"""Sending mail with the standard library, in a thread, over TLS that is checked."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from fleet.front.watch.delivery import DeliveryError

__all__ = ["MailServer", "send_mail"]

_TIMEOUT = 20.0
"""Seconds for each answer of the server."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in.

    Args:
        host: Its name.
        port: Its port.
        security: ``starttls``, ``tls`` or ``none``.
        username: Login; empty for none.
        password: Its password.
        ca_file: Authorities to trust instead of the system's.
    """

    host: str
    port: int
    security: str
    username: str = ""
    password: str = ""
    ca_file: Path | None = None

    def __repr__(self) -> str:
        """Return where it is; never its password."""
        return f"MailServer({self.host}:{self.port})"


def send_mail(server: MailServer, message: EmailMessage, timeout: float = _TIMEOUT) -> None:
    """Hand in one mail; blocks.

    A login is sent over an encrypted connection only: that is what the loader of ``fleet.yaml``
    sees to, and STARTTLS that the server does not offer is an error.

    Raises:
        DeliveryError: It was not taken.
    """
    try:
        with _connected(server, timeout) as connection:
            if server.username:
                connection.login(server.username, server.password)
            refused = connection.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryError("the mail server refused the login") from error
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryError("the mail server offers no STARTTLS, or no login") from error
    except smtplib.SMTPResponseException as error:
        raise DeliveryError(f"the mail server answered {error.smtp_code}") from error
    except ssl.SSLError as error:
        raise DeliveryError("the mail server's certificate is not trusted") from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError("the mail server could not be reached") from error
    if refused:
        raise DeliveryError(f"the mail server refused {len(refused)} of the addresses")


def _connected(server: MailServer, timeout: float) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=server.ca_file)
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=timeout, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=timeout)
    try:
        if server.security == "starttls":
            connection.starttls(context=context)
    except BaseException:
        connection.close()
        raise
    return connection

"""Posts envelopes over HTTP: on a connection for each, or on one that is kept."""

import http.client
import selectors
import ssl
from urllib.parse import urlsplit

from synclead.client.faults import ServerUnreachableError

DEFAULT_URL = "http://127.0.0.1:8080/soap/mktows/2_7"
LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes."""


class Wire:
    """The way to one server, for one thread at a time."""

    def __init__(self, url: str, timeout: float) -> None:
        """See SyncleadClient. Raises ValueError for what is not the URL of a server that speaks HTTP."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not the URL of a server: {url}")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port or (443 if self._secure else 80)
        self._path = parts.path if parts.path.strip("/") else urlsplit(DEFAULT_URL).path
        self._timeout = timeout
        self._kept: http.client.HTTPConnection | None = None
        self.keeps = False
        """Whether a connection stays open for the next call."""

    def post(self, operation: str, body: bytes) -> bytes:
        """The body of the answer, whatever its status. Raises ServerUnreachableError."""
        connection = self._take()
        kept = False
        try:
            headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": f'"{operation}"'}
            connection.request("POST", self._path, body, headers)
            response = connection.getresponse()
            answer = response.read(LARGEST_ANSWER)
            kept = self.keeps and response.isclosed() and not response.will_close
            return answer
        except (OSError, http.client.HTTPException) as error:
            where = f"{self._host} did not answer on port {self._port}"
            raise ServerUnreachableError(f"{where}: {_reason(error)}") from error
        finally:
            if kept:
                self._kept = connection
            else:
                connection.close()

    def close(self) -> None:
        """Closes the connection that was kept."""
        connection, self._kept = self._kept, None
        if connection is not None:
            connection.close()

    def _take(self) -> http.client.HTTPConnection:
        """The kept connection where the server still holds it, else a new one that is not open yet."""
        connection, self._kept = self._kept, None
        if connection is not None:
            if not _was_ended(connection):
                return connection
            connection.close()
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


def _reason(error: Exception) -> str:
    """Why there is no answer, in words that say what to change where that is known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted here: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason in (
        "WRONG_VERSION_NUMBER",
        "HTTP_REQUEST",
        "RECORD_LAYER_FAILURE",
    ):
        return "it speaks no TLS there: use http:// in the URL"
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, http.client.RemoteDisconnected):
        return "it closed the connection without an answer; where it speaks TLS, use https:// in the URL"
    if isinstance(error, http.client.BadStatusLine):
        return "it speaks no HTTP there; where it speaks TLS, use https:// in the URL"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _was_ended(connection: http.client.HTTPConnection) -> bool:
    """Whether the server closed a connection at rest: nobody asked, so all that can be read is its end."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(0))

"""The limit of the HTTP server: an application that reads a call and answers with bytes it has already."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

Message = MutableMapping[str, Any]


class Bare:
    """The ASGI function."""

    def __init__(self, answer: bytes) -> None:
        length = str(len(answer)).encode()
        headers = [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", length)]
        self._start = {"type": "http.response.start", "status": 200, "headers": headers}
        self._body = {"type": "http.response.body", "body": answer}

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        await send(self._start)
        await send(self._body)


if __name__ == "__main__":
    uvicorn.run(
        Bare(Path(os.environ["BENCH_ANSWER"]).read_bytes()),
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        server_header=False,
        backlog=2048,
    )

"""Puts the rooms together into one ASGI application."""

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from synclead.leads.outcome import Outcome
from synclead.metrics import page
from synclead.metrics.board import Board
from synclead.metrics.meter import Meter
from synclead.settings import Settings, is_trusted
from synclead.soap.body import BodyLimits, Receive
from synclead.soap.contract import Contract
from synclead.soap.endpoint import PREFIX, Edge, Endpoint, Scope, Send
from synclead.soap.limits import ReadLimits
from synclead.soap.operations import HANDLERS
from synclead.soap.service import Parts
from synclead.store.databases import open_database
from synclead.store.demo import add_demo
from synclead.store.directory import Directory
from synclead.store.durability import check_durability
from synclead.store.engine import next_lead_ids, open_engine, reading, sqlite_path
from synclead.store.errors import DatabaseUnavailableError
from synclead.store.group import Answer, PlannedGroup
from synclead.store.master_keys import open_master_keys
from synclead.store.observer import Observer
from synclead.store.reader import CONNECTIONS, Reader
from synclead.store.sqlite import ServeLock
from synclead.store.upgrade import prepare
from synclead.store.writer import Writer

CLOSING_SECONDS = 4.0
"""How long the queue may take to drain after the last call was answered or given up."""

_GC_THRESHOLD = 50_000
"""Allocations between collections: calls leave no cycles, and a collection stops them all (bench.md)."""

_SHOWING_SECONDS = 1.0
"""How old figures may be that another thread or process reads."""

_log = structlog.get_logger()


class WriterObserver(Observer):
    """Writes what the writer tells into the log, with reasons and without values, and counts it."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def undelivered(self, subscription_id: int, answer: Answer) -> None:
        """See Observer."""
        what = {"lead": answer.lead.id} if isinstance(answer, Outcome) else {"fault": answer.code}
        _log.warning("answer not delivered", subscription_id=subscription_id, **what)
        self._meter.late()

    def failed(self, reference: str, error: Exception | str) -> None:
        """See Observer."""
        if isinstance(error, Exception):
            _log.error("call failed", reference=reference, exc_info=error)
        else:
            _log.error("call failed", reference=reference, reason=error)

    def group_written(self, group: PlannedGroup, seconds: float | None) -> None:
        """See Observer."""
        self._meter.group_written(group, seconds)

    def group_ended(self, subscription_id: int, records: int, seconds: float) -> None:
        """See Observer."""
        self._meter.group_ended(records, seconds)
        _log.debug("group", subscription_id=subscription_id, records=records, ms=round(seconds * 1000, 1))


@dataclass(frozen=True, slots=True)
class Store:
    """An opened database: what a process serves from."""

    engine: Engine
    directory: Directory
    writer: Writer
    reader: Reader
    lock: ServeLock | None
    """Keeps a second process from serving an SQLite file; PostgreSQL serves any number."""
    meter: Meter
    board: Board
    """Where the meter shows its figures."""

    async def start(self) -> None:
        """From here on calls are taken."""
        await self.writer.start()

    async def close(self) -> None:
        """Answers what waits, then lets go of the database."""
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self.writer.close()
                await self.reader.close()
                await self.directory.close()
        except TimeoutError:
            _log.error("the database did not answer while closing")
        self.release()

    def show_figures(self) -> None:
        """Puts the figures of this moment on the board."""
        self.meter.show(self.writer)

    def release(self) -> None:
        """Lets go of the database, where no call was taken."""
        self.engine.dispose()
        if self.lock is not None:
            self.lock.release()


def open_store(settings: Settings, board: Board | None = None) -> Store:
    """Opens the database, brings an SQLite schema up to date, and adds the demo where it is asked for.

    `board` is where the figures go when several processes serve together. Raises StoreError: the message is a
    sentence for the operator.
    """
    url = settings.database
    board = board or Board()
    meter = Meter(board)
    lock = _serve_lock(url)
    try:
        prepare(url)
        engine = open_engine(url)
        if not settings.allow_unsafe_durability:
            check_durability(engine)
        keys = open_master_keys(engine, url, os.environ)
        if settings.demo:
            add_demo(engine, keys)
        with reading(engine) as connection:
            for subscription_id, name, next_lead_id in next_lead_ids(connection):
                meter.next_lead_id(subscription_id, name, next_lead_id)
        opened = partial(
            open_database, url, lock_seconds=settings.lock_timeout, statement_seconds=settings.statement_timeout
        )
        observer = WriterObserver(meter)
        writer = Writer(opened(), now=partial(datetime.now, UTC), observer=observer, call_seconds=settings.call_timeout)
        reader = Reader(
            opened(connections=CONNECTIONS), observer=observer, call_seconds=settings.call_timeout, doubt=writer.doubt
        )
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    return Store(engine, Directory(engine, keys), writer, reader, lock, meter, board)


def _serve_lock(url: str) -> ServeLock | None:
    path = sqlite_path(url)
    if path is None:
        return None
    try:
        return ServeLock(path)
    except OSError as error:
        raise DatabaseUnavailableError(f"the database {path} cannot be opened: {error.strerror}") from error


class Application:
    """The ASGI application: SOAP first, since every layer before it costs each call."""

    def __init__(self, endpoint: Endpoint, pages: Starlette, store: Store) -> None:
        self._endpoint = endpoint
        self._pages = pages
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            app: Callable[[Scope, Receive, Send], Awaitable[None]] = (
                self._endpoint if scope["path"].startswith(PREFIX) else self._pages
            )
            await app(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._store.start()
        showing = asyncio.create_task(self._show_figures())
        thresholds = gc.get_threshold()
        gc.collect()
        gc.freeze()
        gc.set_threshold(_GC_THRESHOLD, *thresholds[1:])
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._store.close()
        showing.cancel()
        self._store.show_figures()  # what the last calls came to
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        await send({"type": "lifespan.shutdown.complete"})

    async def _show_figures(self) -> None:
        while True:
            self._store.show_figures()
            await asyncio.sleep(_SHOWING_SECONDS)


def create_app(settings: Settings, store: Store) -> Application:
    """The application that serves from an opened store."""
    limits = ReadLimits(
        body=settings.body_limit,
        depth=settings.depth_limit,
        elements=settings.element_limit,
        authentication=settings.authentication_limit,
        references=settings.reference_limit,
        attributes=settings.attribute_limit,
        value=settings.value_limit,
    )
    parts = Parts(
        contract=Contract.load(limits),
        users=store.directory,
        writer=store.writer,
        reader=store.reader,
        now=partial(datetime.now, UTC),
        window=settings.window,
        demo=settings.demo,
        limits=limits,
        observer=store.meter,
    )
    edge = Edge(
        public_url=settings.public_url,
        trusted=partial(is_trusted, proxies=settings.trusted_proxies),
        body=BodyLimits(settings.body_limit, settings.body_timeout),
    )
    return Application(Endpoint(parts, edge), _pages(store, shows_metrics=settings.metrics_port is None), store)


def _pages(store: Store, *, shows_metrics: bool) -> Starlette:
    """Everything that is not SOAP. Says nothing of what is inside, but `/metrics` to this machine itself."""

    async def front(request: Request) -> PlainTextResponse:
        address = request.url.replace(path="/soap/mktows/2_7", query="")
        return PlainTextResponse(
            f"synclead answers SOAP calls: {', '.join(HANDLERS)}.\n"
            f"Point your client at {address}\nIts WSDL: {address}?WSDL\n"
        )

    async def healthz(request: Request) -> PlainTextResponse:
        return PlainTextResponse("alive\n")

    async def readyz(request: Request) -> PlainTextResponse:
        ready = store.writer.ready
        return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503)

    routes = [Route("/", front), Route("/healthz", healthz), Route("/readyz", readyz)]
    if shows_metrics:
        routes.append(Route(page.PATH, page.Page(store.board, store.show_figures), methods=["GET"]))
    return Starlette(
        routes=routes,
        exception_handlers={404: _not_found},
    )


async def _not_found(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse("There is nothing here.\n", 404)

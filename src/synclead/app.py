"""Puts the rooms together into one ASGI application."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route

from synclead import standstill
from synclead.clock import Clock
from synclead.leads.outcome import Outcome
from synclead.logs import get_logger
from synclead.metrics import page
from synclead.metrics.board import Board
from synclead.metrics.meter import Meter
from synclead.opening import Hold, opened
from synclead.settings import Settings, is_trusted
from synclead.soap.body import BodyLimits, Receive
from synclead.soap.contract import Contract
from synclead.soap.endpoint import PREFIX, Edge, Endpoint, Scope, Send
from synclead.soap.held import HeldBytes
from synclead.soap.limits import ReadLimits
from synclead.soap.observer import CallRecorder
from synclead.soap.operations import HANDLERS
from synclead.soap.recorder import Recorder
from synclead.soap.service import Parts
from synclead.store.databases import open_log_database
from synclead.store.directory import WAIT_SECONDS, Directory
from synclead.store.engine import next_lead_ids, reading
from synclead.store.group import Answer, PlannedGroup
from synclead.store.observer import Observer
from synclead.store.reader import CONNECTIONS, Reader
from synclead.store.request_log import NOBODY, Bounds, RequestLog, forgettings
from synclead.store.sqlite_files import SqliteFiles
from synclead.store.transaction import DatabaseError
from synclead.store.writer import Writer

CLOSING_SECONDS = 4.0
"""How long the queue may take to drain after the last call was answered or given up."""

_GC_THRESHOLD = 50_000
"""Allocations between collections: calls leave no cycles, and a collection stops them all (bench.md)."""

_SHOWING_SECONDS = standstill.BEAT_SECONDS
"""How old figures may be that another thread or process reads."""

_ADDRESSES = 256
"""Addresses of which it is remembered whether they are trusted."""

_log = get_logger()


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
    recorder: Recorder | None
    """None for a database in memory, which no other process can read."""
    hold: Hold | None
    """What is let go of last."""
    files: SqliteFiles | None
    """Those of an SQLite database."""
    meter: Meter
    board: Board
    """Where the meter shows its figures."""
    clock: Clock

    async def start(self) -> None:
        """From here on calls are taken."""
        await self.writer.start()
        if self.recorder is not None:
            self.recorder.start()

    async def close(self) -> None:
        """Answers what waits, then lets go of the database."""
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self.writer.close()
                await self.reader.close()
                if self.recorder is not None:
                    await self.recorder.close()
                await self.directory.close()
        except TimeoutError:
            _log.error("the database did not answer while closing")
        self.release()

    async def look_at_files(self) -> None:
        """Not ready any more where files were taken away, also while nobody calls."""
        if self.files is not None:
            try:
                await asyncio.to_thread(self.files.look, thoroughly=True)
            except DatabaseError as error:
                if self.writer.ready:
                    _log.error("no call is carried out any more", reason=str(error))
                    self.writer.doubt(NOBODY)

    def show_figures(self) -> None:
        """Puts the figures of this moment on the board."""
        self.meter.show(self.writer)

    def release(self) -> None:
        """Lets go of the database, where no call was taken."""
        self.engine.dispose()
        if self.hold is not None:
            self.hold.release()


def open_store(settings: Settings, board: Board | None = None) -> Store:
    """Opens the database, brings an SQLite schema up to date, and adds the demo where it is asked for.

    `board` is where the figures go when several processes serve together. Raises StoreError: the message is a
    sentence for the operator.
    """
    board = board or Board()
    held = HeldBytes(
        settings.held_unsigned_limit, settings.held_limit, settings.answer_limit, settings.held_answers_limit
    )
    meter = Meter(board, held)
    clock = Clock(settings.clock)
    with opened(settings) as database:
        with reading(database.engine) as connection:
            for subscription_id, name, next_lead_id in next_lead_ids(connection):
                meter.next_lead_id(subscription_id, name, next_lead_id)
        observer, seconds = WriterObserver(meter), settings.call_timeout
        writer = Writer(database.connect(), now=clock, observer=observer, call_seconds=seconds)
        reader = Reader(
            database.connect(connections=CONNECTIONS), observer=observer, call_seconds=seconds, doubt=writer.doubt
        )
        recorder = None if settings.ephemeral else open_recorder(settings, database.engine, meter, database.files)
    wait = min(WAIT_SECONDS, settings.call_timeout)
    directory = Directory(database.engine, database.master_keys, wait_seconds=wait)
    files = database.files
    return Store(database.engine, directory, writer, reader, recorder, database.hold, files, meter, board, clock)


def open_recorder(settings: Settings, engine: Engine, meter: Meter, files: SqliteFiles | None = None) -> Recorder:
    """What keeps the last calls, with a way of its own to the database."""
    bounds = Bounds(settings.recorded_successes, settings.recorded_faults, settings.recorded_days)
    with reading(engine) as connection:
        log = RequestLog(open_log_database(settings.database, files), bounds, forgettings(connection))
    return Recorder(log, bounds, show_values=settings.show_values, observer=meter)


class Application:
    """The ASGI application: SOAP first, since every layer before it costs each call."""

    def __init__(self, endpoint: Endpoint, pages: Starlette, store: Store) -> None:
        self._endpoint = endpoint
        self.spoke_tls = endpoint.spoke_tls
        self._pages = pages
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            app: Callable[[Scope, Receive, Send], Awaitable[None]] = (
                self._endpoint if _is_for_soap(scope) else self._pages
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
        standstill.end()
        self._store.show_figures()  # what the last calls came to
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        await send({"type": "lifespan.shutdown.complete"})

    async def _show_figures(self) -> None:
        while True:
            self._store.show_figures()
            standstill.beat()
            await self._store.look_at_files()
            await asyncio.sleep(_SHOWING_SECONDS)


def _is_for_soap(scope: Scope) -> bool:
    """Whether a request is a call, or was to be one: what is POSTed elsewhere, or goes to a path that is nearly it."""
    path: str = scope["path"]
    if path.startswith(PREFIX):
        return True
    if path.startswith(_OTHERS):
        return False
    return scope["method"] == "POST" or path.lower().startswith(_NEARLY)


_OTHERS = ("/control", page.PATH, "/healthz", "/readyz")
_NEARLY = ("/soap", "/mktows")


def create_app(settings: Settings, store: Store) -> Application:
    """The application that serves from an opened store."""
    limits = ReadLimits(
        body=settings.body_limit,
        depth=settings.depth_limit,
        elements=settings.element_limit,
        xml_attributes=settings.xml_attribute_limit,
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
        now=store.clock,
        window=settings.window,
        demo=settings.demo,
        limits=limits,
        observer=store.meter,
        recorder=store.recorder or CallRecorder(),
        held=store.meter.held,
    )
    routes = _pages(store)
    if settings.metrics_port is None:
        routes.append(Route(page.PATH, page.Page(store.board, store.show_figures), methods=["GET"]))
    if settings.ephemeral:
        from synclead.control import PREFIX, Control  # for a test double alone

        calls = Control(parts, store.engine, store.clock)
        routes.append(Mount(PREFIX, calls))
        parts = calls.parts
    edge = Edge(
        public_url=settings.public_url,
        # A proxy is asked about with each call that it passes on.
        trusted=lru_cache(_ADDRESSES)(partial(is_trusted, proxies=settings.trusted_proxies)),
        body=BodyLimits(settings.body_limit, settings.body_timeout, settings.unsigned_limit, settings.inflation_limit),
    )
    pages = Starlette(routes=routes, exception_handlers={404: _not_found})
    return Application(Endpoint(parts, edge), pages, store)


def _pages(store: Store) -> list[BaseRoute]:
    """The pages for everybody, which say nothing of what is inside."""

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

    return [Route("/", front), Route("/healthz", healthz), Route("/readyz", readyz)]


async def _not_found(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse("There is nothing here.\n", 404)

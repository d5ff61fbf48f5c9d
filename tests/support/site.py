"""Real servers on one database under mixed calls and faults, and the check of what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from support.checker import check
from support.history import History, IllegalHistoryError
from support.mixed_calls import DECLARATION, VISITORS, Script, mixed_call
from support.postgres import Postgres
from support.proxy import Proxy, answer_to, nth, text
from support.recording import Recording, Summary
from support.server import Server
from support.stored import read_stored
from synclead.leads.lead import Visitor
from synclead.leads.subscription import Subscription
from synclead.store.engine import opened, reading, writing
from synclead.store.subscriptions import read_subscriptions
from synclead.store.visitors import add_visitor

KEY = {"SYNCLEAD_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
# A line a group; and a fault at a message hits a call, not the log of calls, which has a connection of its own.
OPTIONS = ("--log-level", "debug", "--recorded-days", "0")

Fault = Callable[[Random], None]


@dataclass
class Site:
    """Servers on one new database with the subscriptions of `mixed_calls`; not started."""

    url: str
    servers: Sequence[Server]
    proxies: Sequence[Proxy] = ()
    subscriptions: Sequence[Subscription] = ()
    visitors: Mapping[int, Sequence[Visitor]] = field(default_factory=dict)

    def prepare(self) -> None:
        """Declares the subscriptions and adds their visitors."""
        self.servers[0].apply(DECLARATION)
        with opened(self.url) as engine:
            with reading(engine) as connection:
                self.subscriptions = read_subscriptions(connection)
            with writing(engine) as connection:
                now = datetime.now(UTC)
                self.visitors = {
                    one.id: [Visitor(add_visitor(connection, one.id, token, now), token, {}) for token in VISITORS]
                    for one in self.subscriptions
                }

    # What can go wrong

    def kill(self, random: Random) -> None:
        """A process dies and is started again."""
        server = random.choice(self.servers)
        server.kill()
        server.start()

    def cut_before_commit(self, random: Random) -> None:
        """A connection ends, and with it a COMMIT on its way."""
        self._proxy(random).cut(text("COMMIT"))

    def cut_after_commit(self, random: Random) -> None:
        """A connection ends when a COMMIT is done, and its answer is lost."""
        self._proxy(random).cut(answer_to("COMMIT"))

    def cut_anywhere(self, random: Random) -> None:
        """A connection ends at any message."""
        self._proxy(random).cut(nth(random.randrange(40)), after=random.random() < 0.5, reset=random.random() < 0.5)

    def cut_all(self, random: Random) -> None:
        """All connections of a process end."""
        self._proxy(random).cut_all(reset=random.random() < 0.5)

    def _proxy(self, random: Random) -> Proxy:
        proxy = random.choice(self.proxies)
        proxy.forget()
        return proxy


@contextmanager
def sqlite_site(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Site]:
    """One process on an SQLite file."""
    server = Server(folder, options=OPTIONS, environment=environment)
    site = Site(server.database_url, [server])
    site.prepare()
    try:
        yield site
    finally:
        server.close()


@contextmanager
def postgres_site(
    postgres: Postgres, folder: Path, environment: Mapping[str, str] | None = None, processes: int = 2
) -> Iterator[Site]:
    """Several processes on a new database, each behind a proxy of its own."""
    url = postgres.new_database()
    with ExitStack() as stack:
        proxies = [stack.enter_context(Proxy(url)) for _ in range(processes)]
        servers = []
        for number, proxy in enumerate(proxies):
            place = folder / str(number)
            place.mkdir()
            server = Server(place, options=OPTIONS, environment=KEY | dict(environment or {}), database_url=proxy.url)
            stack.callback(server.close)
            servers.append(server)
        site = Site(url, servers, proxies)
        site.prepare()
        yield site


def play(
    site: Site,
    seed: int,
    faults: Sequence[Fault],
    *,
    clients: int = 24,
    answers: int = 150,
    script: Script = mixed_call,
) -> Summary:
    """Faults under load, `answers` calls from one to the next on the average; then everything is checked.

    Raises IllegalHistoryError with the seed.
    """
    random = Random(seed)
    before = {one.id: read_stored(site.url, one.id) for one in site.subscriptions}
    for server in site.servers:
        server.start()
    recording, summary = Recording(site.servers, clients, seed, script), Summary()
    with recording.running():
        for fault in faults:
            recording.await_answers(random.randint(answers // 2, answers * 3 // 2))
            fault(random)
            summary.faults[fault.__name__.replace("_", " ")] += 1
        recording.await_answers(answers)
    assert [server.stop() for server in site.servers] == [0] * len(site.servers)
    summary.count_groups(site.servers)
    histories = {
        one.name: History(
            recording.calls(one.name), before[one.id], read_stored(site.url, one.id), one, site.visitors[one.id]
        )
        for one in site.subscriptions
    }
    for history in histories.values():
        summary.count(history.calls)
    for name, history in histories.items():
        try:
            summary.open_happened += check(history)
        except IllegalHistoryError as illegal:
            raise IllegalHistoryError(f"seed {seed}, subscription {name}: {illegal}\n{summary}") from None
    return summary

"""What a team would write instead: PHP, Java and Node, each on a database of its own.

`peers/README.md` has their tuning.
"""

from __future__ import annotations

import os
import string
import subprocess
from abc import abstractmethod
from pathlib import Path

from bench import call, names
from bench.errors import CellFailedError, NotMeasuredError
from bench.load import Load
from bench.place import BUILT, need
from bench.postgres import Postgres
from bench.seed import seed_peer
from bench.stored import check_unique, stored_by_peer
from bench.subject import Served
from bench.verify import Stored

PEERS = Path(__file__).with_name("peers")
WSDL = PEERS / "syncLead.wsdl"
POOL = 16
"""Connections to the database."""
FPM_WORKERS = 16
JAVA_THREADS = 32
JARS = (
    *("jaxws-rt", "jaxws-api", "jaxb-api", "jaxb-runtime", "jaxb-core", "jws-api", "saaj-impl", "javax.xml.soap-api"),
    *("stax-ex", "stax2-api", "streambuffer", "metro-policy", "mimepull", "gmbal", "javax.activation", "FastInfoset"),
    *(
        "istack-commons-runtime",
        "txw2",
        "woodstox-core",
        "glassfish-pfl-basic",
        "glassfish-pfl-tf",
        "glassfish-management-api",
    ),
    *("postgresql", "HikariCP", "slf4j-api", "slf4j-nop", "jackson-core", "jackson-databind", "jackson-annotations"),
)
JVM = (
    *("-Xms512m", "-Xmx512m", "-XX:+UseParallelGC"),
    *("--add-opens", "java.base/java.lang=ALL-UNNAMED"),
    *("-Dsun.net.httpserver.nodelay=true", "-Dsun.net.httpserver.maxIdleConnections=1000"),
)


class Peer(Served):
    """A server with the peers' schema."""

    postgres: Postgres

    def __init__(self, name: str, folder: Path, *, leads: int, postgres: Postgres) -> None:
        super().__init__(name, folder, leads, postgres)
        self._leads = leads
        self.url = ""

    def launch(self) -> None:
        """See Served."""
        self.check_tools()
        database = "peer_" + self.folder.name
        self.url = create_peer_database(self.postgres, database, self._leads)
        self.serve(self._environment(database))
        self.processes.await_ready(self.port, call.PATH)

    @abstractmethod
    def check_tools(self) -> None:
        """Raises NotMeasuredError where something is missing."""

    @abstractmethod
    def serve(self, environment: dict[str, str]) -> None:
        """Starts the processes."""

    def stored(self, load: Load) -> Stored:
        """See Served."""
        return stored_by_peer(self.url, (one.email for one in load.acknowledged))

    def finish(self) -> None:
        """See Subject."""
        check_unique(self.url, "email")

    def _environment(self, database: str) -> dict[str, str]:
        port = self.postgres.port
        return {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "API_USER": call.USER,
            "API_KEY": call.KEY,
            "WSDL": str(WSDL),
            "PEER_POOL": str(POOL),
            "PEER_THREADS": str(JAVA_THREADS),
            "PEER_PROCESSES": str(os.cpu_count() or 1),
            "INSTALLED": str(BUILT / "node"),
            "DATABASE_URL": self.url,
            "DATABASE_DSN": f"pgsql:host=127.0.0.1;port={port};dbname={database}",
            "DATABASE_JDBC": f"jdbc:postgresql://127.0.0.1:{port}/{database}?user=postgres",
        }


class Php(Peer):
    """SoapServer and PDO under php-fpm, behind nginx."""

    def check_tools(self) -> None:
        """See Peer."""
        need("nginx", php_fpm())

    def serve(self, environment: dict[str, str]) -> None:
        """See Peer."""
        values = {"folder": self.folder, "port": self.port, "script": PEERS / "php" / "server.php"}
        for name in ("fpm.conf", "nginx.conf"):
            text = (PEERS / "php" / name).read_text(encoding="utf-8")
            filled = string.Template(text).substitute(values, workers=FPM_WORKERS)
            if os.geteuid() == 0:  # both would change to users that may not read this folder
                filled += "user = root\ngroup = root\n" if name == "fpm.conf" else ""
                filled = ("user root;\n" if name == "nginx.conf" else "") + filled
            (self.folder / name).write_text(filled, encoding="utf-8")
        as_root = ("-R",) if os.geteuid() == 0 else ()
        fpm = (php_fpm(), *as_root, "-F", "-y", str(self.folder / "fpm.conf"))
        self.processes.start("php-fpm", fpm, environment)
        nginx = ("nginx", "-e", "stderr", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"))
        self.processes.start("nginx", nginx, environment)


class Java(Peer):
    """JAX-WS with JDBC and HikariCP."""

    def check_tools(self) -> None:
        """See Peer."""
        need("java", "javac", *map(_jar, JARS))

    def serve(self, environment: dict[str, str]) -> None:
        """See Peer."""
        path = ":".join([str(self.folder), *map(_jar, JARS)])
        sources = sorted(map(str, (PEERS / "java").glob("*.java")))
        compile_ = ["javac", "-nowarn", "-cp", path, "-d", str(self.folder), *sources]
        done = subprocess.run(compile_, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CellFailedError(f"javac: {done.stderr.strip()}")
        self.processes.start("java", ("java", *JVM, "-cp", path, "Leads"), environment)


class Node(Peer):
    """`soap` and `pg`, a process a core."""

    def check_tools(self) -> None:
        """See Peer."""
        need("node", str(BUILT / "node" / "node_modules" / "soap"), str(BUILT / "node" / "node_modules" / "pg"))

    def serve(self, environment: dict[str, str]) -> None:
        """See Peer."""
        self.processes.start(
            "node", ("node", str(PEERS / "node" / "server.js")), environment | {"NODE_ENV": "production"}
        )


PEERS_BY_NAME: dict[str, type[Peer]] = {
    names.PHP: Php,
    names.JAVA: Java,
    names.NODE: Node,
}


def create_peer_database(postgres: Postgres, name: str, leads: int) -> str:
    """The URL of a new database with the peers' schema and leads in it."""
    url = postgres.create(name)
    for statement in (PEERS / "schema.sql").read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            postgres.execute(statement, name)
    seed_peer(url, leads)
    return url


def php_fpm() -> str:
    """The program, which Debian names by its version. Raises NotMeasuredError."""
    for folder in [*os.environ["PATH"].split(os.pathsep), "/usr/sbin"]:
        found = sorted(Path(folder).glob("php-fpm*"))
        if found:
            return str(found[-1])
    raise NotMeasuredError("php-fpm is missing: run make bench-setup")


def _jar(name: str) -> str:
    return str(Path("/usr/share/java") / f"{name}.jar")

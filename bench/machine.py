"""What the figures were measured on: facts about the machine, without its name or its folders."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import synclead
from bench.place import BUILT, ROOT, file_system

_PACKAGES = ("cryptography", "httptools", "lxml", "msgspec", "psycopg", "starlette", "uvicorn", "uvloop")
_SYNCS = 200

_PROGRAMS: dict[str, tuple[Sequence[str], str]] = {
    "wrk": (("wrk", "-v"), r"wrk (?:debian/)?([\d.]+)"),
    "nginx": (("nginx", "-v"), r"nginx/([\d.]+)"),
    "PHP": (("php", "-r", "echo PHP_VERSION;"), r"([\d.]+)"),
    "Java": (("java", "-version"), r'version "([\d._]+)"'),
    "Node": (("node", "--version"), r"v([\d.]+)"),
}
_DEBIAN = ("libjaxws-java", "libhikaricp-java", "libpostgresql-jdbc-java", "libjackson2-databind-java", "php8.2-soap")


def facts(folder: Path) -> dict[str, Any]:
    """Everything that the figures depend on and that can be read; `folder` is where the databases are."""
    return {
        "synclead": f"{synclead.__version__} of commit {_commit()}",
        "cores": os.cpu_count(),
        "CPU": _cpu_model(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release().partition("-")[0],
        "file_system": file_system(folder),
        "fdatasync_ms": round(fdatasync_ms(folder), 3),
        "Python": platform.python_version(),
        "Python's build": python_build(Path(sys.executable).resolve()),
        "SQLite": sqlite3.sqlite_version,
        "packages": {name: version(name) for name in _PACKAGES},
        "programs": {name: found for name in _PROGRAMS if (found := _program(name))} | _node_packages() | _debian(),
    }


def fdatasync_ms(folder: Path) -> float:
    """What the disk needs to keep 8 KiB, the median of some tries: no commit is faster."""
    path, times = folder / "sync", []
    with path.open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            file.write(bytes(8192))
            began = perf_counter()
            os.fdatasync(file.fileno())
            times.append(perf_counter() - began)
    path.unlink()
    return median(times) * 1000


def python_build(program: Path) -> str:
    """Whose build it is, and its compiler. `program`: the real file, behind all links.

    Python itself does not say whether it was optimized by a profile. Debian's is, and its CONFIG_ARGS do not name it;
    PGO_PROF_USE_FLAG is empty there, and set in builds without it, since it says what the compiler could do.
    """
    owner = _printed("dpkg-query", "-S", str(program)).partition(":")[0]
    release = _printed("dpkg-query", "-W", "-f", "${Version}", owner) if owner else ""
    origin = f"package {owner} {release}" if owner else "of no distribution's package"
    return f"{origin}, compiled by {platform.python_compiler()}"


def _commit() -> str:
    """The short name of the commit that is measured."""
    return _printed("git", "describe", "--always", "--dirty=, changed") or "unknown"


def _cpu_model(cpuinfo: str) -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _program(name: str) -> str | None:
    command, pattern = _PROGRAMS[name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else None


def _node_packages() -> dict[str, str]:
    found = {}
    for name in ("soap", "pg"):
        package = BUILT / "node" / "node_modules" / name / "package.json"
        if package.exists():
            match = re.search(r'"version":\s*"([^"]+)"', package.read_text(encoding="utf-8"))
            if match:
                found[f"npm {name}"] = match[1]
    return found


def _debian() -> dict[str, str]:
    try:
        command = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *_DEBIAN]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return {}
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.count(" ") == 1)


def _printed(*command: str) -> str:
    """What a program prints; nothing where it fails or is missing."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()

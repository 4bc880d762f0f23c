"""Chores: ``nox`` runs what CI runs; ``nox -l`` lists all."""

from __future__ import annotations

import json
import os
import shutil

import nox

nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests", "sdk", "suites", "wheel", "killtable", "portkey"]

LOCK = "requirements.lock"
SDK_STYLES = ["new", "old"]
PYTHONS = ["3.11", "3.12", "3.13"]


def install(session: nox.Session) -> None:
    """Install the locked packages and this checkout."""
    session.install("-q", "--require-hashes", "-r", LOCK)
    session.install("-q", "--no-deps", "-e", ".")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    install(session)
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests of the harness itself; its benchmarks run alone, or they measure nothing."""
    install(session)
    if session.posargs:
        session.run("pytest", "-q", *session.posargs)
        return
    session.run("pytest", "-q", "-n", "2", "--ignore", "harness/tests/benchmarks")
    session.run("pytest", "-q", "harness/tests/benchmarks")


@nox.session(python=PYTHONS)
def matrix(session: nox.Session) -> None:
    """Run the tests of the harness on every supported Python that is installed."""
    install(session)
    session.run("pytest", "-q", *session.posargs)


@nox.session
def sdk(session: nox.Session) -> None:
    """Let real Anthropic SDKs for Python, of the new style and of the old, use the gateway."""
    install(session)
    for style in SDK_STYLES:
        # a folder for each, since one environment holds one version
        folder = os.path.join(session.create_tmp(), f"sdk-{style}")
        shutil.rmtree(folder, ignore_errors=True)
        lock_file = f"requirements-sdk-{style}.lock"
        session.install("-q", "--require-hashes", "--target", folder, "-r", lock_file)
        # with GATECERT_SDK, a missing SDK is a failure and no reason to skip
        session.run(
            *("pytest", "-q", "harness/tests/clients", *session.posargs),
            env={"GATECERT_SDK": style, "PYTHONPATH": folder},
        )


@nox.session
def clients(session: nox.Session) -> None:
    """Run the real SDKs and Claude Code in a network namespace, and compare what they send."""
    install(session)
    session.run("python", "-m", "gatecert.realclients", *session.posargs)


@nox.session
def suites(session: nox.Session) -> None:
    """Certify the embedded gateway, by the command and by pytest in parallel; tell what is slow."""
    install(session)
    session.run("gatecert", "run", "-v", "--out", "reports/nox-embedded")
    with open("reports/nox-embedded/run.json", encoding="utf-8") as file:
        left = json.load(file)["not_verified"]
    # a shared machine may be too noisy to judge milliseconds; everything else must be judged
    if any(not identifier.startswith("OVER-") for identifier in left):
        session.error(f"not verified on the embedded gateway: {', '.join(left)}")
    in_parallel = ("-q", "-n", "2", "--durations", "10", "--out", "reports/nox-xdist")
    session.run("pytest", "suites", *in_parallel)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel, install it alone, and certify the embedded gateway from an empty folder."""
    shutil.rmtree("dist", ignore_errors=True)
    session.run("pip", "-q", "wheel", "--no-deps", "-w", "dist", ".")
    wheels = [name for name in os.listdir("dist") if name.endswith(".whl")]
    path = os.path.abspath(os.path.join("dist", wheels[0]))
    session.install("-q", "--require-hashes", "-r", LOCK)
    session.install("-q", "--no-deps", "--force-reinstall", path)
    session.chdir(session.create_tmp())
    session.run("gatecert", "run", "-q", "--area", "connection", "--out", "run")


@nox.session
def killtable(session: nox.Session) -> None:
    """Prove that every requirement can fail, that every defect is noticed, that none cries wolf.

    Each defect by what is pinned to it; `nox -s killtable -- --checkers --repeat 20` looks for
    whatever else a defect breaks as well, weakens the checks, and takes more than an hour.
    """
    install(session)
    wanted = session.posargs or ["--quick"]
    session.run("gatecert", "killtable", "--out", "reports/nox-killtable", *wanted)


@nox.session
def portkey(session: nox.Session) -> None:
    """Certify a real Portkey gateway against its recorded deviations."""
    install(session)
    if not shutil.which("node") or not shutil.which("npm"):
        session.skip("needs Node.js 18.18 or newer with npm: apt-get install nodejs npm")
    session.run(
        "gatecert",
        "run",
        "--target",
        "portkey",
        "--known",
        "fixtures/known/portkey-1.15.2.toml",
        "--strict-known",
        # a budget in ms decides nothing on a machine that is shared
        "-k",
        "not OVER-01",
        "--out",
        "reports/nox-portkey",
    )


@nox.session
def lock(session: nox.Session) -> None:
    """Write the lock file anew from the ranges in pyproject.toml."""
    session.install("-q", "uv")
    compile_lock(session, LOCK, "pyproject.toml", "--group", "dev", "--extra", "parallel")
    for style in SDK_STYLES:
        # beside the packages of the other lock file, so in the same versions
        name = f"requirements-sdk-{style}.lock"
        compile_lock(session, name, "--group", f"sdk-{style}", "-c", LOCK)


def compile_lock(session: nox.Session, output: str, *wanted: str) -> None:
    """Write one lock file, with hashes and without the registry's name."""
    session.run(
        "uv", "pip", "compile", *wanted,
        "--universal", "--python-version", "3.11",
        "--generate-hashes", "--no-emit-index-url", "--no-header",
        "-o", output,
        *session.posargs,
    )  # fmt: skip


@nox.session
def comparison(session: nox.Session) -> None:
    """Set gatecert beside another tester on the same faults; takes a quarter of an hour."""
    install(session)
    wanted = "docs/comparison/requirements.txt"
    session.install("-q", "--no-deps", "--require-hashes", "-r", wanted)
    session.run("python", "docs/comparison/compare.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Write the generated pages in docs/ anew."""
    install(session)
    pages = {
        "docs/requirements.md": ("gatecert", "requirements", "--format", "markdown"),
        "docs/traceability.md": ("gatecert", "requirements", "--trace", "--format", "markdown"),
        "docs/lint.md": ("gatecert", "lint", "--list-codes", "markdown"),
        "docs/limits.md": ("python", "-m", "gatecert.desktop.limits"),
    }
    for path, command in pages.items():
        page = session.run(*command, silent=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(str(page))

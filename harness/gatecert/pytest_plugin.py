"""Where pytest meets gatecert: options, collection, fixtures, verdicts, the record.

``pytest suites --target ...`` needs nothing else; ``-k``, ``-m``, ``-x``, ``--junitxml`` and ``-n``
keep their meaning. With xdist the controller starts the services and writes the record, the
workers judge.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from gatecert.errors import UsageError
from gatecert.requirements import AREAS, NotMet
from gatecert.requirements.catalogue import complete
from gatecert.session.conductor import Conductor, Shared
from gatecert.session.control import Controller, Hooks, short_node
from gatecert.session.options import (
    DEFAULT_CLIENT_PROFILE,
    DEFAULT_EXAMPLES,
    DEFAULT_LIVE_TOKENS,
    DEFAULT_MAX_REQUESTS,
    DEFAULT_OVERHEAD_PAIRS,
    EMBEDDED,
    RunOptions,
    filled,
)
from gatecert.session.stash import REQUIREMENT, SHARED
from gatecert.session.verdict_report import check_needs, give_verdict
from gatecert.session.watching import wait_until_well, watch_over

pytest_plugins = ["gatecert.session.fixtures"]


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks."""
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("gatecert", "gatecert: the gateway under test")
    add = group.addoption
    add(
        "--target",
        type=filled,
        default=EMBEDDED,
        help="embedded, a managed gateway's name, or a target file",
    )
    add("--gateway", type=filled, metavar="URL", help="a gateway that runs already")
    add("--api-key-env", type=filled, metavar="VAR", help="variable that holds the gateway's key")
    add("--auth-scheme", choices=["bearer", "x-api-key"], help="how the key is sent (bearer)")
    add("--header", action="append", default=[], metavar="'Name: value'", dest="gateway_headers")
    add("--model", type=filled, dest="gateway_model", help="model name for chat turns")
    add("--upstream-listen", type=filled, metavar="HOST:PORT", help="where the provider listens")
    add("--defect", type=filled, help="bend the embedded gateway by a seeded defect")
    add("--variant", type=filled, help="vary the embedded gateway harmlessly (NAME+NAME)")
    add(
        "--mode", type=filled, default=RunOptions.mode, help="mode of the embedded gateway (strict)"
    )
    add("--known", type=filled, metavar="FILE", help="known deviations of the target (TOML)")
    add("--strict-known", action="store_true", help="a known deviation that is gone fails the run")
    add("--area", action="append", default=[], dest="areas", help="only this area; repeatable")
    add("--out", type=filled, metavar="DIR", help="folder for record and report")
    add(
        "--max-requests",
        type=int,
        default=DEFAULT_MAX_REQUESTS,
        metavar="N",
        help="requests to the gateway at most, divided among the workers",
    )
    add(
        "--max-tokens-total",
        type=int,
        metavar="N",
        help=f"tokens at most, divided among the workers (live provider: {DEFAULT_LIVE_TOKENS:,})",
    )
    add(
        "--overhead-pairs",
        type=int,
        default=DEFAULT_OVERHEAD_PAIRS,
        help="pairs of requests for each measurement",
    )
    add(
        "--client-profile",
        type=filled,
        default=DEFAULT_CLIENT_PROFILE,
        metavar="NAME",
        help="the client that the suites are run as",
    )
    add("--enforce-provisional", action="store_true", help="let new requirements fail as well")
    add("--seed", type=int, default=0, metavar="N", help="seed of the properties' examples (0)")
    add(
        "--examples",
        type=int,
        default=DEFAULT_EXAMPLES,
        metavar="N",
        help="examples for each property",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and read the options."""
    config.addinivalue_line("markers", "requirement(stated): a requirement, see gatecert")
    for level in ("must", "should", "may"):
        config.addinivalue_line("markers", f"{level}: requirements of level {level.upper()}")
    for area in AREAS:
        config.addinivalue_line("markers", f"{area}: requirements of the area {area}")
    handed_over = getattr(config, "workerinput", {}).get("gatecert")
    if handed_over is not None:
        config.stash[SHARED] = Shared.unpacked(handed_over)
    elif not (controller_of(config) or config.option.collectonly or config.option.help):
        try:
            conductor = Conductor.of(options_of(config))
        except UsageError as exc:
            raise pytest.UsageError(str(exc)) from None
        config.pluginmanager.register(Controller(conductor))


def controller_of(config: pytest.Config) -> Controller | None:
    """The controller that the command line has brought along, if it has."""
    plugins = config.pluginmanager.get_plugins()
    return next((plugin for plugin in plugins if isinstance(plugin, Controller)), None)


def options_of(config: pytest.Config) -> RunOptions:
    """The run options among pytest's own. Raises UsageError."""
    get = config.getoption
    return RunOptions(
        target=get("target"),
        gateway=get("gateway") or "",
        api_key_env=get("api_key_env") or "",
        auth_scheme=get("auth_scheme") or "",
        headers=get("gateway_headers"),
        model=get("gateway_model") or "",
        upstream_listen=get("upstream_listen") or "",
        defect=get("defect") or "",
        variant=get("variant") or "",
        mode=get("mode"),
        known=get("known") or "",
        strict_known=get("strict_known"),
        areas=get("areas"),
        out=get("out") or "",
        max_requests=get("max_requests"),
        max_tokens_total=get("max_tokens_total"),
        overhead_pairs=get("overhead_pairs"),
        client_profile=get("client_profile"),
        enforce_provisional=get("enforce_provisional"),
        seed=get("seed"),
        examples=get("examples"),
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Find the requirements, mark their areas, keep to ``--area``, and put timing last."""
    for item in items:
        mark = item.get_closest_marker("requirement")
        if mark is not None:
            area = item.path.parent.name
            stated = complete(mark.args[0], item.function, area, short_node(item.nodeid))  # type: ignore[attr-defined]
            item.stash[REQUIREMENT] = stated
            item.add_marker(getattr(pytest.mark, area))
            item.extra_keyword_matches.update({stated.id, area})
    controller = controller_of(config)
    areas = controller.conductor.options.areas if controller else config.getoption("areas")
    if areas:
        kept = [i for i in items if REQUIREMENT in i.stash and i.stash[REQUIREMENT].area in areas]
        config.hook.pytest_deselected(items=[i for i in items if i not in kept])
        items[:] = kept
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    stated = item.stash.get(REQUIREMENT, None)
    return AREAS.index(stated.area) if stated else -1


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out, with the reason, what the target does not promise."""
    if REQUIREMENT in item.stash and SHARED in item.config.stash:
        check_needs(item, item.stash[REQUIREMENT], item.config.stash[SHARED])
        watch_over(item.config)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Judge once more what failed while the gateway refused even plain turns."""
    try:
        return (yield)
    except NotMet:
        if not wait_until_well(pyfuncitem):
            raise
    arguments = pyfuncitem._fixtureinfo.argnames
    pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in arguments})
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn what the test did into a verdict."""
    report = yield
    stated = item.stash.get(REQUIREMENT, None)
    if stated is not None and SHARED in item.config.stash:
        give_verdict(item, call, report, stated, item.config.stash[SHARED])
    return report

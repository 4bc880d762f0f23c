from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from provider_bench import HEADERS, LIMIT, Bench

from gatecert.upstream import Provider
from gatecert.wire import Child


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    url = child.facts["url"]
    provider = Provider(url)
    with httpx.Client(base_url=url, headers=HEADERS, timeout=LIMIT, trust_env=False) as client:
        yield Bench(url, client, provider)
    provider.close()
    child.stop()

"""The profiles of Anthropic's SDKs, old and new. Data.

Source: recordings of ``anthropic`` (Python) and ``@anthropic-ai/sdk`` (TypeScript), Nov 2026
(observed).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_PYTHON_ABOUT = (
    "Accept Content-Type User-Agent X-Stainless-Lang X-Stainless-Package-Version X-Stainless-OS "
    "X-Stainless-Arch X-Stainless-Runtime X-Stainless-Runtime-Version"
)
_TS_ABOUT = (
    "Accept User-Agent X-Stainless-Retry-Count X-Stainless-Timeout X-Stainless-Lang "
    "X-Stainless-Package-Version X-Stainless-OS X-Stainless-Arch X-Stainless-Runtime "
    "X-Stainless-Runtime-Version anthropic-version"
)


@dataclass(frozen=True)
class SdkProfile:
    """One release of an SDK.

    ``language`` is ``python`` or ``ts``. ``order`` are the header names of a request in order;
    ``<credential>``, ``<custom>`` and ``<call>`` are the places of the credential headers, of the
    caller's own and of what a certain call adds. ``key_header`` and ``bearer_header`` carry a key
    and a token. ``both`` says what happens when a key and a token come from the environment:
    ``both`` headers are sent, or the ``key`` wins; as arguments they are refused where it wins.
    ``key_hides_token`` says that a key given as argument hides a token of the environment.
    ``charset`` is how header values are written; what does not fit is refused.
    ``beta_query`` says that beta calls add ``?beta=true``. ``untimed`` are the calls that announce
    no timeout, with ``untimed_value`` in its place, or without the header if that is ``""``.
    """

    name: str
    language: str
    version: str
    anthropic_version: str
    runtime: str
    runtime_version: str
    order: tuple[str, ...]
    key_header: str
    bearer_header: str
    both: str
    charset: str
    key_hides_token: bool
    beta_query: bool
    untimed: frozenset[str]
    untimed_value: str
    stream_helper: tuple[tuple[str, str], ...]
    source: str
    sureness: str = "observed"

    @property
    def user_agent(self) -> str:
        """The User-Agent of every request."""
        return f"Anthropic/{'Python' if self.language == 'python' else 'JS'} {self.version}"


SDK_PYTHON_NEW = SdkProfile(
    name="sdk-python-2.12.0",
    language="python",
    version="2.12.0",
    anthropic_version="2026-10-21",
    runtime="CPython",
    runtime_version="3.11.7",
    order=tuple(
        "Host Accept-Encoding Connection x-stainless-timeout x-stainless-retry-count "
        f"x-stainless-read-timeout {_PYTHON_ABOUT} <credential> <custom> X-Stainless-Async "
        "anthropic-version <call> Content-Length".split()
    ),
    key_header="Authorization",
    bearer_header="Authorization",
    both="key",
    charset="utf-8",
    key_hides_token=True,
    beta_query=False,
    untimed=frozenset({"stream", "count", "get"}),
    untimed_value="NOT_GIVEN",
    stream_helper=(
        ("x-stainless-helper-method", "stream"),
        ("x-stainless-stream-helper", "messages"),
    ),
    source="recording of anthropic (Python) 2.12.0, Nov 2026",
)
SDK_PYTHON_OLD = replace(
    SDK_PYTHON_NEW,
    name="sdk-python-0.125.0",
    version="0.125.0",
    anthropic_version="2023-06-01",
    order=tuple(
        f"Host Accept-Encoding Connection x-stainless-timeout {_PYTHON_ABOUT} <credential> "
        "<custom> X-Stainless-Async anthropic-version <call> x-stainless-retry-count "
        "x-stainless-read-timeout Content-Length".split()
    ),
    key_header="X-Api-Key",
    both="both",
    charset="ascii",
    beta_query=True,
    source="recording of anthropic (Python) 0.125.0, Nov 2026",
)
SDK_TS_NEW = SdkProfile(
    name="sdk-ts-1.12.0",
    language="ts",
    version="1.12.0",
    anthropic_version="2026-10-21",
    runtime="node",
    runtime_version="v20.20.2",
    order=tuple(
        f"host connection {_TS_ABOUT} <credential> <custom> content-type <call> accept-language "
        "sec-fetch-mode accept-encoding content-length".split()
    ),
    key_header="authorization",
    bearer_header="authorization",
    both="key",
    charset="latin-1",
    key_hides_token=False,
    beta_query=False,
    untimed=frozenset(),
    untimed_value="",
    stream_helper=(("x-stainless-helper-method", "stream"),),
    source="recording of @anthropic-ai/sdk 1.12.0 on Node 20, Nov 2026",
)
SDK_TS_OLD = replace(
    SDK_TS_NEW,
    name="sdk-ts-0.128.0",
    version="0.128.0",
    anthropic_version="2023-06-01",
    key_header="x-api-key",
    both="both",
    beta_query=True,
    untimed=frozenset({"count", "get"}),
    source="recording of @anthropic-ai/sdk 0.128.0 on Node 20, Nov 2026",
)

# fresh recordings of the next releases show the same but for the number
SDK_PYTHON_NEXT = replace(
    SDK_PYTHON_NEW,
    name="sdk-python-2.13.0",
    version="2.13.0",
    source="recording of anthropic (Python) 2.13.0, Nov 2026",
)
SDK_TS_NEXT = replace(
    SDK_TS_NEW,
    name="sdk-ts-1.13.0",
    version="1.13.0",
    source="recording of @anthropic-ai/sdk 1.13.0 on Node 20, Nov 2026",
)

SDKS: tuple[SdkProfile, ...] = (
    SDK_PYTHON_NEW,
    SDK_PYTHON_OLD,
    SDK_TS_NEW,
    SDK_TS_OLD,
    SDK_PYTHON_NEXT,
    SDK_TS_NEXT,
)

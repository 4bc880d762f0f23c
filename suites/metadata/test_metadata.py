"""The metadata header: accepted when right, refused or harmless when wrong, attributed truly."""

import json

from gatecert.suite import (
    MUST,
    DesktopApp,
    Desktops,
    Exchange,
    ScriptedProvider,
    Target,
    answered,
    expect,
    hints,
    only_receipt,
    refused,
    requirement,
    same,
)

_VALIDATED = ["metadata", "validates_metadata"]
# 401, 408, 409, 429 and 5xx would be retried for minutes
_FINAL = (400, 402, 403, 412, 422, 446)
_FIX = "Parse the header as JSON before anything else, and answer 400 naming header and mistake."
_WHY = "Costs land on nobody's account and policies do not bite, while everything seems to work."


@requirement(
    "META-01",
    MUST,
    source="guide: Add the metadata header",
    why="The documented set-up does not work.",
    fix="Accept the metadata header of the set-up guide on every path.",
    needs=["metadata"],
)
def test_valid_metadata_is_accepted(desktop: DesktopApp) -> None:
    """A request with the configured metadata is answered."""
    answered(desktop.test_connection(), "a request with the configured metadata")


@requirement(
    "META-02",
    MUST,
    source="guide: Verify it works, the request is tagged with the metadata",
    why="Requests cannot be told apart by team or user, so nobody can be charged.",
    fix="Pass the metadata header on byte for byte.",
    needs=["metadata", "forwards_metadata"],
    hints={
        "litellm": "general_settings.forward_client_headers_to_llm_api: true (headers that begin with x-)",
        "portkey": 'forward_headers: ["x-portkey-metadata"]',
    },
)
def test_metadata_arrives_with_the_request(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """A turn arrives at the provider tagged with exactly the configured metadata."""
    script = provider.script()
    answered(desktop.engine.turn(script.text), "a turn with metadata")
    receipt = only_receipt(provider.receipts(script))
    header = target.promises.metadata_header
    expected = next(v for k, v in target.headers.items() if k.lower() == header.lower())
    same(expected, receipt.header(header), f"{header} at the provider", hop="gateway → provider")


@requirement(
    "META-03",
    MUST,
    source="guide: Troubleshooting, metadata JSON must be valid (no trailing commas)",
    why=_WHY,
    fix=_FIX,
    needs=_VALIDATED,
    hints=hints.METADATA_GUARDRAIL,
)
def test_trailing_comma_is_refused(desktops: Desktops, target: Target) -> None:
    """Metadata with a trailing comma is refused with an error that names the header."""
    _refused_by_name(_with(desktops, target, _text(target)[:-1] + ",}"), target, "trailing comma")


@requirement(
    "META-04",
    MUST,
    source="guide: Troubleshooting, metadata JSON must be valid (no single quotes)",
    why=_WHY,
    fix=_FIX,
    needs=_VALIDATED,
)
def test_single_quotes_are_refused(desktops: Desktops, target: Target) -> None:
    """Metadata in single quotes is refused with an error that names the header."""
    wrong = _text(target).replace('"', "'")
    _refused_by_name(_with(desktops, target, wrong), target, "single quotes")


@requirement(
    "META-05",
    MUST,
    source="guide: Troubleshooting, key names are case-sensitive and must match the policy",
    why="A key in another case slips past the policy and out of the reports.",
    fix="Compare key names exactly, and refuse metadata that lacks a required one.",
    needs=[*_VALIDATED, "required_metadata_keys"],
)
def test_wrong_key_case_is_refused(desktops: Desktops, target: Target) -> None:
    """Metadata whose required key is written in another case is refused with an error that names the header."""
    key = target.promises.required_metadata_keys[0]
    metadata = json.loads(_text(target))
    wrong = {(k.swapcase() if k == key else k): v for k, v in metadata.items()}
    _refused_by_name(_with(desktops, target, json.dumps(wrong)), target, f"key {key.swapcase()}")


@requirement(
    "META-06",
    MUST,
    source="guide: the metadata template comes from the policy's required keys",
    why="Requests without a team or user are served and charged to nobody.",
    fix="Refuse metadata that lacks a required key, and name the key.",
    needs=[*_VALIDATED, "required_metadata_keys"],
    hints=hints.METADATA_GUARDRAIL,
)
def test_missing_required_key_is_refused(desktops: Desktops, target: Target) -> None:
    """Metadata without a required key is refused, and so is a request without metadata."""
    key = target.promises.required_metadata_keys[-1]
    metadata = json.loads(_text(target))
    wrong = {k: v for k, v in metadata.items() if k != key}
    _refused_by_name(_with(desktops, target, json.dumps(wrong)), target, f"no key {key}")
    _refused_by_name(_with(desktops, target, None), target, "no metadata at all")


@requirement(
    "META-07",
    MUST,
    source="field: JSON that is no object (an array, a string) taken for empty metadata",
    why=_WHY,
    fix="Demand one JSON object; refuse arrays, strings, numbers and null.",
    needs=_VALIDATED,
)
def test_metadata_that_is_no_object_is_refused(desktops: Desktops, target: Target) -> None:
    """Metadata that is valid JSON but no object is refused."""
    for wrong in (f"[{_text(target)}]", json.dumps(_text(target)), "null", "17"):
        _refused_by_name(_with(desktops, target, wrong), target, f"the JSON {wrong[:12]}…")


@requirement(
    "META-08",
    MUST,
    source="official: custom headers are sent on inference and on discovery",
    why="The model picker stays empty for everyone who follows the guide.",
    fix="Accept the metadata header on GET /v1/models as on /v1/messages.",
    needs=["metadata", "serves_models"],
)
def test_metadata_is_accepted_on_discovery(desktop: DesktopApp) -> None:
    """Model discovery with the metadata header is answered."""
    answered(desktop.discover_models(), "discovery with the metadata header")


@requirement(
    "META-09",
    MUST,
    source="field: Portkey 1.15.2 routes requests with broken metadata to the default target in silence",
    why="A typing mistake sends a team's prompts to another provider or region, and nobody notices.",
    fix="Refuse metadata that cannot be read; do not route it as if it were empty.",
    needs=["metadata", "routes_on_metadata"],
    hints={
        "portkey": "no default in the conditional strategy: what matches nothing is then refused with 400",
    },
)
def test_broken_metadata_never_changes_the_route_in_silence(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """Broken metadata is refused or routed like the right one, never sent elsewhere in silence."""
    mistakes = {
        "a trailing comma": _text(target)[:-1] + ",}",
        "single quotes": _text(target).replace('"', "'"),
    }
    for mistake, wrong in mistakes.items():
        script = provider.script()
        turn = _desktop(desktops, target, wrong).engine.turn(script.text)
        if turn.exchange.status != 200:
            refused(turn, f"metadata with {mistake}", _FINAL)
            continue
        routes = [receipt.provider for receipt in provider.receipts(script)]
        expect(
            routes == ["primary"],
            "a refusal, or the route that right metadata takes (primary)",
            f"HTTP 200 and the route {routes} for metadata with {mistake}",
            hop="gateway → provider",
            silent=True,
        )


@requirement(
    "META-10",
    MUST,
    source="guide: the gateway enforces policy before a model is called",
    why="Requests that break the policy still send the prompt out and cost money.",
    fix="Check metadata before the provider is called.",
    needs=_VALIDATED,
    hints=hints.METADATA_GUARDRAIL,
)
def test_refused_metadata_never_reaches_the_provider(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """A turn whose metadata is broken is refused before it reaches any provider."""
    script = provider.script()
    app = _desktop(desktops, target, _text(target)[:-1] + ",}")
    refused(app.engine.turn(script.text), "a turn with broken metadata", _FINAL)
    receipts = provider.receipts(script, late=True)
    expect(
        not receipts,
        "no request at any provider",
        f"one arrived at {receipts[0].provider if receipts else ''}",
        hop="gateway → provider",
        silent=True,
    )


def _text(target: Target) -> str:
    header = target.promises.metadata_header.lower()
    return next(value for name, value in target.headers.items() if name.lower() == header)


def _desktop(desktops: Desktops, target: Target, metadata: str | None) -> DesktopApp:
    """A desktop with other metadata, or with none."""
    header = target.promises.metadata_header.lower()
    headers = {k: v for k, v in target.headers.items() if k.lower() != header}
    if metadata is not None:
        headers[target.promises.metadata_header] = metadata
    return desktops(custom_headers=headers)


def _with(desktops: Desktops, target: Target, metadata: str | None) -> Exchange:
    """The connection test with other metadata."""
    return _desktop(desktops, target, metadata).test_connection()


def _refused_by_name(exchange: Exchange, target: Target, what: str) -> None:
    refused(exchange, f"metadata with {what}", _FINAL)
    header = target.promises.metadata_header
    told = exchange.text.lower()
    expect(
        header.lower() in told or "metadata" in told,
        f"an answer that names {header}",
        exchange.summary(),
    )

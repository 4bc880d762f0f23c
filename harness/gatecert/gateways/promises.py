"""What a gateway promises. Every key is a contract with users: it stands in their target files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Promises:
    """What a gateway says it does. Each one switches requirements on.

    ``holds_provider_key``: the gateway calls the provider with a key of its own, so the client's
    must not travel on. ``metadata_header`` says which header carries metadata. Budgets are ms at
    p50.
    """

    enforces_keys: bool = False
    holds_provider_key: bool = False
    accepts_x_api_key: bool = False
    serves_models: bool = False
    serves_count_tokens: bool = False
    validates_metadata: bool = False
    forwards_metadata: bool = False
    routes_on_metadata: bool = False
    required_metadata_keys: Sequence[str] = ()
    metadata_header: str = "x-portkey-metadata"
    fallback: bool = False
    overhead_p50_ms: float | None = None
    overhead_first_event_p50_ms: float | None = None


@dataclass(frozen=True)
class FallbackPromise:
    """How far a promised fallback goes: the table ``[fallback]`` of a target file.

    ``model`` is the name whose route has two providers (the chat model if empty), and
    ``model_at_backup`` the name under which the backup must be asked, if it is another. The
    fallback is promised for the ``statuses`` of the primary, for a ``connection`` that is refused
    or closed before the answer, and for a primary whose answer has not begun ``after_ms`` ms after
    the request (None: no such promise; ``impatient_model`` is asked then, if its route alone has
    that limit). ``streams`` and ``count_tokens`` say for which requests. For one request of the
    client the providers together get at most ``attempts``. ``p50_ms`` is what the failing primary
    may cost at the median, None if nothing is promised.
    """

    model: str = ""
    model_at_backup: str = ""
    statuses: Sequence[int] = (500, 502, 503, 504, 529)
    connection: bool = True
    after_ms: float | None = None
    impatient_model: str = ""
    streams: bool = True
    count_tokens: bool = True
    attempts: int = 2
    p50_ms: float | None = None


@dataclass(frozen=True)
class Policy:
    """What a gateway does with metadata: the table ``[policy]`` of a target file.

    ``rules`` says what becomes of metadata that breaks the rules of its vendor's documentation:
    ``strict`` (it is refused), ``documented`` (what the hosted Portkey documents) or ``lenient``
    (nothing is promised but that nothing goes to the wrong place in silence). ``allowed`` lists
    the values that a key may have. ``case`` is ``exact`` or ``insensitive``, for the names of keys.
    A violation earns ``refusal_status`` and ``refusal_type`` (any final 4xx, and any type, if not
    given). ``routes`` maps values of one key each to the provider that serves them.
    """

    rules: str = ""
    allowed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    case: str = "exact"
    refusal_status: int | None = None
    refusal_type: str = ""
    routes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Attribution:
    """Where a gateway says to whom a request belongs: the table ``[attribution]``.

    ``reader`` is ``none``, ``receipt-header`` (the metadata header at the provider),
    ``response-header`` (``header`` of the answer names the route; ``values`` maps what it says to
    a provider), ``log-endpoint`` (``url`` answers with entries as JSON or JSON lines),
    ``log-stream`` (``url`` sends each entry as a server-sent event) or ``log-file`` (JSON lines in
    ``path``). ``key`` opens the url, as a bearer token. ``metadata``, ``model``, ``provider``,
    ``session`` and ``trace`` are the places in an entry, as dotted paths; an empty one is not
    looked at. An entry belongs to a request if it holds an id of that request anywhere, and has to
    be there ``within_ms`` ms after the answer.
    """

    reader: str = "none"
    header: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    url: str = field(default="", repr=False)
    path: str = ""
    key: str = field(default="", repr=False)
    metadata: str = ""
    model: str = ""
    provider: str = ""
    session: str = ""
    trace: str = ""
    within_ms: float = 5000

"""Policies on metadata bite: values, refusals, routes."""

from gatecert.suite import (
    MUST,
    DesktopApp,
    Mailing,
    NotApplicable,
    ScriptedProvider,
    Target,
    Together,
    expect,
    metadata_line,
    requirement,
    same,
)

_LONGEST_WAIT_S = 60
_BITES = "guide: the platform's policies are enforced on the metadata of each request"


@requirement(
    "META-21",
    MUST,
    source=_BITES,
    why="A value that nobody has allowed opens the gateway, and is nobody's in the bill.",
    fix="Compare values with the list of the policy, exactly, and refuse all others.",
    needs=["metadata", "policy.allowed"],
    since="0.2",
    hints={"portkey": "the guardrail Required Metadata Key-Value Pairs, with deny"},
)
def test_only_allowed_values_pass(mailing: Mailing) -> None:
    """A value that the policy does not allow is refused, in whatever way it resembles one that is."""
    target, metadata = mailing.target, mailing.setting.metadata
    for key, allowed in target.policy.allowed.items():
        right = allowed[0]
        for wrong in (f"{right}x", right[:-1], right.upper(), "", "*", f"{right},{allowed[-1]}"):
            if wrong in allowed:
                continue
            seen = mailing.send([metadata_line(mailing.setting, {**metadata, key: wrong})])
            expect(
                seen.refused,
                f"metadata with {key} = {wrong!r} to be refused, as it is not in the list",
                seen.summary,
                hop="client → gateway",
                silent=True,
            )


@requirement(
    "META-22",
    MUST,
    source="observed: the client repeats 408, 409, 429 and 5xx for three minutes, engines on a command line 401 too",
    why="The user waits for three minutes, and then reads a message that does not say what is wrong.",
    fix="Refuse a violation with 400, 403 or 412, x-should-retry: false, and words that name the header.",
    needs=["metadata", "policy.rules"],
    since="0.2",
)
def test_violation_stops_the_client_at_once(mailing: Mailing, desktop: DesktopApp) -> None:
    """Whoever breaks the policy reads at once which header is wrong, as promised, and no turn is repeated."""
    target = mailing.target
    if target.policy.rules != "strict" and not target.policy.refusal_status:
        raise NotApplicable("the target does not promise to refuse metadata")
    for stream in (False, True):
        refusal = mailing.refusal(desktop, stream=stream)
        line = desktop.engine.seen(refusal)
        expect(
            refusal.status is not None and 400 <= refusal.status < 500,
            "broken metadata to be refused with 4xx",
            refusal.summary(),
        )
        if target.policy.refusal_status:
            same(target.policy.refusal_status, refusal.status, "the status promised", hop="gateway")
        error = refusal.json().get("error") if isinstance(refusal.json(), dict) else None
        if target.policy.refusal_type and isinstance(error, dict):
            same(target.policy.refusal_type, error.get("type"), "the error type", hop="gateway")
        expect(
            "metadata" in refusal.error_message.lower(),
            f"a message that names {target.promises.metadata_header}",
            refusal.summary(),
        )
        expect(
            line is not None and line.requests == 1 and line.waits_s < _LONGEST_WAIT_S,
            "a refusal that the client does not repeat",
            f"one after which it asks {line.requests if line else 0} times",
        )


@requirement(
    "META-23",
    MUST,
    source="guide: model routing is controlled by the platform's config, on metadata",
    why="A team's prompts go to a provider, or a region, that is another team's.",
    fix="Route by the exact value of the key, from the metadata of this request alone.",
    needs=["metadata", "policy.routes"],
    since="0.2",
    hints={"portkey": "a condition on metadata.KEY for each value, in a conditional strategy"},
)
def test_each_value_has_its_route(mailing: Mailing) -> None:
    """Each value of a routing key leads to its own provider, whatever was asked before."""
    target, metadata = mailing.target, mailing.setting.metadata
    for key, routes in target.policy.routes.items():
        for _ in range(2):
            for value, provider in routes.items():
                line = metadata_line(mailing.setting, {**metadata, key: value})
                seen = mailing.send([line])
                expect(
                    not seen.refused and list(seen.providers or ()) == [provider],
                    f"a turn with {key} = {value!r} to reach {provider}",
                    f"{seen.summary}, at {', '.join(seen.providers or ()) or 'nobody'}",
                    hop="gateway → provider",
                    silent=not seen.refused,
                )


@requirement(
    "META-24",
    MUST,
    source="field: metadata kept in a variable that requests share",
    why="Under load one tenant pays for another, or reads that tenant's model's answers.",
    fix="Keep what belongs to a request with that request, not in anything that requests share.",
    needs=["metadata", "policy.routes"],
    since="0.2",
)
def test_tenants_never_mix(mailing: Mailing, target: Target, provider: ScriptedProvider) -> None:
    """Of many turns at once, each is routed and filed by its own metadata."""
    setting = mailing.setting
    key, routes = next(iter(target.policy.routes.items()))
    values = [value for value in routes for _ in range(4)]
    with Together(len(values)) as pool:
        lines = [metadata_line(setting, {**setting.metadata, key: value}) for value in values]
        outcomes = list(pool.map(lambda line: mailing.send([line]), lines))
    for value, seen in zip(values, outcomes, strict=True):
        expect(
            not seen.refused and list(seen.providers or ()) == [routes[value]],
            f"a turn with {key} = {value!r} among others to reach {routes[value]}",
            f"{seen.summary}, at {', '.join(seen.providers or ()) or 'nobody'}",
            hop="gateway → provider",
            silent=True,
        )
        if seen.attributed is not ...:
            filed = seen.attributed.get(key) if seen.attributed else None
            same(value, filed, f"{key} in the gateway's log", hop="gateway → log")

"""Mistakes with models and surfaces."""

from gatecert.lint.finding import Code

MODELS = (
    Code(
        "M001",
        "refused-model",
        "error",
        "a model name that the client does not take for one of Anthropic",
        "the picker leaves it out ('not an Anthropic model'); older builds refuse the whole "
        "configuration",
        "let the gateway serve it under a name with 'claude' and without another vendor's name",
        "`gpt-5`, `claude-via-deepseek`",
        "reported",
    ),
    Code(
        "M002",
        "alias-without-discovery",
        "error",
        "a tier alias without discovery",
        "the client says \"Aliases like 'sonnet' are resolved via model discovery. Use the full "
        'model ID."',
        "write the full id, or set modelDiscoveryEnabled to true",
        '`"inferenceModels": ["sonnet"]` with discovery off (a note where it is unset)',
        "reported",
    ),
    Code(
        "M003",
        "one-million-suffix",
        "warning",
        "[1m] in a model name",
        "the client strips it and offers the long context; some builds let it reach the gateway, "
        "which then answers 404",
        'write {"name": "...", "supports1m": true}',
        "`claude-sonnet-4-5[1m]`",
        "reported",
    ),
    Code(
        "M004",
        "no-models",
        "error",
        "there is no model to choose",
        "the picker is empty",
        "name models in inferenceModels, or let discovery run",
        "`modelDiscoveryEnabled` false without `inferenceModels`",
    ),
    Code(
        "M005",
        "model-entry",
        "error",
        "a model entry that the client does not take",
        "the client drops the list, older ones the whole configuration",
        'write a name, or {"name": "..."}',
        '`{"id": "claude-sonnet-4-5"}`',
        "reported",
    ),
    Code(
        "M006",
        "model-not-in-policy",
        "error",
        "a model that the policy does not allow",
        "the client offers it, and the gateway's policy refuses it",
        "name one that the policy allows",
        "a policy with `[models] allowed`",
        "inferred",
    ),
    Code(
        "M007",
        "model-member",
        "warning",
        "a member of a model entry that the client ignores",
        "the client ignores it",
        "write it as the client knows it",
        '`{"name": "...", "anthropicFamilyTier": "big"}`',
        "reported",
    ),
    Code(
        "S001",
        "all-surfaces-off",
        "warning",
        "all surfaces are switched off",
        "the client says 'At least one surface must remain enabled; Cowork has been re-enabled.'",
        "leave chatTabEnabled, coworkTabEnabled or isClaudeCodeForDesktopEnabled on",
        "Cowork and Code off, and Chat not on",
        "reported",
    ),
)

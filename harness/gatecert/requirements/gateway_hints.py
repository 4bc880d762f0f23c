"""Where known gateways have a setting that several requirements ask for, by gateway.

Only what their documentation names, or what was observed on a running one. A requirement takes one
of these as its ``hints``, or states its own.
"""

from __future__ import annotations

from collections.abc import Mapping

Hints = Mapping[str, str]

NOT_BUFFERED: Hints = {
    "nginx": "proxy_buffering off in the location",
    "apisix": "the proxy-buffering plugin with disable_proxy_buffering: true",
    "azure-apim": '<forward-request buffer-response="false" />, and log no bodies',
    "caddy": "no response_buffers in reverse_proxy",
    "haproxy": "no http-response wait-for-body",
    "kong": "response_buffering: false on the Route",
    "traefik": "no buffering middleware on this router",
}

BODY_LIMIT: Hints = {
    "nginx": "client_max_body_size 32m (1m if it is not set)",
    "apache": "LimitRequestBody 33554432",
    "apisix": "the client-control plugin with max_body_size: 33554432",
    "caddy": "request_body { max_size 32MiB }, or none at all",
    "envoy": "max_request_bytes of the buffer filter",
    "kong": "nginx_http_client_max_body_size = 32m in kong.conf",
    "traefik": "maxRequestBodyBytes of the buffering middleware",
}

OWN_KEY_ONLY: Hints = {
    "nginx": 'proxy_set_header Authorization "", and proxy_set_header x-api-key',
    "apache": "RequestHeader unset Authorization, and RequestHeader set x-api-key",
    "apisix": "hide_credentials: true in the key-auth plugin",
    "azure-apim": 'set-header Authorization exists-action="delete", and override x-api-key',
    "caddy": "header_up -Authorization, and header_up x-api-key, in reverse_proxy",
    "envoy": "request_headers_to_remove: [authorization] on the route",
    "haproxy": "http-request del-header authorization, and http-request set-header x-api-key",
    "kong": "hide_credentials: true in the key-auth plugin",
    "traefik": 'headers middleware with customRequestHeaders Authorization: ""',
}

KEY_REQUIRED: Hints = {
    "apisix": "no anonymous_consumer in the key-auth plugin",
    "envoy": "failure_mode_allow: false in the ext_authz filter",
    "kong": "no anonymous consumer in the key-auth plugin",
    "litellm": (
        "general_settings.master_key, else every key is accepted; and custom_auth or a database,"
        " else an unknown key is a 400 'No connected db'"
    ),
    "portkey": "the open-source gateway checks no key: let a proxy in front of it do so",
}

CHECK_EVERYWHERE: Hints = {
    "envoy": "look for routes whose typed_per_filter_config disables ext_authz",
    "kong": "attach the key-auth plugin to the Service, not to a single Route",
    "nginx": "check the key in the server block, or in every location",
}

READ_X_API_KEY: Hints = {
    "apisix": "header: x-api-key in the key-auth plugin",
    "azure-apim": "x-api-key as the API's subscription key header name",
    "kong": "x-api-key among key_names of the key-auth plugin",
    "nginx": "a map on $http_x_api_key beside the one on $http_authorization",
}

JSON_REFUSAL: Hints = {
    "nginx": "default_type application/json, and return 401 with the JSON body",
    "azure-apim": "return-response in the on-error section, with set-body",
    "caddy": "header Content-Type application/json, and respond with the JSON body and 401",
    "envoy": "local_reply_config with body_format.json_format",
    "haproxy": "http-request return status 401 content-type application/json string ...",
}

JSON_ERRORS: Hints = {
    "nginx": "error_page 502 504 = @down, whose location returns the JSON body",
    "apache": "ErrorDocument 502 and 503 that name a .json file",
    "azure-apim": "return-response in the on-error section, with set-body",
    "caddy": "handle_errors with header Content-Type application/json, and respond",
    "envoy": "local_reply_config with body_format.json_format",
    "haproxy": "http-error status 503 content-type application/json string ...",
}

EXACT_PATHS: Hints = {
    "nginx": "location = /v1/messages, and location / { return 404; }",
    "apache": "ProxyPassMatch ^(/v1/messages)$ http://PROVIDER$1 instead of ProxyPass /",
    "envoy": "match path instead of prefix in the route",
    "haproxy": "use path, not path_beg or path_end, and deny the rest with 404",
    "kong": "paths: [~/v1/messages$] on the Route",
    "portkey": "the open-source gateway proxies any /v1/ path: let a proxy in front refuse it",
    "traefik": "Path(`/v1/messages`) instead of PathPrefix",
}

ERRORS_KEPT: Hints = {
    "litellm": (
        "the pass-through route (base URL ending in /anthropic) keeps errors as they are; it goes"
        " past model_list and its fallbacks"
    ),
}

LEAVING_NOTICED: Hints = {
    "apache": "no setting does: mod_proxy_http notices it when the provider sends on",
    "caddy": "no flush_interval -1: event streams are flushed without it, and 2.6 then reads on",
    "haproxy": "option abortonclose",
    "nginx": "proxy_ignore_client_abort off (the default)",
}

STATUS_UNCHANGED: Hints = {
    "nginx": "proxy_intercept_errors off",
    "apache": "ProxyErrorOverride Off",
    "azure-apim": 'fail-on-error-status-code="false" on forward-request',
    **ERRORS_KEPT,
    "caddy": "no handle_response for this status in reverse_proxy",
    "haproxy": "no http-response return or set-status for this status",
    "traefik": "no errors middleware for this status",
}

NO_COOL_DOWN: Hints = {
    "litellm": "router_settings.disable_cooldowns: true",
}

FEW_RETRIES: Hints = {
    "azure-apim": "count of the retry policy",
    "cloudflare": "the cf-aig-max-attempts header of the AI Gateway",
    "envoy": "num_retries of the route's retry_policy",
    "haproxy": "retries in the backend, and no retry-on all-retryable-errors",
    "kong": "retries: 0 on the Service",
    "litellm": "litellm_settings.num_retries: 0",
    "nginx": "proxy_next_upstream_tries",
    "portkey": "retry.attempts of the config",
    "traefik": "attempts of the retry middleware",
}

BETAS: Hints = {
    "litellm": "general_settings.forward_client_headers_to_llm_api: true",
    "portkey": 'forward_headers: ["anthropic-beta", "anthropic-version"] on every target',
}

NAMED_MODELS: Hints = {
    "claude-code-router": "names other than provider,model go to the default route: map them",
    "litellm": "one entry of model_list for each name, with model: anthropic/NAME",
}

FALLBACK_ON_OVERLOAD: Hints = {
    "azure-apim": "name 529 in the condition of the retry policy",
    "envoy": "retry_on: retriable-status-codes with retriable_status_codes: [529]",
    "litellm": "litellm_settings.fallbacks",
    "nginx": "proxy_intercept_errors on, error_page 529 = @backup; proxy_next_upstream has no 529",
    "portkey": "529 among strategy.on_status_codes",
}

FALLBACK_ON_FAILURE: Hints = {
    "envoy": "retry_on: 5xx",
    "haproxy": "retry-on 500 503 with option redispatch",
    "litellm": "litellm_settings.fallbacks",
    "nginx": "proxy_next_upstream error timeout http_500 non_idempotent, since turns are POSTs",
    "portkey": "500 among strategy.on_status_codes",
}

FALLBACK_ON_REFUSAL: Hints = {
    "envoy": "retry_on: connect-failure",
    "haproxy": "option redispatch, and a server marked backup",
    "litellm": "litellm_settings.fallbacks",
    "nginx": "proxy_next_upstream error, and a server marked backup",
    "portkey": "a refused connection counts as 500: name it in strategy.on_status_codes",
}

METADATA_GUARDRAIL: Hints = {
    "portkey": "the input guardrail Required Metadata Keys with deny, in the hosted product",
}

FRESH_CONNECTIONS: Hints = {
    "nginx": 'keepalive needs proxy_http_version 1.1 and proxy_set_header Connection ""',
    "apache": "disablereuse=On on ProxyPass",
    "haproxy": "http-reuse safe",
}

CHUNKED_FROM_PROVIDER: Hints = {
    "apache": "no force-proxy-request-1.0",
    "caddy": "no response_buffers, and no 2.6, which ends a broken stream as if it were whole",
    "nginx": "proxy_http_version 1.1: by HTTP/1.0 a cut looks like an end",
}

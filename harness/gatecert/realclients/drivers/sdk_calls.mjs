// One call of the Anthropic SDK for TypeScript, as standard input says; see sdk_calls.py.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";

const MODEL = "claude-sonnet-4-5";
const NAMES = { api_key: "apiKey", auth_token: "authToken", default_headers: "defaultHeaders" };
const wanted = JSON.parse(readFileSync(0, "utf8"));
const installed = createRequire(process.argv[2] + "/package.json");
const { default: Anthropic } = await import(pathToFileURL(installed.resolve("@anthropic-ai/sdk")));

const messages = [{ role: "user", content: wanted.prompt }];
const said = { model: MODEL, max_tokens: 64, messages };
const calls = {
  create: (client) => client.messages.create(said),
  stream: (client) => client.messages.stream(said).finalMessage(),
  rawstream: async (client) => {
    for await (const _ of await client.messages.create({ ...said, stream: true }));
  },
  betacreate: (client) => client.beta.messages.create({ ...said, betas: ["foo-2026-01-01"] }),
  count: (client) => client.messages.countTokens({ model: MODEL, messages }),
  betacount: (client) => client.beta.messages.countTokens({ model: MODEL, messages }),
  models: (client) => client.models.list(),
  models1000: (client) => client.models.list({ limit: 1000 }),
  model: (client) => client.models.retrieve(MODEL),
};

const options = {};
for (const [name, value] of Object.entries(wanted.options)) options[NAMES[name] ?? name] = value;
try {
  await calls[wanted.call](new Anthropic(options));
} catch (error) {
  console.log(error.constructor.name);
  process.exitCode = 1;
}

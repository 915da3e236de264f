// Compares recorded exchanges with GitHub's OpenAPI description. Each line of the recording is
// {"request": {method, route, query, body, status, response, fault}} or {"event", "action", "payload"}.
//
// tests/contract/run makes the recording and starts this:
//   STANDIN_RECORDING=/path/to/recording.jsonl npm run check
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import Ajv from "ajv";
import addFormats from "ajv-formats";

const require = createRequire(import.meta.url);
// Read as files: the packages' entry points load every version of the description.
const load = (name) => {
  const entry = require.resolve(`${name}/package.json`);
  return JSON.parse(readFileSync(join(dirname(entry), "generated", "api.github.com.json"), "utf8"));
};
const rest = load("@octokit/openapi");
const hooks = load("@octokit/openapi-webhooks");

// OpenAPI 3.0 writes "nullable"; JSON Schema has a type list.
const converted = new WeakSet();
function convert(schema) {
  if (schema === null || typeof schema !== "object" || converted.has(schema)) return schema;
  converted.add(schema);
  for (const value of Object.values(schema)) convert(value);
  if (schema.nullable === true) {
    if (Array.isArray(schema.enum) && !schema.enum.includes(null)) schema.enum.push(null);
    if (typeof schema.type === "string") schema.type = [schema.type, "null"];
    for (const key of ["anyOf", "oneOf"]) if (schema[key]) schema[key].push({ type: "null" });
    if (schema.allOf) {
      const { allOf } = schema;
      delete schema.allOf;
      schema.anyOf = [{ allOf }, { type: "null" }];
    }
  }
  delete schema.nullable;
  delete schema.example;
  delete schema.examples;
  return schema;
}

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true, logger: false });
addFormats(ajv);
// GitHub's URI templates and bot accounts are no URIs in the strict sense.
ajv.addFormat("uri", (text) => /^[a-z][a-z0-9+.-]*:\/\/\S+$/.test(text));
// Bot accounts have brackets in their addresses.
ajv.addFormat("email", (text) => /^[^@\s]+@[^@\s]+$/.test(text));
ajv.addFormat("repo.nwo", true);
convert(rest);
convert(hooks);
ajv.addSchema(rest, "rest");
ajv.addSchema(hooks, "hooks");

// The list of event names in the webhooks' App objects lags behind the events that there are.
const outdated = (error) =>
  error.keyword === "enum" && /\/app\/events\/\d+$/.test(error.instancePath);

const pointer = (...parts) =>
  "#/" + parts.map((part) => encodeURIComponent(String(part).replace(/~/g, "~0").replace(/\//g, "~1"))).join("/");
const compiled = new Map();
function validator(document, ...parts) {
  const reference = document + pointer(...parts);
  if (!compiled.has(reference)) compiled.set(reference, ajv.compile({ $ref: reference }));
  return compiled.get(reference);
}
const real = (validate) => validate.errors.filter((error) => !outdated(error));
const problems = (validate) =>
  real(validate).slice(0, 6).map((error) => `${error.instancePath || "/"} ${error.message}`).join("; ");

// GitHub takes POST for PATCH; its description does not say so.
function method(request) {
  const given = request.method.toLowerCase();
  return given === "post" && !rest.paths[request.route]?.post ? "patch" : given;
}

function operation(request) {
  return rest.paths[request.route]?.[method(request)];
}

function checkRequest(request) {
  const found = operation(request);
  if (!found) return ["no such operation"];
  const issues = [];
  const known = (found.parameters ?? [])
    .map((parameter) => parameter.$ref ? rest.components.parameters[parameter.$ref.split("/").pop()] : parameter)
    .filter((parameter) => parameter.in === "query");
  for (const [name] of request.query) {
    if (!known.some((parameter) => parameter.name === name)) issues.push(`unknown query parameter ${name}`);
  }
  const accepted = request.status >= 200 && request.status < 300;
  if (accepted && request.body !== null && found.requestBody?.content?.["application/json"]?.schema) {
    const validate = validator("rest", "paths", request.route, method(request),
      "requestBody", "content", "application/json", "schema");
    if (!validate(request.body)) issues.push("request: " + problems(validate));
  }
  return issues;
}

function checkResponse(request) {
  if (request.response === null || request.fault) return [];
  const found = operation(request);
  const parts = ["paths", request.route, method(request), "responses", request.status];
  let response = found?.responses?.[request.status];
  if (!response) {
    // A renamed repository redirects everywhere; 401, 403 and 422 are answered everywhere too.
    if (request.status < 400 && ![301, 307].includes(request.status)) return [`status ${request.status} is not described`];
    const validate = validator("rest", "components", "schemas", "basic-error");
    return validate(request.response) ? [] : ["response: " + problems(validate)];
  }
  let at = parts;
  if (response.$ref) {
    const name = response.$ref.split("/").pop();
    at = ["components", "responses", name];
    response = rest.components.responses[name];
  }
  if (!response.content?.["application/json"]?.schema) return [];
  const validate = validator("rest", ...at, "content", "application/json", "schema");
  return validate(request.response) ? [] : ["response: " + problems(validate)];
}

function checkEvent(line) {
  const dashed = (text) => text.replaceAll("_", "-");
  const name = dashed(line.event) + (line.action ? "-" + dashed(line.action) : "");
  const described = hooks.webhooks ?? hooks.paths;
  const key = [name, dashed(line.event)].find((candidate) => described[candidate]);
  if (!key) return ["no such event"];
  const validate = validator("hooks", hooks.webhooks ? "webhooks" : "paths", key,
    "post", "requestBody", "content", "application/json", "schema");
  return validate(line.payload) || real(validate).length === 0 ? [] : [problems(validate)];
}

const lines = readFileSync(process.env.STANDIN_RECORDING, "utf8").split("\n").filter(Boolean).map(JSON.parse);
const found = new Map();
const checked = { requests: 0, events: 0 };
const operations = new Set();
for (const line of lines) {
  const { request } = line;
  let name, issues;
  if (request) {
    // Git, GraphQL and unknown addresses are outside of this description.
    if (!request.route.startsWith("/") || request.route === "/graphql") continue;
    name = `${request.method} ${request.route} ${request.status}`;
    issues = [...checkRequest(request), ...checkResponse(request)];
    checked.requests += 1;
    operations.add(`${request.method} ${request.route}`);
  } else {
    name = `event ${line.event}.${line.action ?? ""}`;
    issues = checkEvent(line);
    checked.events += 1;
  }
  for (const issue of issues) {
    const text = `${name}: ${issue}`;
    found.set(text, (found.get(text) ?? 0) + 1);
  }
}
for (const [text, count] of found) console.log(`${count} x ${text}`);
console.log(`contract: ${checked.requests} requests and answers of ${operations.size} operations, ` +
  `${checked.events} events checked; ${found.size} kinds of problem`);
const empty = checked.requests === 0 || checked.events === 0;
if (empty) console.error("contract: nothing was recorded; that proves nothing");
process.exit(found.size === 0 && !empty ? 0 : 1);

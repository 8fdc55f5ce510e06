/**
 * The HTTP API: Toxiproxy 2.12's routes, statuses and bodies, and additional ones (healthz, metrics, hits, wire). As in Toxiproxy,
 * a wrong method on a known path is an empty 405, an unknown path a plain 404, and errors are JSON in text/plain.
 */

import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { assertNoPage, assertToken } from "../../http/control.ts";
import { parseJson } from "../../http/json.ts";
import { HttpError, pathOf, readBody } from "../../http/messages.ts";
import { readProcessGauges } from "../../http/process-gauges.ts";
import { ListenError } from "../links/listen-address.ts";
import { Refusal, type Registry } from "../registry.ts";
import { badBody } from "./body-fields.ts";
import { readLink, readLinkChange, readLinks } from "./link-body.ts";
import { linkJson, linksJson } from "./link-json.ts";
import { metricsText } from "./metrics-text.ts";
import { answerRecords, answerWire, followRecords, followWire } from "./record-routes.ts";
import { readToxic, readToxicChange } from "./toxic-body.ts";

/** The version of Toxiproxy with the same behaviour, marked as this implementation. */
export const version = "2.12.0+resilience-lab";

interface Call {
  registry: Registry;
  request: IncomingMessage;
  response: ServerResponse;
  /** The path's variable parts, decoded. */
  names: readonly string[];
  body: () => Promise<unknown>;
}

type Handler = (call: Call) => Promise<void> | void;

interface Route {
  pattern: RegExp;
  methods: Readonly<Record<string, Handler>>;
}

const listLinks: Handler = ({ registry, response }) => sendJson(response, 200, linksJson(registry.links()));

const createLink: Handler = async ({ registry, response, body }) => {
  sendJson(response, 201, linkJson(await registry.createLink(readLink(await body()))));
};

const showLink: Handler = ({ registry, response, names: [link = ""] }) =>
  sendJson(response, 200, linkJson(registry.link(link)));

const updateLink: Handler = async ({ registry, response, names: [link = ""], body }) => {
  registry.link(link);
  const given = await body();
  sendJson(response, 200, linkJson(await registry.updateLink(link, () => readLinkChange(given))));
};

const removeLink: Handler = async ({ registry, response, names: [link = ""] }) => {
  await registry.removeLink(link);
  response.writeHead(204).end();
};

const listToxics: Handler = ({ registry, response, names: [link = ""] }) =>
  sendJson(response, 200, linkJson(registry.link(link)).toxics);

const addToxic: Handler = async ({ registry, response, names: [link = ""], body }) => {
  registry.link(link);
  const given = await body();
  sendJson(response, 200, (await registry.addToxic(link, () => readToxic(given))).toJson());
};

const showToxic: Handler = ({ registry, response, names: [link = "", toxic = ""] }) =>
  sendJson(response, 200, registry.toxic(link, toxic).toxic.toJson());

const updateToxic: Handler = async ({ registry, response, names: [link = "", name = ""], body }) => {
  registry.toxic(link, name);
  const given = await body();
  const toxic = await registry.updateToxic(link, name, (current) => readToxicChange(given, current));
  sendJson(response, 200, toxic.toJson());
};

const removeToxic: Handler = async ({ registry, response, names: [link = "", name = ""] }) => {
  await registry.removeToxic(link, name);
  response.writeHead(204).end();
};

/** Links created before a failure are kept and listed in the error. */
const populate: Handler = async ({ registry, response, body }) => {
  const done: unknown[] = [];
  try {
    await registry.populate(readLinks(await body()), (link) => done.push(linkJson(link)));
    sendJson(response, 201, { proxies: done });
  } catch (error) {
    const known = knownError(error);
    if (!known) throw error;
    sendJson(response, known.status, { error: known.message, status: known.status, proxies: done });
  }
};

const reset: Handler = async ({ registry, response }) => {
  await registry.reset();
  response.writeHead(204).end();
};

const showVersion: Handler = ({ response }) =>
  send(response, 200, "application/json;charset=utf-8", `{"version": "${version}"}\n`);

const showHealth: Handler = ({ response }) =>
  sendJson(response, 200, { status: "ok", diagnostics: readProcessGauges() });

const showMetrics: Handler = ({ registry, response }) =>
  send(response, 200, "text/plain; version=0.0.4; charset=utf-8", metricsText(registry));

const routes: readonly Route[] = [
  { pattern: /^\/version$/, methods: { GET: showVersion } },
  { pattern: /^\/proxies$/, methods: { GET: listLinks, POST: createLink } },
  { pattern: /^\/populate$/, methods: { POST: populate } },
  { pattern: /^\/reset$/, methods: { POST: reset } },
  {
    pattern: /^\/proxies\/([^/]+)$/,
    methods: { GET: showLink, POST: updateLink, PATCH: updateLink, DELETE: removeLink },
  },
  { pattern: /^\/proxies\/([^/]+)\/toxics$/, methods: { GET: listToxics, POST: addToxic } },
  {
    pattern: /^\/proxies\/([^/]+)\/toxics\/([^/]+)$/,
    methods: { GET: showToxic, POST: updateToxic, PATCH: updateToxic, DELETE: removeToxic },
  },
  { pattern: /^\/metrics$/, methods: { GET: showMetrics } },
  { pattern: /^\/healthz$/, methods: { GET: showHealth } },
  {
    pattern: /^\/hits$/,
    methods: { GET: ({ registry, request, response }) => answerRecords("hits", registry.hits, request, response) },
  },
  {
    pattern: /^\/hits\/stream$/,
    methods: { GET: ({ registry, request, response }) => followRecords(registry.hits, request, response) },
  },
  {
    pattern: /^\/wire$/,
    methods: { GET: ({ registry, request, response }) => answerWire(registry.wire, request, response) },
  },
  {
    pattern: /^\/wire\/stream$/,
    methods: { GET: ({ registry, request, response }) => followWire(registry.wire, request, response) },
  },
];

/** Routes for probes, which have no token: they show only that the proxy runs. */
const open: readonly string[] = ["/version", "/healthz"];

/** @throws HttpError 403 for a page, 401 for a caller without the token if one is set */
export async function answer(
  registry: Registry,
  controlToken: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = pathOf(request);
  const found = routes.find(({ pattern }) => pattern.test(path));
  if (!found) return sendText(response, 404, "404 page not found");
  const handler = found.methods[request.method ?? ""];
  if (!handler) return void response.writeHead(405, { "content-length": 0 }).end();
  response.setHeader("X-Toxiproxy-Request-Id", randomBytes(10).toString("hex"));
  if (request.headers["user-agent"]?.startsWith("Mozilla/")) return sendText(response, 403, "User agent not allowed");
  assertNoPage(request);
  if (controlToken !== undefined && !open.includes(path)) assertToken(request, controlToken);
  try {
    const names = (found.pattern.exec(path) ?? []).slice(1).map(decode);
    await handler({ registry, request, response, names, body: () => readGiven(request) });
  } catch (error) {
    const known = knownError(error);
    if (!known) throw error;
    sendText(response, known.status, JSON.stringify({ error: known.message, status: known.status }));
  }
}

function knownError(error: unknown): { status: number; message: string } | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof ListenError) return { status: 500, message: error.message };
  return undefined;
}

async function readGiven(request: IncomingMessage): Promise<unknown> {
  const text = (await readBody(request)).toString("utf8");
  // Go's message, which some clients' tests expect.
  if (text.trim() === "") throw badBody("EOF");
  const given = parseJson(text);
  if (given === undefined) throw badBody("it is not valid JSON");
  return given;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new HttpError(400, "The path is not properly encoded.");
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, "application/json", JSON.stringify(value));
}

/** Like Go's http.Error. */
function sendText(response: ServerResponse, status: number, text: string): void {
  response.setHeader("X-Content-Type-Options", "nosniff");
  send(response, status, "text/plain; charset=utf-8", `${text}\n`);
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) }).end(text);
}

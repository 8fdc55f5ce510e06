/** Parses API requests about links, with Toxiproxy's defaults and messages. */
import { isObject } from "../../http/json.ts";
import { limits } from "../limits.ts";
import type { Route } from "../links/link.ts";
import { type LinkChange, type LinkSpec, Refusal } from "../registry.ts";
import { badBody, readSpan, readText } from "./body-fields.ts";
import { readToxic } from "./toxic-body.ts";

export function readLink(body: unknown): LinkSpec {
  const fields = linkFields(body);
  if (!fields.name) throw new Refusal(400, "missing required field: name");
  if (!fields.upstream) throw new Refusal(400, "missing required field: upstream");
  return complete(fields);
}

/** All are parsed before any is created. */
export function readLinks(body: unknown): LinkSpec[] {
  // Go parses null as an empty list.
  if (body === null) return [];
  if (!Array.isArray(body)) throw badBody("a list of proxies was expected");
  if (body.length > limits.links) throw new Refusal(400, `too many proxies: at most ${limits.links}`);
  return body.map((entry: unknown, at) => {
    try {
      return readLink(entry);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new Refusal(error.status, `${error.message} at proxy ${at + 1}`);
    }
  });
}

/** `name` is ignored: a link keeps its name. */
export function readLinkChange(body: unknown): LinkChange {
  const { listen, upstream, enabled, disabledForMs } = linkFields(body);
  return {
    ...(listen !== undefined && { listen }),
    ...(upstream !== undefined && { upstream }),
    ...(enabled !== undefined && { enabled }),
    ...(disabledForMs !== undefined && { disabledForMs }),
  };
}

interface LinkFields {
  name: string | undefined;
  listen: string | undefined;
  upstream: string | undefined;
  also: unknown;
  enabled: boolean | undefined;
  disabledForMs: number | undefined;
  toxics: unknown;
}

function linkFields(body: unknown): LinkFields {
  if (!isObject(body)) throw badBody("a proxy object was expected");
  const disabledForMs = readSpan(body.disabled_for_ms, "disabled_for_ms");
  if (disabledForMs !== undefined && body.enabled !== false) {
    throw badBody("disabled_for_ms goes with enabled: false");
  }
  return {
    name: readText(body.name, "name"),
    listen: readText(body.listen, "listen"),
    upstream: readText(body.upstream, "upstream"),
    also: body.also,
    enabled: flag(body.enabled, "enabled"),
    disabledForMs: disabledForMs ?? undefined,
    toxics: body.toxics,
  };
}

function complete(fields: LinkFields): LinkSpec {
  const { name = "", listen = "", upstream = "", also, enabled = true, toxics } = fields;
  if (toxics !== undefined && toxics !== null && !Array.isArray(toxics)) throw badBody("toxics must be a list");
  const specs = Array.isArray(toxics) ? toxics.map((toxic: unknown) => readToxic(toxic)) : undefined;
  const names = specs?.map((toxic) => toxic.name) ?? [];
  if (new Set(names).size < names.length) throw new Refusal(409, "toxic already exists");
  if (names.length > limits.toxicsPerLink) throw new Refusal(400, `too many toxics: at most ${limits.toxicsPerLink}`);
  return { name, listen, upstream, also: readRoutes(also), enabled, toxics: specs };
}

/** Not of Toxiproxy: `also: [{listen, upstream}]`, further addresses of the same link. */
function readRoutes(value: unknown): Route[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > limits.routesPerLink) {
    throw badBody(`also must be a list of at most ${limits.routesPerLink} addresses`);
  }
  return value.map((route: unknown) => {
    const listen = isObject(route) ? readText(route.listen, "listen") : undefined;
    const upstream = isObject(route) ? readText(route.upstream, "upstream") : undefined;
    if (!listen || !upstream) throw badBody("each of also must have listen and upstream");
    return { listen, upstream };
  });
}

function flag(value: unknown, field: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  throw badBody(`${field} must be true or false`);
}

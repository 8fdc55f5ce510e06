import type { Entry, Har, Header } from "har-format";
import type { RunView } from "../../model/run-view.ts";
import { lastedUntil, type Span } from "../../model/span.ts";
import { LAB_VERSION } from "../version.ts";

/**
 * The exchanges of a run on links as an HTTP Archive 1.2, by their start. The host of an address is the service that the
 * link leads to. Sizes are those of bodies; headers were not recorded, but for the session.
 * @param startedWallMs milliseconds since 1970 of the run's clock at 0
 */
export function harOf(view: RunView, startedWallMs: number): string {
  const names = new Map(view.faults.map(({ name, attributes }) => [attributes.fault, name]));
  const entries = view.wireCalls
    .toSorted((one, other) => one.startMs - other.startMs)
    .map((call) => entryOf(call, view, { startedWallMs, names }));
  const har: Har = {
    log: { version: "1.2", creator: { name: "Resilience Lab", version: LAB_VERSION }, pages: [], entries },
  };
  return `${JSON.stringify(har, null, 1)}\n`;
}

interface Origin {
  startedWallMs: number;
  /** Of the faults, by their ids. */
  names: ReadonlyMap<string, string>;
}

function entryOf(call: Span<"wire">, view: RunView, { startedWallMs, names }: Origin): Entry {
  const { attributes } = call;
  const [method = "", target = "/"] = attributes.http.split(" ");
  const host = attributes.link.split("->").at(-1) ?? "";
  const url = new URL(target.startsWith("/") ? `http://${host}${target}` : target);
  const time = Math.max(0, lastedUntil(call, view.lastMs) - call.startMs);
  const wait = Math.min(attributes.firstByteMs ?? time, time);
  const session: Header[] =
    attributes.session === undefined ? [] : [{ name: "mcp-session-id", value: attributes.session }];
  const faults = attributes.faults.map((id) => names.get(id) ?? id);
  const comment = [
    attributes.link,
    call.status,
    ...(attributes.error === undefined ? [] : [attributes.error]),
    ...(faults.length === 0 ? [] : [`met ${faults.join(", ")}`]),
  ].join("; ");
  return {
    startedDateTime: new Date(startedWallMs + call.startMs).toISOString(),
    time,
    request: {
      method,
      url: url.href,
      httpVersion: "HTTP/1.1",
      cookies: [],
      headers: session,
      queryString: [...url.searchParams].map(([name, value]) => ({ name, value })),
      headersSize: -1,
      bodySize: attributes.requestBytes,
      ...(attributes.requestBody === undefined
        ? {}
        : { postData: { mimeType: "application/json", text: textOf(attributes.requestBody) } }),
    },
    response: {
      // By the format's readers, 0 stands for no response.
      status: attributes.status ?? 0,
      statusText: "",
      httpVersion: "HTTP/1.1",
      cookies: [],
      headers: [],
      content: {
        size: attributes.replyBytes,
        mimeType: attributes.events === undefined ? "application/json" : "text/event-stream",
        ...(attributes.replyBody === undefined ? {} : { text: textOf(attributes.replyBody) }),
      },
      redirectURL: "",
      headersSize: -1,
      bodySize: attributes.replyBytes,
    },
    cache: {},
    timings: { send: 0, wait, receive: time - wait },
    comment,
  };
}

function textOf(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

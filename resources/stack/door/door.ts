/**
 * Connects a lab with addresses that it cannot reach itself, in both directions, over one stream: HTTP/2, whose client is
 * the lab.
 *
 * - `CONNECT host:port` connects to that address; the request's stream is then the connection (200), or the address could
 *   not be reached (502, with the reason in `x-reason`).
 * - `POST /listen` with `x-address: host:port` has the door listen there; port 0 selects a free one. 204 with `x-port`; 409 with
 *   the reason where it cannot.
 * - `POST /accept` with `x-address: host:port` waits for the next connection to that address, and is then that connection (200).
 */
import { constants, performServerHandshake, type ServerHttp2Stream } from "node:http2";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { open, refuse } from "./connection.ts";
import { Listener } from "./listener.ts";

const { HTTP2_HEADER_AUTHORITY, HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS } = constants;

/** The lab pings several times within it: one whose machine went away leaves its end of the stream open. */
const SILENCE_LIMIT_MS = 60_000;
const WINDOW_BYTES = 1024 * 1024;
/** Node refuses further streams beyond it; its default of 10 is ten slow readers with a full window each. */
const SESSION_MEGABYTES = 512;

/** Resolves when the lab has closed the stream or is silent. */
export function serveDoor(control: Duplex): Promise<void> {
  const session = performServerHandshake(control, {
    settings: { initialWindowSize: WINDOW_BYTES },
    maxSessionMemory: SESSION_MEGABYTES,
  });
  const listeners = new Map<string, Listener>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const silence = setTimeout(resolve, SILENCE_LIMIT_MS);
  const listen = async (stream: ServerHttp2Stream, address: string): Promise<void> => {
    const [host, port] = splitAddress(address);
    try {
      const listener = await Listener.on(host, port);
      listeners.set(`${host}:${listener.port}`, listener);
      if (!stream.destroyed)
        stream.respond({ [HTTP2_HEADER_STATUS]: 204, "x-port": `${listener.port}` }, { endStream: true });
    } catch (error) {
      refuse(stream, 409, error instanceof Error ? error.message : String(error));
    }
  };
  session.on("ping", () => silence.refresh());
  session.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    const method = headers[HTTP2_HEADER_METHOD];
    const address = String(headers["x-address"]);
    if (method === "CONNECT") dial(stream, String(headers[HTTP2_HEADER_AUTHORITY]));
    else if (headers[HTTP2_HEADER_PATH] === "/listen") void listen(stream, address);
    else {
      const listener = listeners.get(address);
      if (listener === undefined) refuse(stream, 409, "the door does not listen there");
      else listener.give(stream);
    }
  });
  session.on("error", () => resolve());
  session.on("close", () => resolve());
  control.on("close", () => resolve());
  return promise.finally(() => {
    clearTimeout(silence);
    for (const listener of listeners.values()) listener.close();
    session.destroy();
  });
}

function dial(stream: ServerHttp2Stream, address: string): void {
  const [host, port] = splitAddress(address);
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  const fail = (error: Error) => refuse(stream, 502, error.message);
  socket.once("error", fail);
  socket.once("connect", () => {
    socket.off("error", fail);
    if (stream.destroyed) return socket.destroy();
    open(stream, socket);
  });
  stream.once("close", () => socket.destroy());
}

/** `host:port`, whose host may be an address of version 6. */
function splitAddress(address: string): [host: string, port: number] {
  const at = address.lastIndexOf(":");
  return [address.slice(0, at).replace(/^\[(.*)\]$/, "$1"), Number(address.slice(at + 1))];
}

/** Where the gateway reads a backend otherwise than the SDK's client, and why. */
import type { Differences } from "./differences.ts";

const whatIsMissing = "It is not needed to call a tool, and older servers leave it out; the SDK's schema asks for it.";
const unmistakable = "The body is the response to the request that was sent, whatever its type says.";

export const backendDifferences: Differences = {
  "a stream with CR at its very end": {
    sdk: "fails",
    gateway: "ok",
    why: "WHATWG: a CR ends a line. The SDK's parser waits for a LF after it, and loses the event.",
  },
  "a stream with a response with a field more": {
    sdk: "fails",
    gateway: "ok",
    why: "JSON-RPC does not forbid other fields; the SDK drops such a message and waits until its timeout.",
  },
  "an answer without a type": { sdk: "fails", gateway: "ok", why: unmistakable },
  "an answer of type text/plain": { sdk: "fails", gateway: "ok", why: unmistakable },
  "an answer in gzip": {
    sdk: "ok",
    gateway: "fails",
    why: "The SDK's fetch asks for gzip. The gateway asks for identity, which saves time on one machine, and names what it gets.",
  },
  "a session that is lost": {
    sdk: "fails",
    gateway: "ok",
    why: "All revisions: a client that is answered 404 opens a new session. The SDK leaves that to whoever uses it.",
  },
  "HTTP with 100 Continue first": {
    sdk: "fails",
    gateway: "ok",
    why: "RFC 9110: a client must be able to read it, also if it has not asked for it. undici ends the connection.",
  },
  "initialize answered without capabilities": { sdk: "fails", gateway: "ok", why: whatIsMissing },
  "initialize answered without serverInfo": { sdk: "fails", gateway: "ok", why: whatIsMissing },
  "an address with a name and a password": {
    sdk: "fails",
    gateway: "ok",
    why: "fetch refuses such a URL; the gateway sends them as basic authorization, as curl does.",
  },
};

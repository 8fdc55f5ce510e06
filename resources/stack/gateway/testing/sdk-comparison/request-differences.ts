/**
 * Where the gateway answers an HTTP request otherwise than the SDK's server, and why. Where the SDK's two arrangements
 * differ, the gateway is compared with the one that accepts the request.
 */
import type { Differences } from "./differences.ts";

const unambiguous = "Its meaning is clear, and nothing is gained by refusing it.";
const anyType = "Without Accept, and with wildcards or upper case, both types are accepted by RFC 9110.";
const inJson = "A client that takes no event stream gets JSON alone: without notifications, which it could not read.";
const contradiction =
  "The body is not in the encoding that its header names; the SDK's server reads it by ignoring the header.";
const invalidParams = "-32602 is JSON-RPC's code for invalid params; the SDK answers that it has failed itself.";
const asArray = "JSON-RPC: the responses to a batch are an array, also when there is one.";
const refused = { sdk: "400", gateway: "200 result id 1", why: unambiguous };

export const requestDifferences: Differences = {
  "initialize of a client without a name": { ...refused, gateway: "200 result 2025-11-25 id 1" },
  "initialize in an open session": {
    sdk: "400",
    gateway: "200 result 2025-11-25 id 1",
    why: "A transport of the SDK has one session; the gateway has many, opens another, and keeps the one that is named.",
  },
  "initialize alone in a batch": {
    sdk: "200 result 2025-03-26 id 1",
    gateway: "400",
    why: "2025-03-26, the only revision with batches: initialize must not be part of one.",
  },
  "id 1.5": { ...refused, gateway: "200 result id 1.5" },
  'body "{\\"jsonrpc\\":\\"2.0\\",\\"id\\":1,\\"method\\":\\"ping\\",\\"params\\":null}"': refused,
  'body "{\\"jsonrpc\\":\\"2.0\\",\\"id\\":1,\\"method\\":\\"ping\\",\\"trace\\":\\"x\\"}"': refused,
  "tools/call with null as arguments": {
    sdk: "200 error -32603 id 7",
    gateway: "200 error -32602 id 7",
    why: invalidParams,
  },
  "tools/call with a list as arguments": {
    sdk: "200 error -32603 id 7",
    gateway: "200 error -32602 id 7",
    why: invalidParams,
  },
  "tools/call without params": { sdk: "200 error -32603 id 7", gateway: "200 error -32602 id 7", why: invalidParams },
  "tools/call of an unknown tool": {
    sdk: "200 tool error id 7",
    gateway: "200 error -32602 id 7",
    why: "All revisions list unknown tools among the protocol errors: no tool has run that could have failed.",
  },
  "tools/list with an unknown cursor": {
    sdk: "200 result id 7",
    gateway: "200 error -32602 id 7",
    why: "All revisions: an invalid cursor is answered -32602. The first page again would never end.",
  },
  "a result that is null": {
    sdk: "400",
    gateway: "202 no answer",
    why: "The gateway sends no requests to clients, and ignores what is sent as a response to one.",
  },
  "a batch of one in 2025-03-26": { sdk: "200 result id 7", gateway: "200 batch: result id 7", why: asArray },
  "a batch of a request and a notification in 2025-03-26": {
    sdk: "200 result id 7",
    gateway: "200 batch: result id 7",
    why: asArray,
  },
  "a batch of nothing in 2025-03-26": {
    sdk: "202 no answer",
    gateway: "400",
    why: "JSON-RPC: an empty array is an invalid request, and answered as one.",
  },
  "a batch with an invalid member in 2025-03-26": {
    sdk: "400",
    gateway: "200 batch: error -32600, result id 7",
    why: "JSON-RPC: each member is answered, an invalid one with an error.",
  },
  "a batch of two in 2025-06-18": {
    sdk: "200 batch: result id 7, result id 8",
    gateway: "400",
    why: "Revisions from 2025-06-18 on have no batches, and the session has agreed on one; the SDK does not check this.",
  },
  "charset utf-16le": {
    sdk: "200 result id 7",
    gateway: "400",
    why: "RFC 8259: JSON between systems is UTF-8, and a charset changes nothing. Only Express reads it, not the SDK itself.",
  },
  "Content-Encoding gzip of a body that is not": { sdk: "200 result id 7", gateway: "400", why: contradiction },
  "Content-Encoding unknown": { sdk: "200 result id 7", gateway: "415", why: contradiction },
  "a body of 3 MB": {
    sdk: "200 result id 7",
    gateway: "413",
    why: "The arguments of a call are stored with its decision before it is answered: 1 MiB bounds what that takes.",
  },
  "Accept undefined": { sdk: "406", gateway: "200 result id 7", why: anyType },
  "Accept */*": { sdk: "406", gateway: "200 result id 7", why: anyType },
  "Accept application/json": { sdk: "406", gateway: "200 result id 7", why: inJson },
  "Accept APPLICATION/JSON, TEXT/EVENT-STREAM": { sdk: "406", gateway: "200 result id 7", why: anyType },
  "Accept application/*, text/*": { sdk: "406", gateway: "200 result id 7", why: anyType },
  "Accept text/event-stream, */*": { sdk: "406", gateway: "200 result id 7", why: anyType },
  "Host of another name": {
    sdk: "200 result id 7",
    gateway: "403",
    why: "Protection against DNS rebinding, which the SDK has in its Express application and not in a bare handler.",
  },
  "Origin of another site": {
    sdk: "200 result id 7",
    gateway: "403",
    why: "All revisions: servers must check Origin. The SDK leaves that to whoever sets allowedOrigins.",
  },
  "GET while another is open": {
    sdk: "409",
    gateway: "200 stream",
    why: "A client whose connection was cut returns before the gateway knows: the newer stream replaces the older.",
  },
  "GET after an event that never was": {
    sdk: "200 stream",
    gateway: "400",
    why: "Without a store of events the SDK ignores Last-Event-ID. The gateway keeps events: a new stream would hide a loss.",
  },
  DELETE: {
    sdk: "200 no answer",
    gateway: "204 no answer",
    why: "Both mean success, as any 2xx does for a client; 204 says that no body follows.",
  },
};

/** How the two refuse what both refuse, `sdk is gateway`, and why they differ. The HTTP status is the same. */
export const refusalDifferences: Readonly<Record<string, string>> = {
  "error -32000 is error -32600":
    "MCP leaves -32000 to -32019 to earlier code; -32600 is JSON-RPC's for an invalid request.",
  "error -32000 is error -32602 with id": "An initialize whose params are invalid is told so, under its own id.",
  "error -32001 is error -32600": "No revision has a code for an unknown session: clients go by HTTP's 404.",
  "error -32700 is error -32600": "-32700 is for what is no JSON; this is JSON, and no JSON-RPC message.",
  "error -32700 is error -32600 with id": "The same, under the id of the message where that can be read.",
};

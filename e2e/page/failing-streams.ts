import type { Page, WebSocketRoute } from "@playwright/test";

/** The wire format of the page's socket: a request's id, path and input. */
interface Request {
  i: string;
  p: { u?: string; b?: { json?: { topic?: string } } };
}

/** An item of a stream. */
const ITEM = 3;

/**
 * Lets a test fail the page's event streams of a topic as the lab would, with an error of the contract. To be called before
 * the page is opened.
 */
export async function failingStreams(page: Page) {
  const open: { socket: WebSocketRoute; id: string; topic: string }[] = [];
  const failed = new Set<string>();
  await page.routeWebSocket(/\/lab$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const { i: id, p } = JSON.parse(String(message)) as Partial<Request>;
      const topic = p?.u === "/events/subscribe" ? p.b?.json?.topic : undefined;
      if (id !== undefined && topic !== undefined) open.push({ socket, id, topic });
      server.send(message);
    });
    server.onMessage((message) => {
      const { i: id } = JSON.parse(String(message)) as Partial<Request>;
      if (id === undefined || !failed.has(id)) socket.send(message);
    });
  });
  return {
    fail(topic: "lab" | "run", message: string): void {
      const json = { defined: true, code: "internal", status: 400, message, data: { hint: null, problems: [] } };
      for (const { socket, id, topic: each } of open) {
        if (each !== topic || failed.has(id)) continue;
        failed.add(id);
        socket.send(JSON.stringify({ i: id, t: ITEM, p: { e: "error", d: { json } } }));
      }
    },
  };
}

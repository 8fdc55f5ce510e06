import { RPCHandler } from "@orpc/server/message-port";
import { type IpcMainEvent, ipcMain, type MessagePortMain, Notification } from "electron";
import { CONNECT_CHANNEL } from "../contract/bridge.ts";
import { DiagnosticsService } from "../lab/service/diagnostics/diagnostics-service.ts";
import { labRouter, type RouterContext } from "../lab/service/procedures/router.ts";
import { answerToMalformed } from "../lab/service/procedures/wire-message.ts";
import { PageConnection } from "../lab/service/streams/stream-registry.ts";
import { isPageAddress } from "./protocol.ts";
import type { Shell } from "./shell.ts";
import { shellFiles } from "./shell-files.ts";

/**
 * The one door between the page and the lab. A connection is given to the top frame of the lab's own window, while it
 * shows the lab's own page; what comes through it then is checked by the contract.
 */
export function register(shell: Shell): void {
  const handler = shell.service.then((service) => {
    const notifications = Notification.isSupported();
    const files = shellFiles(shell.files, shell);
    const host = { host: "electron", export: "dialog", openDialog: true, notifications, nativeTheme: true } as const;
    return new RPCHandler<RouterContext>(
      labRouter({ service, diagnostics: new DiagnosticsService(service), host, files }),
    );
  });
  ipcMain.on(CONNECT_CHANNEL, (event) => {
    const [port] = event.ports;
    if (port === undefined) return;
    if (!isFromPage(event, shell)) return port.close();
    // What the page says before the lab is ready waits in the port.
    void handler.then((ready) => {
      const connection = new PageConnection();
      ready.upgrade(filled(port, connection), { context: { connection } });
      port.start();
    });
  });
}

/** The port, with what it sends filled in, and without messages that the RPC library would throw at. */
function filled(port: MessagePortMain, { texts }: PageConnection): Pick<MessagePortMain, "on" | "postMessage"> {
  const onMessage = (listener: (event: { data: unknown }) => void) =>
    port.on("message", (event) => {
      const answer = answerToMalformed(typeof event.data === "string" ? event.data : undefined);
      if (answer === undefined) listener(event);
      else port.postMessage(answer);
    });
  const on = (name: string, listener: never) => {
    if (name === "message") onMessage(listener);
    else port.on(name as "close", listener);
    return port;
  };
  return {
    on: on as MessagePortMain["on"],
    postMessage: (message) => port.postMessage(typeof message === "string" ? texts.fillIn(message) : message),
  };
}

function isFromPage({ sender, senderFrame }: IpcMainEvent, { window }: Shell): boolean {
  if (window === undefined || window.isDestroyed() || sender !== window.webContents) return false;
  return senderFrame !== null && senderFrame === window.webContents.mainFrame && isPageAddress(senderFrame.url);
}

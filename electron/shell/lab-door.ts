import { RPCHandler } from "@orpc/server/message-port";
import { type IpcMainEvent, ipcMain, type MessagePortMain, Notification } from "electron";
import { CONNECT_CHANNEL } from "../contract/bridge.ts";
import { labRouter, type RouterContext } from "../lab/service/procedures/router.ts";
import { answerToMalformed } from "../lab/service/procedures/wire-message.ts";
import { PageConnection } from "../lab/service/streams/stream-registry.ts";
import { isPageAddress } from "./protocol.ts";
import type { Shell } from "./shell.ts";
import { shellFiles } from "./shell-files.ts";

/**
 * The only connection between the page and the lab. It is given to the top frame of the lab's own window while that
 * shows the lab's own page; messages are then validated by the contract.
 */
export function register(shell: Shell): void {
  const handler = shell.service.then((service) => {
    const notifications = Notification.isSupported();
    const files = shellFiles(shell.files, shell);
    const host = { host: "electron", export: "dialog", openDialog: true, notifications, nativeTheme: true } as const;
    return new RPCHandler<RouterContext>(labRouter({ service, host, files }));
  });
  ipcMain.on(CONNECT_CHANNEL, (event) => {
    const [port] = event.ports;
    if (port === undefined) return;
    if (!isFromPage(event, shell)) return port.close();
    // Messages of the page queue in the port until the lab is ready.
    void handler.then((ready) => {
      const connection = new PageConnection();
      ready.upgrade(filled(port, connection), { context: { connection } });
      port.start();
    });
  });
}

/** The port, with `fillIn` applied to sent messages, and without received messages that make the RPC library throw. */
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

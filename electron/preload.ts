import { contextBridge, ipcRenderer } from "electron";
import {
  CONNECT_CHANNEL,
  LAB_BRIDGE_NAME,
  LAB_PORT_MESSAGE,
  type LabBridge,
  NAVIGATE_CHANNEL,
} from "./contract/bridge.ts";

/** The page's connection to the lab, and navigation by the shell. Nothing else of Electron reaches the page. */
const listeners = new Set<(route: string) => void>();
/** A route received before the page listened. */
let waiting: string | undefined;

ipcRenderer.on(NAVIGATE_CHANNEL, (_event, route: string) => {
  if (listeners.size === 0) waiting = route;
  for (const listener of listeners) listener(route);
});

const bridge: LabBridge = {
  connect() {
    const { port1, port2 } = new MessageChannel();
    ipcRenderer.postMessage(CONNECT_CHANNEL, null, [port1]);
    // A port cannot pass through the context bridge; a message of the window to itself can carry it.
    window.postMessage(LAB_PORT_MESSAGE, window.location.origin, [port2]);
  },
  onNavigate(listener) {
    listeners.add(listener);
    if (waiting !== undefined) listener(waiting);
    waiting = undefined;
    return () => void listeners.delete(listener);
  },
};

contextBridge.exposeInMainWorld(LAB_BRIDGE_NAME, bridge);

import { join } from "node:path";
import { app, BrowserWindow, nativeTheme, screen } from "electron";
import { NAVIGATE_CHANNEL } from "../contract/bridge.ts";
import { routeIn } from "./link-route.ts";
import { listenForHaltKey } from "./menu.ts";
import { PAGE_ADDRESS } from "./protocol.ts";
import type { Shell } from "./shell.ts";
import { readWindowState, writeWindowState } from "./window-state.ts";

/** The page's backgrounds, so that the window does not change colour while opening. */
const BACKGROUND = { dark: "#1a1b1e", light: "#ffffff" };
const MIN_WIDTH = 900;
const MIN_HEIGHT = 600;

export function register(shell: Shell): void {
  const stateFile = join(app.getPath("userData"), "window.json");
  shell.show = (route) => {
    const window = shell.window ?? open(shell, stateFile);
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
    if (route !== undefined) navigate(window, route);
  };
  app.on("activate", () => shell.show());
  const window = open(shell, stateFile);
  const route = routeIn(process.argv);
  if (route !== undefined) navigate(window, route);
}

function open(shell: Shell, stateFile: string): BrowserWindow {
  const screens = screen.getAllDisplays().map(({ workArea }) => workArea);
  const { isMaximized, position, width, height } = readWindowState(stateFile, screens);
  const window = new BrowserWindow({
    width,
    height,
    ...position,
    minWidth: MIN_WIDTH,
    minHeight: MIN_HEIGHT,
    show: false,
    title: "Resilience Lab",
    icon: join(shell.iconFolder, "icon.png"),
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    webPreferences: {
      preload: shell.preloadFile,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
    },
  });
  shell.window = window;
  listenForHaltKey(shell, window);
  if (isMaximized) window.maximize();
  window.once("ready-to-show", () => window.show());
  window.on("close", (event) => {
    const { x, y, ...size } = window.getNormalBounds();
    writeWindowState(stateFile, { ...size, position: { x, y }, isMaximized: window.isMaximized() });
    if (shell.isQuitting) return;
    // Closing the window quits, since the engine must not run without one; on macOS an app stays open without a window.
    event.preventDefault();
    if (process.platform === "darwin") window.hide();
    else app.quit();
  });
  window.on("closed", () => {
    shell.window = undefined;
  });
  window.loadURL(PAGE_ADDRESS).catch(() => {
    // Closed while loading. The page's files were checked before the window was opened.
  });
  return window;
}

/** The preload buffers the route until the page listens, so only loading is awaited. */
function navigate(window: BrowserWindow, route: string): void {
  const { webContents } = window;
  const send = () => webContents.send(NAVIGATE_CHANNEL, route);
  if (webContents.isLoadingMainFrame()) webContents.once("did-finish-load", send);
  else send();
}

/**
 * A stand-in for the `electron` module, as much of it as the shell uses: windows are Chromium pages driven by Playwright,
 * and the rest is kept where a spec can look at it. For machines on which no Electron binary can be had.
 */
export { app } from "./app.ts";
export { BrowserWindow } from "./browser-window.ts";
export { dialog, Menu, Notification, nativeImage, nativeTheme, screen, Tray } from "./desktop-parts.ts";
export { ipcMain, protocol, session } from "./doors.ts";

/**
 * A stand-in for the parts of the `electron` module that the shell uses: windows are Chromium pages driven by Playwright,
 * and the rest is recorded for specs to inspect. For machines without an Electron binary.
 */
export { app } from "./app.ts";
export { BrowserWindow } from "./browser-window.ts";
export { dialog, Menu, Notification, nativeImage, nativeTheme, screen, Tray } from "./desktop-parts.ts";
export { ipcMain, protocol, session } from "./doors.ts";

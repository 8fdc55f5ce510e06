import { app, session, type WebContents } from "electron";
import { isPageAddress } from "./protocol.ts";

/** The page cannot navigate elsewhere, open windows or embed webviews, and gets no permissions. */
export function register(): void {
  app.on("web-contents-created", (_event, contents) => confine(contents));
  void app.whenReady().then(() => {
    const { defaultSession } = session;
    defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
    defaultSession.setPermissionCheckHandler(() => false);
    defaultSession.setDevicePermissionHandler(() => false);
  });
}

function confine(contents: WebContents): void {
  const stay = (event: { preventDefault: () => void; url: string }) => {
    if (!isPageAddress(event.url)) event.preventDefault();
  };
  contents.on("will-navigate", stay);
  contents.on("will-redirect", stay);
  contents.on("will-frame-navigate", stay);
  contents.on("will-attach-webview", (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: "deny" }));
}

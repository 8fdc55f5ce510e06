/** Exposed by the desktop shell's preload on the page's window as `resilienceLab`: a connection and nothing else. */
export interface LabBridge {
  /** Requests a new connection; its port arrives as a message event of this window with {@link LAB_PORT_MESSAGE}. */
  connect(): void;
  /** Called when the shell navigates the page to a route, such as `run/<id>` from a deep link or a menu. */
  onNavigate(listener: (route: string) => void): () => void;
}

/** The routes that a deep link, a menu or a notification may open. `resilience-lab://run/<id>` opens `run/<id>`, with `?t=` at a moment. */
const ROUTES: readonly RegExp[] = [
  /^lab$/,
  /^run\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\?(t=\d{1,12}(\.\d{1,3})?)?&?(event=\d{1,9})?)?$/,
  /^scenario\/[a-z0-9]+(-[a-z0-9]+)*$/,
  /^approvals$/,
  /^history$/,
  /^settings$/,
  /^help$/,
];

export function isRoute(text: string): boolean {
  return text.length <= 300 && ROUTES.some((route) => route.test(text));
}

export const LAB_BRIDGE_NAME = "resilienceLab";
export const LAB_PORT_MESSAGE = "resilience-lab:port";

/** The two channels between preload and shell: the page's connection requests, and the shell's navigation of the page. */
export const CONNECT_CHANNEL = "lab:connect";
export const NAVIGATE_CHANNEL = "lab:navigate";

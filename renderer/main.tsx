import "./app/mantine.css";
import "./app/theme.css";
import { createRoot } from "react-dom/client";
import { ErrorBoundary } from "./app/error-boundary.tsx";
import { FirstFrame } from "./app/first-frame.tsx";
import { late } from "./app/late.tsx";
import { connectToLab } from "./lab-client/lab-client.ts";
import { createPreferences } from "./state/preferences-store.ts";
import { styleNonce } from "./ui/style-nonce.ts";

window.pageParts?.hasStarted();
// Zod tries out whether it may compile code, which the page's policy forbids and reports.
Object.assign(window, { __zod_globalConfig: { jitless: true } });
// Read by the library that locks scrolling behind a dialog, as the nonce of its style element.
Object.assign(window, { __webpack_nonce__: styleNonce() });

const App = late("The application", () => import("./app/app.tsx"), FirstFrame);
const client = connectToLab();
const preferences = createPreferences(() => window.localStorage);

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root element");
createRoot(root).render(
  <ErrorBoundary place="">
    <App client={client} preferences={preferences} />
  </ErrorBoundary>,
);

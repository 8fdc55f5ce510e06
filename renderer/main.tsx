import "./app/mantine.css";
import "./app/theme.css";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import { styleNonce } from "./app/style-nonce.ts";
import { connectToLab } from "./lab-client/lab-client.ts";

// The name under which the library that locks scrolling behind a dialog looks for the nonce of its style element.
Object.assign(window, { __webpack_nonce__: styleNonce() });

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place to be shown in");
createRoot(root).render(<App client={connectToLab()} />);

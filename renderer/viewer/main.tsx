import "../app/mantine.css";
import "../app/theme.css";
import "./viewer.css";
import { createRoot } from "react-dom/client";
import { ErrorBoundary } from "../app/error-boundary.tsx";
import { recordedRunsClient } from "../lab-client/recorded-runs.ts";
import { createPreferences } from "../state/preferences-store.ts";
import { styleNonce } from "../ui/style-nonce.ts";
import { recordedFile, recordedRuns } from "./recorded-file.ts";
import { Viewer } from "./viewer.tsx";

// See ../main.tsx.
Object.assign(window, { __zod_globalConfig: { jitless: true } });
Object.assign(window, { __webpack_nonce__: styleNonce() });

const root = document.getElementById("root");
const runs = recordedRuns(document);
const [first] = runs;
if (root !== null && first !== undefined) {
  // The summary is for readers without scripts, and for paper.
  document.documentElement.dataset.viewer = "";
  createRoot(root).render(
    <ErrorBoundary place="">
      <Viewer
        client={recordedRunsClient(recordedFile(document))}
        preferences={createPreferences(() => window.localStorage)}
        runs={[first, ...runs.slice(1)]}
      />
    </ErrorBoundary>,
  );
}

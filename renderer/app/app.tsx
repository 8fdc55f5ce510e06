import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import type { LabClient } from "../lab-client/lab-client.ts";
import { LabProvider } from "../state/lab-context.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { Shell } from "./shell.tsx";
import { styleNonce } from "./style-nonce.ts";
import { theme } from "./theme.ts";

const colourScheme = localStorageColorSchemeManager({ key: "resilience-lab:colour-scheme" });

export function App({ client }: { client: LabClient }) {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={colourScheme}
      getStyleNonce={styleNonce}
    >
      <LabProvider client={client}>
        <ErrorBoundary place="">
          <Shell />
        </ErrorBoundary>
      </LabProvider>
    </MantineProvider>
  );
}

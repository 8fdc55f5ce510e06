import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import type { StoreApi } from "zustand";
import type { LabClient } from "../lab-client/lab-client.ts";
import { LabProvider } from "../state/lab-context.tsx";
import type { PreferencesStore } from "../state/preferences-store.ts";
import { styleNonce } from "../ui/style-nonce.ts";
import { Shell } from "./shell.tsx";
import { theme } from "./theme.ts";

const colourScheme = localStorageColorSchemeManager({ key: "resilience-lab:colour-scheme" });

export interface AppProps {
  client: LabClient;
  preferences: StoreApi<PreferencesStore>;
}

export default function App({ client, preferences }: AppProps) {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={colourScheme}
      getStyleNonce={styleNonce}
    >
      <LabProvider client={client} preferences={preferences}>
        <Shell />
      </LabProvider>
    </MantineProvider>
  );
}

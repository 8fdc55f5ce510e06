import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import type { ReactNode } from "react";
import type { StoreApi } from "zustand";
import type { LabClient } from "../lab-client/lab-client.ts";
import { LabProvider } from "../state/lab-context.tsx";
import type { PreferencesStore } from "../state/preferences-store.ts";
import { styleNonce } from "../ui/style-nonce.ts";
import { theme } from "./theme.ts";

const colourScheme = localStorageColorSchemeManager({ key: "resilience-lab:colour-scheme" });

interface SurroundingsProps {
  client: LabClient;
  preferences: StoreApi<PreferencesStore>;
  children: ReactNode;
}

/** What every part of the page finds around it: the theme, and the stores. */
export function Surroundings({ client, preferences, children }: SurroundingsProps) {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={colourScheme}
      getStyleNonce={styleNonce}
    >
      <LabProvider client={client} preferences={preferences}>
        {children}
      </LabProvider>
    </MantineProvider>
  );
}

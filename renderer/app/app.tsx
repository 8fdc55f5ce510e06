import type { StoreApi } from "zustand";
import type { LabClient } from "../lab-client/lab-client.ts";
import type { PreferencesStore } from "../state/preferences-store.ts";
import { Shell } from "./shell.tsx";
import { Surroundings } from "./surroundings.tsx";

export interface AppProps {
  client: LabClient;
  preferences: StoreApi<PreferencesStore>;
}

export default function App(props: AppProps) {
  return (
    <Surroundings {...props}>
      <Shell />
    </Surroundings>
  );
}

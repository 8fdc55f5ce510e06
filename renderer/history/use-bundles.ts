import { notifications } from "@mantine/notifications";
import { useMemo } from "react";
import { useLab, useStores } from "../state/lab-context.tsx";
import type { LabStore } from "../state/lab-store.ts";
import { tell, tellFailure } from "../state/tell.tsx";
import { bytes } from "../ui/times.ts";

/** Why no bundle can be exported or imported here, in words for the person who would; undefined when it can. */
export function whyNoBundles(state: Pick<LabStore, "capabilities" | "connection">): string | undefined {
  if (state.connection.is !== "connected") return "The lab cannot be reached";
  if (state.capabilities === undefined) return "The lab has not answered yet";
  return state.capabilities.bundles ? undefined : "This lab can neither write nor read bundles";
}

/** Runs as one file: how to make it, and why it cannot be made. */
export function useBundles() {
  const { client } = useStores();
  const whyNot = useLab(whyNoBundles);
  return useMemo(() => {
    const exportRuns = async (runIds: string[]) => {
      const what = runIds.length === 1 ? "the run" : `${runIds.length} runs`;
      const progress = notifications.show({
        title: `Exporting ${what}`,
        message: "Events, decisions, logs and reports are put into one file.",
        loading: true,
        autoClose: false,
        withCloseButton: false,
      });
      try {
        const result = await client.call.bundles.export({ runIds });
        if (result.kind === "download") download(result.address, result.fileName);
        if (result.kind !== "cancelled") {
          tell(
            result.kind === "saved" ? `Saved ${result.fileName}` : `Downloading ${result.fileName}`,
            `${bytes(result.bytes)}; drop it on a lab's window to open it there`,
          );
        }
      } catch (error) {
        tellFailure(`${runIds.length === 1 ? "The run" : "The runs"} could not be exported`, error);
      } finally {
        notifications.hide(progress);
      }
    };
    return { whyNot, exportRuns };
  }, [client, whyNot]);
}

/** The host gives an address of its own; anything else is not followed. */
function download(address: string, fileName: string): void {
  const url = new URL(address, window.location.href);
  if (url.origin !== window.location.origin) throw new Error("the lab gave a download address that is not its own");
  const link = document.createElement("a");
  link.href = url.href;
  link.download = fileName;
  link.click();
}

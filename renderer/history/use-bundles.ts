import { notifications } from "@mantine/notifications";
import { useMemo } from "react";
import type { ExportResult, RunFileFormat, RunsReportFormat } from "../../electron/contract/bundles.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import type { LabStore } from "../state/lab-store.ts";
import { notify, notifyFailure } from "../state/notify.tsx";
import { bytes } from "../ui/times.ts";

/** Why bundles cannot be exported or imported here, as text for the window; undefined when they can. */
export function whyNoBundles(state: Pick<LabStore, "capabilities" | "connection">): string | undefined {
  if (state.connection.is !== "connected") return "The lab cannot be reached";
  if (state.capabilities === undefined) return "The lab has not answered yet";
  return state.capabilities.bundles ? undefined : "This lab does not support bundles";
}

/** Export of runs as one file, and why it is not possible. */
export function useBundles() {
  const { client } = useStores();
  const whyNot = useLab(whyNoBundles);
  return useMemo(() => {
    const exportRuns = async (runIds: string[]) => {
      const what = runIds.length === 1 ? "the run" : `${runIds.length} runs`;
      const progress = notifications.show({
        title: `Exporting ${what}`,
        message: "Writing events, decisions, logs and reports to one file.",
        loading: true,
        autoClose: false,
        withCloseButton: false,
      });
      try {
        const result = await client.call.bundles.export({ runIds });
        if (result.kind === "download") download(result.address, result.fileName);
        if (result.kind !== "cancelled") {
          notify(
            result.kind === "saved" ? `Saved ${result.fileName}` : `Downloading ${result.fileName}`,
            `${bytes(result.bytes)}; drop it on a lab window to import it`,
          );
        }
      } catch (error) {
        notifyFailure(`${runIds.length === 1 ? "The run" : "The runs"} could not be exported`, error);
      } finally {
        notifications.hide(progress);
      }
    };
    const exportFile = (runId: string, format: RunFileFormat) =>
      save(() => client.call.bundles.exportFile({ runId, format }));
    const exportReport = (runIds: string[], format: RunsReportFormat) =>
      save(() => client.call.bundles.exportReport({ runIds, format }));
    const saveExpected = (runId: string) => save(() => client.call.traces.saveExpected({ runId }));
    const save = async (write: () => Promise<ExportResult>) => {
      try {
        const result = await write();
        if (result.kind === "download") download(result.address, result.fileName);
        if (result.kind === "cancelled") return;
        notify(
          result.kind === "saved" ? `Saved ${result.fileName}` : `Downloading ${result.fileName}`,
          bytes(result.bytes),
        );
      } catch (error) {
        notifyFailure("It could not be exported", error);
      }
    };
    return { whyNot, exportRuns, exportFile, exportReport, saveExpected };
  }, [client, whyNot]);
}

/** Only an address of the host itself is followed. */
function download(address: string, fileName: string): void {
  const url = new URL(address, window.location.href);
  if (url.origin !== window.location.origin) throw new Error("the download address is not on the lab's host");
  const link = document.createElement("a");
  link.href = url.href;
  link.download = fileName;
  link.click();
}

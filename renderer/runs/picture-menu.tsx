import { ActionIcon, Menu } from "@mantine/core";
import { IconCamera, IconLink } from "@tabler/icons-react";
import { useInteraction, useLab } from "../state/lab-context.tsx";
import { attempt, notify } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { copyPicture, type PictureFormat } from "../ui/copy-picture.ts";
import { copyText } from "../ui/copy-text.ts";

/** The pictures that are shown, made when they are asked for. */
export interface Pictures {
  timeline: () => string | undefined;
  /** Undefined while the map is not shown. */
  map: () => string | undefined;
  isMapShown: boolean;
}

const FORMATS: readonly PictureFormat[] = ["png", "svg"];

/** Copies what is shown: the timeline or the map as a picture, and a link to the moment. */
export function PictureMenu({ runId, pictures }: { runId: string; pictures: Pictures }) {
  const cursorMs = useInteraction((state) => state.cursorMs);
  const selectedSeq = useInteraction((state) => state.selectedSeq);
  const isDesktop = useLab((state) => state.capabilities?.host === "electron");
  const { isMapShown } = pictures;
  const copy = (what: "timeline" | "map", format: PictureFormat) =>
    attempt(`The ${what} could not be copied`, async () => {
      const svg = pictures[what]();
      if (svg === undefined) throw new Error(`the ${what} is not shown`);
      const done = await copyPicture(svg, format, `${what}-${runId.slice(0, 8)}`);
      notify(done === "copied" ? `Copied the ${what}` : `Saved the ${what} as a file`, format.toUpperCase());
    });
  const copyLink = () =>
    attempt("The link could not be copied", async () => {
      const route = formatRoute({
        at: "run",
        runId,
        ...(cursorMs === undefined ? {} : { cursorMs }),
        ...(selectedSeq === undefined ? {} : { selectedSeq }),
      });
      const page = window.location.href.replace(/#.*/, "");
      await copyText(isDesktop ? `resilience-lab://${route.slice("#/".length)}` : `${page}${route}`);
      notify(cursorMs === undefined ? "Copied a link to the run" : "Copied a link to this moment");
    });
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Copy what is shown" title="Copy what is shown">
          <IconCamera size={15} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map((format) => (
          <Menu.Item key={format} onClick={() => void copy("timeline", format)}>
            Copy the timeline as {format.toUpperCase()}
          </Menu.Item>
        ))}
        {FORMATS.map((format) => (
          <Menu.Item key={format} disabled={!isMapShown} onClick={() => void copy("map", format)}>
            Copy the map as {format.toUpperCase()}
            {isMapShown ? "" : " (open the Map first)"}
          </Menu.Item>
        ))}
        <Menu.Item leftSection={<IconLink size={15} aria-hidden />} onClick={() => void copyLink()}>
          Copy a link to {cursorMs === undefined ? "the run" : "this moment"}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

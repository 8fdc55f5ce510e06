import { IconFileImport, IconFileX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useLab } from "../state/lab-context.tsx";
import { notifyFailure } from "../state/notify.tsx";
import classes from "./bundle-drop.module.css";
import { useBundleImport } from "./bundle-import.tsx";
import { whyNoBundles } from "./use-bundles.ts";

/** A folder is given as a file that cannot be read: only its entry shows what it is, and its name is all that is needed. */
function droppedIn({ dataTransfer }: DragEvent): { files: File[]; folders: string[] } {
  const [files, folders]: [File[], string[]] = [[], []];
  for (const item of dataTransfer?.items ?? []) {
    const file = item.getAsFile();
    if (file === null) continue;
    if (item.webkitGetAsEntry()?.isDirectory === true) folders.push(file.name);
    else files.push(file);
  }
  return { files, folders };
}

/** Imports bundles dropped on any page. A dropped file never navigates the window away. */
export function BundleDrop() {
  const whyNot = useLab(whyNoBundles);
  const bundleImport = useBundleImport();
  const [isOver, setOver] = useState(false);
  const latest = useRef({ whyNot, take: bundleImport.take, isBusy: bundleImport.isBusy });
  latest.current = { whyNot, take: bundleImport.take, isBusy: bundleImport.isBusy };

  useEffect(() => {
    // Every element under the pointer fires enter and leave: only their balance shows whether the pointer has left.
    let depth = 0;
    const become = (next: number) => {
      depth = Math.max(0, next);
      setOver(depth > 0);
    };
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const onEnter = (event: DragEvent) => hasFiles(event) && become(depth + 1);
    const onLeave = (event: DragEvent) => hasFiles(event) && become(depth - 1);
    const onOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      const { whyNot: because, isBusy } = latest.current;
      if (event.dataTransfer !== null)
        event.dataTransfer.dropEffect = because === undefined && !isBusy ? "copy" : "none";
    };
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      become(0);
      const { files, folders } = droppedIn(event);
      const { whyNot: because, isBusy, take } = latest.current;
      if (because !== undefined) notifyFailure("Nothing was imported", because);
      else if (isBusy) notifyFailure("Nothing was imported", "another import is in progress");
      else if (files.length + folders.length > 0) take(files, folders);
    };
    window.addEventListener("dragenter", onEnter);
    window.addEventListener("dragleave", onLeave);
    window.addEventListener("dragover", onOver);
    window.addEventListener("drop", onDrop);
    return () => {
      window.removeEventListener("dragenter", onEnter);
      window.removeEventListener("dragleave", onLeave);
      window.removeEventListener("dragover", onOver);
      window.removeEventListener("drop", onDrop);
    };
  }, []);

  return (
    <>
      {isOver && (
        <div className={classes.veil} data-testid="bundle-drop">
          <div className={classes.words} data-refused={whyNot !== undefined || undefined}>
            {whyNot === undefined ? <IconFileImport size={30} aria-hidden /> : <IconFileX size={30} aria-hidden />}
            <b>{whyNot === undefined ? "Drop a bundle or a trace" : "No bundle can be imported"}</b>
            <span>
              {whyNot ?? "Bundles are verified before they are imported; traces are detected by their content"}
            </span>
          </div>
        </div>
      )}
      {bundleImport.dialog}
    </>
  );
}

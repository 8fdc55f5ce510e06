/** A door as a container: its standard streams are its control, and it ends with them. */
import { Duplex } from "node:stream";
import { serveDoor } from "./door.ts";

await serveDoor(Duplex.from({ readable: process.stdin, writable: process.stdout }));
process.exit(0);

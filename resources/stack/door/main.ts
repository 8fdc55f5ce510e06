/**
 * A door as a container: its standard streams are its control, and it ends with them. With `sockets PID:ID...` it prints the
 * sockets of containers and ends.
 */
import { serveDoor } from "./door.ts";
import { printSocketTables } from "./socket-tables.ts";
import { standardStreams } from "./standard-streams.ts";

const [command, ...processes] = process.argv.slice(2);
if (command === "sockets") printSocketTables(processes);
else {
  await serveDoor(standardStreams());
  process.exit(0);
}

// Drives a NATS server through nats.js and prints `name: outcome` per scenario.
import { pause } from "./harness.mjs";
import consumers from "./consumers.mjs";
import keyValue from "./keyvalue.mjs";
import lifecycle from "./lifecycle.mjs";
import messaging from "./messaging.mjs";
import publishing from "./publishing.mjs";
import security from "./security.mjs";
import streams from "./streams.mjs";
import watching from "./watching.mjs";

const SCENARIO_TIMEOUT_MS = 40_000;

const late = () => pause(SCENARIO_TIMEOUT_MS).then(() => "FAIL timed out");

const all = { ...messaging, ...lifecycle, ...security, ...streams, ...publishing, ...keyValue,
  ...consumers, ...watching };
for (const [name, run] of Object.entries(all)) {
  const outcome = await Promise.race([run(), late()]).catch((error) => `FAIL ${error.message}`);
  console.log(`${name}: ${String(outcome).replace(/\s+/g, " ")}`);
}
process.exit(0);

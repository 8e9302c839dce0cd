// What every scenario needs: connections, waiting, and the driver's ear.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { connect } from "@nats-io/transport-node";

export const PATIENCE_MS = 5000;
export const QUIET_MS = 250;

export const url = (fixture) => process.env[`URL_${fixture.toUpperCase()}`];
export const cert = (name) => `${process.env.CERTS}/${name}.pem`;
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export const told = (error) => `${error.constructor.name}(${error.message})`;
export const hash = (...chunks) => {
  const h = createHash("sha256");
  chunks.forEach((c) => h.update(c));
  return h.digest("hex").slice(0, 16);
};
export const pattern = (size) =>
  Uint8Array.from({ length: size }, (_, i) => i * 7 + Math.floor(i / 251));

export function dial(fixture, options = {}) {
  return connect({ servers: url(fixture), timeout: PATIENCE_MS, ...options });
}

/** Connects, flushes and tells how that went. */
export async function attempt(fixture, options = {}) {
  let nc;
  try {
    nc = await dial(fixture, { reconnect: false, ...options });
    await nc.flush();
    await nc.close();
    return "[connected]";
  } catch (error) {
    await nc?.close();
    return `[${told(error)}${error.cause ? ` because ${error.cause.message}` : ""}]`;
  }
}

/** The next status of the given type, or that there was none. */
export function status(nc, ...types) {
  const found = (async () => {
    for await (const s of nc.status()) {
      if (types.includes(s.type)) return s;
    }
  })();
  return Promise.race([found, pause(PATIENCE_MS).then(() => ({ type: "nothing" }))]);
}

/** All errors that a connection reports, as text, in order. */
export function errorsOf(nc) {
  const seen = [];
  (async () => {
    for await (const s of nc.status()) {
      if (s.type === "error") seen.push(told(s.error));
    }
  })();
  return async (count) => {
    for (let waited = 0; seen.length < count && waited < PATIENCE_MS; waited += 10) await pause(10);
    return `[${seen.join("; ")}]`;
  };
}

/** Subscribes and collects what comes. */
export function collect(nc, subject, options = {}) {
  const got = [];
  const trouble = [];
  const sub = nc.subscribe(subject, {
    ...options,
    callback: (error, message) => (error ? trouble.push(told(error)) : got.push(message)),
  });
  return { sub, got, trouble, take: (want) => settle(got, want) };
}

/** Waits until `want` messages are there, and then a little to see whether more follow. */
async function settle(got, want) {
  for (let waited = 0; got.length < want && waited < PATIENCE_MS; waited += 5) await pause(5);
  await pause(QUIET_MS);
  return got;
}

export const subjects = (messages) => `[${messages.map((m) => m.subject).join(" ")}]`;

export async function publish(nc, ...names) {
  names.forEach((name) => nc.publish(name, name));
  await nc.flush();
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Asks the driver to do something to a server; returns when it is done. */
export async function order(verb, fixture) {
  process.stdout.write(`@${verb} ${fixture}\n`);
  const answer = (await lines.next()).value;
  if (answer !== "@done") throw new Error(`driver answered ${answer}`);
}

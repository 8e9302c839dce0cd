// Publishing, subscribing, requesting.
import { headers } from "@nats-io/transport-node";
import { PATIENCE_MS, QUIET_MS, collect, dial, hash, pattern, publish, subjects,
  told } from "./harness.mjs";

/** Runs `body` with connections to the plain server and closes them. */
async function plain(body, options = {}) {
  const nc = await dial("plain", options);
  const peer = await dial("plain");
  try {
    return await body(nc, peer);
  } finally {
    await nc.close();
    await peer.close();
  }
}

const failure = (promise) => promise.then((m) => `FAIL answered ${m.subject}`, told);

const total = (members) => members.reduce((sum, m) => sum + m.got.length, 0);

// Of the build, of JetStream and of the auth callout: not of what is compared here.
const UNCOMPARED = new Set(["git_commit", "api_lvl", "xkey"]);

export default {
  "connection-info": () => plain(async (nc) => {
    await nc.flush();
    const { max_payload, headers, proto, version, server_name, auth_required, tls_required,
      jetstream } = nc.info;
    const fields = Object.keys(nc.info).filter((f) => !UNCOMPARED.has(f)).sort();
    return JSON.stringify({ max_payload, headers, proto, version, server_name, auth_required,
      tls_required, jetstream, fields });
  }),

  "publish-subscribe": () => plain(async (nc, peer) => {
    const c = collect(nc, "news.node");
    await nc.flush();
    for (let i = 0; i < 100; i++) peer.publish("news.node", `message ${i}\n`);
    await peer.flush();
    await c.take(100);
    return `count=${c.got.length} hash=${hash(...c.got.map((m) => m.data))}`;
  }),

  "wildcards": () => plain(async (nc) => {
    const all = ["w.a.b", "w.*.b", "w.a.*", "w.>", "*.a.b", "w.*.*.c"]
      .map((p) => [p, collect(nc, p)]);
    await publish(nc, "w.a.b", "w.x.b", "w.a", "w.a.b.c", "w", "other.a.b");
    await all[0][1].take(1);
    return all.map(([p, c]) => `${p}=${subjects(c.got)}`).join(" ");
  }),

  "queue-group": () => plain(async (nc) => {
    const everything = collect(nc, "work.*");
    const members = ["work.*", "work.node", "work.>"].map((p) => collect(nc, p, { queue: "crew" }));
    for (let i = 0; i < 300; i++) nc.publish("work.node");
    await nc.flush();
    await everything.take(300);
    const idle = members.filter((m) => !m.got.length).length;
    return `plain=${everything.got.length} members=${total(members)} idle=${idle}`;
  }),

  "two-queue-groups": () => plain(async (nc) => {
    const red = [collect(nc, "two.node", { queue: "red" }),
      collect(nc, "two.node", { queue: "red" })];
    const blue = [collect(nc, "two.*", { queue: "blue" })];
    for (let i = 0; i < 50; i++) nc.publish("two.node");
    await nc.flush();
    await blue[0].take(50);
    return `red=${total(red)} blue=${total(blue)}`;
  }),

  "request-reply": () => plain(async (nc) => {
    nc.subscribe("svc.upper", { callback: (_, m) => m.respond(m.string().toUpperCase()) });
    const answer = await nc.request("svc.upper", "hello", { timeout: PATIENCE_MS });
    const second = await nc.request("svc.upper", "again",
      { timeout: PATIENCE_MS, noMux: true, reply: "answers.node" });
    return `${answer.string()} ${second.string()} on ${second.subject}`;
  }),

  "request-many": () => plain(async (nc) => {
    for (let i = 0; i < 3; i++) nc.subscribe("svc.many",
      { callback: (_, m) => m.respond(`answer ${i}`) });
    const got = [];
    for await (const m of await nc.requestMany("svc.many", "all",
      { strategy: "count", maxMessages: 3, maxWait: PATIENCE_MS })) {
      got.push(m.string());
    }
    return got.sort().join(" ");
  }),

  "no-responders": () => plain(async (nc) => {
    const error = await failure(nc.request("svc.nobody", "x", { timeout: PATIENCE_MS }));
    const c = collect(nc, "raw.answers.node");
    nc.publish("svc.nobody", "", { reply: "raw.answers.node" });
    await c.take(1);
    const raw = c.got[0]?.headers;
    return `${error}; raw ${raw?.code} subject ${raw?.get("Nats-Subject")}; ${c.trouble}`;
  }),

  "request-timeout": () => plain(async (nc) => {
    collect(nc, "svc.silent");
    return failure(nc.request("svc.silent", "", { timeout: QUIET_MS }));
  }),

  "headers": () => plain(async (nc) => {
    const c = collect(nc, "headers.node");
    const h = headers();
    h.append("Colour", "red");
    h.append("Colour", "blue");
    h.append("lower-case", "kept");
    h.append("Empty", "");
    h.append("Sentence", "words, commas: and colons");
    nc.publish("headers.node", "body", { headers: h });
    const [m] = await c.take(1);
    return JSON.stringify([[...m.headers], m.string()]);
  }),

  "empty-payload": () => plain(async (nc) => {
    const c = collect(nc, "empty.node");
    nc.publish("empty.node");
    nc.publish("empty.node", "");
    await c.take(2);
    return `sizes=${c.got.map((m) => m.data.length)}`;
  }),

  "large-payload": () => plain(async (nc) => {
    const c = collect(nc, "large.node");
    const body = pattern(nc.info.max_payload);
    nc.publish("large.node", body);
    const [m] = await c.take(1);
    return `size=${m.data.length} hash=${hash(m.data)} same=${hash(m.data) === hash(body)}`;
  }),

  "over-max-payload": () => plain(async (nc) => {
    try {
      nc.publish("large.node", new Uint8Array(nc.info.max_payload + 1));
      return "FAIL accepted";
    } catch (error) {
      return told(error);
    }
  }),

  "unsubscribe-after": () => plain(async (nc) => {
    const c = collect(nc, "auto.node", { max: 5 });
    for (let i = 0; i < 10; i++) nc.publish("auto.node");
    await nc.flush();
    await c.take(5);
    return `count=${c.got.length} closed=${c.sub.isClosed()}`;
  }),

  "no-echo": () => plain(async (nc, peer) => {
    const own = collect(nc, "echo.node");
    const foreign = collect(peer, "echo.node");
    await peer.flush();
    await publish(nc, "echo.node");
    await foreign.take(1);
    return `other=${foreign.got.length} own=${own.got.length}`;
  }, { noEcho: true }),

  "flush-rtt": () => plain(async (nc) => {
    await nc.flush();
    const rtt = await nc.rtt();
    return `measured=${rtt >= 0} small=${rtt < PATIENCE_MS}`;
  }),
};

// Streams: their lives, configurations and errors, purges and deletes.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { headers } from "@nats-io/transport-node";
import { PATIENCE_MS, dial, order, pause, told } from "./harness.mjs";

const SECOND_NS = 1_000_000_000;

/** What a call came to, in one way for every kind of answer and error. */
export async function said(call) {
  try {
    const answer = await (typeof call === "function" ? call() : call);
    return answer === undefined ? "done" : JSON.stringify(answer);
  } catch (error) {
    const api = error.apiError?.() ?? {};
    const codes = [error.code, api.code, api.err_code].filter((c) => c !== undefined);
    return `[${told(error)} ${codes}${error.cause ? ` because ${error.cause.message}` : ""}]`;
  }
}

/** Streams on a connection of their own, and those to be deleted at the end. */
class Streams {
  made = [];

  static async open(fixture, options = {}) {
    const s = new Streams();
    s.nc = await dial(fixture, { maxReconnectAttempts: 200, reconnectTimeWait: 50 });
    s.jsm = await jetstreamManager(s.nc, { timeout: PATIENCE_MS, ...options });
    s.js = jetstream(s.nc, { timeout: PATIENCE_MS });
    return s;
  }

  async close() {
    for (const name of this.made) await this.jsm.streams.delete(name).catch(() => {});
    await this.nc.close();
  }

  async make(name, subjects, config = {}) {
    const info = await this.jsm.streams.add({ name, subjects, ...config });
    this.made.push(name);
    return info;
  }

  /** Publishes with `options` of the client and other headers by name. */
  put(subject, body = "", options = {}, named = {}) {
    const h = headers();
    for (const [name, value] of Object.entries(named)) h.append(name, value);
    return said(() => this.js.publish(subject, body, { ...options, headers: h }));
  }

  async fill(...subjects) {
    for (const [i, subject] of subjects.entries()) await this.js.publish(subject, `${i + 1}`);
  }

  async get(stream, query) {
    try {
      return raw(await this.jsm.streams.getMessage(stream, query));
    } catch (error) {
      return said(Promise.reject(error));
    }
  }

  async state(stream, query = {}) {
    try {
      const { state } = await this.jsm.streams.info(stream, query);
      // Times are told by whether they are set.
      const { first_ts, last_ts, ...rest } = state;
      return JSON.stringify({ ...rest, times: [first_ts, last_ts].map((t) => t > "0002") });
    } catch (error) {
      return said(Promise.reject(error));
    }
  }
}

export function raw(message) {
  if (!message) return `${message}`;
  const named = [...(message.header ?? [])].filter(([name]) => name !== "Nats-Time-Stamp");
  const timed = message.time > new Date(0);
  return JSON.stringify([message.seq, message.subject, message.string(), named, timed]);
}

/** Runs `body` with streams that are deleted behind it. */
export async function streams(body) {
  const s = await Streams.open("jetstream");
  try {
    return (await body(s)).flat().join("; ");
  } finally {
    await s.close();
  }
}

/** Asks until the answer will do, or patience ends. */
export async function until(look, ready) {
  const deadline = Date.now() + PATIENCE_MS;
  let answer = await look();
  while (!ready(answer) && Date.now() < deadline) {
    await pause(20);
    answer = await look();
  }
  return answer;
}

export async function each(values, call) {
  const out = [];
  for (const value of values) out.push(await call(value));
  return out;
}

const everyField = {
  description: "all of them", retention: "limits", max_consumers: 7, max_msgs: 1000,
  max_bytes: 1 << 20, discard: "new", discard_new_per_subject: true, max_age: 3600 * SECOND_NS,
  max_msgs_per_subject: 10, max_msg_size: 4096, storage: "file", num_replicas: 1,
  duplicate_window: 90 * SECOND_NS, deny_delete: true, allow_rollup_hdrs: true, first_seq: 1000,
  republish: { src: ">", dest: "again.>", headers_only: true },
  subject_transform: { src: "f.*", dest: "h.{{wildcard(1)}}" },
  allow_direct: true, compression: "s2", allow_msg_ttl: true, allow_atomic: true,
  allow_batched: true, metadata: { owner: "node", colour: "red" },
  consumer_limits: { inactive_threshold: 60 * SECOND_NS, max_ack_pending: 50 },
  subject_delete_marker_ttl: 60 * SECOND_NS,
};

const wrong = [
  { name: "TAKEN", subjects: ["other"] }, { subjects: ["taken.one"] }, { subjects: [">"] },
  { subjects: ["x.*", "x.a"] }, { subjects: ["$JS.API.>"] }, { subjects: ["x..y"] },
  { name: "n".repeat(300) }, { name: "a.b" }, { num_replicas: 3 }, { max_age: 1_000_000 },
  { max_age: -SECOND_NS }, { max_age: 60 * SECOND_NS, duplicate_window: 3600 * SECOND_NS },
  { discard_new_per_subject: true }, { deny_purge: true, allow_rollup_hdrs: true },
  { sealed: true }, { allow_msg_counter: true, discard: "new" },
  { subject_delete_marker_ttl: 1_000_000 }, { republish: { src: ">", dest: "x" } },
  { subject_transform: { src: "*", dest: "y.{{wildcard(2)}}" } },
  { storage: "memory", persist_mode: "async" }, { placement: { cluster: "east", tags: [] } },
  { max_msgs: -7, max_bytes: -7 },
];

const lives = {
  "jetstream-disabled": async () => {
    const refused = await said(() => Streams.open("plain"));
    const s = await Streams.open("plain", { checkAPI: false });
    const out = await each([
      () => s.jsm.getAccountInfo(), () => s.jsm.streams.info("S"),
      () => s.jsm.streams.add({ name: "S", subjects: ["s"] }), () => s.js.publish("s", ""),
      () => s.jsm.streams.list().next(), () => s.jsm.streams.delete("S"),
      () => new Kvm(s.js).create("B"),
    ], said);
    await s.close();
    return [refused, ...out].join("; ");
  },

  "jetstream-account": () => streams(async (s) => {
    const before = await s.jsm.getAccountInfo();
    await s.make("FILE", ["file"]);
    await s.make("MEM", ["mem"], { storage: "memory", max_bytes: 1 << 20 });
    await s.fill("file", "file", "mem");
    const refused = await s.state("NONE");
    const after = await s.jsm.getAccountInfo();
    const calls = [after.api.total - before.api.total, after.api.errors - before.api.errors];
    const shown = [before, after].map(({ api, ...rest }) => JSON.stringify([rest, api.level]));
    return [...shown, refused, `${calls}`];
  }),

  "stream-life": () => streams(async (s) => {
    const first = await s.make("LIFE", ["life.>"]);
    const again = await s.make("LIFE", ["life.>"]);
    await s.fill("life.a", "life.b", "life.a");
    const { config, state, created } = await s.jsm.streams.update("LIFE", { max_msgs: 2,
      description: "shorter" });
    const same = [created, again.created].map((t) => t === first.created);
    const out = [JSON.stringify([first.config, config, state.messages, same])];
    return [...out, await s.state("LIFE"), await each([
      () => s.jsm.streams.delete("LIFE"), () => s.jsm.streams.delete("LIFE"),
      () => s.jsm.streams.info("LIFE"), () => s.jsm.streams.update("LIFE", {}),
      () => s.jsm.streams.purge("LIFE"), () => s.js.publish("life.a", "x"),
    ], said)];
  }),

  "stream-fields": () => streams(async (s) => [
    (await s.make("FIELDS", ["f.*", "g.>"], everyField)).config, await s.put("f.a", "x"),
    (await s.make("SIMPLE", undefined, { storage: "memory" })).config,
    (await s.make("COUNT", ["c"], { allow_msg_counter: true })).config,
    (await s.make("PLAN", ["p"], { allow_msg_schedules: true })).config,
  ].map((shown) => JSON.stringify(shown))),

  "stream-errors": () => streams(async (s) => {
    await s.make("TAKEN", ["taken.*"]);
    const out = await each(wrong, async (config) => {
      const given = { name: "X", subjects: ["x"], ...config };
      const outcome = await said(() => s.jsm.streams.add(given).then(() => "made"));
      if (outcome === '"made"') await s.jsm.streams.delete("X");
      return outcome;
    });
    const names = await each(["NONE", "a.b", "", "a*", "a b"], (name) => s.state(name));
    return [...out, ...names, await said(() => s.jsm.streams.find("nowhere"))];
  }),

  "stream-update": () => streams(async (s) => {
    await s.make("UP", ["up.a"], { max_consumers: 5 });
    await s.fill("up.a", "up.a", "up.a");
    const changes = [{ storage: "memory" }, { max_consumers: 6 }, { num_replicas: 3 },
      { first_seq: 9 }, { allow_msg_counter: true }, { subjects: ["up.a", "up.b"] },
      { max_msgs: 2, max_age: 3600 * SECOND_NS }, { metadata: { a: "b" } }, { deny_delete: true },
      { deny_delete: false }, { allow_msg_ttl: true }];
    const out = await each(changes, (change) => said(() => s.jsm.streams.update("UP", change)
      .then((info) => info.config)));
    return [...out, await s.state("UP")];
  }),

  "stream-list": () => streams(async (s) => {
    for (const name of ["C", "A", "B"]) await s.make(name, [`list.${name}`]);
    await s.fill("list.A", "list.A");
    const out = [];
    for (const subject of ["", "list.*", "list.B", "none"]) {
      for await (const name of s.jsm.streams.names(subject)) out.push(name);
      for await (const i of s.jsm.streams.list(subject)) {
        out.push(`${i.config.name}=${i.state.messages}`);
      }
    }
    return [...out, await said(() => s.jsm.streams.find("list.C"))];
  }),

  "stream-subjects": () => streams(async (s) => {
    await s.make("SUBJ", ["s.>"]);
    await s.fill("s.a", "s.b", "s.a", "s.c.d", "s.b", "s.a");
    for (const seq of [2, 4]) await s.jsm.streams.deleteMessage("SUBJ", seq, false);
    const out = await each([">", "s.*", "s.a", "s.none", "other"],
      (subjects_filter) => s.state("SUBJ", { subjects_filter }));
    return [...out, await s.state("SUBJ", { deleted_details: true })];
  }),

  "stream-restart": () => streams(async (s) => {
    const before = await s.make("KEPT", ["kept.>"], { metadata: { a: "b" } });
    await s.make("LOST", ["lost"], { storage: "memory" });
    await s.fill("kept.a", "kept.b", "kept.a", "lost", "kept.c");
    const out = [await s.put("kept.a", "once", { msgID: "id-1" })];
    await s.jsm.streams.deleteMessage("KEPT", 2);
    await order("restart", "jetstream");
    await until(() => said(() => s.jsm.getAccountInfo()), (got) => !got.startsWith("["));
    const after = await s.jsm.streams.info("KEPT");
    out.push(JSON.stringify([before.created === after.created,
      JSON.stringify(before.config) === JSON.stringify(after.config)]));
    out.push(await s.state("KEPT", { subjects_filter: ">", deleted_details: true }));
    out.push(await s.state("LOST"), await s.put("kept.a", "once", { msgID: "id-1" }));
    out.push(await s.put("kept.a", "more", { msgID: "id-2" }));
    return [...out, await each([1, 2, 5, 6], (seq) => s.get("KEPT", { seq }))];
  }),
};

const ends = {
  "stream-purge": () => streams(async (s) => {
    await s.make("PURGE", ["p.*"]);
    const hows = [{ filter: "p.a", keep: 1 }, { filter: "p.b" }, { seq: 5 }, { keep: 2 },
      { filter: "p.none" }, { filter: "p.a", seq: 10 }, { keep: 1, seq: 10 },
      { filter: "*.*", keep: 1 }, undefined, undefined];
    const out = [];
    for (const [i, how] of hows.entries()) {
      if ([0, 3, 5].includes(i)) await s.fill("p.a", "p.b", "p.a", "p.c", "p.a", "p.b");
      out.push(await said(() => s.jsm.streams.purge("PURGE", how)), await s.state("PURGE"));
    }
    return out;
  }),

  "stream-delete-message": () => streams(async (s) => {
    await s.make("DEL", ["d"]);
    await s.fill("d", "d", "d", "d", "d");
    const out = [];
    for (const [seq, erase] of [[2, false], [3, true], [2, false], [0, false], [99, true],
      [3, true], [1, true], [5, false]]) {
      out.push(await said(() => s.jsm.streams.deleteMessage("DEL", seq, erase)));
      out.push(await s.state("DEL", { deleted_details: true }));
    }
    return [...out, await s.get("DEL", { seq: 3 }), await s.put("d", "6"), await s.state("DEL")];
  }),

  "stream-sealed": () => streams(async (s) => {
    await s.make("SEAL", ["seal"]);
    await s.fill("seal", "seal");
    const out = [];
    for (const sealed of [false, true, false]) {
      out.push(...await each([
        () => s.jsm.streams.update("SEAL", { deny_delete: true, deny_purge: true, sealed })
          .then((info) => info.config),
        () => s.jsm.streams.deleteMessage("SEAL", 1), () => s.jsm.streams.purge("SEAL"),
        () => s.js.publish("seal", "x"),
      ], said));
    }
    return [...out, await s.state("SEAL")];
  }),
};

const taken = {
  "stream-mirror": () => streams(async (s) => {
    await s.make("ORIGIN", ["o.*"]);
    await s.fill("o.a", "o.b", "o.a");
    const origin = { name: "ORIGIN" };
    const turned = { ...origin, subject_transforms: [{ src: "o.a", dest: "from.a" }] };
    const made = [await s.make("MIRROR", undefined, { mirror: origin }),
      await s.make("SOURCED", ["own"], { sources: [turned] })];
    for (const [name, want] of [["MIRROR", 3], ["SOURCED", 2]]) {
      await until(() => s.state(name), (got) => got.startsWith(`{"messages":${want}`));
    }
    const out = [await s.put("own", "x"), ...made.map((info) => JSON.stringify(info.config))];
    out.push(await s.state("MIRROR", { subjects_filter: ">" }), await s.get("MIRROR", { seq: 2 }));
    out.push(await s.state("SOURCED", { subjects_filter: ">" }));
    out.push(await s.get("SOURCED", { seq: 1 }));
    out.push(await said(() => s.jsm.streams.update("MIRROR", { mirror: undefined,
      subjects: ["promoted"] }).then((info) => info.config)));
    out.push(await s.put("promoted", "x"));
    return [...out, await each([{ subjects: ["x"], mirror: origin }, { mirror: { name: "X" } },
      { mirror: { ...origin, filter_subject: "a..b" } }, { mirror: origin, sources: [origin] },
      { sources: [origin, origin] }], (config) => said(() => s.jsm.streams.add({ name: "X",
      ...config }).then(() => "made")))];
  }),
};

export default { ...lives, ...ends, ...taken };

// Consumers: their lives, what they deliver, and what is left of them.
import { AckPolicy, DeliverPolicy, ReplayPolicy } from "@nats-io/jetstream";
import { PATIENCE_MS, QUIET_MS, collect, order, pause } from "./harness.mjs";
import { each, said, streams, until } from "./streams.mjs";

const SECOND_NS = 1_000_000_000;
const MOMENT_MS = 300;

/** The stream `name` with messages on each of its subjects in turn. */
async function orders(s, name, rounds, subjects, config = {}) {
  await s.make(name, [`${name}.>`], config);
  for (let i = 0; i < rounds; i++) {
    for (const subject of subjects) await s.fill(`${name}.${subject}`);
  }
}

const durable = (durable_name, config = {}) =>
  ({ durable_name, ack_policy: AckPolicy.Explicit, ...config });

const counts = (i) => [i.name, i.delivered.consumer_seq, i.delivered.stream_seq,
  i.ack_floor.consumer_seq, i.ack_floor.stream_seq, i.num_ack_pending, i.num_redelivered,
  i.num_pending, i.paused ?? false];

const add = (s, stream, config) => said(() => s.jsm.consumers.add(stream, config).then(counts));
const info = (s, stream, name = "C") => said(() => s.jsm.consumers.info(stream, name).then(counts));

const delivered = (m) => [m.subject, m.string(), m.seq, m.info.deliverySequence,
  m.info.deliveryCount, m.info.pending, m.headers ? [...m.headers] : []];

/** The messages of a batch. */
async function batch(consumer, max_messages, options = {}) {
  const got = [];
  const messages = await consumer.fetch({ max_messages, expires: PATIENCE_MS, ...options });
  for await (const m of messages) got.push(m);
  return got;
}

const fetched = (consumer, count, options) =>
  said(() => batch(consumer, count, options).then((got) => got.map(delivered)));

const shortly = { expires: 1000 };

export default {
  "consumer-life": () => streams(async (s) => {
    await orders(s, "LIVES", 2, ["a", "b"]);
    const every = durable("ALL", { description: "every field",
      deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: 2, ack_wait: 60 * SECOND_NS,
      max_deliver: 5, backoff: [SECOND_NS, 60 * SECOND_NS], filter_subject: "LIVES.a",
      replay_policy: ReplayPolicy.Original, sample_freq: "50%", max_waiting: 7,
      max_ack_pending: 9, headers_only: true, max_batch: 10, max_expires: 60 * SECOND_NS,
      max_bytes: 1000, inactive_threshold: 3600 * SECOND_NS, num_replicas: 1, mem_storage: true,
      metadata: { a: "b" } });
    const { config } = await s.jsm.consumers.add("LIVES", every);
    const out = await each([
      () => config, () => s.jsm.consumers.add("LIVES", every).then(counts),
      () => s.jsm.consumers.add("LIVES", { ...every, max_ack_pending: 8 }).then(counts),
      () => s.jsm.consumers.update("LIVES", "ALL", { max_ack_pending: 8 })
        .then((i) => i.config.max_ack_pending),
      () => s.jsm.consumers.update("LIVES", "NONE", { max_ack_pending: 8 }),
      () => s.jsm.consumers.info("LIVES", "NONE"), () => s.jsm.consumers.info("NONE", "ALL"),
      () => s.jsm.consumers.add("LIVES", durable("a.b")),
      () => s.jsm.consumers.add("LIVES",
        durable("F", { filter_subjects: ["LIVES.a", "LIVES.>"] })),
      () => s.jsm.consumers.add("LIVES",
        durable("T", { deliver_policy: DeliverPolicy.LastPerSubject })),
      () => s.jsm.consumers.delete("LIVES", "ALL"), () => s.jsm.consumers.delete("LIVES", "ALL"),
    ], said);
    const unnamed = await s.jsm.consumers.add("LIVES", { ack_policy: AckPolicy.None });
    return [...out, unnamed.config.inactive_threshold];
  }),

  "consumer-list": () => streams(async (s) => {
    await orders(s, "LISTED", 0, []);
    for (let i = 0; i < 260; i++) {
      await s.jsm.consumers.add("LISTED", durable(`C${String(i).padStart(3, "0")}`));
    }
    const names = [];
    for await (const one of s.jsm.consumers.list("LISTED")) names.push(one.name);
    names.sort();
    return [names.length, names[0], names[259]];
  }),

  "consumer-pull": () => streams(async (s) => {
    await orders(s, "PULLED", 6, ["a", "b"]);
    await add(s, "PULLED", durable("C"));
    const c = await s.js.consumers.get("PULLED", "C");
    const out = [await said(() => c.next().then(delivered)), await fetched(c, 4),
      await said(() => batch(c, undefined, { max_bytes: 150, ...shortly })
        .then((got) => got.map(delivered))),
      await fetched(c, 20, shortly), await fetched(c, 1, shortly), await info(s, "PULLED"),
      await said(() => c.next(shortly))];
    await add(s, "PULLED", durable("BOUNDED", { max_batch: 2, ack_policy: AckPolicy.None }));
    const bounded = await s.js.consumers.get("PULLED", "BOUNDED");
    out.push(await fetched(bounded, 2));
    await add(s, "PULLED", durable("CONSUMING"));
    const consuming = await s.js.consumers.get("PULLED", "CONSUMING");
    const messages = await consuming.consume({ max_messages: 5 });
    let left = 12;
    for await (const m of messages) {
      out.push(JSON.stringify(delivered(m)));
      if (--left === 0) break;
    }
    return out;
  }),

  "consumer-acks": () => streams(async (s) => {
    await orders(s, "ACKED", 8, ["a"]);
    await add(s, "ACKED", durable("C"));
    const c = await s.js.consumers.get("ACKED", "C");
    const got = await batch(c, 6);
    const out = [];
    for (const at of [1, 0]) {
      out.push(await said(() => got[at].ackAck()), await info(s, "ACKED"));
    }
    got[2].working();
    got[2].nak();
    got[3].term("no");
    got[4].nak(MOMENT_MS);
    out.push(await said(() => got[5].ackAck()), await info(s, "ACKED"));
    out.push(await fetched(c, 3), await said(() => c.next().then(delivered)));
    out.push(await info(s, "ACKED"));
    await add(s, "ACKED", durable("ALL", { ack_policy: AckPolicy.All }));
    const all = await batch(await s.js.consumers.get("ACKED", "ALL"), 8);
    return [...out, await said(() => all[4].ackAck()), await info(s, "ACKED", "ALL")];
  }),

  "consumer-redelivery": () => streams(async (s) => {
    await orders(s, "AGAIN", 2, ["a"]);
    const advised = collect(s.nc, "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.AGAIN.C");
    const backoff = [200_000_000, 300_000_000];
    await add(s, "AGAIN", durable("C", { max_deliver: 3, backoff }));
    const c = await s.js.consumers.get("AGAIN", "C");
    const seen = {};
    for (let i = 0; i < 6; i++) {
      const m = await c.next();
      (seen[m.seq] ??= []).push(m.info.deliveryCount);
    }
    const late = await said(() => c.next(shortly));
    return [JSON.stringify(seen), late, (await advised.take(2)).length, await info(s, "AGAIN")];
  }),

  "consumer-push": () => streams(async (s) => {
    await orders(s, "PUSHED", 3, ["a"]);
    await add(s, "PUSHED", durable("P", { deliver_subject: "pushed.to", flow_control: true,
      idle_heartbeat: SECOND_NS }));
    const c = await s.js.consumers.getPushConsumer("PUSHED", "P");
    const out = [];
    for await (const m of await c.consume()) {
      out.push(JSON.stringify(delivered(m)), await said(() => m.ackAck()));
      if (out.length === 6) break;
    }
    out.push(await info(s, "PUSHED", "P"));
    await add(s, "PUSHED", durable("Q",
      { deliver_subject: "pushed.group", deliver_group: "g" }));
    const members = [1, 2].map(() => collect(s.nc, "pushed.group", { queue: "g" }));
    await pause(QUIET_MS);
    const shares = await Promise.all(members.map((member) => member.take(0)));
    return [...out, shares.flat().length];
  }),

  "consumer-ordered": () => streams(async (s) => {
    await orders(s, "ORDERED", 5, ["a", "b"]);
    await s.jsm.streams.deleteMessage("ORDERED", 3);
    const c = await s.js.consumers.get("ORDERED", { filter_subjects: ["ORDERED.a"] });
    const out = [];
    for await (const m of await c.consume()) {
      out.push(JSON.stringify(delivered(m).slice(0, 4)));
      if (out.length === 4) await s.fill("ORDERED.b", "ORDERED.a");
      if (out.length === 5) break;
    }
    const last = await s.js.consumers.get("ORDERED",
      { deliver_policy: DeliverPolicy.LastPerSubject, headers_only: true });
    return [...out, await fetched(last, 2)];
  }),

  "consumer-starts": () => streams(async (s) => {
    await orders(s, "STARTS", 3, ["a", "b", "c.d"]);
    const { timestamp } = await s.jsm.streams.getMessage("STARTS", { seq: 5 });
    const by = DeliverPolicy;
    const configs = [{}, { deliver_policy: by.Last }, { deliver_policy: by.New },
      { deliver_policy: by.LastPerSubject, filter_subject: "STARTS.>" },
      { deliver_policy: by.StartSequence, opt_start_seq: 7 },
      { deliver_policy: by.StartSequence, opt_start_seq: 70 },
      { deliver_policy: by.StartTime, opt_start_time: timestamp },
      { deliver_policy: by.StartTime, opt_start_time: "2199-01-01T00:00:00Z" },
      { filter_subject: "STARTS.*" }, { filter_subjects: ["STARTS.c.>", "STARTS.a"] },
      { filter_subject: "STARTS.none" }, { filter_subject: "OTHER" },
      { deliver_policy: by.StartSequence }];
    const out = [];
    for (const [i, config] of configs.entries()) {
      const made = await add(s, "STARTS", durable(`C${i}`, config));
      out.push(made);
      const left = made.startsWith("[\"") ? JSON.parse(made)[7] : 0;
      if (left === 0) continue;
      const c = await s.js.consumers.get("STARTS", `C${i}`);
      out.push(await fetched(c, left), await info(s, "STARTS", `C${i}`));
    }
    return out;
  }),

  "consumer-restart": () => streams(async (s) => {
    await orders(s, "STAYING", 6, ["a"]);
    await add(s, "STAYING", durable("C"));
    await add(s, "STAYING", durable("MEM", { mem_storage: true }));
    const c = await s.js.consumers.get("STAYING", "C");
    const got = await batch(c, 4);
    for (const at of [0, 2]) await got[at].ackAck();
    await order("restart", "jetstream");
    await until(() => said(() => s.jsm.getAccountInfo()), (told) => !told.startsWith("["));
    const there = await info(s, "STAYING");
    const gone = await info(s, "STAYING", "MEM");
    return [there, gone, await said(() => got[1].ackAck()), await fetched(c, 2),
      await info(s, "STAYING")];
  }),

  "consumer-pause": () => streams(async (s) => {
    await orders(s, "PAUSED", 2, ["a"]);
    await add(s, "PAUSED", durable("C"));
    const c = await s.js.consumers.get("PAUSED", "C");
    const later = new Date("2199-01-01T00:00:00Z");
    return [await said(() => s.jsm.consumers.pause("PAUSED", "C", later).then((p) => p.paused)),
      await info(s, "PAUSED"), await fetched(c, 1, shortly),
      await said(() => s.jsm.consumers.resume("PAUSED", "C").then((p) => p.paused)),
      await fetched(c, 2), await said(() => s.jsm.consumers.pause("PAUSED", "NONE", later))];
  }),

  "consumer-groups": () => streams(async (s) => {
    await orders(s, "GROUPED", 4, ["a"]);
    const group = (name, priority_policy) =>
      add(s, "GROUPED", durable(name, { priority_policy, priority_groups: ["g"] }));
    await group("OVER", "overflow");
    const over = await s.js.consumers.get("GROUPED", "OVER");
    const of = (more) => ({ ...shortly, group: "g", ...more });
    const out = [await fetched(over, 1, shortly), await fetched(over, 1, of({ group: "h" })),
      await fetched(over, 1, of({ min_pending: 9 })),
      await fetched(over, 1, of({ min_pending: 2 }))];
    await group("PINNED", "pinned_client");
    const unpin = (name, of) => said(() => s.jsm.consumers.unpin("GROUPED", name, of));
    out.push(await unpin("PINNED", "g"), await unpin("PINNED", "h"), await unpin("OVER", "g"));
    return out;
  }),

  "work-queue": () => streams(async (s) => {
    await orders(s, "JOBS", 2, ["a", "b"], { retention: "workqueue" });
    const out = await each([
      durable("A", { filter_subject: "JOBS.a" }), durable("SAME", { filter_subject: "JOBS.a" }),
      durable("ALL"), durable("NONE", { filter_subject: "JOBS.b", ack_policy: AckPolicy.None }),
      durable("NEW", { filter_subject: "JOBS.b", deliver_policy: DeliverPolicy.New }),
      durable("B", { filter_subject: "JOBS.b" })], (config) => add(s, "JOBS", config));
    const got = await batch(await s.js.consumers.get("JOBS", "A"), 2);
    for (const at of [1, 0]) {
      out.push(await said(() => got[at].ackAck()), await s.state("JOBS"));
    }
    return [...out, await info(s, "JOBS", "A")];
  }),

  "interest": () => streams(async (s) => {
    await orders(s, "WANTED", 1, ["a"], { retention: "interest" });
    const out = [await s.state("WANTED")];
    await add(s, "WANTED", durable("ALL"));
    await add(s, "WANTED", durable("SOME", { filter_subject: "WANTED.a" }));
    await s.fill("WANTED.a", "WANTED.b", "WANTED.a");
    out.push(await s.state("WANTED"));
    const settled = (messages) =>
      until(() => s.state("WANTED"), (state) => JSON.parse(state).messages === messages);
    for (const m of await batch(await s.js.consumers.get("WANTED", "ALL"), 3)) await m.ackAck();
    out.push(await settled(2));
    for (const m of await batch(await s.js.consumers.get("WANTED", "SOME"), 1)) await m.ackAck();
    out.push(await settled(1));
    await s.jsm.consumers.delete("WANTED", "SOME");
    return [...out, await settled(0)];
  }),
};

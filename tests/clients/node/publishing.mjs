// Publishing into streams, what becomes of it, and reading it back.
import { startFastIngest } from "@nats-io/jetstream/internal";
import { PATIENCE_MS, QUIET_MS, collect, hash, pattern } from "./harness.mjs";
import { each, raw, said, streams, until } from "./streams.mjs";

const SECOND_NS = 1_000_000_000;

const published = {
  "publish-ack": () => streams(async (s) => {
    await s.make("ACK", ["ack.>"]);
    await s.make("ACKMEM", ["mem.>"], { storage: "memory" });
    const out = [await s.put("ack.a", "first"), await s.put("ack.b"), await s.put("mem.a", "3")];
    const body = pattern(s.nc.info.max_payload);
    out.push(await said(() => s.js.publish("ack.large", body)));
    const large = await s.jsm.streams.getMessage("ACK", { seq: 3 });
    out.push(`same=${hash(large.data) === hash(body)}`);
    out.push(await s.put("ack.c", "with", {}, { Colour: "red", lower: "" }));
    out.push(await s.get("ACK", { seq: 4 }));
    s.nc.publish("ack.plain", "no reply");
    out.push(await s.put("ack.a", "after"), await s.put("nobody.listens"));
    return [...out, await s.state("ACK"), await s.state("ACKMEM")];
  }),

  "publish-async": () => streams(async (s) => {
    await s.make("MANY", ["async.*"]);
    const calls = Array.from({ length: 2000 }, (_, i) => s.js.publish(`async.${i % 7}`, `${i}`,
      { timeout: 6 * PATIENCE_MS }));
    const acks = await Promise.all(calls);
    const kept = await each([1, 2, 999, 2000], (seq) => s.get("MANY", { seq }));
    const inOrder = acks.filter((ack, i) => ack.seq === i + 1).length;
    return [`in order ${inOrder}`, ...kept, await s.state("MANY")];
  }),

  "publish-duplicates": () => streams(async (s) => {
    await s.make("DUP", ["dup.*"]);
    await s.make("SHORT", ["short"], { duplicate_window: SECOND_NS });
    const put = ([subject, body, msgID]) => s.put(subject, body, { msgID });
    const out = await each([["dup.a", "1", "a"], ["dup.a", "1", "a"], ["dup.b", "other", "a"],
      ["dup.a", "2", "b"], ["short", "1", "a"], ["short", "1", "a"]], put);
    await s.jsm.streams.deleteMessage("DUP", 2);
    out.push(await put(["dup.a", "2", "b"]));
    await s.jsm.streams.purge("DUP");
    out.push(await put(["dup.a", "2", "b"]));
    out.push(await until(() => put(["short", "1", "a"]), (ack) => !/duplicate":true/.test(ack)));
    return [...out, await s.state("DUP"), await s.state("SHORT")];
  }),

  "publish-expectations": () => streams(async (s) => {
    await s.make("EXP", ["e.>"]);
    const bySubject = { lastSubjectSequence: 4, lastSubjectSequenceSubject: "e.b" };
    const out = await each([
      ["e.a", { streamName: "EXP" }], ["e.a", { streamName: "OTHER" }],
      ["e.a", { lastSequence: 1 }], ["e.a", { lastSequence: 1 }], ["e.a", { lastSequence: 0 }],
      ["e.b", { lastSubjectSequence: 0 }], ["e.b", { lastSubjectSequence: 3 }],
      ["e.b", { lastSubjectSequence: 3 }], ["e.c", bySubject],
      ["e.c", { ...bySubject, lastSubjectSequence: 1 }],
      ["e.c", { lastSubjectSequenceSubject: "e.b" }], ["e.a", { lastMsgID: "none" }],
    ], ([subject, expect]) => s.put(subject, "x", { expect }));
    out.push(await s.put("e.a", "x", { msgID: "one" }));
    for (let i = 0; i < 2; i++) {
      out.push(await s.put("e.a", "x", { expect: { lastMsgID: "one" }, msgID: `two${i}` }));
    }
    return [...out, await s.state("EXP")];
  }),

  "publish-rollup": () => streams(async (s) => {
    await s.make("ROLL", ["r.*"], { allow_rollup_hdrs: true });
    await s.make("NOROLL", ["n"]);
    await s.fill("r.a", "r.b", "r.a", "r.c");
    return each([["r.a", "sub"], ["r.d", "all"], ["r.a", "some"], ["n", "sub"]],
      async ([subject, how]) => [await s.put(subject, how, {}, { "Nats-Rollup": how }),
        await s.state("ROLL", { subjects_filter: ">" })].join(" "));
  }),

  "publish-ttl": () => streams(async (s) => {
    const marked = { allow_msg_ttl: true, allow_rollup_hdrs: true,
      subject_delete_marker_ttl: 3600 * SECOND_NS };
    await s.make("TTL", ["t.*"], { ...marked, max_msgs_per_subject: 1 });
    await s.make("RAISED", ["raised"], marked);
    await s.make("NOTTL", ["n"]);
    const out = await each([["t.a", "1s"], ["t.b", "1h"], ["raised", "1s"], ["n", "1s"],
      ["t.c", "never"], ["t.c", "soon"], ["t.c", "0"], ["t.c", "-1s"], ["t.c", "1ms"],
      ["t.c", "60"]], ([subject, ttl]) => s.put(subject, ttl, { ttl }));
    const expired = { seq: 1 };
    await until(() => s.get("TTL", expired), (got) => got === "null" || got.startsWith("[Jet"));
    out.push(await s.get("TTL", expired), await s.get("TTL", { last_by_subj: "t.a" }));
    out.push(await s.get("TTL", { seq: 2 }), await s.get("RAISED", { seq: 1 }));
    return [...out, await s.state("TTL", { subjects_filter: ">" })];
  }),

  "publish-limits": () => streams(async (s) => {
    const all = [{ max_msgs: 2 }, { max_bytes: 400 }, { max_msgs_per_subject: 1 }]
      .flatMap((limit) => ["old", "new"].map((discard) => ({ discard, ...limit })));
    all.push({ discard: "new", discard_new_per_subject: true, max_msgs_per_subject: 1,
      max_msgs: 3 }, { max_msg_size: 100 }, { max_msg_size: 99 },
      { max_bytes: 400, storage: "memory" });
    const out = [];
    for (const [i, limit] of all.entries()) {
      // nats-server may find what a stream deleted a moment ago under the same name held.
      await s.make(`LIMIT${i}`, ["l.*"], limit);
      out.push(...await each(["l.a", "l.b", "l.a", "l.a"], (l) => s.put(l, "x".repeat(100))));
      out.push(await s.state(`LIMIT${i}`, { subjects_filter: ">" }));
      await s.jsm.streams.delete(`LIMIT${i}`);
    }
    return out;
  }),

  "publish-max-age": () => streams(async (s) => {
    const age = { max_age: SECOND_NS / 2, duplicate_window: SECOND_NS / 10 };
    await s.make("AGE", ["age.*"], age);
    await s.make("AGEMEM", ["mem"], { ...age, storage: "memory" });
    await s.fill("age.a", "age.b", "mem", "age.a");
    const out = await each(["AGE", "AGEMEM"],
      (name) => until(() => s.state(name), (state) => state.startsWith('{"messages":0')));
    return [...out, await s.get("AGE", { seq: 1 }), await s.put("age.a", "x")];
  }),

  "publish-no-ack": () => streams(async (s) => {
    await s.make("NOACK", ["quiet"], { no_ack: true });
    return [await s.put("quiet", "x", { timeout: QUIET_MS }), await s.state("NOACK")];
  }),
};

/** An acknowledgement of a batch, its random name as whether it is there. */
const named = (ack) => ({ ...ack, batch: ack.batch.length > 0 });

const batches = {
  "publish-batch": () => streams(async (s) => {
    await s.make("BATCH", ["b.*"], { allow_atomic: true, allow_batched: true });
    await s.make("NOBATCH", ["n"]);
    const batch = await s.js.startBatch("b.a", "1");
    batch.add("b.b", "2");
    await batch.add("b.b", "3", { ack: true });
    const out = [await s.state("BATCH"), await said(() => batch.commit("b.a", "4").then(named))];
    out.push(await s.state("BATCH"), await said(() => s.js.startBatch("n", "1")));
    const late = await s.js.startBatch("b.a", "1", { expect: { lastSequence: 77 } })
      .catch((error) => error);
    out.push(late.commit ? await said(() => late.commit("b.a", "2").then(named))
      : await said(Promise.reject(late)));
    const fast = await startFastIngest(s.nc, "b.a", "1", { allowGaps: false });
    for (let i = 0; i < 100; i++) await fast.add("b.b", `${i}`);
    out.push(await said(() => fast.last("b.a", "end").then(named)));
    const refused = () => startFastIngest(s.nc, "n", "1", { allowGaps: false })
      .then(() => "made");
    return [...out, await said(refused), await s.state("BATCH", { subjects_filter: ">" })];
  }),

  "publish-counter": () => streams(async (s) => {
    await s.make("SUMS", ["c.*"], { allow_msg_counter: true, allow_direct: true });
    await s.make("NOSUMS", ["n"]);
    const out = await each(["1", "+41", "-50", "0", "99999999999999999999999", "many"],
      (by) => s.put("c.a", "", {}, { "Nats-Incr": by }));
    out.push(await s.put("c.a", "plain"), await s.put("c.b", "body", {}, { "Nats-Incr": "5" }));
    out.push(await s.put("n", "", {}, { "Nats-Incr": "5" }));
    return [...out, await s.get("SUMS", { last_by_subj: "c.a" })];
  }),

  "publish-schedule": () => streams(async (s) => {
    await s.make("SCHED", ["at.*", "to.*"], { allow_msg_schedules: true, allow_msg_ttl: true });
    const soon = new Date(Date.now() + 1000);
    const out = await each([["at.a", soon, "to.a"], ["at.b", new Date(4e12), "at.b"],
      ["at.b", { every: "1h" }, "elsewhere"], ["at.b", { every: "1h" }, "to.b"],
      ["at.c", { cron: "0 0 12 * * *" }, "to.c"], ["at.c", "whenever", "to.c"]],
    ([subject, specification, target]) => s.put(subject, "x", { schedule: { specification,
      target } }));
    const arrived = await until(() => s.get("SCHED", { last_by_subj: "to.a" }),
      (got) => got.startsWith("[4"));
    const state = await s.state("SCHED", { subjects_filter: ">" });
    return [...out, arrived, state.replace(/"bytes":\d+/, "")];
  }),
};

const read = {
  "subject-transform": () => streams(async (s) => {
    const subject_transform = { src: "in.*.*", dest: "out.{{wildcard(2)}}.{{wildcard(1)}}" };
    await s.make("TRANS", ["in.*.*", "other"], { subject_transform });
    await s.fill("in.a.b", "other", "in.x.y");
    return [await each([1, 2, 3], (seq) => s.get("TRANS", { seq })),
      await s.state("TRANS", { subjects_filter: ">" })];
  }),

  "republish": () => streams(async (s) => {
    await s.make("AGAIN", ["a.*", "h.*"],
      { republish: { src: "a.*", dest: "again.{{wildcard(1)}}" } });
    await s.make("HEADS", ["heads.*"],
      { republish: { src: ">", dest: "top.>", headers_only: true } });
    const subs = [collect(s.nc, "again.>"), collect(s.nc, "top.>")];
    await s.nc.flush();
    await s.fill("a.x", "h.x", "a.y", "a.x", "heads.x");
    await s.put("a.x", "headed", {}, { Colour: "red" });
    const got = [...await subs[0].take(4), ...await subs[1].take(1)];
    return got.map((m) => JSON.stringify([m.subject, m.string(),
      [...m.headers].filter(([name]) => name !== "Nats-Time-Stamp")]));
  }),

  "get-message": () => streams(async (s) => {
    await readable(s, "GET", false);
    const out = await each(queries, (query) => s.get("GET", query));
    return [...out, await said(() => s.jsm.direct.getMessage("GET", { seq: 1 }))];
  }),

  "direct-get": () => streams(async (s) => {
    await readable(s, "DIRECT", true);
    const one = async (query) => {
      try {
        return raw(await s.jsm.direct.getMessage("DIRECT", query));
      } catch (error) {
        return said(Promise.reject(error));
      }
    };
    const out = await each(queries, one);
    const many = async (open) => {
      const got = [];
      try {
        for await (const m of await open()) got.push(`${m.seq}:${m.subject}:${m.pending}`);
      } catch (error) {
        got.push(await said(Promise.reject(error)));
      }
      return got.join(" ");
    };
    const { direct } = s.jsm;
    return [...out, await each([
      () => direct.getBatch("DIRECT", { seq: 1, batch: 3 }),
      () => direct.getBatch("DIRECT", { seq: 1, batch: 9, next_by_subj: "g.b" }),
      () => direct.getBatch("DIRECT", { start_time: new Date(0), batch: 2 }),
      () => direct.getBatch("DIRECT", { seq: 1, batch: 9, max_bytes: 1 }),
      () => direct.getBatch("DIRECT", { seq: 77, batch: 2 }),
      () => direct.getLastMessagesFor("DIRECT", { multi_last: ["g.a", "g.b"] }),
      () => direct.getLastMessagesFor("DIRECT", { multi_last: ["g.*"], up_to_seq: 5 }),
      () => direct.getLastMessagesFor("DIRECT", { multi_last: ["none"] }),
    ], many)];
  }),
};

async function readable(s, name, allow_direct) {
  await s.make(name, ["g.*"], { allow_direct });
  await s.fill("g.a", "g.b", "g.c", "g.a");
  await s.put("g.h", "headed", {}, { Colour: "red" });
  await s.fill("g.b", "g.e");
  await s.jsm.streams.deleteMessage(name, 4);
}

const queries = [{ seq: 1 }, { seq: 3 }, { seq: 4 }, { seq: 5 }, { seq: 9 },
  { last_by_subj: "g.a" }, { last_by_subj: "g.none" }, { last_by_subj: "g.*" },
  { last_by_subj: ">" }, { seq: 2, next_by_subj: "g.a" }, { seq: 1, next_by_subj: "g.*" },
  { seq: 6, next_by_subj: "g.b" }, { next_by_subj: "g.b" }];

export default { ...published, ...batches, ...read };

// Draining, reconnecting, lame duck mode.
import { attempt, collect, dial, order, pause, publish, status, told } from "./harness.mjs";

export default {
  "drain-subscription": async () => {
    const [nc, peer] = [await dial("plain"), await dial("plain")];
    const got = [];
    const sub = nc.subscribe("drain.node");
    const reader = (async () => {
      for await (const m of sub) {
        await pause(1);
        got.push(m);
      }
    })();
    await nc.flush();
    await publish(peer, ...Array(20).fill("drain.node"));
    await nc.flush();
    await sub.drain();
    await reader;
    await publish(peer, "drain.node");
    await nc.close();
    await peer.close();
    return `delivered=${got.length} closed=${sub.isClosed()}`;
  },

  "drain-connection": async () => {
    const [nc, peer] = [await dial("plain"), await dial("plain")];
    const answers = collect(peer, "drained.node");
    nc.subscribe("drain.conn.node", { queue: "group", callback: () => nc.publish("drained.node") });
    await nc.flush();
    await publish(peer, ...Array(20).fill("drain.conn.node"));
    await nc.drain();
    const closed = await nc.closed();
    await answers.take(20);
    let after = "published";
    try {
      nc.publish("x");
    } catch (error) {
      after = told(error);
    }
    await peer.close();
    return `closed with ${closed} answers=${answers.got.length} then ${after}`;
  },

  "reconnect": async () => {
    const nc = await dial("plain", { reconnectTimeWait: 50, maxReconnectAttempts: 200 });
    const [all, crew] = [collect(nc, "again.*"), collect(nc, "again.node", { queue: "crew" })];
    const limited = collect(nc, "again.node", { max: 3 });
    await publish(nc, "again.node");
    const before = (await all.take(1)).length;
    const [lost, back] = [status(nc, "disconnect"), status(nc, "reconnect")];
    await order("restart", "plain");
    const events = [(await lost).type, (await back).type];
    await publish(nc, ...Array(5).fill("again.node"));
    await all.take(6);
    await nc.close();
    const counts = [all, crew, limited].map((c) => c.got.length);
    return `${events} before=${before} after=${counts[0]} queue=${counts[1]} limited=${counts[2]}`;
  },

  "lame-duck": async () => {
    const nc = await dial("ldm");
    const c = collect(nc, "duck.node");
    await nc.flush();
    const told = status(nc, "ldm");
    await order("ldm", "ldm");
    const event = (await told).type;
    await publish(nc, "duck.node");
    await c.take(1);
    const late = await attempt("ldm");
    await nc.close();
    return `${event}; still delivers ${c.got.length}; newcomer ${late}`;
  },
};

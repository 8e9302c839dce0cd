// Logins, permissions, TLS, limits.
import { nkeyAuthenticator } from "@nats-io/transport-node";
import { attempt, cert, collect, dial, errorsOf, hash, pattern, publish, subjects,
  told } from "./harness.mjs";

const ADMIN = { user: "admin", pass: "admin-pass" };
const LIMITED = { user: "limited", pass: "limited-pass" };

/** Runs `body(nc, errors)` on one connection and closes it. */
async function on(fixture, options, body) {
  const nc = await dial(fixture, options);
  try {
    return await body(nc, errorsOf(nc));
  } finally {
    await nc.close();
  }
}

const key = (variable) => ({ authenticator: nkeyAuthenticator(
  new TextEncoder().encode(process.env[variable])) });

function tls(authority = "ca", client, more = {}) {
  const files = client ? { certFile: cert(client), keyFile: cert(`${client}-key`) } : {};
  return { tls: { caFile: cert(authority), ...files, ...more } };
}

/** Which of two races was lost depends on when the server's alert arrives. */
const refused = (outcome) => (outcome === "[connected]" ? outcome : "refused");

async function tries(fixture, table) {
  const out = [];
  for (const [what, options] of Object.entries(table)) {
    out.push(`${what} ${await attempt(fixture, options)}`);
  }
  return out.join(" ");
}

const logins = {
  "auth-token": () => tries("token", { right: { token: "open-sesame" }, missing: {},
    wrong: { token: "open-barley" } }),
  "auth-bcrypt-token": () =>
    tries("hashtoken", { right: { token: "hashed-token" }, missing: {},
      wrong: { token: "open-sesame" } }),
  "auth-user": () => tries("user", {
    right: { user: "alice", pass: "wonderland" }, missing: {},
    "wrong password": { user: "alice", pass: "x" },
    "wrong user": { user: "bob", pass: "wonderland" },
  }),
  "auth-several-users": () => tries("users", {
    plain: ADMIN, hashed: { user: "hashed", pass: "hashed-pass" },
    "hashed wrong": { user: "hashed", pass: "x" }, unknown: { user: "nobody", pass: "admin-pass" },
  }),
  "auth-nkey": () => tries("nkey", { right: key("NKEY_SEED"), "other key": key("NKEY_OTHER_SEED"),
    missing: {} }),
  "auth-no-auth-user": () => on("noauth", {}, async (nc, errors) => {
    const c = collect(nc, "guest.node");
    await publish(nc, "guest.node", "other.node");
    const seen = (await c.take(1)).length;
    const refusal = await errors(1);
    const wrong = { user: "admin", pass: "x" };
    return `own=${seen} ${refusal} ${await tries("noauth", { admin: ADMIN, wrong })}`;
  }),
};

const permissions = {
  "permission-publish": () => on("users", LIMITED,
    (nc, errors) => on("users", ADMIN, async (watcher) => {
    const c = collect(watcher, "orders.>");
    await watcher.flush();
    await publish(nc, "orders.new", "orders.secret", "orders.new.deep", "orders.last");
    return `seen ${subjects(await c.take(2))} ${await errors(2)}`;
  })),
  "permission-subscribe": () => on("users", LIMITED, async (nc, errors) => {
    const [a, b] = [collect(nc, "stock.node"), collect(nc, "orders.hidden")];
    await nc.flush();
    const refusals = `${await errors(2)} callbacks ${a.trouble} ${b.trouble}`;
    return `${refusals} closed ${a.sub.isClosed()} ${b.sub.isClosed()}`;
  }),
  "permission-queue": () => on("users", LIMITED,
    (nc, errors) => on("users", ADMIN, async (sender) => {
    const [worker, thief] = ["workers", "thieves"].map((queue) => collect(nc, "jobs", { queue }));
    const lone = collect(nc, "jobs");
    await nc.flush();
    await publish(sender, "jobs", "jobs");
    const seen = (await worker.take(2)).length;
    return `${await errors(2)} member=${seen} callbacks ${thief.trouble}; ${lone.trouble}`;
  })),
  "permission-deny": () => on("users", LIMITED,
    (nc, errors) => on("users", ADMIN, async (sender) => {
    const c = collect(nc, "orders.*");
    await nc.flush();
    await publish(sender, "orders.open", "orders.hidden", "orders.closed");
    return `seen ${subjects(await c.take(2))} ${await errors(0)}`;
  })),
  "permission-responses": () => on("users", { user: "service", pass: "service-pass" },
    (nc, errors) =>
    on("users", ADMIN, async (client) => {
      nc.subscribe("svc.echo", { callback: (_, m) => [1, 2, 3].forEach((i) => m.respond(`${i}`)) });
      await nc.flush();
      const c = collect(client, "_INBOX.responses.node");
      client.publish("svc.echo", "hi", { reply: "_INBOX.responses.node" });
      const answers = (await c.take(2)).length;
      await publish(nc, "svc.own");
      return `answers=${answers} ${await errors(2)}`;
    })),
  "permission-default": () => on("users", { user: "hashed", pass: "hashed-pass" },
    async (nc, errors) => {
    const c = collect(nc, "public.>");
    await publish(nc, "public.node", "private.node");
    collect(nc, "private.node");
    await nc.flush();
    return `own=${(await c.take(1)).length} ${await errors(2)}`;
  }),
};

const encryption = {
  "tls": () => on("tls", tls(), async (nc) => {
    const c = collect(nc, "tls.node");
    nc.publish("tls.node", pattern(200_000));
    const [m] = await c.take(1);
    const older = await attempt("tls", tls("ca", undefined, { maxVersion: "TLSv1.2" }));
    return `required=${nc.info.tls_required} hash=${hash(m.data)} 1.2 ${older}`;
  }),
  "tls-untrusted": () => attempt("tls", tls("other-ca")),
  "tls-verify": () => attempt("tlsverify", tls("ca", "client")),
  "tls-verify-missing": async () => refused(await attempt("tlsverify", tls())),
  "tls-verify-unknown": async () => refused(await attempt("tlsverify", tls("ca", "foreign"))),
  "tls-map": () => on("tlsmap", tls("ca", "client"), async (nc, errors) => {
    const c = collect(nc, "app.>");
    await publish(nc, "app.node", "other.node");
    return `own=${(await c.take(1)).length} ${await errors(1)}`;
  }),
  "tls-map-unknown": () => attempt("tlsmap", tls("ca", "stranger")),
  "tls-first": async () => {
    const first = await attempt("tlsfirst", tls("ca", undefined, { handshakeFirst: true }));
    const late = await attempt("tlsfirst", { ...tls(), timeout: 500 });
    return `first ${first} not first ${refused(late)}`;
  },
};

const limits = {
  "max-connections": () => on("crowded", {},
    () => on("crowded", {}, async () => refused(await attempt("crowded")))),
  "max-subscriptions": () => on("limits", { reconnect: false }, async (nc, errors) => {
    const all = [1, 2, 3].map(() => collect(nc, "limit.node"));
    await nc.flush().catch(() => {});
    const seen = await errors(1);
    try {
      await publish(nc, "limit.node");
      await all[0].take(1);
    } catch (error) {
      return `${seen} then ${told(error)}`;
    }
    return `${seen} ${all.map((c) => c.got.length)}`;
  }),
  "small-max-payload": () => on("limits", {}, async (nc) => {
    nc.publish("limit.node", new Uint8Array(1024));
    let over = "FAIL accepted";
    try {
      nc.publish("limit.node", new Uint8Array(1025));
    } catch (error) {
      over = told(error);
    }
    await nc.flush();
    return `max=${nc.info.max_payload} over ${over}`;
  }),
};

export default { ...logins, ...permissions, ...encryption, ...limits };

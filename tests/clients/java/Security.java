import io.nats.client.AuthHandler;
import io.nats.client.NKey;
import io.nats.client.Options;
import io.nats.client.Subscription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;

/** Logins, permissions, TLS, limits. */
final class Security {
    private static final Executor THREADS = Executors.newCachedThreadPool();

    private Security() {}

    static void register(Map<String, Scenarios.Scenario> all) {
        all.put("auth-token", Security::authToken);
        all.put("auth-bcrypt-token", Security::authBcryptToken);
        all.put("auth-user", Security::authUser);
        all.put("auth-several-users", Security::authSeveralUsers);
        all.put("auth-nkey", Security::authNkey);
        all.put("auth-no-auth-user", Security::authNoAuthUser);
        all.put("permission-publish", Security::permissionPublish);
        all.put("permission-subscribe", Security::permissionSubscribe);
        all.put("permission-queue", Security::permissionQueue);
        all.put("permission-deny", Security::permissionDeny);
        all.put("permission-responses", Security::permissionResponses);
        all.put("permission-default", Security::permissionDefault);
        all.put("tls", Security::tls);
        all.put("tls-untrusted", () -> briefly("tls", trusting("other-ca", null)));
        all.put("tls-verify", () -> Harness.attempt("tlsverify", trusting("ca", "client")));
        all.put("tls-verify-missing", () -> refused(briefly("tlsverify", trusting("ca", null))));
        all.put("tls-verify-unknown", () -> refused(
            briefly("tlsverify", trusting("ca", "foreign"))));
        all.put("tls-map", Security::tlsMap);
        all.put("tls-map-unknown", () -> briefly("tlsmap", trusting("ca", "stranger")));
        all.put("tls-first", Security::tlsFirst);
        all.put("max-connections", Security::maxConnections);
        all.put("max-subscriptions", Security::maxSubscriptions);
        all.put("small-max-payload", Security::smallMaxPayload);
    }

    private static Options.Builder nobody() {
        return Harness.options();
    }

    private static Options.Builder token(String token) {
        return Harness.options().token(token.toCharArray());
    }

    private static Options.Builder user(String name, String password) {
        return Harness.options().userInfo(name, password);
    }

    private static Harness.Session admin() throws Exception {
        return Harness.session("users", user("admin", "admin-pass"));
    }

    private static Harness.Session limited() throws Exception {
        return Harness.session("users", user("limited", "limited-pass"));
    }

    private static Options.Builder trusting(String authority, String client) throws Exception {
        return Harness.options().sslContext(Harness.tls("TLS", authority, client));
    }

    /** The attempts run beside each other, as this client takes its whole timeout to fail. */
    private static String tries(String fixture, Object... table) throws Exception {
        List<CompletableFuture<String>> pending = new ArrayList<>();
        for (int i = 0; i < table.length; i += 2) {
            Object what = table[i];
            Options.Builder options = (Options.Builder) table[i + 1];
            pending.add(CompletableFuture.supplyAsync(() -> what + " " + briefly(fixture, options),
                THREADS));
        }
        StringBuilder out = new StringBuilder();
        for (CompletableFuture<String> one : pending) {
            out.append(one.get()).append(" ");
        }
        return out.toString();
    }

    private static String briefly(String fixture, Options.Builder options) {
        try {
            return Harness.attempt(fixture, options.connectionTimeout(Duration.ofSeconds(2)));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String authToken() throws Exception {
        return tries("token", "right", token("open-sesame"), "missing", nobody(), "wrong",
            token("open-barley"));
    }

    private static String authBcryptToken() throws Exception {
        return tries("hashtoken", "right", token("hashed-token"), "missing", nobody(), "wrong",
            token("open-sesame"));
    }

    private static String authUser() throws Exception {
        return tries("user", "right", user("alice", "wonderland"), "missing", nobody(),
            "wrong password", user("alice", "x"), "wrong user", user("bob", "wonderland"));
    }

    private static String authSeveralUsers() throws Exception {
        return tries("users", "plain", user("admin", "admin-pass"), "hashed",
            user("hashed", "hashed-pass"),
            "hashed wrong", user("hashed", "x"), "unknown", user("nobody", "admin-pass"));
    }

    /** Signs with the user key of an environment variable. */
    private static Options.Builder key(String variable) {
        NKey key = NKey.fromSeed(System.getenv(variable).toCharArray());
        return Harness.options().authHandler(new AuthHandler() {
            @Override
            public byte[] sign(byte[] nonce) {
                try {
                    return key.sign(nonce);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }

            @Override
            public char[] getID() {
                try {
                    return key.getPublicKey();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }

            @Override
            public char[] getJWT() {
                return null;
            }
        });
    }

    private static String authNkey() throws Exception {
        return tries("nkey", "right", key("NKEY_SEED"), "other key", key("NKEY_OTHER_SEED"),
            "missing", nobody());
    }

    private static String authNoAuthUser() throws Exception {
        try (Harness.Session s = Harness.session("noauth", nobody())) {
            Subscription sub = s.nc.subscribe("guest.java");
            Harness.publish(s.nc, "guest.java", "other.java");
            return "own=" + Harness.take(sub, 1).size() + "; " + Harness.first(s.errors) + "; "
                + tries("noauth", "admin", user("admin", "admin-pass"), "wrong",
                    user("admin", "x"));
        }
    }

    private static String twoErrors(Harness.Session s) throws InterruptedException {
        return Harness.first(s.errors) + "; " + Harness.first(s.errors);
    }

    private static String permissionPublish() throws Exception {
        try (Harness.Session s = limited(); Harness.Session watcher = admin()) {
            Subscription sub = watcher.nc.subscribe("orders.>");
            watcher.nc.flush(Harness.PATIENCE);
            Harness.publish(s.nc, "orders.new", "orders.secret", "orders.new.deep", "orders.last");
            return "seen " + Harness.subjects(Harness.take(sub, 2)) + "; " + twoErrors(s);
        }
    }

    private static String permissionSubscribe() throws Exception {
        try (Harness.Session s = limited()) {
            s.nc.subscribe("stock.java");
            s.nc.subscribe("orders.hidden");
            s.nc.flush(Harness.PATIENCE);
            return twoErrors(s) + "; " + s.nc.getStatus();
        }
    }

    private static String permissionQueue() throws Exception {
        try (Harness.Session s = limited(); Harness.Session sender = admin()) {
            Subscription member = s.nc.subscribe("jobs", "workers");
            s.nc.subscribe("jobs", "thieves");
            s.nc.subscribe("jobs");
            s.nc.flush(Harness.PATIENCE);
            Harness.publish(sender.nc, "jobs", "jobs");
            return twoErrors(s) + "; member=" + Harness.take(member, 2).size();
        }
    }

    private static String permissionDeny() throws Exception {
        try (Harness.Session s = limited(); Harness.Session sender = admin()) {
            Subscription sub = s.nc.subscribe("orders.*");
            s.nc.flush(Harness.PATIENCE);
            Harness.publish(sender.nc, "orders.open", "orders.hidden", "orders.closed");
            return "seen " + Harness.subjects(Harness.take(sub, 2)) + " errors=" + s.errors.size();
        }
    }

    private static String permissionResponses() throws Exception {
        try (Harness.Session s = Harness.session("users", user("service", "service-pass"));
             Harness.Session client = admin()) {
            s.nc.createDispatcher(m -> {
                for (int i = 0; i < 3; i++) {
                    s.nc.publish(m.getReplyTo(), m.getData());
                }
            }).subscribe("svc.echo");
            s.nc.flush(Harness.PATIENCE);
            Subscription sub = client.nc.subscribe("_INBOX.responses.java");
            client.nc.publish("svc.echo", "_INBOX.responses.java", "hi".getBytes());
            int answers = Harness.take(sub, 2).size();
            s.nc.publish("svc.own", null);
            return "answers=" + answers + "; " + twoErrors(s);
        }
    }

    private static String permissionDefault() throws Exception {
        try (Harness.Session s = Harness.session("users", user("hashed", "hashed-pass"))) {
            Subscription sub = s.nc.subscribe("public.>");
            Harness.publish(s.nc, "public.java", "private.java");
            s.nc.subscribe("private.java");
            s.nc.flush(Harness.PATIENCE);
            return "own=" + Harness.take(sub, 1).size() + "; " + twoErrors(s);
        }
    }

    private static String tls() throws Exception {
        try (Harness.Session s = Harness.session("tls", trusting("ca", null))) {
            Subscription sub = s.nc.subscribe("tls.java");
            s.nc.publish("tls.java", Harness.pattern(200_000));
            byte[] got = Harness.take(sub, 1).get(0).getData();
            String older = Harness.attempt("tls",
                Harness.options().sslContext(Harness.tls("TLSv1.2", "ca", null)));
            return "required=" + s.nc.getServerInfo().isTLSRequired() + " hash="
                + Harness.hash(List.of(got)) + " 1.2 "
                + older;
        }
    }

    /** Which of two races was lost depends on when the server's alert arrives. */
    private static String refused(String outcome) {
        return "[connected]".equals(outcome) ? outcome : "refused";
    }

    private static String tlsMap() throws Exception {
        try (Harness.Session s = Harness.session("tlsmap", trusting("ca", "client"))) {
            Subscription sub = s.nc.subscribe("app.>");
            Harness.publish(s.nc, "app.java", "other.java");
            return "own=" + Harness.take(sub, 1).size() + "; " + Harness.first(s.errors);
        }
    }

    private static String tlsFirst() throws Exception {
        String first = Harness.attempt("tlsfirst", trusting("ca", null).tlsFirst());
        String not = Harness.attempt("tlsfirst",
            trusting("ca", null).connectionTimeout(Duration.ofMillis(500)));
        return "first " + first + " not first " + refused(not);
    }

    private static String maxConnections() throws Exception {
        try (Harness.Session one = Harness.session("crowded", nobody());
             Harness.Session two = Harness.session("crowded", nobody())) {
            return refused(Harness.attempt("crowded", nobody()));
        }
    }

    private static String maxSubscriptions() throws Exception {
        try (Harness.Session s = Harness.session("limits", nobody())) {
            List<Subscription> subs = List.of(s.nc.subscribe("limit.java"),
                s.nc.subscribe("limit.java"),
                s.nc.subscribe("limit.java"));
            s.nc.flush(Harness.PATIENCE);
            String told = Harness.first(s.errors);
            Harness.publish(s.nc, "limit.java");
            return told + "; " + Harness.take(subs.get(0), 1).size() + " "
                + Harness.take(subs.get(1), 1).size() + " "
                + Harness.take(subs.get(2), 0).size();
        }
    }

    private static String smallMaxPayload() throws Exception {
        try (Harness.Session s = Harness.session("limits", nobody())) {
            s.nc.publish("limit.java", new byte[1024]);
            String over = "FAIL accepted";
            try {
                s.nc.publish("limit.java", new byte[1025]);
            } catch (IllegalArgumentException e) {
                over = Harness.told(e);
            }
            s.nc.flush(Harness.PATIENCE);
            return "max=" + s.nc.getMaxPayload() + " over " + over;
        }
    }
}

import io.nats.client.Dispatcher;
import io.nats.client.Subscription;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Draining, reconnecting, lame duck mode. */
final class Lifecycle {
    private Lifecycle() {}

    static void register(Map<String, Scenarios.Scenario> all) {
        all.put("drain-subscription", Lifecycle::drainSubscription);
        all.put("drain-connection", Lifecycle::drainConnection);
        all.put("reconnect", Lifecycle::reconnect);
        all.put("lame-duck", Lifecycle::lameDuck);
    }

    /** Makes a callback slow, so that a drain finds messages waiting. */
    private static void linger() {
        long deadline = System.nanoTime() + 1_000_000;
        while (System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
    }

    private static String drainSubscription() throws Exception {
        try (Harness.Session s = Harness.plain(); Harness.Session peer = Harness.plain()) {
            AtomicInteger delivered = new AtomicInteger();
            Dispatcher work = s.nc.createDispatcher(m -> {
                linger();
                delivered.incrementAndGet();
            });
            work.subscribe("drain.java");
            s.nc.flush(Harness.PATIENCE);
            Harness.publishTimes(peer.nc, 20, "drain.java");
            s.nc.flush(Harness.PATIENCE);
            boolean drained = work.drain(Harness.PATIENCE).get(10, TimeUnit.SECONDS);
            Harness.publish(peer.nc, "drain.java");
            s.nc.flush(Harness.PATIENCE);
            return "delivered=" + delivered + " drained=" + drained + " active=" + work.isActive();
        }
    }

    private static String drainConnection() throws Exception {
        try (Harness.Session peer = Harness.plain()) {
            Harness.Session s = Harness.plain();
            Subscription answers = peer.nc.subscribe("drained.java");
            Dispatcher work = s.nc.createDispatcher(m -> {
                linger();
                s.nc.publish("drained.java", m.getData());
            });
            work.subscribe("drain.conn.java", "group");
            s.nc.flush(Harness.PATIENCE);
            peer.nc.flush(Harness.PATIENCE);
            Harness.publishTimes(peer.nc, 20, "drain.conn.java");
            s.nc.flush(Harness.PATIENCE);
            boolean drained = s.nc.drain(Harness.PATIENCE).get(10, TimeUnit.SECONDS);
            String closed = s.event("CLOSED");
            String after = "published";
            try {
                s.nc.publish("x", null);
            } catch (IllegalStateException e) {
                after = Harness.told(e);
            }
            return closed + " drained=" + drained + " answers=" + Harness.take(answers, 20).size()
                + " then " + after;
        }
    }

    private static String reconnect() throws Exception {
        try (Harness.Session s = Harness.session("plain", Harness.options().maxReconnects(200)
            .reconnectJitter(Duration.ofMillis(1)))) {
            Subscription everything = s.nc.subscribe("again.*");
            Subscription crew = s.nc.subscribe("again.java", "crew");
            Subscription limited = s.nc.subscribe("again.java");
            limited.unsubscribe(3);
            Harness.publish(s.nc, "again.java");
            int before = Harness.take(everything, 1).size();
            Harness.order("restart", "plain");
            String events = s.event("DISCONNECTED") + " " + s.event("RECONNECTED") + " "
                + s.event("RESUBSCRIBED");
            Harness.publishTimes(s.nc, 5, "again.java");
            return events + " before=" + before + " after=" + Harness.take(everything, 5).size()
                + " queue=" + Harness.take(crew, 6).size()
                + " limited=" + Harness.take(limited, 3).size()
                + " reconnects=" + s.nc.getStatistics().getReconnects();
        }
    }

    private static String lameDuck() throws Exception {
        try (Harness.Session s = Harness.session("ldm", Harness.options())) {
            Subscription sub = s.nc.subscribe("duck.java");
            s.nc.flush(Harness.PATIENCE);
            Harness.order("ldm", "ldm");
            String told = s.event("LAME_DUCK");
            Harness.publish(s.nc, "duck.java");
            int seen = Harness.take(sub, 1).size();
            String late = Harness.attempt("ldm",
                Harness.options().connectionTimeout(Duration.ofSeconds(1)));
            return told + "; still delivers " + seen + "; newcomer " + late;
        }
    }
}

import io.nats.client.Connection;
import io.nats.client.Dispatcher;
import io.nats.client.Message;
import io.nats.client.Subscription;
import io.nats.client.api.ServerInfo;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Publishing, subscribing, requesting. */
final class Messaging {
    private Messaging() {}

    static void register(Map<String, Scenarios.Scenario> all) {
        all.put("connection-info", Messaging::connectionInfo);
        all.put("publish-subscribe", Messaging::publishSubscribe);
        all.put("wildcards", Messaging::wildcards);
        all.put("queue-group", Messaging::queueGroup);
        all.put("two-queue-groups", Messaging::twoQueueGroups);
        all.put("request-reply", Messaging::requestReply);
        all.put("request-many", Messaging::requestMany);
        all.put("no-responders", Messaging::noResponders);
        all.put("request-timeout", Messaging::requestTimeout);
        all.put("headers", Messaging::headers);
        all.put("empty-payload", Messaging::emptyPayload);
        all.put("large-payload", Messaging::largePayload);
        all.put("over-max-payload", Messaging::overMaxPayload);
        all.put("unsubscribe-after", Messaging::unsubscribeAfter);
        all.put("no-echo", Messaging::noEcho);
        all.put("flush-rtt", Messaging::flushRtt);
    }

    private static String connectionInfo() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            s.nc.flush(Harness.PATIENCE);
            ServerInfo i = s.nc.getServerInfo();
            return "name=" + i.getServerName() + " version=" + i.getVersion()
                + " proto=" + i.getProtocolVersion() + " max_payload=" + i.getMaxPayload()
                + " headers=" + i.isHeadersSupported() + " auth=" + i.isAuthRequired()
                + " tls=" + i.isTLSRequired() + "," + i.isTLSAvailable()
                + " jetstream=" + i.isJetStreamAvailable() + " ldm=" + i.isLameDuckMode()
                + " id=" + (i.getClientId() > 0) + " ip=" + i.getClientIp()
                + " cluster=" + i.getCluster() + " urls=" + i.getConnectURLs()
                + " status=" + s.nc.getStatus();
        }
    }

    private static String publishSubscribe() throws Exception {
        try (Harness.Session s = Harness.plain(); Harness.Session peer = Harness.plain()) {
            Subscription sub = s.nc.subscribe("news.java");
            s.nc.flush(Harness.PATIENCE);
            for (int i = 0; i < 100; i++) {
                peer.nc.publish("news.java", ("message " + i + "\n").getBytes());
            }
            peer.nc.flush(Harness.PATIENCE);
            List<Message> got = Harness.take(sub, 100);
            return "count=" + got.size() + " hash="
                + Harness.hash(got.stream().map(Message::getData).toList());
        }
    }

    private static String wildcards() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            List<Subscription> subs = new ArrayList<>();
            for (String pattern : List.of("w.a.b", "w.*.b", "w.a.*", "w.>", "*.a.b", "w.*.*.c")) {
                subs.add(s.nc.subscribe(pattern));
            }
            Harness.publish(s.nc, "w.a.b", "w.x.b", "w.a", "w.a.b.c", "w", "other.a.b");
            StringBuilder out = new StringBuilder();
            for (Subscription sub : subs) {
                out.append(sub.getSubject()).append("=")
                    .append(Harness.subjects(Harness.take(sub, 1))).append(" ");
            }
            return out.toString();
        }
    }

    private static String queueGroup() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            Subscription everything = s.nc.subscribe("work.*");
            List<Subscription> members = List.of(s.nc.subscribe("work.*", "crew"),
                s.nc.subscribe("work.java", "crew"), s.nc.subscribe("work.>", "crew"));
            Harness.publishTimes(s.nc, 300, "work.java");
            int seen = Harness.take(everything, 300).size();
            int total = 0;
            int idle = 0;
            for (Subscription member : members) {
                int n = Harness.take(member, 1).size();
                total += n;
                idle += n == 0 ? 1 : 0;
            }
            return "plain=" + seen + " members=" + total + " idle=" + idle;
        }
    }

    private static String twoQueueGroups() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            Subscription a = s.nc.subscribe("two.java", "red");
            Subscription b = s.nc.subscribe("two.java", "red");
            Subscription blue = s.nc.subscribe("two.*", "blue");
            Harness.publishTimes(s.nc, 50, "two.java");
            int red = Harness.take(a, 1).size() + Harness.take(b, 1).size();
            return "red=" + red + " blue=" + Harness.take(blue, 50).size();
        }
    }

    private static void upperCase(Connection nc) {
        Dispatcher service = nc.createDispatcher(
            m -> nc.publish(m.getReplyTo(), new String(m.getData()).toUpperCase().getBytes()));
        service.subscribe("svc.upper");
    }

    private static String requestReply() throws Exception {
        try (Harness.Session s = Harness.plain();
             Harness.Session old = Harness.session("plain", Harness.options().oldRequestStyle())) {
            upperCase(s.nc);
            s.nc.flush(Harness.PATIENCE);
            Message answer = s.nc.request("svc.upper", "hello".getBytes(), Harness.PATIENCE);
            Message second = old.nc.request("svc.upper", "again".getBytes(), Harness.PATIENCE);
            return new String(answer.getData()) + " " + new String(second.getData());
        }
    }

    private static String requestMany() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            for (int i = 0; i < 3; i++) {
                byte[] body = ("answer " + i).getBytes();
                s.nc.createDispatcher(m -> s.nc.publish(m.getReplyTo(), body))
                    .subscribe("svc.many");
            }
            String inbox = s.nc.createInbox();
            Subscription sub = s.nc.subscribe(inbox);
            s.nc.publish("svc.many", inbox, "all".getBytes());
            return Harness.take(sub, 3).stream().map(m -> new String(m.getData())).sorted().toList()
                .toString();
        }
    }

    private static String noResponders() throws Exception {
        try (Harness.Session s = Harness.session("plain", Harness.options().reportNoResponders())) {
            String error;
            try {
                error = "FAIL answered " + s.nc.request("svc.nobody", "x".getBytes()).get();
            } catch (Exception e) {
                error = Harness.told(e.getCause());
            }
            Subscription raw = s.nc.subscribe("raw.answers.java");
            s.nc.publish("svc.nobody", "raw.answers.java", null);
            Message m = Harness.take(raw, 1).get(0);
            return error + "; " + m.getStatus() + " " + m.getHeaders().getFirst("Nats-Subject");
        }
    }

    private static String requestTimeout() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            s.nc.subscribe("svc.silent");
            return "answer " + s.nc.request("svc.silent", null, Harness.QUIET);
        }
    }

    private static String headers() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            Subscription sub = s.nc.subscribe("headers.java");
            Headers sent = new Headers().add("Colour", "red", "blue").add("lower-case", "kept")
                .add("Empty", "")
                .add("Sentence", "words, commas: and colons");
            s.nc.publish(NatsMessage.builder().subject("headers.java").headers(sent).data("body")
                .build());
            Message m = Harness.take(sub, 1).get(0);
            Map<String, List<String>> seen = new TreeMap<>();
            m.getHeaders().forEach(seen::put);
            return seen + " " + new String(m.getData());
        }
    }

    private static String emptyPayload() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            Subscription sub = s.nc.subscribe("empty.java");
            s.nc.publish("empty.java", null);
            s.nc.publish("empty.java", new byte[0]);
            return "sizes=" + Harness.take(sub, 2).stream().map(m -> m.getData().length).toList();
        }
    }

    private static String largePayload() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            Subscription sub = s.nc.subscribe("large.java");
            byte[] body = Harness.pattern((int) s.nc.getMaxPayload());
            s.nc.publish("large.java", body);
            byte[] got = Harness.take(sub, 1).get(0).getData();
            return "size=" + got.length + " hash=" + Harness.hash(List.of(got)) + " same="
                + Arrays.equals(got, body);
        }
    }

    private static String overMaxPayload() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            s.nc.publish("large.java", new byte[(int) s.nc.getMaxPayload() + 1]);
            return "FAIL accepted";
        } catch (IllegalArgumentException e) {
            return Harness.told(e);
        }
    }

    private static String unsubscribeAfter() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            Subscription sub = s.nc.subscribe("auto.java");
            sub.unsubscribe(5);
            Harness.publishTimes(s.nc, 10, "auto.java");
            int count = Harness.take(sub, 6).size();
            return "count=" + count + " active=" + sub.isActive();
        }
    }

    private static String noEcho() throws Exception {
        try (Harness.Session s = Harness.session("plain", Harness.options().noEcho());
             Harness.Session other = Harness.plain()) {
            Subscription own = s.nc.subscribe("echo.java");
            Subscription foreign = other.nc.subscribe("echo.java");
            other.nc.flush(Harness.PATIENCE);
            Harness.publish(s.nc, "echo.java");
            return "other=" + Harness.take(foreign, 1).size() + " own="
                + Harness.take(own, 0).size();
        }
    }

    private static String flushRtt() throws Exception {
        try (Harness.Session s = Harness.plain()) {
            s.nc.flush(Harness.PATIENCE);
            Duration rtt = s.nc.RTT();
            return "positive=" + !rtt.isNegative() + " small="
                + (rtt.compareTo(Harness.PATIENCE) < 0);
        }
    }
}

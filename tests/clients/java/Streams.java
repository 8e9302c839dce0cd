import io.nats.client.JetStream;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.JetStreamOptions;
import io.nats.client.PublishOptions;
import io.nats.client.api.MessageInfo;
import io.nats.client.api.PublishAck;
import io.nats.client.api.PurgeResponse;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.api.StreamInfo;
import io.nats.client.api.StreamInfoOptions;
import io.nats.client.api.StreamState;
import io.nats.client.impl.Headers;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Streams on a connection of their own, and those to be deleted at the end. */
final class Streams implements AutoCloseable {
    final Harness.Session session;
    final JetStreamManagement jsm;
    final JetStream js;
    final List<String> made = new ArrayList<>();

    /** A call whose answer is shown. */
    interface Call {
        Object run() throws Exception;
    }

    /** One whose answer says nothing. */
    interface Act {
        void run() throws Exception;
    }

    Streams(String fixture, Duration patience) throws Exception {
        session = Harness.session(fixture, Harness.options().maxReconnects(200));
        JetStreamOptions options =
            JetStreamOptions.builder().requestTimeout(patience).build();
        jsm = session.nc.jetStreamManagement(options);
        js = session.nc.jetStream(options);
    }

    Streams() throws Exception {
        this("jetstream", Harness.PATIENCE);
    }

    @Override
    public void close() throws Exception {
        for (String name : made) {
            said(() -> jsm.deleteStream(name));
        }
        session.close();
    }

    static StreamConfiguration.Builder named(String name, String... subjects) {
        return StreamConfiguration.builder().name(name).subjects(subjects);
    }

    StreamInfo make(StreamConfiguration.Builder given) throws Exception {
        StreamConfiguration config = given.build();
        StreamInfo info = jsm.addStream(config);
        made.add(config.getName());
        return info;
    }

    StreamInfo memory(String name, String... subjects) throws Exception {
        return make(named(name, subjects).storageType(StorageType.Memory));
    }

    /** Publishes with headers as pairs of name and value. */
    String put(String subject, String body, String... pairs) {
        Headers headers = new Headers();
        for (int i = 0; i < pairs.length; i += 2) {
            headers.add(pairs[i], pairs[i + 1]);
        }
        return said(() -> js.publish(subject, headers, body.getBytes()));
    }

    String put(String subject, String body, PublishOptions.Builder options) {
        return said(() -> js.publish(subject, body.getBytes(), options.build()));
    }

    void fill(String... subjects) throws Exception {
        for (int i = 0; i < subjects.length; i++) {
            js.publish(subjects[i], String.valueOf(i + 1).getBytes());
        }
    }

    String get(String stream, long seq) {
        return said(() -> jsm.getMessage(stream, seq));
    }

    String last(String stream, String subject) {
        return said(() -> jsm.getLastMessage(stream, subject));
    }

    String state(String stream) {
        return said(() -> jsm.getStreamInfo(stream));
    }

    /** With the counts of subjects under a filter. */
    String state(String stream, String filter) {
        StreamInfoOptions options = StreamInfoOptions.filterSubjects(filter);
        return said(() -> jsm.getStreamInfo(stream, options));
    }

    /** What an act or a call came to, in one way for every kind of answer and error. */
    static String done(Act act) {
        return said(() -> {
            act.run();
            return "done";
        });
    }

    static String said(Call call) {
        try {
            return shown(call.run());
        } catch (ExecutionException e) {
            return told(e.getCause());
        } catch (Exception e) {
            return told(e);
        }
    }

    static String told(Throwable error) {
        String codes = error instanceof JetStreamApiException api
            ? " " + api.getErrorCode() + " " + api.getApiErrorCode() : "";
        return "[" + Harness.told(error) + codes + "]";
    }

    private static String shown(Object answer) {
        if (answer instanceof PublishAck ack) {
            return ack.getStream() + ":" + ack.getSeqno() + " " + ack.isDuplicate() + " "
                + ack.getDomain() + " " + ack.getVal() + " " + ack.getBatchSize();
        }
        if (answer instanceof StreamInfo info) {
            return state(info);
        }
        if (answer instanceof MessageInfo message) {
            return raw(message);
        }
        if (answer instanceof PurgeResponse purge) {
            return "purged " + purge.isSuccess() + " " + purge.getPurged();
        }
        return String.valueOf(answer);
    }

    static boolean isSet(ZonedDateTime time) {
        return time != null && time.getYear() > 1;
    }

    static String state(StreamInfo info) {
        StreamState s = info.getStreamState();
        return "messages=" + s.getMsgCount() + " bytes=" + s.getByteCount() + " first="
            + s.getFirstSequence() + " last=" + s.getLastSequence() + " subjects="
            + s.getSubjectCount() + " deleted=" + s.getDeletedCount() + s.getDeleted()
            + new TreeMap<>(s.getSubjectMap()) + " " + isSet(s.getFirstTime()) + " "
            + isSet(s.getLastTime());
    }

    static String headers(Headers headers) {
        Map<String, List<String>> named = new TreeMap<>();
        if (headers != null) {
            headers.forEach(named::put);
        }
        named.remove("Nats-Time-Stamp");
        return named.toString();
    }

    static String raw(MessageInfo m) {
        if (!m.isMessage()) {
            return "status " + m.getStatus();
        }
        String body = m.getData() == null ? "nothing" : new String(m.getData());
        return "(" + m.getSeq() + " " + m.getSubject() + " " + body + " " + headers(m.getHeaders())
            + " " + isSet(m.getTime()) + " " + m.getNumPending() + ")";
    }

    static String config(StreamInfo info) {
        return info.getConfiguration().toJson();
    }

    /** Asks again until the answer will do, or patience ends. */
    static String until(Call look, Predicate<String> ready) throws Exception {
        long deadline = System.nanoTime() + Harness.PATIENCE.toNanos();
        String answer = said(look);
        while (!ready.test(answer) && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(20);
            answer = said(look);
        }
        return answer;
    }
}

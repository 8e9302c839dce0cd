import io.nats.client.Connection;
import io.nats.client.ConnectionListener;
import io.nats.client.ErrorListener;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.Subscription;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** What every scenario needs: connections, waiting, and the driver's ear. */
final class Harness {
    static final Duration PATIENCE = Duration.ofSeconds(5);
    static final Duration QUIET = Duration.ofMillis(250);
    private static final BufferedReader STDIN =
        new BufferedReader(new InputStreamReader(System.in));

    private Harness() {}

    static String url(String fixture) {
        return System.getenv("URL_" + fixture.toUpperCase());
    }

    /** A connection together with what its listeners were told. */
    static final class Session implements AutoCloseable, ErrorListener, ConnectionListener {
        final BlockingQueue<String> errors = new LinkedBlockingQueue<>();
        final BlockingQueue<String> events = new LinkedBlockingQueue<>();
        Connection nc;

        @Override
        public void errorOccurred(Connection conn, String error) {
            errors.add(error);
        }

        @Override
        public void connectionEvent(Connection conn, Events type) {
            events.add(type.name());
        }

        /** The next event of the given name, or that there was none. */
        String event(String name) throws InterruptedException {
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (System.nanoTime() < end) {
                if (name.equals(events.poll(50, TimeUnit.MILLISECONDS))) {
                    return name;
                }
            }
            return "no " + name;
        }

        @Override
        public void close() throws InterruptedException {
            nc.close();
        }
    }

    static Options.Builder options() {
        return new Options.Builder().connectionTimeout(PATIENCE)
            .reconnectWait(Duration.ofMillis(50));
    }

    static Session session(String fixture, Options.Builder options) throws Exception {
        Session session = new Session();
        Options built = options.server(url(fixture)).errorListener(session)
            .connectionListener(session).build();
        session.nc = Nats.connect(built);
        return session;
    }

    static Session plain() throws Exception {
        return session("plain", options());
    }

    /** Connects, flushes and tells how that went. */
    static String attempt(String fixture, Options.Builder options) throws InterruptedException {
        try (Session session = session(fixture, options.noReconnect())) {
            session.nc.flush(PATIENCE);
            return "[connected]";
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            return "[" + told(e) + (e.getCause() == null ? "" : " because " + told(e.getCause()))
                + "]";
        }
    }

    static String told(Throwable error) {
        return error.getClass().getSimpleName() + "(" + error.getMessage() + ")";
    }

    static String first(BlockingQueue<String> queue) throws InterruptedException {
        String value = queue.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        return value == null ? "nothing" : value;
    }

    /** Up to `want` messages, and then a look whether more follow. */
    static List<Message> take(Subscription sub, int want) throws InterruptedException {
        List<Message> got = new ArrayList<>();
        while (true) {
            Message message;
            try {
                message = sub.nextMessage(got.size() < want ? PATIENCE : QUIET);
            } catch (IllegalStateException ended) {
                return got;
            }
            if (message == null) {
                return got;
            }
            got.add(message);
        }
    }

    static String subjects(List<Message> messages) {
        return messages.stream().map(Message::getSubject).toList().toString();
    }

    static void publish(Connection nc, String... names) throws Exception {
        for (String name : names) {
            nc.publish(name, name.getBytes());
        }
        nc.flush(PATIENCE);
    }

    static void publishTimes(Connection nc, int times, String name) throws Exception {
        for (int i = 0; i < times; i++) {
            nc.publish(name, null);
        }
        nc.flush(PATIENCE);
    }

    static String hash(List<byte[]> chunks) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        chunks.forEach(digest::update);
        StringBuilder out = new StringBuilder();
        byte[] sum = digest.digest();
        for (int i = 0; i < 8; i++) {
            out.append(String.format("%02x", sum[i]));
        }
        return out.toString();
    }

    static byte[] pattern(int size) {
        byte[] body = new byte[size];
        for (int i = 0; i < size; i++) {
            body[i] = (byte) (i * 7 + i / 251);
        }
        return body;
    }

    /** Asks the driver to do something to a server; returns when it is done. */
    static void order(String verb, String fixture) throws Exception {
        System.out.println("@" + verb + " " + fixture);
        String answer = STDIN.readLine();
        if (!"@done".equals(answer)) {
            throw new IllegalStateException("the driver answered " + answer);
        }
    }

    private static Certificate certificate(String name) throws Exception {
        try (InputStream in = new FileInputStream(pem(name).toFile())) {
            return CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    private static Path pem(String name) {
        return Path.of(System.getenv("CERTS"), name + ".pem");
    }

    private static KeyManager[] identity(String name) throws Exception {
        String text = Files.readString(pem(name + "-key")).replaceAll("-----[^-]+-----|\\s", "");
        PrivateKey key = KeyFactory.getInstance("EC")
            .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("client", key, new char[0], new Certificate[] {certificate(name)});
        KeyManagerFactory factory = KeyManagerFactory.getInstance(
            KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, new char[0]);
        return factory.getKeyManagers();
    }

    /** Trusts `authority`; presents the certificate `client` unless that is null. */
    static SSLContext tls(String protocol, String authority, String client) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("authority", certificate(authority));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(
            TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance(protocol);
        context.init(client == null ? null : identity(client), trust.getTrustManagers(), null);
        return context;
    }
}

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Drives a NATS server through jnats and prints `name: outcome` per scenario. */
public final class Scenarios {
    private static final int TIMEOUT_S = 40;

    /** What a scenario does; what it returns is its outcome. */
    interface Scenario {
        String run() throws Exception;
    }

    public static void main(String[] args) {
        Map<String, Scenario> all = new LinkedHashMap<>();
        Messaging.register(all);
        Lifecycle.register(all);
        Security.register(all);
        Managing.register(all);
        Publishing.register(all);
        Buckets.register(all);
        Consumers.register(all);
        Watching.register(all);
        ExecutorService thread = Executors.newCachedThreadPool();
        all.forEach((name, scenario) -> {
            System.out.println(name + ": " + guarded(thread, scenario).replaceAll("\\s+", " "));
        });
        System.exit(0);
    }

    private static String guarded(ExecutorService thread, Scenario scenario) {
        try {
            return String.valueOf(thread.submit(scenario::run).get(TIMEOUT_S, TimeUnit.SECONDS));
        } catch (TimeoutException e) {
            return "FAIL timed out";
        } catch (Exception e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            return "FAIL " + cause;
        }
    }
}

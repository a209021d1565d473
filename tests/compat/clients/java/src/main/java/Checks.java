import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs checks and prints them as cmd/clients reads them. */
final class Checks {
  /** A check; its keys begin with the given prefix. */
  interface Check {
    void run(String prefix) throws Exception;
  }

  static final int LIMIT_SECONDS = 40;

  private final Map<String, Check> checks = new LinkedHashMap<>();
  private static final BufferedReader INPUT = new BufferedReader(new InputStreamReader(System.in));

  void add(String name, Check check) {
    checks.put(name, check);
  }

  /** Has the server killed and started again. */
  static void restartServer() throws Exception {
    System.out.println("RESTART");
    INPUT.readLine();
  }

  static void equal(String what, Object got, Object want) {
    if (!Objects.equals(got, want)) {
      throw new AssertionError(what + " is " + got + ", not " + want);
    }
  }

  /** The value of a call, which has to come in time. */
  static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(LIMIT_SECONDS / 2, TimeUnit.SECONDS);
  }

  /** The error of a call that has to fail. */
  static Throwable failure(CompletableFuture<?> future) throws Exception {
    try {
      get(future);
    } catch (ExecutionException e) {
      return e.getCause();
    }
    throw new AssertionError("no error");
  }

  /** Runs all checks and ends the process. */
  void run() {
    int failed = 0;
    for (Map.Entry<String, Check> entry : checks.entrySet()) {
      String problem = problem(entry.getValue(), "/" + entry.getKey() + "/");
      if (problem == null) {
        System.out.println("PASS " + entry.getKey());
      } else {
        failed++;
        System.out.println("FAIL " + entry.getKey() + ": " + problem.replace('\n', ' '));
      }
    }
    System.out.println((checks.size() - failed) + " passed, " + failed + " failed");
    System.exit(failed > 0 ? 1 : 0);
  }

  private static String problem(Check check, String prefix) {
    CompletableFuture<Void> done = CompletableFuture.runAsync(() -> {
      try {
        check.run(prefix);
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }, task -> {
      Thread thread = new Thread(task);
      thread.setDaemon(true);
      thread.start();
    });
    try {
      done.get(LIMIT_SECONDS, TimeUnit.SECONDS);
      return null;
    } catch (TimeoutException e) {
      return "still running";
    } catch (ExecutionException e) {
      e.getCause().printStackTrace();
      return e.getCause().toString();
    } catch (InterruptedException e) {
      return e.toString();
    }
  }
}

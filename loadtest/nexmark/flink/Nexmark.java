import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.Table;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.TableEnvironment;

/**
 * Runs one query over the events of a directory, in this process, and throws its rows away.
 *
 * <p>java Nexmark DIRECTORY QUERY.sql ROUNDS prints for each round its number and the nanoseconds of
 * processor time and of the clock, less the medians of what the same query takes over
 * DIRECTORY/none, where the streams are empty: planning and the start of a cluster count for
 * nothing. A first run is there for the compiler.
 */
public class Nexmark {
  private static final OperatingSystemMXBean MACHINE = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  public static void main(String[] args) throws Exception {
    String query = Files.readString(Path.of(args[1]));
    int rounds = Integer.parseInt(args[2]);
    measure(args[0], query);
    long[] cpu = new long[3];
    long[] time = new long[3];
    for (int i = 0; i < cpu.length; i++) {
      long[] took = measure(args[0] + "/none", query);
      cpu[i] = took[0];
      time[i] = took[1];
    }
    Arrays.sort(cpu);
    Arrays.sort(time);
    for (int round = 1; round <= rounds; round++) {
      long[] took = measure(args[0], query);
      System.out.println("round " + round + " " + (took[0] - cpu[1]) + " " + (took[1] - time[1]));
    }
    System.exit(0); // threads of the cluster would linger
  }

  private static long[] measure(String directory, String query) throws Exception {
    long cpu = MACHINE.getProcessCpuTime();
    long began = System.nanoTime();
    run(directory, query);
    return new long[] {MACHINE.getProcessCpuTime() - cpu, System.nanoTime() - began};
  }

  private static void run(String directory, String query) throws Exception {
    Configuration configuration = new Configuration();
    configuration.setString("parallelism.default", "1");
    configuration.setString("pipeline.object-reuse", "true");
    configuration.setString("table.local-time-zone", "UTC");
    configuration.setString("table.exec.mini-batch.enabled", "true");
    configuration.setString("table.exec.mini-batch.allow-latency", "2s");
    configuration.setString("table.exec.mini-batch.size", "50000");
    configuration.setString("table.optimizer.distinct-agg.split.enabled", "true");
    TableEnvironment env =
        TableEnvironment.create(EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(configuration).build());
    source(env, directory, "person", "id BIGINT, name STRING, emailAddress STRING, creditCard STRING, city STRING, state STRING");
    source(
        env, directory, "auction",
        "id BIGINT, itemName STRING, description STRING, initialBid BIGINT, reserve BIGINT, expires BIGINT, seller BIGINT, category BIGINT");
    source(env, directory, "bid", "auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING");
    Table rows = env.sqlQuery(query);
    Schema schema = Schema.newBuilder().fromResolvedSchema(rows.getResolvedSchema()).build();
    rows.insertInto(TableDescriptor.forConnector("blackhole").schema(schema).build()).execute().await();
  }

  private static void source(TableEnvironment env, String directory, String name, String columns) {
    env.executeSql(
        "CREATE TABLE " + name + " (" + columns + ", `dateTime` BIGINT, extra STRING,"
            + " ts AS TO_TIMESTAMP_LTZ(`dateTime`, 3), p AS PROCTIME(), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)"
            + " WITH ('connector' = 'filesystem', 'path' = 'file://" + directory + "/" + name + ".json', 'format' = 'json')");
  }
}

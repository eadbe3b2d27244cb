import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * processor time and of the clock beyond those that the same query takes over DIRECTORY/none, where
 * the streams are empty: planning and the start of a cluster count for nothing. Round 0 is there
 * for the compiler.
 */
public class Nexmark {
  public static void main(String[] args) throws Exception {
    String query = Files.readString(Path.of(args[1]));
    OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    for (int round = 0; round <= Integer.parseInt(args[2]); round++) {
      long cpu = machine.getProcessCpuTime();
      long began = System.nanoTime();
      run(args[0] + "/none", query);
      long cpuToStart = machine.getProcessCpuTime() - cpu;
      long timeToStart = System.nanoTime() - began;
      cpu = machine.getProcessCpuTime();
      began = System.nanoTime();
      run(args[0], query);
      System.out.println(
          "round " + round + " " + (machine.getProcessCpuTime() - cpu - cpuToStart) + " " + (System.nanoTime() - began - timeToStart));
    }
    System.exit(0); // threads of the cluster would linger
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

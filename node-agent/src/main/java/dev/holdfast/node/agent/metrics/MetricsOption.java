package dev.holdfast.node.agent.metrics;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The option of each command that runs an agent. */
public final class MetricsOption {
  @Option(
      names = "--metrics",
      paramLabel = "ADDRESS:PORT",
      converter = Address.class,
      description =
          "Tell Prometheus at http://ADDRESS:PORT/metrics how leases are renewed; 0.0.0.0 for all"
              + " addresses. Whoever can reach it can read the names of lockspaces. Default:"
              + " nowhere.")
  private @Nullable InetSocketAddress address;

  /** Null for nowhere. */
  public @Nullable InetSocketAddress address() {
    return address;
  }

  static final class Address implements ITypeConverter<InetSocketAddress> {
    private static final int HIGHEST_PORT = 65_535;

    @Override
    public InetSocketAddress convert(String value) {
      int colon = value.lastIndexOf(':');
      String port = value.substring(colon + 1);
      if (colon < 1 || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > HIGHEST_PORT) {
        throw new TypeConversionException(
            "'" + value + "' is no address and port, such as 127.0.0.1:9617");
      }
      return new InetSocketAddress(value.substring(0, colon), Integer.parseInt(port));
    }
  }
}

package dev.holdfast.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.operator.placement.Overcommit;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class OperatorOptionsTest {
  @Test
  void hasTheseDefaults() {
    assertThat(OperatorOptions.defaults())
        .isEqualTo(
            new OperatorOptions(
                null,
                new Overcommit(4.0, 1.0, 268_435_456),
                Duration.ofSeconds(40),
                200_000,
                16,
                Duration.ofMillis(200),
                Duration.ofSeconds(30),
                Duration.ofSeconds(15)));
  }

  @Test
  void aKilledOperatorIsMadeGoodWithinSeconds() {
    assertThat(OperatorOptions.LEADER_LEASE).isEqualTo(Duration.ofSeconds(6));
  }

  @Test
  void theCommandHasTheSameDefaultsAndElectsALeader() {
    OperatorCommand command = new OperatorCommand();
    new CommandLine(command).parseArgs();

    assertThat(command.options())
        .isEqualTo(OperatorOptions.defaults().withLeaderLease(OperatorOptions.LEADER_LEASE));
  }

  @Test
  void theCommandTakesEveryOption() {
    OperatorCommand command = new OperatorCommand();
    new CommandLine(command)
        .parseArgs(
            "--no-leader-election",
            "--cpu-overcommit=2.5",
            "--memory-overcommit=1.5",
            "--reserved-memory=1024",
            "--node-timeout=60",
            "--first-uid=300000",
            "--workers=4");

    OperatorOptions options = command.options();
    assertThat(options.leaderLease()).isNull();
    assertThat(options.overcommit()).isEqualTo(new Overcommit(2.5, 1.5, 1L << 30));
    assertThat(options.nodeTimeout()).isEqualTo(Duration.ofMinutes(1));
    assertThat(options.firstUid()).isEqualTo(300_000);
    assertThat(options.workers()).isEqualTo(4);
  }

  @Test
  void refusesUserIdsOfTheSystem() {
    CommandLine line = new CommandLine(new OperatorCommand());
    line.parseArgs("--first-uid=0");

    assertThatThrownBy(() -> ((OperatorCommand) line.getCommand()).options())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 1000, not 0");
  }

  @Test
  void refusesAnOvercommitThatPlacesNothing() {
    assertThatThrownBy(() -> new Overcommit(0, 1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Overcommit(Double.NaN, 1, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

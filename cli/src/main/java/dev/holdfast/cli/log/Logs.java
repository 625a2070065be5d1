package dev.holdfast.cli.log;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.FileSize;
import java.nio.file.Path;
import org.slf4j.LoggerFactory;

/**
 * Sends the log of this process to files instead of standard error, where logback.xml sends it.
 * Files are replaced at 10 MiB; five older parts are kept, as FILE.1 (the newest) to FILE.5.
 */
public final class Logs {
  private static final String AUDIT = "holdfast.audit";
  private static final String PATTERN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0}: %msg%n";
  private static final FileSize LARGEST = FileSize.valueOf("10MB");
  private static final int KEPT = 5;

  private Logs() {}

  /** Everything goes to that file. */
  public static void toFile(Path file) {
    LoggerContext context = context();
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.detachAndStopAllAppenders();
    var encoder = new PatternLayoutEncoder();
    encoder.setPattern(PATTERN);
    root.addAppender(appender(context, file, encoder));
  }

  /** Audit records go to that file only, one JSON object per line. */
  public static void auditToFile(Path file) {
    LoggerContext context = context();
    Logger audit = context.getLogger(AUDIT);
    audit.detachAndStopAllAppenders();
    audit.setAdditive(false);
    var encoder = new JsonEncoder();
    encoder.setWithContext(false);
    encoder.setWithSequenceNumber(false);
    encoder.setWithThreadName(false);
    encoder.setWithFormattedMessage(true);
    encoder.setWithMessage(false);
    encoder.setWithArguments(false);
    audit.addAppender(appender(context, file, encoder));
  }

  private static LoggerContext context() {
    return (LoggerContext) LoggerFactory.getILoggerFactory();
  }

  private static RollingFileAppender<ILoggingEvent> appender(
      LoggerContext context, Path file, Encoder<ILoggingEvent> encoder) {
    encoder.setContext(context);
    encoder.start();
    var appender = new RollingFileAppender<ILoggingEvent>();
    appender.setContext(context);
    appender.setName(file.getFileName().toString());
    appender.setFile(file.toString());
    appender.setEncoder(encoder);
    var policy = new FixedWindowRollingPolicy();
    policy.setContext(context);
    policy.setParent(appender);
    policy.setFileNamePattern(file + ".%i");
    policy.setMinIndex(1);
    policy.setMaxIndex(KEPT);
    policy.start();
    var trigger = new SizeBasedTriggeringPolicy<ILoggingEvent>();
    trigger.setContext(context);
    trigger.setMaxFileSize(LARGEST);
    trigger.start();
    appender.setRollingPolicy(policy);
    appender.setTriggeringPolicy(trigger);
    appender.start();
    return appender;
  }
}

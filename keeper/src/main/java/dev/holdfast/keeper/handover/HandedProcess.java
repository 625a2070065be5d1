package dev.holdfast.keeper.handover;

import dev.holdfast.keeper.protocol.ProcessState;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A process, which may have ended.
 *
 * @param output descriptor of the pipe with its output, while it lives and has one
 * @param logFile takes the output
 */
public record HandedProcess(ProcessState state, @Nullable Integer output, @Nullable Path logFile) {}

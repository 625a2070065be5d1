package dev.holdfast.node.host.qemu.probe;

/**
 * Whether a guest runs under an accelerator.
 *
 * @param reason {@code ProbePassed}, {@code NoDevice}, {@code NoPermission}, {@code ProbeTimedOut}
 *     or {@code ProbeFailed}
 * @param message for people: what happened and what to do
 */
public record AcceleratorVerdict(boolean usable, String reason, String message) {}

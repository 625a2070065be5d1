package dev.holdfast.node.agent;

import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import java.util.List;

/**
 * What a host can do, found out once at the start of the agent.
 *
 * @param cpus logical CPUs
 * @param memoryBytes memory of the host in bytes
 * @param machineTypes versioned machine types that QEMU offers, newest first
 */
public record Capabilities(
    Architecture architecture,
    int cpus,
    long memoryBytes,
    String kernelVersion,
    String qemuVersion,
    List<String> machineTypes,
    List<AcceleratorStatus> accelerators) {}

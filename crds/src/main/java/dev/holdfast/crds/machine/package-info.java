/** Machines: the user's VirtualMachine and the frozen VirtualMachineInstance. */
@NullMarked
package dev.holdfast.crds.machine;

import org.jspecify.annotations.NullMarked;

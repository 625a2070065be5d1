/** VirtualMachines: placed, frozen into instances, and told how they are. */
@NullMarked
package dev.holdfast.operator.machine;

import org.jspecify.annotations.NullMarked;

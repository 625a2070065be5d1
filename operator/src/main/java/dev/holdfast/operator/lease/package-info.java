/** Who may hold which disk: host ids, lease areas, and when a lost node has lost its disks. */
@NullMarked
package dev.holdfast.operator.lease;

import org.jspecify.annotations.NullMarked;

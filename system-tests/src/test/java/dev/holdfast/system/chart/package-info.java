/** The Helm chart. */
@NullMarked
package dev.holdfast.system.chart;

import org.jspecify.annotations.NullMarked;

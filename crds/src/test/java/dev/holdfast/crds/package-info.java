@NullMarked
package dev.holdfast.crds;

import org.jspecify.annotations.NullMarked;

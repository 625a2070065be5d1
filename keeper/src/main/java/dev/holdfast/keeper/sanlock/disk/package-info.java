/** What the lease algorithms need from the world outside: storage and time. */
@NullMarked
package dev.holdfast.keeper.sanlock.disk;

import org.jspecify.annotations.NullMarked;

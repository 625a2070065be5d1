/** What lease storage holds, for people and scripts. Only reads. */
@NullMarked
package dev.holdfast.keeper.sanlock.dump;

import org.jspecify.annotations.NullMarked;

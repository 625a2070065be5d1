package dev.holdfast.keeper.sanlock.resource;

import java.util.List;

/**
 * Who has a resource, as storage shows it.
 *
 * @param version of the last acquisition
 * @param mode of the holders; of no meaning without any
 * @param holders one if exclusive
 */
public record Holders(long version, LeaseMode mode, List<Holder> holders) {}

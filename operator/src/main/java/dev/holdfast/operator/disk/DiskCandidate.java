package dev.holdfast.operator.disk;

/**
 * A node that could hold a disk.
 *
 * @param companions disks and instances of the machines that name the disk which are there already
 * @param selectors machines that name the disk and whose nodeSelector the node fulfils
 * @param freeBytes size of the pool on the node less the disks that are there; may be negative
 */
record DiskCandidate(String node, int companions, int selectors, long freeBytes) {}

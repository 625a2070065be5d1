package dev.holdfast.node.host;

import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.plan.HostState.Image;

/** Disk images and pools of a host. */
public interface DiskHost {

  /** Looks at the image at that absolute path without changing it. */
  Image inspect(String path) throws HostException;

  /**
   * Makes the image under a temporary name in the same directory, syncs it and renames it, so that
   * a half-made image is never found under its name. Does nothing where an image of that format and
   * capacity is already there.
   *
   * @throws HostException with reason {@code DiskFull} when the file system has no room, {@code
   *     ImageConflict} when something else lies at the path, {@code PathEscapesPool} when the path,
   *     symbolic links resolved, is not below the pool
   */
  void create(VirtualDiskInstanceSpec disk) throws HostException;

  /** Deletes the image; does nothing where there is none. */
  void delete(VirtualDiskInstanceSpec disk) throws HostException;

  /**
   * Gives the image to a user and its group; 0 gives it back to root. Never follows a symbolic
   * link.
   */
  void setOwner(String path, int uid) throws HostException;

  /**
   * Makes the directories of a pool where they are missing and looks whether disks can be made
   * there.
   *
   * @return size of the file system that holds the pool in bytes
   * @throws HostException when the pool cannot be used on this host
   */
  long preparePool(String path) throws HostException;
}

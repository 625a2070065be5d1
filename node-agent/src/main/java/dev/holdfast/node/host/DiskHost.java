package dev.holdfast.node.host;

import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.plan.HostState.Image;

/** Disk images and pools of a host. */
public interface DiskHost {

  /**
   * Looks at the image at that absolute path without changing it. The format follows from the name
   * ({@code .qcow2} or anything else, which is raw), never from the content, which a guest may have
   * written. Symbolic links, qcow2 images with a backing or data file, damaged and empty images are
   * {@link Image.Unusable}.
   *
   * @throws HostException with reason {@code PathEscapesPool} when the path is not absolute and in
   *     its shortest form
   */
  Image inspect(String path) throws HostException;

  /**
   * Makes the image under a temporary name in the same directory, syncs it and renames it, so that
   * a half-made image is never found under its name. The image belongs to root with mode 0600, or
   * to the group of a shared disk as {@link #share} says. Does nothing where an image of that
   * format and capacity is already there. A capacity that is no multiple of 512 bytes is rounded up
   * to one.
   *
   * <p>The image is sparse: that it can be made does not mean that the guest can fill it.
   *
   * @throws HostException with reason {@code DiskFull} when the file system has no room, {@code
   *     ImageConflict} when something else lies at the path or its name does not fit the format,
   *     {@code PathEscapesPool} when the path, symbolic links resolved, is not below the pool,
   *     {@code StorageFailed} otherwise; nothing half-made is left in any case
   */
  void create(VirtualDiskInstanceSpec disk) throws HostException;

  /**
   * Deletes the image and what a crash has left of its making; does nothing where there is none.
   * Whether somebody uses the image is the caller's business.
   *
   * @throws HostException with reason {@code PathEscapesPool} as {@link #create}, {@code
   *     ImageConflict} when something that is no regular file lies at the path
   */
  void delete(VirtualDiskInstanceSpec disk) throws HostException;

  /**
   * Gives the image to a user and its group, and to nobody else; 0 gives it back to root, which
   * succeeds also where there is no image any more. Never follows a symbolic link.
   *
   * @throws HostException with reason {@code ImageMissing} when there is no regular file
   */
  void setOwner(String path, int uid) throws HostException;

  /**
   * Gives the image to root and to a group, whose members may read and write it; nobody else may.
   * Never follows a symbolic link.
   *
   * @throws HostException with reason {@code ImageMissing} when there is no regular file
   */
  void share(String path, int group) throws HostException;

  /**
   * Makes the directory that a file lies in, with the missing ones above it. They are root's, and
   * others pass through without looking around.
   *
   * @throws HostException with reason {@code PathEscapesPool} when the path is not absolute and in
   *     its shortest form, {@code StorageFailed} otherwise
   */
  void makeParent(String path) throws HostException;

  /**
   * Makes the directories of a pool where they are missing and looks whether disks can be made
   * there.
   *
   * @return size of the file system that holds the pool in bytes
   * @throws HostException with reason {@code PoolUnusable} when the pool cannot be used on this
   *     host: not writable, or not to be passed through by the users that machines run as
   */
  long preparePool(String path) throws HostException;
}

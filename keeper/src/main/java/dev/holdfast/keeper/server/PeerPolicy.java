package dev.holdfast.keeper.server;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;
import jdk.net.ExtendedSocketOptions;

/**
 * Who may give orders: root and the keeper's own user, as the kernel reports the other side of the
 * socket (SO_PEERCRED, unix(7)).
 */
final class PeerPolicy {
  private final Set<UserPrincipal> permitted;

  private PeerPolicy(Set<UserPrincipal> permitted) {
    this.permitted = permitted;
  }

  static PeerPolicy rootAndSelf() throws IOException {
    UserPrincipal root =
        FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByName("0");
    UserPrincipal self = Files.getOwner(Path.of("/proc/self"));
    return new PeerPolicy(root.equals(self) ? Set.of(self) : Set.of(root, self));
  }

  boolean permits(UserPrincipal user) {
    return permitted.contains(user);
  }

  boolean permits(SocketChannel channel) throws IOException {
    return permits(channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user());
  }
}

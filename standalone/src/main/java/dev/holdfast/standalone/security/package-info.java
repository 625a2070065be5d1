/** Who may do what: the certificate authority, the built-in identities and their fixed rights. */
@NullMarked
package dev.holdfast.standalone.security;

import org.jspecify.annotations.NullMarked;

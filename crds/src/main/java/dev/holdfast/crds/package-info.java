/**
 * The typed API of the Holdfast kinds. The manifests in {@code crds/manifests} are the source; a
 * contract test holds these records against them. A null component means that the field is absent.
 */
@NullMarked
package dev.holdfast.crds;

import org.jspecify.annotations.NullMarked;

/** JSON and YAML documents as the Kubernetes API reads them; no I/O. */
@NullMarked
package dev.holdfast.standalone.json;

import org.jspecify.annotations.NullMarked;

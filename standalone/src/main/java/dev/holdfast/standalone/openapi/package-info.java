/** What clients are told of the schemas of resources, in the versions of OpenAPI that they read. */
@NullMarked
package dev.holdfast.standalone.openapi;

import org.jspecify.annotations.NullMarked;

/** The API over HTTP: paths, content types, discovery, OpenAPI, tables and watches. */
@NullMarked
package dev.holdfast.standalone.http;

import org.jspecify.annotations.NullMarked;
